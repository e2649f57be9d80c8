//! `send`: a message to somebody.

use layer_client::types::InputMessage;
use serde_json::json;

use crate::arguments::Send;
use crate::failure::Failure;
use crate::input;
use crate::output::line;

pub(crate) async fn run(send: &Send, json: bool) -> Result<(), Failure> {
    let message = message(send)?;
    let peer = send.peer.as_str();
    let sent =
        send.account.logged_in(async |client| Ok(client.send_message(peer, message).await?));
    let sent = sent.await?;
    let value = || json!({"id": sent.id(), "date": sent.date()});
    line(json, value, || format!("sent: {}", sent.id()))
}

fn message(send: &Send) -> Result<InputMessage, Failure> {
    let text = if send.text == "-" { input::text()? } else { send.text.clone() };
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
    Ok(if send.silent { message.silent() } else { message })
}
