//! Who is let in to which method.

use layer_sandbox::Caller;
use layer_sandbox::exchange::Agreed;
use layer_sandbox::router;
use layer_tl_types::{Identifiable, functions};

use crate::room::{ALICES, BOTS, DC, NOBODYS, Room};

#[test]
fn who_is_not_logged_in_is_told_so() {
    let mut room = Room::new();
    let query = functions::users::GetUsers { id: vec![] };
    assert_eq!(room.refused(NOBODYS, &query), "401 AUTH_KEY_UNREGISTERED");
    assert_eq!(room.refused(ALICES, &query), "answered");
    assert_eq!(room.refused(NOBODYS, &functions::help::GetConfig {}), "answered");
}

#[test]
fn bots_and_people_have_methods_of_their_own() {
    let mut room = Room::new();
    let for_people = functions::contacts::GetContacts { hash: 0 };
    assert_eq!(room.refused(BOTS, &for_people), "400 BOT_METHOD_INVALID");
    assert_eq!(room.refused(ALICES, &for_people), "answered");
    let message = String::new();
    let for_bots = functions::help::SetBotUpdatesStatus { pending_updates_count: 0, message };
    assert_eq!(room.refused(ALICES, &for_bots), "400 USER_BOT_REQUIRED");
    assert_eq!(room.refused(BOTS, &for_bots), "answered");
}

#[test]
fn an_unknown_method_is_the_clients_fault() {
    let mut room = Room::new();
    let caller = Caller::new(ALICES, 1, DC, room.now);
    let error = router::call(&mut room.world, &caller, &[1, 2, 3, 4]).unwrap_err();
    assert_eq!(error.to_string(), "400 INPUT_METHOD_INVALID_67305985");
    // One that is cut short, too.
    let id = functions::users::GetUsers::CONSTRUCTOR_ID.to_le_bytes();
    let caller = Caller { user: Some(room.alice), ..caller };
    let error = router::call(&mut room.world, &caller, &id).unwrap_err();
    assert_eq!(error.to_string(), "400 INPUT_FETCH_ERROR");
}

#[test]
fn a_temporary_key_has_the_login_of_the_key_it_is_bound_to() {
    let mut room = Room::new();
    let now = room.now.unix();
    let mut agreed = |seed: u8, expires_at| {
        let key = layer_crypto::AuthKey::from_bytes(&std::array::from_fn(|at| seed ^ at as u8));
        let id = key.id();
        room.world.keys.insert(Agreed { key, salt: 1, dc: None, expires_at }, now).unwrap();
        id
    };
    let (permanent, temporary) = (agreed(1, None), agreed(2, Some(now + 60)));
    let query = functions::users::GetUsers { id: vec![] };
    room.world.log_in(permanent, room.alice);
    assert_eq!(room.refused(temporary, &query), "401 AUTH_KEY_UNREGISTERED");
    room.world.keys.bind(temporary, permanent);
    assert_eq!(room.refused(temporary, &query), "answered");
    room.world.forget_key(permanent);
    assert_eq!(room.refused(temporary, &query), "401 AUTH_KEY_UNREGISTERED");
}
