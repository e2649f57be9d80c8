//! Invite links.

use layer_tl_types::{enums, types};

use super::chats::{Link, Links};
use super::fanout::{Actor, Batch};
use super::{Peer, World};
use crate::router::RpcError;

/// Letters of a link after its `+`.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

/// What a new link may be good for.
#[derive(Default)]
pub(crate) struct Terms {
    /// The one that its owner has at once, in the place of the one before if that is to be revoked.
    pub(crate) permanent: bool,
    pub(crate) revoke_permanent: bool,
    pub(crate) expires: Option<i32>,
    pub(crate) limit: Option<i32>,
    pub(crate) title: Option<String>,
}

impl World {
    fn links(&mut self, peer: Peer) -> Option<&mut Links> {
        match peer {
            Peer::User(_) => None,
            Peer::Chat(id) => self.talk.groups.get_mut(&id).map(|group| &mut group.links),
            Peer::Channel(id) => self.talk.channels.get_mut(&id).map(|channel| &mut channel.links),
        }
    }

    /// Makes an invite link, or gives the permanent one that there is.
    ///
    /// # Errors
    /// `PEER_ID_INVALID`, `CHAT_ADMIN_REQUIRED`, `EXPIRE_DATE_INVALID`, `USAGE_LIMIT_INVALID`.
    pub(crate) fn export_link(
        &mut self,
        actor: &Actor,
        peer: Peer,
        terms: Terms,
    ) -> Result<enums::ExportedChatInvite, RpcError> {
        match peer {
            Peer::User(_) => return refused("PEER_ID_INVALID"),
            Peer::Chat(id) => {
                if !self.group_of(actor.user, id)?.is_admin(actor.user) {
                    return refused("CHAT_ADMIN_REQUIRED");
                }
            }
            Peer::Channel(id) => {
                let channel = self.channel_of(actor.user, id, actor.date())?;
                channel.admin(actor.user, |rights| rights.invite_users)?;
            }
        }
        if terms.expires.is_some_and(|expires| expires <= actor.date()) {
            return refused("EXPIRE_DATE_INVALID");
        }
        if terms.limit.is_some_and(|limit| !(1..=99_999).contains(&limit)) {
            return refused("USAGE_LIMIT_INVALID");
        }
        let hash: String = self.random::<16>().map(letter).iter().collect();
        let (by, date) = (actor.user, actor.date());
        let Some(links) = self.links(peer) else { return refused("PEER_ID_INVALID") };
        if terms.permanent {
            let own = links.known.iter_mut();
            let own = own.filter(|(_, link)| link.permanent && !link.revoked && link.by == by);
            for (hash, link) in own {
                if !terms.revoke_permanent {
                    return Ok(link.export(hash));
                }
                link.revoked = true;
            }
        }
        while links.known.len() >= Links::MOST {
            // Those that are of no use go first, then the oldest.
            let oldest = links.known.iter().min_by_key(|(_, link)| (link.is_good(date), link.date));
            let Some(oldest) = oldest.map(|(hash, _)| hash.clone()) else { break };
            links.known.remove(&oldest);
        }
        let Terms { permanent, expires, limit, title, .. } = terms;
        let title = title.map(|title| title.chars().take(32).collect());
        let link = Link { by, date, permanent, revoked: false, expires, limit, used: 0, title };
        let exported = link.export(&hash);
        links.known.insert(hash, link);
        Ok(exported)
    }

    /// The chat of a link that can be used, and who has made it.
    ///
    /// # Errors
    /// `INVITE_HASH_EMPTY`, `INVITE_HASH_EXPIRED`.
    pub(crate) fn linked(&self, actor: &Actor, hash: &str) -> Result<(Peer, i64), RpcError> {
        if hash.is_empty() {
            return refused("INVITE_HASH_EMPTY");
        }
        let groups = self.talk.groups.iter().map(|(id, group)| (Peer::Chat(*id), &group.links));
        let channels = self.talk.channels.iter();
        let channels = channels.map(|(id, channel)| (Peer::Channel(*id), &channel.links));
        let mut all = groups.chain(channels);
        let found = all.find_map(|(peer, links)| Some((peer, links.known.get(hash)?)));
        let good = found.filter(|(_, link)| link.is_good(actor.date()));
        good.map_or_else(|| refused("INVITE_HASH_EXPIRED"), |(peer, link)| Ok((peer, link.by)))
    }

    /// What a link leads to, to who looks at it.
    ///
    /// # Errors
    /// As for [`World::linked`].
    pub(crate) fn look_at_link(
        &self,
        actor: &Actor,
        hash: &str,
    ) -> Result<enums::ChatInvite, RpcError> {
        let (peer, _) = self.linked(actor, hash)?;
        if self.is_member(actor.user, peer) {
            let chat = self.chat(actor.user, peer, actor.date());
            let chat = chat.ok_or_else(|| RpcError::new(400, "INVITE_HASH_EXPIRED"))?;
            return Ok(types::ChatInviteAlready { chat }.into());
        }
        let photo = || self.photo(actor.user, self.chat_photo(peer).unwrap_or(0));
        let count = |members: usize| i32::try_from(members).unwrap_or(i32::MAX);
        let (group, channel) = match peer {
            Peer::User(_) => (None, None),
            Peer::Chat(id) => (self.talk.groups.get(&id), None),
            Peer::Channel(id) => (None, self.talk.channels.get(&id)),
        };
        Ok(match (group, channel) {
            (_, Some(channel)) => {
                let (title, members) = (channel.title.clone(), count(channel.members.len()));
                types::ChatInvite {
                    channel: true,
                    broadcast: channel.broadcast,
                    megagroup: !channel.broadcast,
                    public: channel.username.is_some(),
                    about: (!channel.about.is_empty()).then(|| channel.about.clone()),
                    ..types::ChatInvite::new(title, photo(), members, 0)
                }
                .into()
            }
            (Some(group), None) => {
                let (title, members) = (group.title.clone(), count(group.members.len()));
                types::ChatInvite::new(title, photo(), members, 0).into()
            }
            (None, None) => return refused("INVITE_HASH_EXPIRED"),
        })
    }

    /// Somebody joins by a link.
    ///
    /// # Errors
    /// As for [`World::linked`] and for joining.
    pub(crate) fn join_by_link(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        hash: &str,
    ) -> Result<Peer, RpcError> {
        let (peer, owner) = self.linked(actor, hash)?;
        match peer {
            Peer::User(_) => return refused("INVITE_HASH_EXPIRED"),
            Peer::Chat(id) => self.add_to_group(batch, actor, id, actor.user, Some(owner))?,
            Peer::Channel(id) => self.join_channel(batch, actor, id, Some(owner))?,
        }
        if let Some(link) = self.links(peer).and_then(|links| links.known.get_mut(hash)) {
            link.used += 1;
        }
        Ok(peer)
    }

    /// Whether somebody is in a chat.
    pub(crate) fn is_member(&self, user: i64, peer: Peer) -> bool {
        match peer {
            Peer::User(_) => false,
            Peer::Chat(id) => {
                self.talk.groups.get(&id).is_some_and(|group| group.members.contains_key(&user))
            }
            Peer::Channel(id) => {
                let channel = self.talk.channels.get(&id);
                channel.is_some_and(|channel| channel.members.contains_key(&user))
            }
        }
    }
}

/// A letter of a link.
fn letter(byte: u8) -> char {
    char::from(LETTERS.get(usize::from(byte % 64)).copied().unwrap_or_default())
}
