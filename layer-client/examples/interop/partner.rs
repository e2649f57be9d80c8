//! The other client of `across`: a process that does what it is told, line by line.
//!
//! A request is a line of JSON on its stdin: `do`, what; `who`, its user or its bot; and what belongs
//! to that. The answer is a line `partner`, a tab and JSON on its stdout: `ok` with a value, or
//! `error` with words. All other lines are its library's own.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::arguments::Arguments;
use crate::{Trouble, same};

pub(crate) struct Partner {
    client: String,
    process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Partner {
    /// Starts its script with our own arguments.
    pub(crate) fn start(arguments: &Arguments) -> Result<Self, Trouble> {
        let Arguments { framing, address, control, key, proxy_secret, partner, .. } = arguments;
        let (client, program, script) = partner.as_ref().ok_or("across: --partner is missing")?;
        let mut process = Command::new(program)
            .args([script, "partner", framing, "--address", address, "--control", control])
            .args(["--key", key, "--proxy-secret", proxy_secret])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let requests = process.stdin.take().ok_or("the partner has no stdin")?;
        let answers = process.stdout.take().ok_or("the partner has no stdout")?;
        let answers = BufReader::new(answers).lines();
        Ok(Self { client: client.clone(), process, requests, answers })
    }

    /// Its library's version and layer.
    pub(crate) async fn hello(&mut self) -> Result<(String, String), Trouble> {
        let told = self.answer().await?;
        let word = |name: &str| match &told[name] {
            Value::String(word) => word.clone(),
            other => other.to_string(),
        };
        Ok((word("version"), word("layer")))
    }

    /// Has its user or its bot do something.
    pub(crate) async fn does(
        &mut self,
        who: &str,
        what: &str,
        with: Value,
    ) -> Result<Value, Trouble> {
        let mut request = with;
        request["do"] = json!(what);
        request["who"] = json!(who);
        self.requests.write_all(format!("{request}\n").as_bytes()).await?;
        self.requests.flush().await?;
        let answer = self.answer().await;
        answer.map_err(|trouble| format!("{who} of {}: {what}: {trouble}", self.client).into())
    }

    /// The next thing of a kind that its user or bot hears.
    pub(crate) async fn hears(&mut self, who: &str, kind: &str) -> Result<Value, Trouble> {
        self.does(who, "next", json!({ "kind": kind })).await
    }

    /// The next message, which must say this.
    pub(crate) async fn hears_text(&mut self, who: &str, text: &str) -> Result<Value, Trouble> {
        let message = self.hears(who, "message").await?;
        same("a message to the other client", &message["text"], &json!(text))?;
        Ok(message)
    }

    async fn answer(&mut self) -> Result<Value, Trouble> {
        while let Some(line) = self.answers.next_line().await? {
            let Some(answer) = line.strip_prefix("partner\t") else {
                eprintln!("{line}");
                continue;
            };
            let mut answer: Value = serde_json::from_str(answer)?;
            return match answer["error"].as_str() {
                Some(error) => Err(error.into()),
                None => Ok(answer["ok"].take()),
            };
        }
        Err("it has ended".into())
    }

    /// Ends it in order.
    pub(crate) async fn leave(mut self) -> Result<(), Trouble> {
        self.does("user", "quit", json!({})).await?;
        drop(self.requests);
        while let Some(line) = self.answers.next_line().await? {
            eprintln!("{line}");
        }
        let status = self.process.wait().await?;
        same("its exit code", status.code(), Some(0))
    }
}
