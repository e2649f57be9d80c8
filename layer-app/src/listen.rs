//! `listen`: what happens, as it happens.

use std::pin::pin;

use layer_client::{Client, Config, update::Update};
use serde_json::{Value, json};

use crate::account;
use crate::arguments::Listen;
use crate::failure::Failure;
use crate::history::{id, text, value};
use crate::output::{line, note};
use crate::signals::ended;

pub(crate) async fn run(listen: &Listen, json: bool) -> Result<(), Failure> {
    let config = Config { catch_up: listen.catch_up, ..listen.account.config()? };
    account::logged_in(config, async |client| hear(client, listen.count, json).await).await
}

async fn hear(client: &Client, count: Option<usize>, json: bool) -> Result<(), Failure> {
    let mut updates = client.stream_updates();
    let mut ended = pin!(ended());
    note("listening; Ctrl-C ends it");
    let mut shown = 0;
    while count.is_none_or(|count| shown < count) {
        let update = tokio::select! {
            update = updates.next() => update,
            () = &mut ended => None,
        };
        match update {
            None => break,
            Some(Update::SessionNotSaved(error)) => {
                note(format_args!("layer: the session could not be saved: {error}"));
            }
            Some(update) => {
                let (kind, value, text) = told(&update);
                line(json, || json!({ kind: value }), || format!("{kind:<8} {text}"))?;
                shown += 1;
            }
        }
    }
    Ok(())
}

/// What kind of thing it is, as JSON, and as a text of one line.
fn told(update: &Update) -> (&'static str, Value, String) {
    let plain = |kind, value: Value| {
        let text = value.to_string();
        (kind, value, text)
    };
    match update {
        Update::NewMessage(message) => ("message", value(message), text(message)),
        Update::MessageEdited(message) => ("edited", value(message), text(message)),
        Update::MessageDeleted(gone) => {
            let channel = gone.channel_id;
            plain("deleted", json!({"ids": gone.message_ids, "channel": channel}))
        }
        Update::CallbackQuery(query) => {
            let (message, data) = (query.message_id, query.data());
            plain("button", json!({"from": query.user_id, "message": message, "data": data}))
        }
        Update::InlineQuery(query) => {
            plain("inline", json!({"from": query.user_id, "query": query.query()}))
        }
        Update::ChatAction(action) => {
            plain("action", json!({"chat": id(&action.peer), "from": id(&action.sender)}))
        }
        Update::UserStatus(status) => plain("status", json!({"from": status.user_id})),
        Update::Gap(gap) => plain("gap", json!({"channel": gap.channel_id})),
        other => {
            let name = format!("{other:?}");
            ("other", json!(name), name)
        }
    }
}
