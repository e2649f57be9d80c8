//! A world with people who talk, what each is answered, and what their other devices hear.

use std::time::Duration;

use layer_sandbox::{Caller, Now, Peer, RpcError, Settings, World};
use layer_tl_types::{Deserializable, RemoteCall, enums, functions, types};

pub(crate) const DC: i32 = 2;
/// When all happens.
pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) struct Room {
    pub(crate) world: World,
    pub(crate) now: Now,
    pub(crate) alice: i64,
    pub(crate) bob: i64,
    pub(crate) carol: i64,
    pub(crate) bot: i64,
    random_id: i64,
}

impl Room {
    /// Alice, Bob, Carol and a bot, each with one device that only listens.
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let mut world = World::new(settings);
        let alice = world.add_user("Alice", "+49 151 0000001");
        let bob = world.add_user("Bob", "+49 151 0000002");
        let carol = world.add_user("Carol", "+49 151 0000003");
        let (bot, _) = world.add_bot("Robot", "robot_bot");
        for user in [alice, bob, carol, bot] {
            // The user's id serves as its key's.
            world.log_in(user, user);
            world.open_session(user, 1);
        }
        let wall = Duration::from_secs(NOW);
        let now = Now { wall, monotonic: Duration::from_secs(1000) };
        Self { world, now, alice, bob, carol, bot, random_id: 1000 }
    }

    pub(crate) fn later(&mut self, seconds: u64) {
        self.now.wall += Duration::from_secs(seconds);
        self.now.monotonic += Duration::from_secs(seconds);
    }

    /// Somebody asks.
    pub(crate) fn ask<Q: RemoteCall>(
        &mut self,
        user: i64,
        query: &Q,
    ) -> Result<Q::Return, RpcError> {
        self.world.invoke(&Caller::new(user, 2, DC, self.now), query)
    }

    /// The error that somebody's query is answered with, `400 NAME`.
    pub(crate) fn refused<Q: RemoteCall>(&mut self, user: i64, query: &Q) -> String {
        match self.ask(user, query) {
            Ok(_) => "answered".into(),
            Err(error) => error.to_string(),
        }
    }

    /// What a user's listening device has heard since it was asked last.
    pub(crate) fn heard(&mut self, user: i64) -> Vec<enums::Updates> {
        let pushes = self.world.take_pushes(user, 1);
        pushes.iter().map(|push| enums::Updates::from_bytes(push).unwrap()).collect()
    }

    /// The same, as single updates; short forms are written out.
    pub(crate) fn told(&mut self, user: i64) -> Vec<enums::Update> {
        self.heard(user).into_iter().flat_map(|updates| written_out(user, updates)).collect()
    }

    /// A peer as somebody names it.
    pub(crate) fn named(&self, viewer: i64, peer: Peer) -> enums::InputPeer {
        let hash = |id| self.world.accounts.access_hash(viewer, id);
        match peer {
            Peer::User(user_id) if user_id == viewer => enums::InputPeer::PeerSelf,
            Peer::User(user_id) => {
                types::InputPeerUser { user_id, access_hash: hash(user_id) }.into()
            }
            Peer::Chat(chat_id) => types::InputPeerChat { chat_id }.into(),
            Peer::Channel(channel_id) => {
                types::InputPeerChannel { channel_id, access_hash: hash(channel_id) }.into()
            }
        }
    }

    pub(crate) fn next_random_id(&mut self) -> i64 {
        self.random_id += 1;
        self.random_id
    }

    /// A text, yet to be sent.
    pub(crate) fn text(
        &mut self,
        from: i64,
        to: Peer,
        text: &str,
    ) -> functions::messages::SendMessage {
        self.random_id += 1;
        let peer = self.named(from, to);
        functions::messages::SendMessage::new(peer, text.into(), self.random_id)
    }

    /// A user as somebody names it.
    pub(crate) fn user(&self, viewer: i64, user_id: i64) -> enums::InputUser {
        let access_hash = self.world.accounts.access_hash(viewer, user_id);
        types::InputUser { user_id, access_hash }.into()
    }

    /// A channel as somebody names it.
    pub(crate) fn channel(&self, viewer: i64, peer: Peer) -> enums::InputChannel {
        let Peer::Channel(channel_id) = peer else { panic!("{peer:?}") };
        let access_hash = self.world.accounts.access_hash(viewer, channel_id);
        types::InputChannel { channel_id, access_hash }.into()
    }

    /// Sends a text and returns its identifier.
    pub(crate) fn send(&mut self, from: i64, to: Peer, text: &str) -> i32 {
        let query = self.text(from, to, text);
        let answer = self.ask(from, &query).unwrap();
        sent_id(&answer)
    }

    pub(crate) fn state(&mut self, user: i64) -> types::updates::State {
        let enums::updates::State::State(state) =
            self.ask(user, &functions::updates::GetState {}).unwrap();
        state
    }

    /// The texts of somebody's conversation, the newest first, as `getHistory` has them.
    pub(crate) fn texts(&mut self, user: i64, peer: Peer) -> Vec<String> {
        let query = functions::messages::GetHistory {
            peer: self.named(user, peer),
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: 100,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        let found = self.ask(user, &query).unwrap();
        messages(&found).iter().map(text_of).collect()
    }

    /// Somebody's line for a conversation.
    pub(crate) fn dialog(&mut self, user: i64, peer: Peer) -> types::Dialog {
        let peer = types::InputDialogPeer { peer: self.named(user, peer) }.into();
        let query = functions::messages::GetPeerDialogs { peers: vec![peer] };
        let enums::messages::PeerDialogs::Dialogs(found) = self.ask(user, &query).unwrap();
        match found.dialogs.into_iter().next() {
            Some(enums::Dialog::Dialog(dialog)) => dialog,
            other => panic!("{other:?}"),
        }
    }
}

/// Which message was sent, by the answer.
pub(crate) fn sent_id(answer: &enums::Updates) -> i32 {
    match answer {
        enums::Updates::UpdateShortSentMessage(sent) => sent.id,
        enums::Updates::Updates(updates) => match &updates.updates[0] {
            enums::Update::MessageId(named) => named.id,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Single updates out of any form.
pub(crate) fn written_out(user: i64, updates: enums::Updates) -> Vec<enums::Update> {
    use enums::Updates::{
        Combined, TooLong, UpdateShort, UpdateShortChatMessage, UpdateShortMessage,
        UpdateShortSentMessage, Updates,
    };
    let new = |message: types::Message, pts, pts_count| {
        vec![types::UpdateNewMessage { message: message.into(), pts, pts_count }.into()]
    };
    match updates {
        Updates(updates) => updates.updates,
        Combined(updates) => updates.updates,
        UpdateShort(short) => vec![short.update],
        UpdateShortMessage(short) => {
            let types::UpdateShortMessage { id, user_id, date, pts, pts_count, .. } = *short;
            let message = types::Message {
                out: short.out,
                silent: short.silent,
                from_id: short.out.then(|| Peer::User(user).into()),
                entities: short.entities,
                reply_to: short.reply_to,
                ..types::Message::new(id, Peer::User(user_id).into(), date, short.message)
            };
            new(message, pts, pts_count)
        }
        UpdateShortChatMessage(short) => {
            let types::UpdateShortChatMessage {
                id, from_id, chat_id, date, pts, pts_count, ..
            } = *short;
            let message = types::Message {
                out: short.out,
                mentioned: short.mentioned,
                media_unread: short.media_unread,
                silent: short.silent,
                from_id: Some(Peer::User(from_id).into()),
                entities: short.entities,
                reply_to: short.reply_to,
                ..types::Message::new(id, Peer::Chat(chat_id).into(), date, short.message)
            };
            new(message, pts, pts_count)
        }
        TooLong | UpdateShortSentMessage(_) => panic!("no updates: {updates:?}"),
    }
}

/// The pts and pts_count of an update of the common box.
pub(crate) fn common_pts(update: &enums::Update) -> Option<(i32, i32)> {
    use enums::Update::{
        DeleteMessages, EditMessage, NewMessage, PinnedMessages, ReadHistoryInbox,
        ReadHistoryOutbox, ReadMessagesContents,
    };
    Some(match update {
        NewMessage(update) => (update.pts, update.pts_count),
        EditMessage(update) => (update.pts, update.pts_count),
        DeleteMessages(update) => (update.pts, update.pts_count),
        PinnedMessages(update) => (update.pts, update.pts_count),
        ReadHistoryInbox(update) => (update.pts, update.pts_count),
        ReadHistoryOutbox(update) => (update.pts, update.pts_count),
        ReadMessagesContents(update) => (update.pts, update.pts_count),
        _ => return None,
    })
}

/// Of a channel's box.
pub(crate) fn channel_pts(update: &enums::Update) -> Option<(i32, i32)> {
    use enums::Update::{
        DeleteChannelMessages, EditChannelMessage, NewChannelMessage, PinnedChannelMessages,
    };
    Some(match update {
        NewChannelMessage(update) => (update.pts, update.pts_count),
        EditChannelMessage(update) => (update.pts, update.pts_count),
        DeleteChannelMessages(update) => (update.pts, update.pts_count),
        PinnedChannelMessages(update) => (update.pts, update.pts_count),
        _ => return None,
    })
}

/// Messages out of any form of list.
pub(crate) fn messages(found: &enums::messages::Messages) -> &[enums::Message] {
    match found {
        enums::messages::Messages::Messages(found) => &found.messages,
        enums::messages::Messages::Slice(found) => &found.messages,
        enums::messages::Messages::ChannelMessages(found) => &found.messages,
        other @ enums::messages::Messages::NotModified(_) => panic!("{other:?}"),
    }
}

/// What a message says; the name of what happened, for those of the server.
pub(crate) fn text_of(message: &enums::Message) -> String {
    match message {
        enums::Message::Message(message) => message.message.clone(),
        enums::Message::Service(message) => {
            let action = format!("{:?}", message.action);
            action.split(|letter: char| !letter.is_alphanumeric()).next().unwrap().to_owned()
        }
        enums::Message::Empty(message) => format!("no {}", message.id),
    }
}

/// A message that people wrote.
pub(crate) fn plain(message: &enums::Message) -> &types::Message {
    match message {
        enums::Message::Message(message) => message,
        other => panic!("{other:?}"),
    }
}
