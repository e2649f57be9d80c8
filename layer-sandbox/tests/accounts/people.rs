//! Users, and how they look to each other.

use layer_sandbox::world::TELEGRAM;
use layer_tl_types::{enums, functions, types};

use crate::room::{ALICE, ALICES, BOTS, Room, seen};

#[test]
fn a_user_sees_itself_with_name_and_number() {
    let mut room = Room::new();
    let query = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
    let me = seen(room.ask(ALICES, &query).unwrap().remove(0));
    assert_eq!(me.id, room.alice);
    assert!(me.is_self && !me.bot && me.access_hash.is_some());
    let name = (me.first_name.as_deref(), me.last_name.as_deref());
    assert_eq!(name, (Some("Alice"), Some("Liddell")));
    assert_eq!(me.phone.as_deref(), Some("491510000001"));
}

#[test]
fn others_do_not_see_the_number() {
    let room = Room::new();
    let alice = seen(room.world.user(room.bob, room.alice));
    assert!(!alice.is_self && alice.phone.is_none());
    let robot = seen(room.world.user(room.bob, room.bot));
    assert!(robot.bot && robot.status.is_none());
    assert_eq!(robot.username.as_deref(), Some("robot_bot"));
}

#[test]
fn each_viewer_has_access_hashes_of_its_own_and_others_are_refused() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let alices = room.named(alice, bob);
    let bobs = room.named(bob, bob);
    assert_ne!(alices, bobs);
    let zero: enums::InputUser = types::InputUser { user_id: bob, access_hash: 0 }.into();
    let ids = vec![alices, bobs, zero.clone(), enums::InputUser::Empty];
    let users = room.ask(ALICES, &functions::users::GetUsers { id: ids }).unwrap();
    assert_eq!(seen(users[0].clone()).id, bob);
    assert!(users[1..].iter().all(|user| matches!(user, enums::User::Empty(_))), "{users:?}");
    // Bots know no hashes at first, and need none.
    let users = room.ask(BOTS, &functions::users::GetUsers { id: vec![zero] }).unwrap();
    assert_eq!(seen(users[0].clone()).id, bob);
}

#[test]
fn ids_are_not_given_twice_and_a_number_has_one_owner() {
    let mut room = Room::new();
    assert_eq!(room.world.add_user("Somebody else", ALICE), room.alice);
    let name = room.world.accounts.by_phone("491510000001").unwrap().first_name.clone();
    assert_eq!(name, "Alice");
    let carol = room.world.add_user("Carol", "+49 151 0000003");
    let others = [room.alice, room.bob, room.bot];
    assert!(!others.contains(&carol) && carol > i64::from(u32::MAX));
}

#[test]
fn a_bots_token_begins_with_its_id_and_may_be_given() {
    let mut room = Room::new();
    let (id, token) = room.world.add_bot("Other", "other_bot");
    let (number, letters) = token.split_once(':').unwrap();
    assert_eq!((number, letters.len()), (&*id.to_string(), 35));
    let id = room.world.add_bot_with("1234567890:ABCdef...", "Third", "third_bot");
    assert_eq!(id, 1_234_567_890);
    assert!(room.world.accounts.is_bot(id));
}

#[test]
fn telegram_itself_is_there() {
    let room = Room::new();
    let telegram = seen(room.world.user(room.alice, TELEGRAM));
    assert!(telegram.verified && telegram.support);
    assert_eq!(telegram.first_name.as_deref(), Some("Telegram"));
}
