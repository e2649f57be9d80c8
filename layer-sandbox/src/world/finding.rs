//! Finding people and chats by what they are called.

use super::{Peer, World};

/// Of which kind what is sought must be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sought {
    /// Bots alone.
    pub(crate) bots: bool,
    /// Broadcast channels alone.
    pub(crate) broadcasts: bool,
}

impl World {
    /// What a viewer finds: among its contacts and conversations by their names, and among all others by
    /// the beginnings of usernames; so many of each at most. The words are in lower case.
    pub(crate) fn find(
        &self,
        viewer: i64,
        words: &str,
        sought: Sought,
        limit: usize,
    ) -> (Vec<Peer>, Vec<Peer>) {
        let contacts = self.accounts.get(viewer).into_iter().flat_map(|user| user.contacts.keys());
        let mut known: Vec<Peer> = contacts.map(|id| Peer::User(*id)).collect();
        known.push(Peer::User(viewer));
        for peer in self.dialogs(viewer) {
            if !known.contains(&peer) {
                known.push(peer);
            }
        }
        let is_named = |peer: &Peer| {
            self.name_for(viewer, *peer).to_lowercase().contains(words)
                || self.usernames_of(*peer).any(|name| name.to_lowercase().starts_with(words))
        };
        let is_wanted = |peer: &Peer| self.is_sought(*peer, sought);
        known.retain(|peer| is_named(peer) && is_wanted(peer));
        known.truncate(limit);
        let users = self.accounts.iter().map(|user| Peer::User(user.id));
        let all = users.chain(self.talk.channels.keys().map(|id| Peer::Channel(*id)));
        let begins = |peer: &Peer| {
            self.usernames_of(*peer).any(|name| name.to_lowercase().starts_with(words))
        };
        let others = all.filter(|peer| begins(peer) && is_wanted(peer) && !known.contains(peer));
        let others = others.take(limit).collect();
        (known, others)
    }

    /// What a viewer calls somebody, or a chat is called.
    fn name_for(&self, viewer: i64, peer: Peer) -> String {
        let title = match peer {
            Peer::User(id) => {
                let own = self.accounts.get(viewer).and_then(|viewer| viewer.contacts.get(&id));
                let own = own.map(|own| format!("{} {}", own.first_name, own.last_name));
                own.or_else(|| {
                    let user = self.accounts.get(id)?;
                    Some(format!("{} {}", user.first_name, user.last_name))
                })
            }
            Peer::Chat(id) => self.talk.groups.get(&id).map(|group| group.title.clone()),
            Peer::Channel(id) => self.talk.channels.get(&id).map(|channel| channel.title.clone()),
        };
        title.unwrap_or_default()
    }

    fn usernames_of(&self, peer: Peer) -> impl Iterator<Item = &String> {
        let (user, channel) = match peer {
            Peer::User(id) => (self.accounts.get(id), None),
            Peer::Chat(_) => (None, None),
            Peer::Channel(id) => (None, self.talk.channels.get(&id)),
        };
        let of_user = user.into_iter().flat_map(|user| &user.usernames);
        of_user.chain(channel.and_then(|channel| channel.username.as_ref()))
    }

    fn is_sought(&self, peer: Peer, sought: Sought) -> bool {
        let is_bot = matches!(peer, Peer::User(id) if self.accounts.is_bot(id));
        let is_broadcast = matches!(
            peer,
            Peer::Channel(id) if self.talk.channels.get(&id).is_some_and(|channel| channel.broadcast)
        );
        (is_bot || !sought.bots) && (is_broadcast || !sought.broadcasts)
    }
}
