//! Invite links.

use std::collections::BTreeMap;

use layer_tl_types::{enums, types};

use super::chats::{Came, Entry, Link, Links};
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
    /// Whoever uses it has to be let in.
    pub(crate) asks: bool,
}

impl Terms {
    fn check(&self, actor: &Actor) -> Result<(), RpcError> {
        if self.expires.is_some_and(|expires| expires <= actor.date()) {
            return refused("EXPIRE_DATE_INVALID");
        }
        if self.limit.is_some_and(|limit| !(1..=99_999).contains(&limit)) {
            return refused("USAGE_LIMIT_INVALID");
        }
        Ok(())
    }
}

/// What is to be changed of a link.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) revoked: bool,
    /// 0 for never, and for as many as want to.
    pub(crate) expires: Option<i32>,
    pub(crate) limit: Option<i32>,
    pub(crate) asks: Option<bool>,
    pub(crate) title: Option<String>,
}

impl World {
    /// Whether somebody may make links to a chat, and let people in.
    ///
    /// # Errors
    /// `PEER_ID_INVALID`, `CHAT_ADMIN_REQUIRED`.
    pub(crate) fn may_invite(&self, actor: &Actor, peer: Peer) -> Result<(), RpcError> {
        match peer {
            Peer::User(_) => refused("PEER_ID_INVALID"),
            Peer::Chat(id) => {
                let is_admin = self.group_of(actor.user, id)?.is_admin(actor.user);
                if is_admin { Ok(()) } else { refused("CHAT_ADMIN_REQUIRED") }
            }
            Peer::Channel(id) => {
                let channel = self.channel_of(actor.user, id, actor.date())?;
                channel.admin(actor.user, |rights| rights.invite_users)
            }
        }
    }

    /// Whether somebody may see and change the links of this admin.
    ///
    /// # Errors
    /// `CHAT_ADMIN_REQUIRED` if they are another's and not one's own chat.
    pub(crate) fn may_manage_links_of(
        &self,
        actor: &Actor,
        peer: Peer,
        admin: i64,
    ) -> Result<(), RpcError> {
        self.may_invite(actor, peer)?;
        let creator = match peer {
            Peer::User(_) => None,
            Peer::Chat(id) => self.talk.groups.get(&id).map(|group| group.creator),
            Peer::Channel(id) => self.talk.channels.get(&id).map(|channel| channel.creator),
        };
        let may = admin == actor.user || creator == Some(actor.user);
        if may { Ok(()) } else { refused("CHAT_ADMIN_REQUIRED") }
    }

    /// A link that somebody may manage, by its address or its hash.
    ///
    /// # Errors
    /// `INVITE_HASH_EXPIRED` if there is none, and as for managing.
    pub(crate) fn managed_link(
        &self,
        actor: &Actor,
        peer: Peer,
        link: &str,
    ) -> Result<(String, &Link), RpcError> {
        self.may_invite(actor, peer)?;
        let hash = link.rsplit(['/', '+']).next().unwrap_or_default();
        let known = self.links(peer).and_then(|links| links.known.get(hash));
        let Some(known) = known else { return refused("INVITE_HASH_EXPIRED") };
        self.may_manage_links_of(actor, peer, known.by)?;
        Ok((hash.to_owned(), known))
    }

    /// Changes a link. Where a permanent one is revoked, another one takes its place.
    ///
    /// # Errors
    /// `INVITE_HASH_EXPIRED`, `INVITE_REVOKED_MISSING` if it is revoked, `CHAT_INVITE_PERMANENT` if it is
    /// permanent and is to be bound to something, and as for making one.
    pub(crate) fn change_link(
        &mut self,
        actor: &Actor,
        peer: Peer,
        link: &str,
        change: Change,
    ) -> Result<(enums::ExportedChatInvite, Option<enums::ExportedChatInvite>), RpcError> {
        let (hash, known) = self.managed_link(actor, peer, link)?;
        if known.revoked {
            return refused("INVITE_REVOKED_MISSING");
        }
        let (permanent, by) = (known.permanent, known.by);
        let Change { revoked, expires, limit, asks, title } = change;
        let is_bound = expires.is_some() || limit.is_some() || asks.is_some() || title.is_some();
        if permanent && is_bound {
            return refused("CHAT_INVITE_PERMANENT");
        }
        let (new_expires, new_limit) =
            (expires.filter(|date| *date != 0), limit.filter(|limit| *limit != 0));
        Terms { expires: new_expires, limit: new_limit, ..Terms::default() }.check(actor)?;
        let Some(links) = self.links_mut(peer) else { return refused("INVITE_HASH_EXPIRED") };
        let Some(link) = links.known.get_mut(&hash) else { return refused("INVITE_HASH_EXPIRED") };
        link.revoked = revoked;
        link.expires = if expires.is_some() { new_expires } else { link.expires };
        link.limit = if limit.is_some() { new_limit } else { link.limit };
        link.asks = asks.unwrap_or(link.asks);
        link.title = title.map(|title| cut(&title)).or(link.title.take());
        let changed = link.export(&hash);
        let owner = Actor { user: by, now: actor.now };
        let terms = Terms { permanent: true, ..Terms::default() };
        // None, if its owner may make none any more.
        let new = (revoked && permanent).then(|| self.export_link(&owner, peer, terms));
        Ok((changed, new.and_then(Result::ok)))
    }

    /// Somebody has come by a link.
    pub(super) fn came_by_link(
        &mut self,
        peer: Peer,
        hash: &str,
        actor: &Actor,
        approved_by: Option<i64>,
    ) {
        let link = self.links_mut(peer).and_then(|links| links.known.get_mut(hash));
        if let Some(link) = link {
            link.used = link.used.saturating_add(1);
            link.came.insert(actor.user, Came { date: actor.date(), approved_by });
        }
    }

    pub(crate) fn links(&self, peer: Peer) -> Option<&Links> {
        match peer {
            Peer::User(_) => None,
            Peer::Chat(id) => self.talk.groups.get(&id).map(|group| &group.links),
            Peer::Channel(id) => self.talk.channels.get(&id).map(|channel| &channel.links),
        }
    }

    pub(crate) fn links_mut(&mut self, peer: Peer) -> Option<&mut Links> {
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
        self.may_invite(actor, peer)?;
        terms.check(actor)?;
        let hash: String = self.random::<16>().map(letter).iter().collect();
        let (by, date) = (actor.user, actor.date());
        let Some(links) = self.links_mut(peer) else { return refused("PEER_ID_INVALID") };
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
        let Terms { permanent, expires, limit, title, asks, .. } = terms;
        let (title, came) = (title.map(|title| cut(&title)), BTreeMap::new());
        let (revoked, used) = (false, 0);
        let link = Link { by, date, permanent, revoked, expires, limit, used, title, asks, came };
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

    fn asks_first(&self, peer: Peer, hash: &str) -> bool {
        let link = self.links(peer).and_then(|links| links.known.get(hash));
        link.is_some_and(|link| link.asks)
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
                    request_needed: self.asks_first(peer, hash),
                    about: (!channel.about.is_empty()).then(|| channel.about.clone()),
                    ..types::ChatInvite::new(title, photo(), members, 0)
                }
                .into()
            }
            (Some(group), None) => {
                let (title, members) = (group.title.clone(), count(group.members.len()));
                let request_needed = self.asks_first(peer, hash);
                let invite = types::ChatInvite::new(title, photo(), members, 0);
                types::ChatInvite { request_needed, ..invite }.into()
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
        if self.asks_first(peer, hash) {
            self.ask_to_join(actor, peer, hash)?;
        }
        match peer {
            Peer::User(_) => return refused("INVITE_HASH_EXPIRED"),
            Peer::Chat(id) => {
                let entry = Some(Entry::Link(owner));
                self.add_to_group(batch, actor, id, actor.user, entry)?;
            }
            Peer::Channel(id) => self.join_channel(batch, actor, id, Some(Entry::Link(owner)))?,
        }
        self.came_by_link(peer, hash, actor, None);
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

/// A title, no longer than it may be.
fn cut(title: &str) -> String {
    title.chars().take(32).collect()
}

/// A letter of a link.
fn letter(byte: u8) -> char {
    char::from(LETTERS.get(usize::from(byte % 64)).copied().unwrap_or_default())
}
