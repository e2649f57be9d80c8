//! `chats`: the dialogs of an account.

use serde_json::json;

use crate::arguments::{Account, Chats};
use crate::failure::Failure;
use crate::history::id;
use crate::output::{line, one_line};

pub(crate) async fn run(account: &Account, chats: &Chats, json: bool) -> Result<(), Failure> {
    let connected = account.log_on(false).await?;
    let mut dialogs = connected.client.iter_dialogs().limit(chats.limit);
    while let Some(dialog) = dialogs.next().await? {
        let (id, name, unread) = (id(dialog.peer()), dialog.name(), dialog.unread_count());
        let last = dialog.last_message().and_then(|message| message.text()).unwrap_or_default();
        line(
            json,
            || json!({"id": id, "name": name, "unread": unread, "last": last}),
            || format!("{id:>16} {unread:>5}  {:<24} {}", one_line(&name), one_line(last)),
        )?;
    }
    connected.close().await
}
