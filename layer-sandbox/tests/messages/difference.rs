//! What was missed, whole and in slices.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, common_pts, text_of};

/// All that differences from a state tell, and how many slices they took.
fn catch_up(
    room: &mut Room,
    user: i64,
    from: types::updates::State,
) -> (Vec<String>, Vec<enums::Update>, types::updates::State, usize) {
    let (mut new, mut others, mut state, mut slices) = (Vec::new(), Vec::new(), from, 0);
    loop {
        let query = functions::updates::GetDifference::new(state.pts, state.date, state.qts);
        slices += 1;
        match room.ask(user, &query).unwrap() {
            enums::updates::Difference::Empty(_) => return (new, others, state, slices),
            enums::updates::Difference::Difference(all) => {
                new.extend(all.new_messages.iter().map(text_of));
                others.extend(all.other_updates);
                let enums::updates::State::State(state) = all.state;
                return (new, others, state, slices);
            }
            enums::updates::Difference::Slice(slice) => {
                new.extend(slice.new_messages.iter().map(text_of));
                others.extend(slice.other_updates);
                let enums::updates::State::State(next) = slice.intermediate_state;
                assert!(next.pts > state.pts);
                state = next;
            }
            enums::updates::Difference::TooLong(_) => panic!("too long"),
        }
    }
}

/// What Bob lives through: each with the state before it, and what a client that heard it knows.
fn story(room: &mut Room) -> Vec<(types::updates::State, Vec<enums::Update>)> {
    let (alice, bob) = (room.alice, room.bob);
    let mut told = Vec::new();
    let mut ids = Vec::new();
    for step in 0..12 {
        let before = room.state(bob);
        match step % 4 {
            0 | 1 => ids.push(room.send(alice, Peer::User(bob), &format!("text {step}"))),
            2 => {
                let id = *ids.last().unwrap();
                let peer = room.named(alice, Peer::User(bob));
                let edit = functions::messages::EditMessage {
                    message: Some(format!("text {step}")),
                    ..functions::messages::EditMessage::new(peer, id)
                };
                room.ask(alice, &edit).unwrap();
            }
            _ => {
                let max_id = *ids.last().unwrap();
                let peer = room.named(bob, Peer::User(alice));
                room.ask(bob, &functions::messages::ReadHistory { peer, max_id }).unwrap();
            }
        }
        told.push((before, room.told(bob)));
    }
    told
}

#[test]
fn a_difference_from_any_point_gives_exactly_what_was_missed() {
    for slice in [1, 2, 5, 100] {
        let mut room = Room::new();
        room.world.habits.slice = slice;
        let bob = room.bob;
        let told = story(&mut room);
        let mut last = 1;
        for (_, updates) in &told {
            for (pts, count) in updates.iter().filter_map(common_pts) {
                assert_eq!(pts, last + count, "there are no holes");
                last = pts;
            }
        }
        let end = room.state(bob);
        assert_eq!(end.pts, last);
        for (at, (from, _)) in told.iter().enumerate() {
            let (new, others, state, slices) = catch_up(&mut room, bob, from.clone());
            assert_eq!(state.pts, end.pts);
            let missed = told[at..].iter().flat_map(|(_, updates)| updates);
            let missed: Vec<_> = missed.collect();
            let is_new = |update: &&&enums::Update| matches!(update, enums::Update::NewMessage(_));
            assert_eq!(new.len(), missed.iter().filter(is_new).count());
            let known: Vec<_> = others.iter().map(|update| common_pts(update).unwrap()).collect();
            let want = missed.iter().filter(|update| !is_new(update));
            let want: Vec<_> = want.map(|update| common_pts(update).unwrap()).collect();
            assert_eq!(known, want, "in their order");
            assert_eq!(slices, missed.len().div_ceil(slice), "slices of {slice}");
        }
        let (new, others, _, slices) = catch_up(&mut room, bob, end.clone());
        assert_eq!((new.len(), others.len(), slices), (0, 0, 1));
    }
}

#[test]
fn who_was_away_too_long_is_told_so_and_where_the_box_stands() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    room.world.habits.events = 3;
    for number in 0..5 {
        room.send(alice, Peer::User(bob), &number.to_string());
    }
    let ask = |pts, limit| functions::updates::GetDifference {
        pts_total_limit: limit,
        ..functions::updates::GetDifference::new(pts, 1, 1)
    };
    let too_long = types::updates::DifferenceTooLong { pts: 6 };
    assert_eq!(room.ask(bob, &ask(2, None)).unwrap(), too_long.clone().into());
    assert_eq!(room.ask(bob, &ask(3, Some(2))).unwrap(), too_long.into());
    let whole = room.ask(bob, &ask(3, Some(3))).unwrap();
    let enums::updates::Difference::Difference(whole) = whole else { panic!("{whole:?}") };
    assert_eq!(whole.new_messages.iter().map(text_of).collect::<Vec<_>>(), ["2", "3", "4"]);
    assert_eq!(whole.users.len(), 1);
}

#[test]
fn positions_that_can_not_be_are_refused() {
    let mut room = Room::new();
    let bob = room.bob;
    let mut ask =
        |pts, date, qts| room.refused(bob, &functions::updates::GetDifference::new(pts, date, qts));
    assert_eq!(ask(0, 1, 1), "400 PERSISTENT_TIMESTAMP_EMPTY");
    assert_eq!(ask(2, 1, 1), "400 PERSISTENT_TIMESTAMP_INVALID");
    assert_eq!(ask(1, 1, 2), "400 PERSISTENT_TIMESTAMP_INVALID");
    assert_eq!(ask(1, 0, 1), "400 DATE_EMPTY");
    assert_eq!(ask(1, 1, 0), "answered");
}

#[test]
fn a_message_that_is_gone_is_not_told_of_again_but_counts() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let from = room.state(bob);
    let id = room.send(alice, Peer::User(bob), "oops");
    room.ask(alice, &functions::messages::DeleteMessages { revoke: true, id: vec![id] }).unwrap();
    let (new, others, state, _) = catch_up(&mut room, bob, from);
    assert_eq!((new.len(), others.len(), state.pts), (0, 1, 3));
}

#[test]
fn what_a_full_session_has_no_room_for_is_lost_to_it_alone() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    for number in 0..1100 {
        room.send(alice, Peer::User(bob), &number.to_string());
    }
    assert_eq!(room.heard(bob).len(), 1024);
    assert_eq!(room.state(bob).pts, 1101);
}
