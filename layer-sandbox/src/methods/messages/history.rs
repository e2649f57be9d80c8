//! Histories: messages in windows, by their identifiers, and what is found in them.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Actor;
use crate::world::files::Sort;
use crate::world::posts::Post;

/// The most messages in an answer.
pub(super) const MOST: i32 = 100;
/// The most kinds that are counted for a question; there are fewer.
const MOST_FILTERS: usize = 32;

/// Which messages of a conversation are asked for (api/offsets).
pub(in crate::methods) struct Window {
    pub(in crate::methods) offset_id: i32,
    pub(in crate::methods) offset_date: i32,
    pub(in crate::methods) add_offset: i32,
    pub(in crate::methods) limit: i32,
    pub(in crate::methods) max_id: i32,
    pub(in crate::methods) min_id: i32,
}

/// The messages of a window, the newest first, out of those that fit, in the form in which their
/// conversation has them.
pub(in crate::methods) fn window(
    world: &World,
    actor: &Actor,
    peer: Peer,
    window: &Window,
    fits: impl Fn(&World, i32) -> bool,
) -> enums::messages::Messages {
    let Window { offset_id, offset_date, add_offset, limit, max_id, min_id } = *window;
    let in_bounds = |id: &i32| {
        (max_id <= 0 || *id < max_id) && (min_id <= 0 || *id > min_id) && fits(world, *id)
    };
    let ids: Vec<i32> = world.ids(actor.user, peer).rev().filter(in_bounds).collect();
    // Clients that go from page to page name the last message by both; others of its second come after
    // it too, so a number says all.
    let is_newer = |id: &i32| {
        let date = || world.post_of(actor.user, peer, *id).map_or(0, |post| post.date);
        if offset_id > 0 { *id >= offset_id } else { offset_date > 0 && date() >= offset_date }
    };
    let first = ids.partition_point(is_newer);
    let first = i64::try_from(first).unwrap_or(i64::MAX) + i64::from(add_offset);
    let end = first + i64::from(limit.clamp(0, MOST));
    let index = |at: i64| usize::try_from(at.max(0)).unwrap_or(usize::MAX).min(ids.len());
    let (first, end) = (index(first), index(end));
    let picked = ids.get(first..end).unwrap_or_default();
    let messages = picked.iter().filter_map(|id| world.message(actor.user, peer, *id)).collect();
    listed(world, actor, peer, messages, ids.len(), first)
}

/// Messages of a conversation, out of `count`, of which `skipped` are newer.
fn listed(
    world: &World,
    actor: &Actor,
    peer: Peer,
    messages: Vec<enums::Message>,
    count: usize,
    skipped: usize,
) -> enums::messages::Messages {
    let is_all = messages.len() == count;
    let (users, chats) = world.people_in(actor.user, &messages, actor.date());
    let (count, skipped) = (int(count), int(skipped));
    let topics = Vec::new();
    if let Peer::Channel(id) = peer {
        let pts = world.talk.channels.get(&id).map_or(1, |channel| channel.pts.at());
        let listed =
            types::messages::ChannelMessages::new(pts, count, messages, topics, chats, users);
        let offset_id_offset = Some(skipped);
        return types::messages::ChannelMessages { offset_id_offset, ..listed }.into();
    }
    if is_all {
        return types::messages::Messages { messages, topics, chats, users }.into();
    }
    let listed = types::messages::MessagesSlice::new(count, messages, topics, chats, users);
    types::messages::MessagesSlice { offset_id_offset: Some(skipped), ..listed }.into()
}

fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// `messages.getHistory`.
pub(in crate::methods) fn get_history(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetHistory,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let functions::messages::GetHistory {
        offset_id,
        offset_date,
        add_offset,
        limit,
        max_id,
        min_id,
        ..
    } = query;
    let asked = Window { offset_id, offset_date, add_offset, limit, max_id, min_id };
    Ok(window(world, &actor, peer, &asked, |_, _| true))
}

/// `messages.getMessages`: of private chats and basic groups, in the order of the question; empty where
/// there is none.
pub(in crate::methods) fn get_messages(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetMessages,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let own = world.talk.boxes.get(&actor.user);
    let place = |id: i32| own.and_then(|own| own.held.get(&id)).map(|held| held.peer);
    let one = |asked: &enums::InputMessage| {
        let (id, found) = match asked {
            enums::InputMessage::Id(asked) => {
                (asked.id, place(asked.id).map(|peer| (peer, asked.id)))
            }
            enums::InputMessage::ReplyTo(asked) => {
                let peer = place(asked.id);
                (
                    asked.id,
                    peer.and_then(|peer| Some((peer, answered(world, &actor, peer, asked.id)?))),
                )
            }
            enums::InputMessage::CallbackQuery(asked) => {
                (asked.id, place(asked.id).map(|peer| (peer, asked.id)))
            }
            enums::InputMessage::Pinned => (0, None),
        };
        let message = found.and_then(|(peer, id)| world.message(actor.user, peer, id));
        message.unwrap_or_else(|| types::MessageEmpty { id, peer_id: None }.into())
    };
    let messages: Vec<_> = query.id.iter().take(MOST as usize).map(one).collect();
    let (users, chats) = world.people_in(actor.user, &messages, actor.date());
    Ok(types::messages::Messages { messages, topics: Vec::new(), chats, users }.into())
}

/// Messages of a conversation by their identifiers, in this order; empty where there is none.
pub(in crate::methods) fn by_id(
    world: &World,
    actor: &Actor,
    peer: Peer,
    ids: &[i32],
) -> enums::messages::Messages {
    let message = |id: &i32| {
        let message = world.message(actor.user, peer, *id);
        message.unwrap_or_else(|| types::MessageEmpty { id: *id, peer_id: None }.into())
    };
    listed(world, actor, peer, ids.iter().map(message).collect(), ids.len(), 0)
}

/// Which message another one answers.
pub(in crate::methods) fn answered(
    world: &World,
    actor: &Actor,
    peer: Peer,
    id: i32,
) -> Option<i32> {
    let number = world.post_of(actor.user, peer, id)?.content.reply_to?;
    world.talk.posts.get(number)?.id_for(actor.user)
}

/// What is searched for: by text, author and date, and of what kind.
pub(in crate::methods) struct Sought<'a> {
    /// In small letters.
    pub(in crate::methods) words: String,
    pub(in crate::methods) filter: &'a enums::MessagesFilter,
    pub(in crate::methods) from: Option<Peer>,
    pub(in crate::methods) min_date: i32,
    pub(in crate::methods) max_date: i32,
}

impl Sought<'_> {
    /// Whether this is one.
    pub(in crate::methods) fn fits(&self, world: &World, viewer: i64, post: &Post) -> bool {
        is_of_kind(world, viewer, post, self.filter)
            && post.content.text.to_lowercase().contains(&self.words)
            && self.from.is_none_or(|from| post.from() == from)
            && (self.min_date <= 0 || post.date >= self.min_date)
            && (self.max_date <= 0 || post.date <= self.max_date)
    }
}

/// Whether a message is of a kind. Of those that are not here, such as calls and places, there are none.
fn is_of_kind(world: &World, viewer: i64, post: &Post, filter: &enums::MessagesFilter) -> bool {
    use enums::MessagesFilter::{
        InputMessagesFilterChatPhotos as ChatPhotos, InputMessagesFilterDocument as Documents,
        InputMessagesFilterEmpty as Empty, InputMessagesFilterGif as Animations,
        InputMessagesFilterMusic as Music, InputMessagesFilterMyMentions as MyMentions,
        InputMessagesFilterPhotoVideo as PhotosAndVideos, InputMessagesFilterPhotos as Photos,
        InputMessagesFilterPinned as Pinned, InputMessagesFilterPoll as Polls,
        InputMessagesFilterRoundVideo as RoundVideos,
        InputMessagesFilterRoundVoice as RoundOrVoice, InputMessagesFilterUrl as Links,
        InputMessagesFilterVideo as Videos, InputMessagesFilterVoice as Voice,
    };
    let content = &post.content;
    let is = |sorts: &[Sort]| {
        content.media.as_ref().is_some_and(|media| sorts.contains(&world.sort_of(media)))
    };
    match filter {
        Empty => content.action.is_none(),
        Pinned => post.is_pinned(viewer),
        MyMentions => post.mentions.contains(&viewer),
        Polls => content.poll.is_some(),
        ChatPhotos => matches!(content.action, Some(enums::MessageAction::ChatEditPhoto(_))),
        Links => content.entities.iter().any(|entity| {
            matches!(entity, enums::MessageEntity::Url(_) | enums::MessageEntity::TextUrl(_))
        }),
        Photos => is(&[Sort::Photo]),
        Videos => is(&[Sort::Video]),
        PhotosAndVideos => is(&[Sort::Photo, Sort::Video]),
        Documents => is(&[Sort::Document]),
        Animations => is(&[Sort::Animation]),
        Music => is(&[Sort::Music]),
        Voice => is(&[Sort::Voice]),
        RoundVideos => is(&[Sort::RoundVideo]),
        RoundOrVoice => is(&[Sort::RoundVideo, Sort::Voice]),
        _ => false,
    }
}

/// `messages.getSearchCounters`: how many messages of each kind there are in a conversation.
pub(in crate::methods) fn get_search_counters(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetSearchCounters,
) -> Result<Vec<enums::messages::SearchCounter>, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let count = |filter: enums::MessagesFilter| {
        let posts = world.ids(actor.user, peer);
        let posts = posts.filter_map(|id| world.post_of(actor.user, peer, id));
        let found = posts.filter(|post| is_of_kind(world, actor.user, post, &filter)).count();
        types::messages::SearchCounter { inexact: false, count: int(found), filter }.into()
    };
    Ok(query.filters.into_iter().take(MOST_FILTERS).map(count).collect())
}

/// `messages.search`: in one conversation.
pub(in crate::methods) fn search(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::Search,
) -> Result<enums::messages::Messages, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let from = query.from_id.as_ref().map(|from| world.peer(&actor, from)).transpose()?;
    let functions::messages::Search {
        offset_id,
        add_offset,
        limit,
        max_id,
        min_id,
        min_date,
        max_date,
        ..
    } = query;
    let (words, filter) = (query.q.to_lowercase(), &query.filter);
    let sought = Sought { words, filter, from, min_date, max_date };
    let asked = Window { offset_id, offset_date: 0, add_offset, limit, max_id, min_id };
    Ok(window(world, &actor, peer, &asked, |world, id| {
        world.post_of(actor.user, peer, id).is_some_and(|post| sought.fits(world, actor.user, post))
    }))
}
