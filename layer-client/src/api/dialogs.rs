//! The list of chats.

use layer_tl_types::enums::{self, messages::AffectedHistory};
use layer_tl_types::functions::{channels, messages};

use crate::peers::{as_channel, is_channel};
use crate::requests::DialogIter;
use crate::types::Dialog;
use crate::{Client, InvocationError, PeerRef};

impl Client {
    /// The first dialogs of the list, at most so many.
    ///
    /// May be dropped midway.
    ///
    /// # Errors
    /// Any [`InvocationError`]. Bots have no list: `BOT_METHOD_INVALID`.
    pub async fn get_dialogs(&self, limit: usize) -> Result<Vec<Dialog>, InvocationError> {
        let mut iter = self.iter_dialogs().limit(limit);
        let mut dialogs = Vec::new();
        while let Some(dialog) = iter.next().await? {
            dialogs.push(dialog);
        }
        Ok(dialogs)
    }

    /// All dialogs, each once.
    pub fn iter_dialogs(&self) -> DialogIter {
        DialogIter::new(self)
    }

    /// Leaves a group or channel, or deletes one's own side of a private chat.
    ///
    /// May be dropped midway: then it may be gone in part.
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn delete_dialog(&self, peer: impl Into<PeerRef>) -> Result<(), InvocationError> {
        let peer = self.resolve_peer(peer.into()).await?;
        if is_channel(&peer) {
            let channel = as_channel(peer)?;
            return self.invoke(&channels::LeaveChannel { channel }).await.map(drop);
        }
        if let Some(chat_id) = self.chat_id(&peer) {
            let leave = messages::DeleteChatUser::new(chat_id, enums::InputUser::UserSelf);
            match self.invoke(&leave).await {
                // Who has left already still has the history.
                Err(error) if !error.is("USER_NOT_PARTICIPANT") => return Err(error),
                _ => {}
            }
        }
        let request = messages::DeleteHistory::new(peer, 0);
        loop {
            let AffectedHistory::History(affected) = self.invoke(&request).await?;
            if affected.offset <= 0 {
                return Ok(());
            }
        }
    }
}
