//! What was said: each thing once, however many accounts have a copy of it, and how it looks to whom.
//!
//! In private chats and basic groups every account has a copy under an identifier of its own; in a
//! channel there is one. At most [`Posts::MOST`] are kept in a world; no more is said then.

use std::collections::{BTreeMap, BTreeSet};

use layer_tl_types::{enums, types};

use super::files::Media;
use super::{Peer, World};

/// All that was said, by the world's own numbers.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Posts {
    known: BTreeMap<u64, Post>,
    last: u64,
}

/// Without what was said.
impl std::fmt::Debug for Posts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Posts").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

/// One thing that was said.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Post {
    /// The account that said it.
    pub(crate) author: i64,
    /// It is a channel's and not its author's.
    pub(crate) as_channel: Option<i64>,
    /// In unix seconds.
    pub(crate) date: i32,
    pub(crate) edited: Option<i32>,
    pub(crate) content: Content,
    /// For whom it is pinned; in a channel, for 0, which stands for all.
    pub(crate) pinned_for: BTreeSet<i64>,
    pub(crate) reactions: Vec<Reacted>,
    /// How often a channel's post was looked at, and forwarded.
    pub(crate) views: i32,
    pub(crate) forwards: i32,
    /// Who is named in it.
    pub(crate) mentions: BTreeSet<i64>,
    /// Who of them has not looked at it.
    pub(crate) unread_by: BTreeSet<i64>,
    /// Where it is: accounts and the identifiers of their copies. A channel's post has none.
    pub(crate) copies: Vec<(i64, i32)>,
    /// Or in a channel.
    pub(crate) in_channel: Option<(i64, i32)>,
}

/// What a message says.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Content {
    pub(crate) text: String,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) entities: Vec<enums::MessageEntity>,
    #[serde(with = "crate::world::kept::tl_option")]
    pub(crate) markup: Option<enums::ReplyMarkup>,
    /// Something that the server tells, in place of a text.
    #[serde(with = "crate::world::kept::tl_option")]
    pub(crate) action: Option<enums::MessageAction>,
    /// What it answers, by the world's own number.
    pub(crate) reply_to: Option<u64>,
    #[serde(with = "crate::world::kept::tl_option")]
    pub(crate) forwarded: Option<types::MessageFwdHeader>,
    pub(crate) silent: bool,
    pub(crate) noforwards: bool,
    pub(crate) was_scheduled: bool,
    /// The bot whose result it is.
    pub(crate) via_bot: Option<i64>,
    /// A photo or a document.
    #[serde(default)]
    pub(crate) media: Option<Media>,
    /// A poll, by its id.
    #[serde(default)]
    pub(crate) poll: Option<i64>,
    /// The album that it is part of.
    #[serde(default)]
    pub(crate) album: Option<i64>,
}

impl Content {
    /// A message of the server's.
    pub(crate) fn action(action: impl Into<enums::MessageAction>) -> Self {
        Self { action: Some(action.into()), ..Self::default() }
    }
}

/// Somebody's reaction.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Reacted {
    pub(crate) by: i64,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) reaction: enums::Reaction,
    pub(crate) date: i32,
    pub(crate) big: bool,
}

impl Reacted {
    /// As somebody sees it.
    pub(crate) fn shown(&self, viewer: i64) -> enums::MessagePeerReaction {
        let (by, reaction) = (Peer::User(self.by).into(), self.reaction.clone());
        let shown = types::MessagePeerReaction::new(by, self.date, reaction);
        types::MessagePeerReaction { big: self.big, my: self.by == viewer, ..shown }.into()
    }
}

impl Posts {
    /// So many are kept.
    pub(crate) const MOST: usize = 500_000;

    /// Whether one more may be said.
    pub(crate) fn has_room(&self) -> bool {
        self.known.len() < Self::MOST
    }

    /// Keeps one and gives it a number.
    pub(crate) fn put(&mut self, post: Post) -> u64 {
        self.last += 1;
        self.known.insert(self.last, post);
        self.last
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Post> {
        self.known.get(&number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Post> {
        self.known.get_mut(&number)
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Post> {
        self.known.remove(&number)
    }
}

impl Post {
    /// Which identifier it has for an account: of its copy, or in the channel.
    pub(crate) fn id_for(&self, viewer: i64) -> Option<i32> {
        let copy = self.copies.iter().find(|(account, _)| *account == viewer);
        copy.map(|(_, id)| *id).or(self.in_channel.map(|(_, id)| id))
    }

    /// Whether it is pinned for somebody.
    pub(crate) fn is_pinned(&self, viewer: i64) -> bool {
        self.pinned_for.contains(&viewer) || self.pinned_for.contains(&0)
    }

    /// Who is said to have said it.
    pub(crate) fn from(&self) -> Peer {
        self.as_channel.map_or(Peer::User(self.author), Peer::Channel)
    }
}

impl World {
    /// The world's number for a message that an account names, if it has it there.
    pub(crate) fn number_of(&self, viewer: i64, peer: Peer, id: i32) -> Option<u64> {
        match peer {
            Peer::Channel(channel) => self.talk.channels.get(&channel)?.held.get(&id).copied(),
            _ => {
                let held = self.talk.boxes.get(&viewer)?.held.get(&id)?;
                (held.peer == peer).then_some(held.post)
            }
        }
    }

    /// A message that an account names.
    pub(crate) fn post_of(&self, viewer: i64, peer: Peer, id: i32) -> Option<&Post> {
        self.talk.posts.get(self.number_of(viewer, peer, id)?)
    }

    /// A message as an account sees it.
    pub(crate) fn message(&self, viewer: i64, peer: Peer, id: i32) -> Option<enums::Message> {
        let post = self.post_of(viewer, peer, id)?;
        Some(match &post.content.action {
            Some(action) => {
                let action = self.shown_action(viewer, action.clone());
                self.service_message(viewer, peer, id, post, action)
            }
            None => self.plain_message(viewer, peer, id, post),
        })
    }

    fn plain_message(&self, viewer: i64, peer: Peer, id: i32, post: &Post) -> enums::Message {
        let Content { text, entities, markup, forwarded, silent, noforwards, .. } = &post.content;
        let counted = post.as_channel.is_some();
        types::Message {
            out: is_out(viewer, peer, post),
            mentioned: post.mentions.contains(&viewer),
            media_unread: post.unread_by.contains(&viewer),
            silent: *silent,
            post: counted,
            from_scheduled: post.content.was_scheduled && post.author == viewer,
            pinned: post.is_pinned(viewer),
            noforwards: *noforwards,
            from_id: shown_author(viewer, peer, post),
            saved_peer_id: (peer == Peer::User(viewer)).then(|| peer.into()),
            fwd_from: forwarded.clone().map(Into::into),
            via_bot_id: post.content.via_bot,
            reply_to: self.reply_header(viewer, post),
            media: self.shown_beside(viewer, &post.content),
            grouped_id: post.content.album,
            reply_markup: markup.clone(),
            entities: (!entities.is_empty()).then(|| entities.clone()),
            views: counted.then_some(post.views),
            forwards: counted.then_some(post.forwards),
            edit_date: post.edited,
            reactions: self.reactions(viewer, peer, post),
            ..types::Message::new(id, peer.into(), post.date, text.clone())
        }
        .into()
    }

    fn service_message(
        &self,
        viewer: i64,
        peer: Peer,
        id: i32,
        post: &Post,
        action: enums::MessageAction,
    ) -> enums::Message {
        types::MessageService {
            out: is_out(viewer, peer, post),
            mentioned: post.mentions.contains(&viewer),
            media_unread: post.unread_by.contains(&viewer),
            silent: post.content.silent,
            post: post.as_channel.is_some(),
            from_id: shown_author(viewer, peer, post),
            reply_to: self.reply_header(viewer, post),
            ..types::MessageService::new(id, peer.into(), post.date, action)
        }
        .into()
    }

    /// What a message answers, if that is still there.
    fn reply_header(&self, viewer: i64, post: &Post) -> Option<enums::MessageReplyHeader> {
        let id = self.talk.posts.get(post.content.reply_to?)?.id_for(viewer)?;
        Some(reply_header(id, false))
    }

    /// All reactions to a message, each kind once, in the order in which they came first.
    pub(crate) fn reactions(
        &self,
        viewer: i64,
        peer: Peer,
        post: &Post,
    ) -> Option<enums::MessageReactions> {
        if post.reactions.is_empty() {
            return None;
        }
        let mut results: Vec<types::ReactionCount> = Vec::new();
        for reacted in &post.reactions {
            let known = results.iter().position(|count| count.reaction == reacted.reaction);
            let at = known.unwrap_or_else(|| {
                let reaction = reacted.reaction.clone();
                results.push(types::ReactionCount::new(reaction, 0));
                results.len() - 1
            });
            if let Some(count) = results.get_mut(at) {
                count.count += 1;
                count.chosen_order = count.chosen_order.or((reacted.by == viewer).then_some(0));
            }
        }
        let broadcast = post.as_channel.is_some();
        let recent = post.reactions.iter().rev().take(3).map(|reacted| reacted.shown(viewer));
        let can_see_list = !broadcast && !matches!(peer, Peer::User(_));
        let recent_reactions = (!broadcast).then(|| recent.collect());
        let results = results.into_iter().map(Into::into).collect();
        let reactions = types::MessageReactions::new(results);
        Some(types::MessageReactions { can_see_list, recent_reactions, ..reactions }.into())
    }
}

/// By which a message says what it answers.
pub(crate) fn reply_header(id: i32, scheduled: bool) -> enums::MessageReplyHeader {
    let reply_to_msg_id = Some(id);
    let header = types::MessageReplyHeader::new();
    types::MessageReplyHeader { reply_to_scheduled: scheduled, reply_to_msg_id, ..header }.into()
}

/// What one says to oneself is not called outgoing.
fn is_out(viewer: i64, peer: Peer, post: &Post) -> bool {
    post.author == viewer && peer != Peer::User(viewer)
}

/// Who a message names as its author: nobody in a channel's post, and in a private chat nobody if it is
/// the other one.
fn shown_author(viewer: i64, peer: Peer, post: &Post) -> Option<enums::Peer> {
    let hidden = match peer {
        Peer::User(_) => post.author != viewer,
        Peer::Chat(_) => false,
        Peer::Channel(_) => post.as_channel.is_some(),
    };
    (!hidden).then(|| post.from().into())
}
