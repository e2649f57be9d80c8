//! Differences as the server answers them, read for the order: users and chats are learnt, messages
//! come first, and of channels only what stands in their own lines is looked at.

use layer_tl_types::{enums, types};

use super::account::Account;
use super::action::{ChannelDifference, Difference, Place, State};
use super::batch::{Item, Missed};
use super::{batch, carriers};

/// A difference, and what must be fetched besides: channels that have fallen behind.
pub(crate) struct Fetched<D> {
    pub(crate) difference: D,
    pub(crate) missed: Vec<Missed>,
    /// Channels that are none of ours any more.
    pub(crate) left: Vec<i64>,
}

/// The state as the order has it.
pub(crate) fn state(state: enums::updates::State) -> State {
    let enums::updates::State::State(state) = state;
    State { pts: state.pts, qts: state.qts, date: state.date, seq: state.seq }
}

/// Reads the answer to `updates.getDifference`.
pub(crate) fn of_account(
    difference: enums::updates::Difference,
    account: &dyn Account,
) -> Fetched<Difference<Item>> {
    use enums::updates::Difference as D;
    let (messages, encrypted, others, chats, state_, is_final) = match difference {
        D::Empty(empty) => {
            let difference = Difference::Empty { date: empty.date, seq: empty.seq };
            return Fetched { difference, missed: Vec::new(), left: Vec::new() };
        }
        D::TooLong(long) => {
            let difference = Difference::TooLong { pts: long.pts };
            return Fetched { difference, missed: Vec::new(), left: Vec::new() };
        }
        D::Difference(it) => {
            learn(account, &it.users, &it.chats, &it.new_messages, &it.other_updates);
            let (encrypted, others) = (it.new_encrypted_messages, it.other_updates);
            (it.new_messages, encrypted, others, it.chats, it.state, true)
        }
        D::Slice(it) => {
            learn(account, &it.users, &it.chats, &it.new_messages, &it.other_updates);
            let (encrypted, others) = (it.new_encrypted_messages, it.other_updates);
            (it.new_messages, encrypted, others, it.chats, it.intermediate_state, false)
        }
    };
    let state = state(state_);
    let mut updates = Vec::with_capacity(messages.len() + encrypted.len() + others.len());
    updates.extend(
        messages
            .into_iter()
            .map(|message| (Place::Nowhere, batch::of_message(message, state.pts).into())),
    );
    updates.extend(encrypted.into_iter().map(|message| {
        let update = types::UpdateNewEncryptedMessage { message, qts: state.qts };
        (Place::Nowhere, enums::Update::from(update).into())
    }));
    let left = batch::left(&others, &chats);
    let missed = rest(others, &mut updates);
    let difference = Difference::Updates { updates, state, is_final };
    Fetched { difference, missed, left }
}

/// Reads the answer to `updates.getChannelDifference`. `None` if it says nothing that we could use.
///
/// Of a channel whose place was not known, messages from `since` on (unix seconds) are new; the older
/// ones that come with them are left out.
pub(crate) fn of_channel(
    difference: enums::updates::ChannelDifference,
    since: Option<i32>,
    account: &dyn Account,
) -> Option<Fetched<ChannelDifference<Item>>> {
    use enums::updates::ChannelDifference as D;
    let (mut updates, mut missed) = (Vec::new(), Vec::new());
    let difference = match difference {
        D::Empty(empty) => {
            ChannelDifference::Updates { updates, pts: empty.pts, is_final: empty.r#final }
        }
        D::Difference(it) => {
            learn(account, &it.users, &it.chats, &it.new_messages, &it.other_updates);
            let new = it.new_messages.into_iter().filter(|message| is_since(message, since));
            updates.extend(
                new.map(|message| (Place::Nowhere, batch::of_message(message, it.pts).into())),
            );
            if since.is_none() {
                missed = rest(it.other_updates, &mut updates);
            }
            ChannelDifference::Updates { updates, pts: it.pts, is_final: it.r#final }
        }
        D::TooLong(it) => {
            learn(account, &it.users, &it.chats, &it.messages, &[]);
            let enums::Dialog::Dialog(dialog) = it.dialog else { return None };
            let (pts, is_final) = (dialog.pts?, it.r#final);
            let mut messages = it.messages;
            messages.sort_by_key(date_and_id);
            let is_whole = messages.first().is_none_or(|oldest| !is_since(oldest, since));
            if since.is_none() || !is_whole {
                ChannelDifference::TooLong { pts, is_final }
            } else {
                let new = messages.into_iter().filter(|message| is_since(message, since));
                updates.extend(
                    new.map(|message| (Place::Nowhere, batch::of_message(message, pts).into())),
                );
                ChannelDifference::Updates { updates, pts, is_final }
            }
        }
    };
    Some(Fetched { difference, missed, left: Vec::new() })
}

fn date_and_id(message: &enums::Message) -> (i32, i32) {
    match message {
        enums::Message::Message(message) => (message.date, message.id),
        enums::Message::Service(message) => (message.date, message.id),
        enums::Message::Empty(message) => (0, message.id),
    }
}

fn is_since(message: &enums::Message, since: Option<i32>) -> bool {
    since.is_none_or(|since| date_and_id(message).0 >= since)
}

fn learn(
    account: &dyn Account,
    users: &[enums::User],
    chats: &[enums::Chat],
    messages: &[enums::Message],
    others: &[enums::Update],
) {
    let others = others.iter().filter_map(carriers::message);
    let messages: Vec<_> = messages.iter().chain(others).collect();
    account.learn(users, chats, &messages);
}

/// The other updates of a difference, each with the place that it has in a channel's line.
fn rest(others: Vec<enums::Update>, updates: &mut Vec<(Place, Item)>) -> Vec<Missed> {
    let mut missed = Vec::new();
    for update in others {
        match batch::fetched_instead(&update) {
            Some(instead) => missed.push(instead),
            None => updates.push((carriers::place(&update), update.into())),
        }
    }
    missed
}
