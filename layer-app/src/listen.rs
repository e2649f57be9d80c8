//! `listen`: what happens, as it happens.

use layer_client::update::Update;
use serde_json::{Value, json};

use crate::arguments::{Account, Listen};
use crate::failure::Failure;
use crate::history::{id, show, value};
use crate::output::line;

pub(crate) async fn run(account: &Account, listen: &Listen, json: bool) -> Result<(), Failure> {
    let connected = account.log_on(listen.catch_up).await?;
    let mut updates = connected.client.stream_updates();
    eprintln!("listening; Ctrl-C ends it");
    let mut shown = 0;
    while listen.count.is_none_or(|count| shown < count) {
        tokio::select! {
            update = updates.next() => match update {
                Some(update) => tell(&update, json)?,
                None => break,
            },
            _ = tokio::signal::ctrl_c() => break,
        }
        shown += 1;
    }
    connected.close().await
}

fn tell(update: &Update, json: bool) -> Result<(), Failure> {
    match update {
        Update::NewMessage(message) if !json => show(message, false),
        Update::NewMessage(message) => about(json, "message", value(message)),
        Update::MessageEdited(message) => about(json, "edited", value(message)),
        Update::MessageDeleted(gone) => {
            about(json, "deleted", json!({"ids": gone.message_ids, "channel": gone.channel_id}))
        }
        Update::CallbackQuery(query) => {
            about(json, "button", json!({"user": query.user_id, "data": query.data()}))
        }
        Update::ChatAction(action) => {
            about(json, "action", json!({"chat": id(&action.peer), "from": id(&action.sender)}))
        }
        Update::UserStatus(status) => about(json, "status", json!({"user": status.user_id})),
        Update::Gap(gap) => about(json, "gap", json!({"channel": gap.channel_id})),
        Update::SessionNotSaved(error) => {
            eprintln!("layer: the session could not be saved: {error}");
            Ok(())
        }
        other => about(json, "other", json!(format!("{other:?}"))),
    }
}

fn about(json: bool, kind: &str, value: Value) -> Result<(), Failure> {
    line(json, || json!({ kind: value }), || format!("{kind}: {value}"))
}
