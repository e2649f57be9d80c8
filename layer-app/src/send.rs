//! `send`: a message to somebody.

use std::io::Read;

use layer_client::types::InputMessage;
use serde_json::json;

use crate::arguments::{Account, Send};
use crate::failure::Failure;
use crate::output::line;

/// More is not read from the standard input: a message has 4096 characters at most.
const MOST: u64 = 64 << 10;

pub(crate) async fn run(account: &Account, send: &Send, json: bool) -> Result<(), Failure> {
    let text = if send.text == "-" { read()? } else { send.text.clone() };
    if text.trim().is_empty() {
        return Err(Failure::Usage("there is no text to send".to_owned()));
    }
    let message = if send.markdown {
        InputMessage::markdown(text)
    } else if send.html {
        InputMessage::html(text)
    } else {
        InputMessage::text(text)
    };
    let message = message.reply_to(send.reply_to);
    let message = if send.silent { message.silent() } else { message };
    let connected = account.log_on(false).await?;
    let sent = connected.client.send_message(send.peer.as_str(), message).await?;
    line(
        json,
        || json!({"id": sent.id(), "date": sent.date()}),
        || format!("sent: {}", sent.id()),
    )?;
    connected.close().await
}

fn read() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(MOST).read_to_string(&mut text).map_err(Failure::Input)?;
    Ok(text)
}
