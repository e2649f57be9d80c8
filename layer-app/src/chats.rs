//! `chats`: the dialogs of an account.

use layer_client::types::Dialog;
use serde_json::json;

use crate::arguments::Chats;
use crate::failure::Failure;
use crate::history::id;
use crate::output::{line, one_line};

pub(crate) async fn run(chats: &Chats, json: bool) -> Result<(), Failure> {
    let list = async |client: &layer_client::Client| {
        let mut dialogs = client.iter_dialogs().limit(chats.limit);
        while let Some(dialog) = dialogs.next().await? {
            show(&dialog, json)?;
        }
        Ok(())
    };
    chats.account.logged_in(list).await
}

fn show(dialog: &Dialog, json: bool) -> Result<(), Failure> {
    let (id, name, unread) = (id(dialog.peer()), dialog.name(), dialog.unread_count());
    let last = dialog.last_message().and_then(|message| message.text());
    line(
        json,
        || json!({"id": id, "name": name, "unread": unread, "last": last}),
        || {
            let last = one_line(last.unwrap_or_default());
            format!("{id:>16} {unread:>5}  {:<24} {last}", one_line(&name))
        },
    )
}
