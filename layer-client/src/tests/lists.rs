//! Lists that come page by page, from servers that page as it pleases them.

use std::sync::{Arc, Mutex};

use layer_tl_types::enums::messages::{Dialogs, Messages};
use layer_tl_types::functions::{channels, messages};
use layer_tl_types::{Deserializable, Identifiable, enums, types};

use super::talk::Two;
use super::{object, refusal};
use crate::types::{AdminRightsBuilder, BanRights};

type Log<T> = Arc<Mutex<Vec<T>>>;

fn channel_peer(id: i64) -> enums::Peer {
    types::PeerChannel { channel_id: id }.into()
}

fn a_channel(id: i64) -> enums::Chat {
    let mut channel = types::Channel::new(id, format!("c{id}"), enums::ChatPhoto::Empty, 0);
    channel.access_hash = Some(id * 10);
    channel.into()
}

fn a_message(id: i32, channel: i64, date: i32) -> enums::Message {
    types::Message::new(id, channel_peer(channel), date, format!("{channel}/{id}")).into()
}

fn a_dialog(channel: i64, top: i32) -> types::Dialog {
    let settings = types::PeerNotifySettings::new().into();
    types::Dialog::new(channel_peer(channel), top, 0, 0, 0, 0, 0, 0, settings)
}

/// A page of dialogs, each with its channel, its newest message and that message's date.
fn dialogs(of: &[(i64, i32, i32, bool)], count: i32) -> Dialogs {
    let dialog = |&(channel, top, _, pinned): &(i64, i32, i32, bool)| {
        types::Dialog { pinned, ..a_dialog(channel, top) }.into()
    };
    types::messages::DialogsSlice {
        count,
        dialogs: of.iter().map(dialog).collect(),
        messages: of
            .iter()
            .map(|(channel, top, date, _)| a_message(*top, *channel, *date))
            .collect(),
        chats: of.iter().map(|(channel, ..)| a_channel(*channel)).collect(),
        users: Vec::new(),
    }
    .into()
}

#[tokio::test(start_paused = true)]
async fn dialogs_are_walked_over_short_and_pinned_pages_each_once_with_its_own_message() {
    let two = Two::new().await;
    let asked: Log<(i32, i32, bool)> = Log::default();
    let log = Arc::clone(&asked);
    two.rig.answer(move |_, function, query| {
        if function != messages::GetDialogs::CONSTRUCTOR_ID {
            return None;
        }
        let asked = messages::GetDialogs::from_bytes(&query[4..]).unwrap();
        let place = (asked.offset_date, asked.offset_id, asked.exclude_pinned);
        log.lock().unwrap().push(place);
        let page = match place {
            (0, 0, false) => dialogs(&[(1, 7, 900, true)], 9),
            // Two channels whose newest messages have the same id, and a page that is short.
            (0, 0, true) => dialogs(&[(2, 7, 800, false), (3, 7, 700, false)], 9),
            (700, 7, true) => dialogs(&[(3, 7, 700, false), (4, 5, 600, false)], 9),
            _ => dialogs(&[(4, 5, 600, false)], 9),
        };
        object(&page)
    });
    let mut iter = two.alice.iter_dialogs();
    let mut found = Vec::new();
    while let Some(dialog) = iter.next().await.unwrap() {
        let text = dialog.last_message().unwrap().text().unwrap().to_owned();
        found.push((dialog.name(), text));
    }
    let names = [("c1", "1/7"), ("c2", "2/7"), ("c3", "3/7"), ("c4", "4/5")];
    assert_eq!(found, names.map(|(name, text)| (name.to_owned(), text.to_owned())));
    assert_eq!(iter.total(), Some(9));
    let places = [(0, 0, false), (0, 0, true), (700, 7, true), (600, 5, true)];
    assert_eq!(*asked.lock().unwrap(), places);
    assert_eq!(two.alice.get_dialogs(2).await.unwrap().len(), 2);
}

fn page(of: &[(i32, i64, i32)], next_rate: Option<i32>) -> Messages {
    let messages = of.iter().map(|(id, channel, date)| a_message(*id, *channel, *date)).collect();
    let chats = of.iter().map(|(_, channel, _)| a_channel(*channel)).collect();
    let mut slice =
        types::messages::MessagesSlice::new(100, messages, Vec::new(), chats, Vec::new());
    slice.next_rate = next_rate;
    slice.into()
}

#[tokio::test(start_paused = true)]
async fn a_short_page_is_not_the_end_of_a_history_and_one_without_news_is() {
    let two = Two::new().await;
    two.alice.met(&[], &[a_channel(5)], &[]);
    let asked: Log<i32> = Log::default();
    let log = Arc::clone(&asked);
    two.rig.answer(move |_, function, query| {
        if function != messages::GetHistory::CONSTRUCTOR_ID {
            return None;
        }
        let asked = messages::GetHistory::from_bytes(&query[4..]).unwrap();
        log.lock().unwrap().push(asked.offset_id);
        let ids: &[i32] = match asked.offset_id {
            0 => &[90, 80],
            80 => &[80, 70],
            70 => &[60],
            // A server that says the same again and again.
            _ => &[60, 70],
        };
        object(&page(&ids.iter().map(|id| (*id, 5, *id)).collect::<Vec<_>>(), None))
    });
    let mut iter = two.alice.iter_messages(channel_peer(5));
    let mut ids = Vec::new();
    while let Some(message) = iter.next().await.unwrap() {
        ids.push(message.id());
    }
    assert_eq!(ids, [90, 80, 70, 60]);
    assert_eq!(*asked.lock().unwrap(), [0, 80, 70, 60]);
    assert!(iter.next().await.unwrap().is_none());
    let mut iter = two.alice.iter_messages(channel_peer(5)).limit(3);
    for id in [90, 80, 70] {
        assert_eq!(iter.next().await.unwrap().unwrap().id(), id);
    }
    assert!(iter.next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_global_search_gives_nothing_twice_and_goes_on_by_the_servers_rate() {
    let two = Two::new().await;
    let asked: Log<(i32, i32)> = Log::default();
    let log = Arc::clone(&asked);
    two.rig.answer(move |_, function, query| {
        if function != messages::SearchGlobal::CONSTRUCTOR_ID {
            return None;
        }
        let asked = messages::SearchGlobal::from_bytes(&query[4..]).unwrap();
        log.lock().unwrap().push((asked.offset_rate, asked.offset_id));
        object(&match asked.offset_rate {
            // The same id in two channels is two messages.
            0 => page(&[(7, 1, 900), (7, 2, 800)], Some(55)),
            55 => page(&[(7, 2, 800), (6, 1, 700)], None),
            _ => page(&[(6, 1, 700)], None),
        })
    });
    let found = two.alice.search_global("x").groups_only().collect().await.unwrap();
    let texts: Vec<_> = found.iter().map(|message| message.text().unwrap()).collect();
    assert_eq!(texts, ["1/7", "2/7", "1/6"]);
    assert_eq!(*asked.lock().unwrap(), [(0, 0), (55, 7), (700, 6)]);
}

#[tokio::test(start_paused = true)]
async fn participants_are_walked_past_two_hundred_each_once() {
    let two = Two::new().await;
    two.alice.met(&[], &[a_channel(5)], &[]);
    let offsets: Log<i32> = Log::default();
    let log = Arc::clone(&offsets);
    two.rig.answer(move |_, function, query| {
        if function != channels::GetParticipants::CONSTRUCTOR_ID {
            return None;
        }
        let asked = channels::GetParticipants::from_bytes(&query[4..]).unwrap();
        assert!(asked.limit <= 200);
        log.lock().unwrap().push(asked.offset);
        // 450 in all; each page begins with one that the page before had.
        let from = i64::from(asked.offset) - i64::from(asked.offset > 0);
        let to = (i64::from(asked.offset) + 200).min(450);
        let user = |id| types::ChannelParticipant::new(id + 1, 0).into();
        let participants = (from..to.max(from)).map(user).collect::<Vec<_>>();
        let participants = if asked.offset >= 450 { Vec::new() } else { participants };
        let (chats, users) = (Vec::new(), Vec::new());
        let page = types::channels::ChannelParticipants { count: 450, participants, chats, users };
        object(&enums::channels::ChannelParticipants::from(page))
    });
    let mut iter = two.alice.iter_participants(channel_peer(5));
    let mut ids = Vec::new();
    while let Some(participant) = iter.next().await.unwrap() {
        let enums::Peer::User(user) = participant.peer() else { panic!() };
        ids.push(user.user_id);
    }
    assert_eq!(ids, (1..=450).collect::<Vec<_>>());
    assert_eq!(*offsets.lock().unwrap(), [0, 200, 401, 451]);
    assert_eq!(two.alice.get_participants(&channel_peer(5), 250).await.unwrap().len(), 250);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_in_a_channel_goes_through_the_channels_call() {
    let two = Two::new().await;
    two.alice.met(&[], &[a_channel(5)], &[]);
    let affected = types::messages::AffectedMessages { pts: 9, pts_count: 100 };
    let affected = enums::messages::AffectedMessages::from(affected);
    two.rig.answer(move |_, function, _| match function {
        channels::DeleteMessages::CONSTRUCTOR_ID => object(&affected),
        messages::DeleteMessages::CONSTRUCTOR_ID => refusal(400, "MESSAGE_DELETE_FORBIDDEN"),
        _ => None,
    });
    let ids: Vec<i32> = (1..=150).collect();
    let gone = two.alice.delete_messages(&channel_peer(5), &ids, true).await.unwrap();
    assert_eq!(gone, 200);
    assert_eq!(two.rig.called::<channels::DeleteMessages>().len(), 2, "at most 100 with a call");
    assert_eq!(two.rig.called::<messages::DeleteMessages>().len(), 0);
    let error = two.alice.delete_messages("me", &[1], true).await.unwrap_err();
    assert!(error.is("MESSAGE_DELETE_FORBIDDEN"));
}

#[tokio::test(start_paused = true)]
async fn messages_by_id_are_those_of_the_chat_in_the_order_of_the_ids() {
    let two = Two::new().await;
    let (me, bob) = two.ids;
    two.rig.answer(move |_, function, _| {
        if function != messages::GetMessages::CONSTRUCTOR_ID {
            return None;
        }
        let user = |id, user_id| {
            let peer = types::PeerUser { user_id }.into();
            types::Message::new(id, peer, 0, "x".to_owned()).into()
        };
        // Ids of private chats are the account's: one of these is of another chat.
        let found =
            vec![user(3, me), user(2, bob), types::MessageEmpty { id: 1, peer_id: None }.into()];
        let all = types::messages::Messages {
            messages: found,
            topics: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        };
        object(&Messages::from(all))
    });
    let found = two.alice.get_messages_by_id("me", &[1, 2, 3]).await.unwrap();
    let ids: Vec<_> = found.iter().map(|found| found.as_ref().map(|found| found.id())).collect();
    assert_eq!(ids, [None, None, Some(3)]);
}

#[tokio::test(start_paused = true)]
async fn a_ban_beyond_2038_goes_out_as_for_ever() {
    let two = Two::new().await;
    two.alice.met(&[], &[a_channel(5)], &[]);
    let until: Log<i32> = Log::default();
    let log = Arc::clone(&until);
    let updates = types::Updates { updates: vec![], users: vec![], chats: vec![], date: 0, seq: 0 };
    let updates = enums::Updates::from(updates);
    two.rig.answer(move |_, function, query| match function {
        channels::EditBanned::CONSTRUCTOR_ID => {
            let asked = channels::EditBanned::from_bytes(&query[4..]).unwrap();
            let enums::ChatBannedRights::Rights(rights) = asked.banned_rights;
            log.lock().unwrap().push(rights.until_date);
            object(&updates)
        }
        channels::EditAdmin::CONSTRUCTOR_ID => object(&updates),
        _ => None,
    });
    let peer = channel_peer(5);
    two.alice.set_banned_rights(&peer, "me", BanRights::ban().until(4_000_000_000)).await.unwrap();
    two.alice.set_banned_rights(&peer, "me", BanRights::mute().until(2_000_000_000)).await.unwrap();
    assert_eq!(*until.lock().unwrap(), [0, 2_000_000_000]);
    let rights = AdminRightsBuilder::new().delete_messages();
    two.alice.set_admin_rights(&peer, "me", rights).await.unwrap();
}
