//! `send`: a message to somebody, or a file.

use std::io;
use std::path::Path;

use layer_client::tl::enums::InputMedia;
use layer_client::types::InputMessage;
use layer_client::{Client, Upload};
use serde_json::json;
use tokio::fs::File;

use crate::arguments::Send;
use crate::bar::Bar;
use crate::failure::Failure;
use crate::input;
use crate::output::line;

/// What a file is called that comes through a pipe and is given no name.
const NAMELESS: &str = "stdin";

pub(crate) async fn run(send: &Send, json: bool) -> Result<(), Failure> {
    let message = message(send)?;
    let source = match &send.file {
        Some(path) => Some(Source::open(path).await?),
        None => None,
    };
    let sent = send.account.logged_in(async |client| {
        // Whoever it is for has to be known before anything is uploaded.
        let peer = client.resolve_peer(send.peer.as_str()).await?;
        Ok(match source {
            None => client.send_message(peer, message).await?,
            Some(source) => {
                let media = source.upload(client, send, json).await?;
                client.send_file(peer, media, message).await?
            }
        })
    });
    let sent = sent.await?;
    let value = || json!({"id": sent.id(), "date": sent.date()});
    line(json, value, || format!("sent: {}", sent.id()))
}

fn message(send: &Send) -> Result<InputMessage, Failure> {
    let usage = |what: &str| Failure::Usage(what.to_owned());
    let text = match (send.text.as_deref(), send.file.as_deref()) {
        (Some("-"), Some(file)) if is_pipe(file) => {
            return Err(usage("the standard input is the text or the file, not both"));
        }
        (Some("-"), _) => input::text()?,
        (text, _) => text.unwrap_or_default().to_owned(),
    };
    if text.trim().is_empty() && send.file.is_none() {
        return Err(usage("there is no text to send"));
    }
    let message = if send.markdown {
        InputMessage::markdown(text)
    } else if send.html {
        InputMessage::html(text)
    } else {
        InputMessage::text(text)
    };
    let message = message.reply_to(send.reply_to);
    Ok(if send.silent { message.silent() } else { message })
}

fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

/// Where a file comes from.
enum Source {
    /// Of a length that nobody knows.
    Pipe,
    File {
        file: File,
        name: String,
        /// Not known of what only looks like a file.
        size: Option<u64>,
    },
}

impl Source {
    async fn open(path: &Path) -> Result<Self, Failure> {
        if is_pipe(path) {
            return Ok(Self::Pipe);
        }
        let open = async {
            let file = File::open(path).await?;
            let about = file.metadata().await?;
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let size = about.is_file().then_some(about.len());
            Ok(Self::File { file, name: name.unwrap_or_else(|| NAMELESS.to_owned()), size })
        };
        open.await.map_err(|error| Failure::Source { path: path.to_owned(), error })
    }

    async fn upload(self, client: &Client, send: &Send, json: bool) -> Result<InputMedia, Failure> {
        let named = |name: String| send.name.clone().unwrap_or(name);
        let upload = match self {
            Self::Pipe => begin(client, tokio::io::stdin(), named(NAMELESS.to_owned())),
            Self::File { file, name, size } => {
                let upload = begin(client, file, named(name));
                match size {
                    Some(size) => upload.size(size),
                    None => upload,
                }
            }
        };
        let uploaded = upload.on_progress(Bar::new(json).mover()).await?;
        Ok(if send.photo { uploaded.as_photo() } else { uploaded.as_document() })
    }
}

fn begin(
    client: &Client,
    from: impl tokio::io::AsyncRead + std::marker::Send + Unpin + 'static,
    name: String,
) -> Upload<'static> {
    let mime = mime_guess::from_path(&name).first_raw().unwrap_or("application/octet-stream");
    client.upload_stream(from, name, mime)
}
