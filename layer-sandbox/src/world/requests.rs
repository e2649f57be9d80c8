//! Links that ask first: who wants to join a chat, and who lets them in.

use layer_tl_types::{enums, types};

use super::chats::{Asked, Entry, Links};
use super::fanout::{Actor, Batch};
use super::{Peer, World};
use crate::router::RpcError;

/// So many of those who asked last are named.
const RECENT: usize = 3;

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl World {
    /// Somebody asks to be let in. Those who may do it are told.
    ///
    /// # Errors
    /// `INVITE_REQUEST_SENT` always, since it is not in yet; `USER_ALREADY_PARTICIPANT`.
    pub(super) fn ask_to_join(
        &mut self,
        actor: &Actor,
        peer: Peer,
        hash: &str,
    ) -> Result<(), RpcError> {
        if self.is_member(actor.user, peer) {
            return refused("USER_ALREADY_PARTICIPANT");
        }
        let asked = Asked { hash: hash.to_owned(), date: actor.date() };
        let Some(links) = self.links_mut(peer) else { return refused("INVITE_HASH_EXPIRED") };
        if links.asked.len() >= Links::MOST_ASKED {
            return refused("USERS_TOO_MUCH");
        }
        if links.asked.insert(actor.user, asked).is_none() {
            let mut batch = Batch::default();
            self.tell_of_requests(&mut batch, peer);
            self.tell_bots_of_request(&mut batch, actor, peer, hash);
            self.push_all(batch, actor);
        }
        refused("INVITE_REQUEST_SENT")
    }

    /// Those who may let people into a chat.
    fn doorkeepers(&self, peer: Peer) -> Vec<i64> {
        match peer {
            Peer::User(_) => Vec::new(),
            Peer::Chat(id) => {
                let group = self.talk.groups.get(&id);
                let members = group.into_iter().flat_map(|group| {
                    group.members.keys().filter(|member| group.is_admin(**member))
                });
                members.copied().collect()
            }
            Peer::Channel(id) => {
                let channel = self.talk.channels.get(&id);
                let members = channel.into_iter().flat_map(|channel| {
                    let may = |id: &&i64| channel.rights(**id).is_some_and(|is| is.invite_users);
                    channel.members.keys().filter(may)
                });
                members.copied().collect()
            }
        }
    }

    fn tell_of_requests(&self, batch: &mut Batch, peer: Peer) {
        let Some(links) = self.links(peer) else { return };
        let mut asked: Vec<_> = links.asked.iter().collect();
        asked.sort_by_key(|(user, asked)| (-asked.date, **user));
        let recent_requesters: Vec<i64> = asked.iter().take(RECENT).map(|(id, _)| **id).collect();
        let requests_pending = i32::try_from(asked.len()).unwrap_or(i32::MAX);
        for admin in self.doorkeepers(peer) {
            let (peer, recent_requesters) = (peer.into(), recent_requesters.clone());
            batch.tell(
                admin,
                types::UpdatePendingJoinRequests { peer, requests_pending, recent_requesters },
            );
        }
    }

    fn tell_bots_of_request(&mut self, batch: &mut Batch, actor: &Actor, peer: Peer, hash: &str) {
        let link = self.links(peer).and_then(|links| links.known.get(hash));
        let Some(invite) = link.map(|link| link.export(hash)) else { return };
        let about = self.accounts.get(actor.user).map(|user| user.about.clone());
        let (date, user_id, about) = (actor.date(), actor.user, about.unwrap_or_default());
        for bot in self.doorkeepers(peer) {
            if !self.accounts.is_bot(bot) {
                continue;
            }
            let (invite, about) = (invite.clone(), about.clone());
            self.happened_to_bot(batch, bot, |qts| {
                let peer = peer.into();
                types::UpdateBotChatInviteRequester::new(peer, date, user_id, about, invite, qts)
                    .into()
            });
        }
    }

    /// Lets in who has asked, or not; by any link or this one.
    ///
    /// # Errors
    /// As for [`World::may_invite`]; `HIDE_REQUESTER_MISSING` if a named one has not asked, and as for
    /// joining.
    pub(crate) fn settle_requests(
        &mut self,
        actor: &Actor,
        peer: Peer,
        (user, hash): (Option<i64>, Option<&str>),
        approved: bool,
    ) -> Result<enums::Updates, RpcError> {
        self.may_invite(actor, peer)?;
        let links = self.links(peer);
        let fits = |(id, asked): &(&i64, &Asked)| {
            user.is_none_or(|user| user == **id) && hash.is_none_or(|hash| hash == asked.hash)
        };
        let all = links.into_iter().flat_map(|links| &links.asked).filter(fits);
        let settled: Vec<(i64, String)> =
            all.map(|(id, asked)| (*id, asked.hash.clone())).collect();
        if settled.is_empty() && user.is_some() {
            return refused("HIDE_REQUESTER_MISSING");
        }
        let (mut batch, mut done) = (Batch::default(), Ok(()));
        for (user, hash) in settled {
            if let Some(links) = self.links_mut(peer) {
                links.asked.remove(&user);
            }
            if approved {
                let guest = Actor { user, now: actor.now };
                let entry = Some(Entry::Request(actor.user));
                let joined = match peer {
                    Peer::User(_) => Ok(()),
                    Peer::Chat(id) => self.add_to_group(&mut batch, &guest, id, user, entry),
                    Peer::Channel(id) => self.join_channel(&mut batch, &guest, id, entry),
                };
                match joined {
                    Ok(()) => self.came_by_link(peer, &hash, &guest, Some(actor.user)),
                    Err(error) => done = Err(error),
                }
            }
        }
        self.tell_of_requests(&mut batch, peer);
        // What became of the others is told all the same.
        let answer = self.deliver(batch, actor);
        done.map(|()| answer)
    }

    /// Who has come by a link, or by any, or asks to: the latest first.
    pub(crate) fn importers(
        &self,
        peer: Peer,
        hash: Option<&str>,
        requested: bool,
    ) -> Vec<types::ChatInviteImporter> {
        let Some(links) = self.links(peer) else { return Vec::new() };
        let mut found = Vec::new();
        if requested {
            for (user, asked) in &links.asked {
                if hash.is_none_or(|hash| hash == asked.hash) {
                    let about = self.accounts.get(*user).map(|user| user.about.clone());
                    let importer = types::ChatInviteImporter::new(*user, asked.date);
                    let about = about.filter(|about| !about.is_empty());
                    found.push(types::ChatInviteImporter { requested, about, ..importer });
                }
            }
        } else {
            for (name, link) in &links.known {
                let wanted = hash.is_none_or(|hash| hash == name);
                for (user, came) in link.came.iter().filter(|_| wanted) {
                    let importer = types::ChatInviteImporter::new(*user, came.date);
                    let approved_by = came.approved_by;
                    found.push(types::ChatInviteImporter { approved_by, ..importer });
                }
            }
        }
        found.sort_by_key(|importer| (-importer.date, importer.user_id));
        found
    }
}
