//! An account for tests, and a server behind it that knows all that it has ever said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use layer_tl_types::{Serializable, enums, types};
use tokio::time::sleep;

use super::account::Account;
use super::batch;
use crate::InvocationError;
use crate::net::dial::BoxFuture;
use crate::session::{PeerKey, PeerKind};

/// Knows user 1, which it is, user 2, and whom it learns.
pub(super) struct Fake {
    known: Mutex<BTreeSet<PeerKey>>,
    server: Mutex<Server>,
}

/// What the server has said, by line: `None` is the account's. Each message takes one place, and has
/// the number of its place for its id.
pub(super) struct Server {
    said: BTreeMap<Option<i64>, Vec<types::Message>>,
    /// So many messages go into one difference.
    pub(super) slice: usize,
    /// How long it takes to answer.
    pub(super) delay: Duration,
    /// Errors with which the next questions are answered, by line.
    pub(super) errors: BTreeMap<Option<i64>, VecDeque<InvocationError>>,
    /// The next difference of this line is too long.
    pub(super) too_long: BTreeSet<Option<i64>>,
    /// Whether the account's differences tell how far channels have come.
    pub(super) tells_of_channels: bool,
    /// Whether who knows no place in a channel gets all that was said there.
    pub(super) remembers_channels: bool,
    /// Done in the moment before the next question has its answer.
    pub(super) before_answer: Option<Box<dyn FnOnce() + Send>>,
    /// What it was asked: the line, and the place from which on.
    pub(super) asked: Vec<(Option<i64>, Option<i32>)>,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        let known = [1, 2].map(|id| PeerKey { kind: PeerKind::User, id });
        let server = Server {
            said: BTreeMap::new(),
            slice: 100,
            delay: Duration::from_millis(50),
            errors: BTreeMap::new(),
            too_long: BTreeSet::new(),
            tells_of_channels: false,
            remembers_channels: false,
            before_answer: None,
            asked: Vec::new(),
        };
        Arc::new(Self { known: Mutex::new(known.into()), server: Mutex::new(server) })
    }

    pub(super) fn know(&self, peer: &enums::Peer) {
        self.known.lock().unwrap().insert(batch::key(peer));
    }

    pub(super) fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap()
    }

    fn question<T: Send + 'static>(
        self: &Fake,
        line: Option<i64>,
        at: Option<i32>,
        answer: impl FnOnce(&mut Server) -> T,
    ) -> BoxFuture<'static, Result<T, InvocationError>> {
        let mut server = self.server();
        server.asked.push((line, at));
        let delay = server.delay;
        let before_answer = server.before_answer.take();
        let error = server.errors.get_mut(&line).and_then(VecDeque::pop_front);
        let answered = error.map_or_else(|| Ok(answer(&mut server)), Err);
        Box::pin(async move {
            sleep(delay).await;
            if let Some(act) = before_answer {
                act();
            }
            answered
        })
    }
}

impl Server {
    /// Says something, and gives the object that would be pushed.
    pub(super) fn say(&mut self, line: Option<i64>) -> Vec<u8> {
        let said = self.said.entry(line).or_default();
        let id = said.len() as i32 + 1;
        let message = message(line.map_or(user(2), channel), id);
        said.push(message.clone());
        let update = match line {
            None => batch::new_message(message, id, 1),
            Some(_) => {
                let message = message.into();
                types::UpdateNewChannelMessage { message, pts: id, pts_count: 1 }.into()
            }
        };
        updates(update)
    }

    /// Where the line is.
    pub(super) fn at(&self, line: Option<i64>) -> i32 {
        self.said.get(&line).map_or(0, |said| said.len() as i32)
    }

    fn behind(&self, line: Option<i64>, at: i32) -> (Vec<enums::Message>, i32, bool) {
        let said = self.said.get(&line).map(Vec::as_slice).unwrap_or_default();
        let rest = said.get(at as usize..).unwrap_or_default();
        let messages: Vec<_> = rest.iter().take(self.slice).cloned().map(Into::into).collect();
        let pts = at + messages.len() as i32;
        let is_final = messages.len() == rest.len();
        (messages, pts, is_final)
    }

    fn channels(&self) -> Vec<enums::Update> {
        let channels = self.said.keys().filter_map(|line| line.filter(|_| self.tells_of_channels));
        let told = channels.map(|channel_id| {
            types::UpdateChannelTooLong { channel_id, pts: Some(self.at(Some(channel_id))) }.into()
        });
        told.collect()
    }

    fn state(&self, pts: i32) -> enums::updates::State {
        types::updates::State { pts, qts: 0, date: 1000, seq: 0, unread_count: 0 }.into()
    }
}

impl Account for Fake {
    fn get_state(&self) -> BoxFuture<'static, Result<enums::updates::State, InvocationError>> {
        self.question(None, None, |server| server.state(server.at(None)))
    }

    fn get_difference(
        &self,
        pts: i32,
        _: i32,
        _: i32,
    ) -> BoxFuture<'static, Result<enums::updates::Difference, InvocationError>> {
        self.question(None, Some(pts), |server| {
            if server.too_long.remove(&None) {
                return types::updates::DifferenceTooLong { pts: server.at(None) }.into();
            }
            let (new_messages, pts, is_final) = server.behind(None, pts);
            let state = server.state(pts);
            let other_updates = server.channels();
            if new_messages.is_empty() && other_updates.is_empty() {
                return types::updates::DifferenceEmpty { date: 1000, seq: 0 }.into();
            }
            if is_final {
                let difference = types::updates::Difference {
                    new_messages,
                    new_encrypted_messages: vec![],
                    other_updates,
                    chats: vec![],
                    users: vec![],
                    state,
                };
                return difference.into();
            }
            let slice = types::updates::DifferenceSlice {
                new_messages,
                new_encrypted_messages: vec![],
                other_updates: vec![],
                chats: vec![],
                users: vec![],
                intermediate_state: state,
            };
            slice.into()
        })
    }

    fn get_channel_difference(
        &self,
        channel_: i64,
        pts: Option<i32>,
    ) -> BoxFuture<'static, Result<enums::updates::ChannelDifference, InvocationError>> {
        let line = Some(channel_);
        self.question(line, pts, |server| {
            let pts = pts.or(server.remembers_channels.then_some(0));
            let Some(pts) = pts.filter(|_| !server.too_long.remove(&line)) else {
                let settings = types::PeerNotifySettings::new().into();
                let mut dialog =
                    types::Dialog::new(channel(channel_), 1, 0, 0, 0, 0, 0, 0, settings);
                dialog.pts = Some(server.at(line));
                let (messages, chats, users) = (vec![], vec![], vec![]);
                let long = types::updates::ChannelDifferenceTooLong {
                    r#final: true,
                    timeout: None,
                    dialog: dialog.into(),
                    messages,
                    chats,
                    users,
                };
                return long.into();
            };
            let (new_messages, pts, is_final) = server.behind(line, pts);
            let difference = types::updates::ChannelDifference {
                r#final: is_final,
                pts,
                timeout: None,
                new_messages,
                other_updates: vec![],
                chats: vec![],
                users: vec![],
            };
            difference.into()
        })
    }

    fn learn(&self, users: &[enums::User], chats: &[enums::Chat], _: &[&enums::Message]) {
        let mut known = self.known.lock().unwrap();
        for user in users {
            if let enums::User::User(user) = user {
                known.insert(PeerKey { kind: PeerKind::User, id: user.id });
            }
        }
        for chat in chats {
            match chat {
                enums::Chat::Chat(chat) => {
                    known.insert(PeerKey { kind: PeerKind::Chat, id: chat.id });
                }
                enums::Chat::Channel(chat) => {
                    known.insert(PeerKey { kind: PeerKind::Channel, id: chat.id });
                }
                _ => {}
            }
        }
    }

    fn knows(&self, peer: PeerKey) -> bool {
        self.known.lock().unwrap().contains(&peer)
    }

    fn me(&self) -> Option<i64> {
        Some(1)
    }
}

pub(super) fn user(id: i64) -> enums::Peer {
    types::PeerUser { user_id: id }.into()
}

pub(super) fn channel(id: i64) -> enums::Peer {
    types::PeerChannel { channel_id: id }.into()
}

/// A message in this chat.
pub(super) fn message(peer: enums::Peer, id: i32) -> types::Message {
    types::Message::new(id, peer, 1000, format!("message {id}"))
}

/// The object in which an update is pushed; channel 7 is shown with it.
pub(super) fn updates(update: enums::Update) -> Vec<u8> {
    let shown = |id| types::Channel::new(id, "C".to_owned(), enums::ChatPhoto::Empty, 1).into();
    let updates = types::Updates {
        updates: vec![update],
        users: vec![],
        chats: (5..9).map(shown).collect(),
        date: 1000,
        seq: 0,
    };
    enums::Updates::from(updates).to_bytes()
}
