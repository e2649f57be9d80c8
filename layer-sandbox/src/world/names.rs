//! Names: what users change about themselves, and who is told.

use layer_tl_types::{enums, types};

use super::{Peer, World};
use crate::router::RpcError;

/// So long a user stays online after it has said that it is, in seconds.
const ONLINE: i32 = 300;

impl World {
    /// Who has a username, in whatever case.
    pub(crate) fn owner_of(&self, username: &str) -> Option<enums::Peer> {
        let user = self.accounts.by_username(username).map(|user| Peer::User(user.id));
        let owner = user.or_else(|| self.channel_by_username(username).map(Peer::Channel));
        owner.map(Into::into)
    }

    /// A user comes online, or goes.
    pub(crate) fn set_online(&mut self, id: i64, online: bool, now: i64) {
        // TL ints.
        let (expires, was_online) = ((now as i32).saturating_add(ONLINE), now as i32);
        let until = if online { expires } else { was_online };
        let Some(user) = self.accounts.get_mut(id) else { return };
        (user.online_until, user.is_online) = (Some(until), online);
        let status = user.status();
        for friend in self.friends_of(id) {
            let enums::User::User(seen) = self.user(friend, id) else { continue };
            // Not those who may not know.
            if seen.status.as_ref() == Some(&status) {
                let status = status.clone();
                self.notify(friend, types::UpdateUserStatus { user_id: id, status }.into(), now);
            }
        }
    }

    /// Has all who have a user among their contacts, and the user itself elsewhere, hear of it: of its
    /// name, its number, or that something else has changed.
    pub(crate) fn tell_of(&mut self, id: i64, update: &enums::Update, now: i64) {
        for viewer in self.friends_of(id).into_iter().chain([id]) {
            let updates = types::Updates {
                updates: vec![update.clone()],
                users: vec![self.user(viewer, id)],
                chats: Vec::new(),
                date: now as i32,
                seq: 0,
            };
            self.push_to(viewer, &updates.into());
        }
    }

    /// Tells of the name that a user has now.
    pub(crate) fn tell_name_of(&mut self, id: i64, now: i64) {
        let Some(user) = self.accounts.get(id) else { return };
        let update = types::UpdateUserName {
            user_id: id,
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            usernames: user.list_usernames(),
        };
        self.tell_of(id, &update.into(), now);
    }

    /// Who has a user among its contacts.
    fn friends_of(&self, id: i64) -> Vec<i64> {
        let has = |user: &&super::User| user.contacts.contains_key(&id) && user.id != id;
        self.accounts.iter().filter(has).map(|user| user.id).collect()
    }
}

/// A username that could be one, without its `@`.
pub(crate) fn check_username(name: &str) -> Result<&str, RpcError> {
    let name = name.trim_start_matches('@');
    let first = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic());
    let all = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    let good = first && all && !name.ends_with('_') && (4..=32).contains(&name.len());
    if good { Ok(name) } else { Err(RpcError::new(400, "USERNAME_INVALID")) }
}
