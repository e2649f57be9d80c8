//! People who speak in a test hear what their account is told without a connection and a key: what is
//! pushed to them collects here until they look.

use std::collections::{BTreeMap, VecDeque};

use layer_tl_types::{Deserializable, LAYER, RemoteCall, enums, types};

use super::{Peer, World};
use crate::Now;
use crate::router::{self, Caller, RpcError};

/// The session by which an account's ear is named; its key is the account's id.
const EAR: i64 = i64::MIN;
/// So much an ear remembers; of more, the oldest is forgotten.
const MOST: usize = 10_000;

/// All ears, by account.
#[derive(Default)]
pub(crate) struct Ears {
    ears: BTreeMap<i64, VecDeque<enums::Update>>,
    /// Whose query is run: it has its answer.
    asking: Option<i64>,
}

impl World {
    /// From now on it is remembered what an account is told.
    pub(crate) fn open_ear(&mut self, user_id: i64) {
        self.ears.ears.entry(user_id).or_default();
    }

    /// Where to push for an account's ear, if it has one and does not ask at the moment.
    pub(super) fn ear_of(&self, user_id: i64) -> Option<(i64, i64)> {
        let hears = self.ears.ears.contains_key(&user_id) && self.ears.asking != Some(user_id);
        hears.then_some((user_id, EAR))
    }

    /// Lets an ear hear what is pushed; `None` if it is none.
    pub(super) fn hear(&mut self, key_id: i64, session_id: i64, object: &[u8]) -> Option<()> {
        let ear = self.ears.ears.get_mut(&key_id).filter(|_| session_id == EAR)?;
        if let Ok(updates) = enums::Updates::from_bytes(object) {
            ear.extend(single(key_id, updates));
            while ear.len() > MOST {
                ear.pop_front();
            }
        }
        Some(())
    }

    /// Takes the first thing that an ear has heard and of which this makes something.
    pub(crate) fn take_heard<T>(
        &mut self,
        user_id: i64,
        mut look: impl FnMut(&enums::Update) -> Option<T>,
    ) -> Option<T> {
        let ear = self.ears.ears.get_mut(&user_id)?;
        let (at, found) =
            ear.iter().enumerate().find_map(|(at, update)| Some((at, look(update)?)))?;
        ear.remove(at);
        Some(found)
    }

    /// All that an ear has heard and nobody has taken yet.
    pub(crate) fn heard(&self, user_id: i64) -> impl Iterator<Item = &enums::Update> {
        self.ears.ears.get(&user_id).into_iter().flatten()
    }

    /// Has the server answer a query of a user, who needs no login for it.
    pub(crate) fn invoke_as<Q: RemoteCall>(
        &mut self,
        user_id: i64,
        now: Now,
        query: &Q,
    ) -> Result<Q::Return, RpcError> {
        let dc = self.accounts.get(user_id).map_or(self.settings.dc, |user| user.dc);
        let caller = Caller {
            user: Some(user_id),
            layer: Some(LAYER),
            ..Caller::new(user_id, EAR, dc, now)
        };
        self.send_scheduled(now);
        self.ears.asking = Some(user_id);
        let answer = router::call(self, &caller, &query.to_bytes());
        self.ears.asking = None;
        self.held_back = None;
        Q::Return::from_bytes(&answer?).map_err(|_| RpcError::new(500, "ANSWER_UNREADABLE"))
    }
}

/// Updates one by one; the short forms written out.
pub(crate) fn single(user_id: i64, updates: enums::Updates) -> Vec<enums::Update> {
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
            let types::UpdateShortMessage { id, user_id: with, date, pts, pts_count, .. } = *short;
            let message = types::Message {
                out: short.out,
                silent: short.silent,
                from_id: short.out.then(|| Peer::User(user_id).into()),
                entities: short.entities,
                reply_to: short.reply_to,
                ..types::Message::new(id, Peer::User(with).into(), date, short.message)
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
                silent: short.silent,
                from_id: Some(Peer::User(from_id).into()),
                entities: short.entities,
                reply_to: short.reply_to,
                ..types::Message::new(id, Peer::Chat(chat_id).into(), date, short.message)
            };
            new(message, pts, pts_count)
        }
        TooLong | UpdateShortSentMessage(_) => Vec::new(),
    }
}

/// Without what was said.
impl std::fmt::Debug for Ears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ears").field("accounts", &self.ears.len()).finish_non_exhaustive()
    }
}
