//! Saying something: who may, and where it goes.

use std::collections::{BTreeMap, BTreeSet};

use layer_tl_types::enums;

use super::boxes::{AccountBox, Event};
use super::callbacks::Callbacks;
use super::chats::{Channel, Group};
use super::fanout::{Actor, Batch};
use super::inline::Inline;
use super::polls::Polls;
use super::posts::{Content, Post, Posts};
use super::{Peer, World};
use crate::router::RpcError;

/// The ids of groups and channels lie above this: as long as those of Telegram's are.
const FIRST_CHAT_ID: i64 = 1_100_000_000;

/// All that was said, and where.
///
/// What it holds is bounded: at most [`Posts::MOST`] messages, [`Talk::MOST_CHATS`] groups and channels,
/// and for each account and channel as much as its parts say.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Talk {
    pub(crate) boxes: BTreeMap<i64, AccountBox>,
    pub(crate) groups: BTreeMap<i64, Group>,
    pub(crate) channels: BTreeMap<i64, Channel>,
    pub(crate) posts: Posts,
    #[serde(default)]
    pub(crate) polls: Polls,
    #[serde(skip)]
    pub(crate) callbacks: Callbacks,
    pub(crate) inline: Inline,
    /// The latest id of a group or channel.
    pub(crate) last_chat_id: i64,
    /// When something scheduled falls due, in unix seconds.
    pub(crate) next_scheduled: i32,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            boxes: BTreeMap::new(),
            groups: BTreeMap::new(),
            channels: BTreeMap::new(),
            posts: Posts::default(),
            polls: Polls::default(),
            callbacks: Callbacks::default(),
            inline: Inline::default(),
            last_chat_id: FIRST_CHAT_ID,
            next_scheduled: i32::MAX,
        }
    }
}

impl Talk {
    /// So many groups and channels there may be.
    pub(crate) const MOST_CHATS: usize = 20_000;
}

impl World {
    /// Whether somebody may write in a conversation.
    ///
    /// # Errors
    /// As Telegram says why not.
    pub(crate) fn may_write(&self, actor: &Actor, peer: Peer) -> Result<(), RpcError> {
        let refused = |code, name| Err(RpcError::new(code, name));
        match peer {
            Peer::User(id) => {
                let Some(other) = self.accounts.get(id) else {
                    return refused(400, "PEER_ID_INVALID");
                };
                let is_bot = self.accounts.is_bot(actor.user);
                if is_bot && other.bot.is_some() && id != actor.user {
                    return refused(400, "USER_IS_BOT");
                }
                if other.blocked.contains_key(&actor.user) {
                    return refused(if is_bot { 403 } else { 400 }, "USER_IS_BLOCKED");
                }
                let own = self.accounts.get(actor.user);
                if own.is_some_and(|own| own.blocked.contains_key(&id)) {
                    return refused(400, "YOU_BLOCKED_USER");
                }
                Ok(())
            }
            Peer::Chat(id) => {
                let Some(group) = self.talk.groups.get(&id) else {
                    return refused(400, "PEER_ID_INVALID");
                };
                if group.migrated_to.is_some() {
                    return refused(400, "CHAT_ID_INVALID");
                }
                let banned = &group.default_banned;
                let silenced = banned.send_messages || banned.send_plain;
                if !group.members.contains_key(&actor.user)
                    || silenced && !group.is_admin(actor.user)
                {
                    return refused(403, "CHAT_WRITE_FORBIDDEN");
                }
                Ok(())
            }
            Peer::Channel(id) => {
                let channel = self.channel_of(actor.user, id, actor.date())?;
                if channel.broadcast {
                    return channel.admin(actor.user, |rights| rights.post_messages);
                }
                if !channel.members.contains_key(&actor.user) {
                    return refused(403, "CHAT_WRITE_FORBIDDEN");
                }
                if channel.rights(actor.user).is_some() {
                    return Ok(());
                }
                let ban = channel.ban(actor.user, actor.date());
                if ban.is_some_and(|ban| ban.rights.send_messages || ban.rights.send_plain) {
                    return refused(400, "USER_BANNED_IN_CHANNEL");
                }
                match &channel.default_banned {
                    banned if banned.send_messages => refused(403, "CHAT_WRITE_FORBIDDEN"),
                    banned if banned.send_plain => refused(403, "CHAT_SEND_PLAIN_FORBIDDEN"),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Says something in a conversation, whether its author may or not. Returns its identifier for the
    /// author.
    ///
    /// # Errors
    /// If no more is taken.
    pub(crate) fn say(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        content: Content,
    ) -> Result<i32, RpcError> {
        if !self.talk.posts.has_room() {
            return Err(RpcError::new(420, "FLOOD_WAIT_86400"));
        }
        let mentions = self.mentioned(actor.user, peer, &content);
        let broadcast = match peer {
            Peer::Channel(id) => {
                self.talk.channels.get(&id).is_some_and(|channel| channel.broadcast)
            }
            _ => false,
        };
        let post = Post {
            author: actor.user,
            as_channel: match peer {
                Peer::Channel(id) if broadcast => Some(id),
                _ => None,
            },
            date: actor.date(),
            edited: None,
            content,
            pinned_for: BTreeSet::new(),
            reactions: Vec::new(),
            views: 1,
            forwards: 0,
            unread_by: mentions.clone(),
            mentions,
            copies: Vec::new(),
            in_channel: None,
        };
        let number = self.talk.posts.put(post);
        Ok(match peer {
            Peer::User(other) => {
                let own = self.hold(batch, actor.user, peer, number);
                if other != actor.user {
                    self.hold(batch, other, Peer::User(actor.user), number);
                }
                own
            }
            Peer::Chat(id) => {
                let group = self.talk.groups.get(&id);
                let members = group.map(|group| group.members.keys().copied().collect());
                let members: Vec<i64> = members.unwrap_or_default();
                let mut own = 0;
                for member in members {
                    let id = self.hold(batch, member, peer, number);
                    own = if member == actor.user { id } else { own };
                }
                own
            }
            Peer::Channel(id) => {
                let Some(channel) = self.talk.channels.get_mut(&id) else { return Ok(0) };
                channel.last_id = channel.last_id.saturating_add(1);
                let last_id = channel.last_id;
                channel.held.insert(last_id, number);
                if let Some(post) = self.talk.posts.get_mut(number) {
                    post.in_channel = Some((id, last_id));
                }
                self.happened_in(batch, id, Event::New(last_id), actor);
                last_id
            }
        })
    }

    /// Puts a copy of a message into an account's box.
    fn hold(&mut self, batch: &mut Batch, account: i64, peer: Peer, number: u64) -> i32 {
        let own = self.talk.boxes.entry(account).or_default();
        let id = own.hold(peer, number);
        if let Some(dialog) = own.dialogs.get_mut(&peer) {
            dialog.hidden = false;
        }
        if let Some(post) = self.talk.posts.get_mut(number) {
            post.copies.push((account, id));
        }
        self.happened(batch, account, Event::New(id));
        id
    }

    /// Whom a message names, among those who read it there: by username, by link, or by answering them.
    pub(crate) fn mentioned(&self, author: i64, peer: Peer, content: &Content) -> BTreeSet<i64> {
        let mut named = BTreeSet::new();
        if matches!(peer, Peer::User(_)) {
            return named;
        }
        for entity in &content.entities {
            match entity {
                enums::MessageEntity::MentionName(name) => _ = named.insert(name.user_id),
                enums::MessageEntity::Mention(at) => {
                    let name = super::entities::slice(&content.text, at.offset, at.length);
                    let name = name.unwrap_or_default();
                    let user = self.accounts.by_username(name.trim_start_matches('@'));
                    named.extend(user.map(|user| user.id));
                }
                _ => {}
            }
        }
        let answered = content.reply_to.and_then(|number| self.talk.posts.get(number));
        named.extend(answered.filter(|post| post.as_channel.is_none()).map(|post| post.author));
        named.remove(&author);
        named.retain(|id| match peer {
            Peer::User(_) => false,
            Peer::Chat(chat) => {
                self.talk.groups.get(&chat).is_some_and(|group| group.members.contains_key(id))
            }
            Peer::Channel(channel) => self
                .talk
                .channels
                .get(&channel)
                .is_some_and(|channel| !channel.broadcast && channel.members.contains_key(id)),
        });
        named
    }
}
