//! What the store knows and what it says has changed.

use layer_tl_types::{enums, types};

use super::{Peers, UnknownPeer, as_channel, as_user};
use crate::session::{Change, PeerKey, PeerKind, SavedPeer, SavedSession, SavedUser, SeenIn};

fn user(id: i64) -> PeerKey {
    PeerKey { kind: PeerKind::User, id }
}

fn channel(id: i64) -> PeerKey {
    PeerKey { kind: PeerKind::Channel, id }
}

fn a_user(id: i64, hash: i64) -> types::User {
    let mut user = types::User::new(id);
    user.access_hash = Some(hash);
    user
}

fn a_channel(id: i64, hash: i64) -> types::Channel {
    let mut channel = types::Channel::new(id, String::new(), enums::ChatPhoto::Empty, 0);
    channel.access_hash = Some(hash);
    channel
}

fn message(id: i32, chat: i64, from: i64) -> enums::Message {
    let peer = types::PeerChannel { channel_id: chat }.into();
    let mut message = types::Message::new(id, peer, 0, String::new());
    message.from_id = Some(types::PeerUser { user_id: from }.into());
    message.into()
}

fn logged_in(is_bot: bool) -> Peers {
    let peers = Peers::new(&SavedSession::default());
    peers.set_me(Some(SavedUser { id: 1, is_bot }));
    peers
}

fn learn_user(peers: &Peers, user: types::User) -> Vec<Change> {
    peers.learn(&[user.into()], &[])
}

fn input_user(user_id: i64, access_hash: i64) -> Result<enums::InputPeer, UnknownPeer> {
    Ok(types::InputPeerUser { user_id, access_hash }.into())
}

#[test]
fn only_what_changed_is_to_be_saved() {
    let peers = logged_in(false);
    let first = learn_user(&peers, a_user(5, 50));
    assert!(matches!(&first[..], [Change::Peer(peer)] if peer.access_hash == Some(50)));
    assert_eq!(learn_user(&peers, a_user(5, 50)), []);
    let mut named = a_user(5, 50);
    named.username = Some("Five".to_owned());
    let second = learn_user(&peers, named);
    assert!(matches!(&second[..], [Change::Peer(peer)] if peer.usernames == ["Five"]));
}

#[test]
fn a_missing_hash_is_an_error_and_never_yourself_nor_zero() {
    let peers = logged_in(false);
    assert_eq!(peers.input_peer(user(5)), Err(UnknownPeer::NoAccessHash(user(5))));
    assert_eq!(peers.input_channel(channel(5)), Err(UnknownPeer::NoAccessHash(channel(5))));
    assert_eq!(peers.input_peer(user(1)), Ok(enums::InputPeer::PeerSelf));
    let basic = PeerKey { kind: PeerKind::Chat, id: 5 };
    assert_eq!(peers.input_peer(basic), Ok(types::InputPeerChat { chat_id: 5 }.into()));
    assert!(!peers.knows(user(5)) && !peers.knows(basic) && peers.knows(user(1)));
}

#[test]
fn a_bot_may_say_zero_and_prefers_a_hash() {
    let peers = logged_in(true);
    assert_eq!(peers.input_peer(user(5)), input_user(5, 0));
    learn_user(&peers, a_user(5, 50));
    assert_eq!(peers.input_peer(user(5)), input_user(5, 50));
    assert!(peers.knows(user(5)) && !peers.knows(user(6)));
}

#[test]
fn a_min_object_overwrites_nothing_that_is_known_in_full() {
    let peers = logged_in(false);
    let mut full = a_user(5, 50);
    full.username = Some("five".to_owned());
    full.phone = Some("15550100".to_owned());
    learn_user(&peers, full);
    let mut min = a_user(5, -1);
    min.min = true;
    assert_eq!(learn_user(&peers, min), []);
    assert_eq!(peers.input_peer(user(5)), input_user(5, 50));
    assert_eq!(peers.by_username("FIVE"), Some(user(5)));
    assert_eq!(peers.by_phone("15550100"), Some(user(5)));

    let mut min = a_channel(6, -1);
    peers.learn(&[], &[a_channel(6, 60).into()]);
    min.min = true;
    assert_eq!(peers.learn(&[], &[min.into()]), []);
    let input = types::InputChannel { channel_id: 6, access_hash: 60 };
    assert_eq!(peers.input_channel(channel(6)), Ok(input.into()));
}

#[test]
fn who_is_known_by_min_objects_is_named_by_the_newest_message_that_showed_him() {
    let peers = logged_in(false);
    let mut min = a_user(5, -1);
    min.min = true;
    peers.learn(&[min.clone().into()], &[a_channel(6, 60).into()]);
    assert_eq!(peers.input_peer(user(5)), Err(UnknownPeer::NoAccessHash(user(5))));
    assert!(!peers.knows(user(5)));
    let seen = |message| Some(SeenIn { chat: channel(6), message });
    let changes = peers.saw(&[message(10, 6, 5)]);
    assert!(matches!(&changes[..], [Change::Peer(peer)] if peer.seen_in == seen(10)));
    // Newer ones are remembered, and not worth a write; older ones are neither.
    assert_eq!(peers.saw(&[message(11, 6, 5), message(9, 6, 5)]), []);
    assert_eq!(peers.get(user(5)).unwrap().seen_in, seen(11));
    let peer = types::InputPeerChannel { channel_id: 6, access_hash: 60 }.into();
    let named = types::InputPeerUserFromMessage { peer, msg_id: 11, user_id: 5 };
    assert_eq!(peers.input_peer(user(5)), Ok(named.into()));
    assert!(peers.knows(user(5)));
    // Another min object keeps the message; a full one makes it superfluous.
    min.access_hash = Some(-2);
    learn_user(&peers, min);
    assert_eq!(peers.get(user(5)).unwrap().seen_in, seen(11));
    learn_user(&peers, a_user(5, 50));
    assert_eq!(peers.input_peer(user(5)), input_user(5, 50));
    assert_eq!(peers.get(user(5)).unwrap().seen_in, None);
    assert_eq!(peers.saw(&[message(12, 6, 5)]), []);
}

#[test]
fn a_min_peer_seen_where_nobody_is_known_stays_unknown() {
    let peers = logged_in(false);
    let mut min = a_user(5, -1);
    min.min = true;
    let mut place = a_channel(6, -1);
    place.min = true;
    peers.learn(&[min.into()], &[place.into()]);
    peers.saw(&[message(10, 6, 5)]);
    assert_eq!(peers.input_peer(user(5)), Err(UnknownPeer::NoAccessHash(user(5))));
    assert_eq!(peers.input_peer(channel(6)), Err(UnknownPeer::NoAccessHash(channel(6))));
}

#[test]
fn a_full_object_without_a_hash_leaves_the_hash() {
    let peers = logged_in(false);
    learn_user(&peers, a_user(5, 50));
    let mut bare = types::User::new(5);
    bare.username = Some("five".to_owned());
    assert_eq!(learn_user(&peers, bare).len(), 1);
    assert_eq!(peers.input_peer(user(5)), input_user(5, 50));
    assert_eq!(peers.learn(&[types::UserEmpty { id: 5 }.into()], &[]), []);
}

#[test]
fn a_name_belongs_to_the_one_who_had_it_last() {
    let peers = logged_in(false);
    let named = |id, name: &str| {
        let mut user = a_user(id, id * 10);
        user.username = Some(name.to_owned());
        user
    };
    learn_user(&peers, named(5, "Name"));
    let changes = learn_user(&peers, named(6, "nAME"));
    let of = |changes: &[Change], id| {
        changes.iter().any(|change| matches!(change, Change::Peer(peer) if peer.id == id))
    };
    assert!(changes.len() == 2 && of(&changes, 5) && of(&changes, 6));
    assert_eq!(peers.by_username("name"), Some(user(6)));
    assert!(peers.get(user(5)).unwrap().usernames.is_empty());
    // Who takes another name gives up the old one.
    learn_user(&peers, named(6, "other"));
    assert_eq!(peers.by_username("name"), None);
    assert_eq!(peers.by_username("other"), Some(user(6)));
}

#[test]
fn all_active_usernames_are_known_and_no_absurd_one() {
    let peers = logged_in(false);
    let mut user = a_user(5, 50);
    let name = |name: &str, active| {
        let mut username = types::Username::new(name.to_owned());
        username.active = active;
        enums::Username::from(username)
    };
    let long = "x".repeat(65);
    user.usernames = Some(vec![name("first", true), name("old", false), name(&long, true)]);
    user.username = Some("First".to_owned());
    learn_user(&peers, user);
    assert_eq!(peers.get(super::user(5)).unwrap().usernames, ["First"]);
    assert!(peers.by_username("old").is_none() && peers.by_username(&long).is_none());
}

#[test]
fn the_store_is_bounded_and_forgets_who_was_not_heard_of_for_longest() {
    let peers = Peers::with_room_for(3, &SavedSession::default());
    peers.set_me(Some(SavedUser { id: 1, is_bot: false }));
    for id in 1..=3 {
        assert_eq!(learn_user(&peers, a_user(id, id)).len(), 1);
    }
    // The first round takes everybody's freshness; 1 is me.
    let gone = |changes: &[Change]| {
        changes.iter().find_map(|change| match change {
            Change::PeerGone(key) => Some(key.id),
            _ => None,
        })
    };
    assert_eq!(gone(&learn_user(&peers, a_user(4, 4))), Some(2));
    assert!(peers.input_peer(user(3)).is_ok());
    assert_eq!(gone(&learn_user(&peers, a_user(5, 5))), Some(4));
    assert_eq!(peers.input_peer(user(4)), Err(UnknownPeer::NoAccessHash(user(4))));
    assert!(peers.get(user(1)).is_some() && peers.knows(user(3)) && peers.knows(user(5)));
}

#[test]
fn a_hundred_thousand_peers_come_from_a_session_and_go_at_the_sign_out() {
    let mut session = SavedSession::default();
    for id in 1..=100_000 {
        let mut peer = SavedPeer::new(PeerKind::User, id);
        peer.access_hash = Some(-id);
        peer.usernames = vec![format!("user{id}")];
        session.apply(&Change::Peer(peer));
    }
    let peers = Peers::new(&session);
    assert_eq!(peers.input_peer(user(70_000)), input_user(70_000, -70_000));
    assert_eq!(peers.by_username("user99999"), Some(user(99_999)));
    assert_eq!(learn_user(&peers, a_user(100_001, 1)).len(), 1);
    peers.clear();
    assert!(peers.by_username("user99999").is_none() && peers.me().is_none());
    assert!(!peers.knows(user(70_000)));
}

#[test]
fn users_and_channels_are_told_apart_where_methods_do() {
    let user = types::InputPeerUser { user_id: 5, access_hash: 50 };
    let input = types::InputUser { user_id: 5, access_hash: 50 };
    assert_eq!(as_user(user.clone().into()), Ok(input.into()));
    assert_eq!(as_user(enums::InputPeer::PeerSelf), Ok(enums::InputUser::UserSelf));
    assert!(matches!(as_channel(user.into()), Err(UnknownPeer::WrongKind { .. })));
    let group = types::InputPeerChat { chat_id: 5 };
    assert!(matches!(as_user(group.into()), Err(UnknownPeer::WrongKind { .. })));
}
