//! The sandbox's second port, at which it is driven.

use std::collections::BTreeMap;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::Trouble;

pub(crate) struct Control {
    stream: Mutex<BufStream<TcpStream>>,
}

impl Control {
    pub(crate) async fn connect(address: &str) -> Result<Self, Trouble> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: Mutex::new(BufStream::new(stream)) })
    }

    /// Has the sandbox carry out a command, and gives what it tells.
    pub(crate) async fn command(&self, line: &str) -> Result<String, Trouble> {
        let mut stream = self.stream.lock().await;
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        stream.flush().await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        match answer.trim_end().split_once("ok") {
            Some(("", told)) => Ok(told.trim().to_owned()),
            _ => Err(format!("the sandbox answered {line}: {answer}").into()),
        }
    }

    /// What the sandbox has counted, by name.
    pub(crate) async fn stats(&self) -> Result<BTreeMap<String, i64>, Trouble> {
        let told = self.command("stats").await?;
        let pairs = told.split(' ').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| Ok((name.to_owned(), value.parse()?))).collect()
    }
}
