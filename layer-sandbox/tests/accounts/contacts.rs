//! Whom users know.

use layer_tl_types::{enums, functions, types};

use crate::room::{ALICE, ALICES, BOB, BOBS, BOTS, NEW, Room, seen};

fn import(phones: &[&str]) -> functions::contacts::ImportContacts {
    let contact = |(at, phone): (usize, &&str)| {
        let (client_id, phone) = (at as i64, (*phone).to_owned());
        types::InputPhoneContact::new(client_id, phone, "Bobby".into(), "Tables".into()).into()
    };
    functions::contacts::ImportContacts {
        contacts: phones.iter().enumerate().map(contact).collect(),
    }
}

fn contacts(room: &mut Room, key: i64) -> Vec<(i64, bool)> {
    let query = functions::contacts::GetContacts { hash: 0 };
    let enums::contacts::Contacts::Contacts(all) = room.ask(key, &query).unwrap() else { panic!() };
    assert_eq!(
        (all.contacts.len(), all.users.len()),
        (all.saved_count as usize, all.contacts.len())
    );
    let each = all.contacts.into_iter();
    each.map(|enums::Contact::Contact(contact)| (contact.user_id, contact.mutual)).collect()
}

#[test]
fn of_the_numbers_those_are_imported_that_somebody_has() {
    let mut room = Room::new();
    let enums::contacts::ImportedContacts::Contacts(imported) =
        room.ask(ALICES, &import(&[NEW, BOB, ALICE])).unwrap();
    let bob = types::ImportedContact { user_id: room.bob, client_id: 1 };
    assert_eq!(imported.imported, [bob.into()]);
    let bob = seen(imported.users[0].clone());
    assert_eq!(bob.first_name.as_deref(), Some("Bobby"), "as Alice calls him");
    assert_eq!(bob.phone.as_deref(), Some("491510000002"));
    assert!(bob.contact && !bob.mutual_contact);
    assert_eq!(contacts(&mut room, ALICES), [(room.bob, false)]);
    room.ask(BOBS, &import(&[ALICE])).unwrap();
    assert_eq!(contacts(&mut room, ALICES), [(room.bob, true)]);
    let own = seen(room.world.user(room.bob, room.bob));
    assert_eq!(own.first_name.as_deref(), Some("Bob"));
}

#[test]
fn somebody_is_added_by_id_and_its_number_shows_only_to_who_knows_it() {
    let mut room = Room::new();
    let id = room.named(room.alice, room.bob);
    let add = |phone: &str, first: &str| {
        let (first, last) = (first.to_owned(), String::new());
        functions::contacts::AddContact::new(id.clone(), first, last, phone.into())
    };
    let enums::Updates::Updates(answer) = room.ask(ALICES, &add("+1 555 1234567", "B")).unwrap()
    else {
        panic!()
    };
    let bob = seen(answer.users[0].clone());
    assert!(bob.contact && bob.phone.is_none());
    assert!(matches!(answer.updates[..], [enums::Update::PeerSettings(_)]));
    room.ask(ALICES, &add(BOB, "B")).unwrap();
    assert!(seen(room.world.user(room.alice, room.bob)).phone.is_some());
    assert_eq!(room.refused(ALICES, &add("", " ")), "400 CONTACT_NAME_EMPTY");
    let mut query = add("", "Me");
    query.id = enums::InputUser::UserSelf;
    assert_eq!(room.refused(ALICES, &query), "400 CONTACT_ID_INVALID");
    query.id = room.named(room.bob, room.bot);
    assert_eq!(room.refused(ALICES, &query), "400 CONTACT_ID_INVALID");
}

#[test]
fn contacts_are_deleted_by_user_or_by_number() {
    let mut room = Room::new();
    room.ask(ALICES, &import(&[BOB])).unwrap();
    let id = vec![room.named(room.alice, room.bob)];
    room.ask(ALICES, &functions::contacts::DeleteContacts { id }).unwrap();
    assert_eq!(contacts(&mut room, ALICES), []);
    room.ask(ALICES, &import(&[BOB])).unwrap();
    let phones = vec![NEW.to_owned()];
    room.ask(ALICES, &functions::contacts::DeleteByPhones { phones }).unwrap();
    assert_eq!(contacts(&mut room, ALICES).len(), 1);
    let phones = vec![BOB.to_owned()];
    room.ask(ALICES, &functions::contacts::DeleteByPhones { phones }).unwrap();
    assert_eq!(contacts(&mut room, ALICES), []);
}

#[test]
fn usernames_lead_to_their_owners() {
    let mut room = Room::new();
    let resolve = |name: &str| functions::contacts::ResolveUsername::new(name.into());
    let enums::contacts::ResolvedPeer::Peer(found) =
        room.ask(ALICES, &resolve("ROBOT_bot")).unwrap();
    assert_eq!(found.peer, types::PeerUser { user_id: room.bot }.into());
    let robot = seen(found.users[0].clone());
    let hash = room.world.accounts.access_hash(room.alice, room.bot);
    assert_eq!(robot.access_hash, Some(hash));
    assert_eq!(room.refused(ALICES, &resolve("nobody_here")), "400 USERNAME_NOT_OCCUPIED");
    assert_eq!(room.refused(ALICES, &resolve("no body")), "400 USERNAME_INVALID");
    assert_eq!(room.refused(BOTS, &resolve("robot_bot")), "answered");
}

#[test]
fn numbers_lead_to_their_owners() {
    let mut room = Room::new();
    let resolve = |phone: &str| functions::contacts::ResolvePhone { phone: phone.into() };
    let enums::contacts::ResolvedPeer::Peer(found) = room.ask(ALICES, &resolve(BOB)).unwrap();
    assert_eq!(found.peer, types::PeerUser { user_id: room.bob }.into());
    assert_eq!(room.refused(ALICES, &resolve(NEW)), "400 PHONE_NOT_OCCUPIED");
}

#[test]
fn a_search_finds_contacts_by_name_and_others_by_username() {
    let mut room = Room::new();
    room.ask(ALICES, &import(&[BOB])).unwrap();
    let mut found = |q: &str, bots, limit| {
        let query = functions::contacts::Search {
            bots,
            ..functions::contacts::Search::new(q.into(), limit)
        };
        match room.ask(ALICES, &query) {
            Ok(enums::contacts::Found::Found(found)) => {
                let ids = |peers: Vec<enums::Peer>| {
                    let id = |peer| match peer {
                        enums::Peer::User(user) => user.user_id,
                        other => panic!("{other:?}"),
                    };
                    peers.into_iter().map(id).collect::<Vec<_>>()
                };
                Ok((ids(found.my_results), ids(found.results)))
            }
            Err(error) => Err(error.to_string()),
        }
    };
    let bobs = found("bobby", false, 10);
    let robots = found("@robot", true, 10);
    assert_eq!(found("bobby", true, 10), Ok((vec![], vec![])));
    assert_eq!(found("robot", false, 0), Ok((vec![], vec![])));
    assert_eq!(found(" ", false, 10), Err("400 SEARCH_QUERY_EMPTY".into()));
    assert_eq!(found("ro", false, 10), Err("400 QUERY_TOO_SHORT".into()));
    assert_eq!(bobs, Ok((vec![room.bob], vec![])));
    assert_eq!(robots, Ok((vec![], vec![room.bot])));
}

#[test]
fn a_search_finds_own_conversations_by_title_and_public_channels_by_name() {
    let mut room = Room::new();
    let create = functions::channels::CreateChannel {
        broadcast: true,
        ..functions::channels::CreateChannel::new("Queen's news".into(), "About hearts".into())
    };
    let enums::Updates::Updates(made) = room.ask(BOBS, &create).unwrap() else { panic!() };
    let Some(enums::Chat::Channel(channel)) = made.chats.into_iter().next() else { panic!() };
    let (channel_id, access_hash) = (channel.id, channel.access_hash.unwrap());
    let input = types::InputChannel { channel_id, access_hash }.into();
    let username = "heart_news".to_owned();
    let name = functions::channels::UpdateUsername { channel: input, username };
    room.ask(BOBS, &name).unwrap();
    let peer: enums::Peer = types::PeerChannel { channel_id }.into();
    let mut found = |key, q: &str, broadcasts| {
        let query = functions::contacts::Search {
            broadcasts,
            ..functions::contacts::Search::new(q.into(), 10)
        };
        let enums::contacts::Found::Found(found) = room.ask(key, &query).unwrap();
        (found.my_results, found.results, found.chats.len())
    };
    assert_eq!(found(BOBS, "queen", true), (vec![peer.clone()], vec![], 1));
    assert_eq!(found(ALICES, "queen", false), (vec![], vec![], 0));
    assert_eq!(found(ALICES, "heart", true), (vec![], vec![peer], 1));
    assert_eq!(found(ALICES, "robot", true), (vec![], vec![], 0));
}

#[test]
fn the_blocked_are_listed_page_by_page_with_the_latest_first() {
    let mut room = Room::new();
    let peer = |room: &Room, user_id| -> enums::InputPeer {
        let access_hash = room.world.accounts.access_hash(room.alice, user_id);
        types::InputPeerUser { user_id, access_hash }.into()
    };
    let (bob, bot) = (peer(&room, room.bob), peer(&room, room.bot));
    assert_eq!(room.ask(ALICES, &functions::contacts::Block::new(bob.clone())), Ok(true));
    room.pass(5);
    assert_eq!(room.ask(ALICES, &functions::contacts::Block::new(bot)), Ok(true));
    assert_eq!(room.ask(ALICES, &functions::contacts::Block::new(bob.clone())), Ok(false));
    let page = |room: &mut Room, offset, limit| {
        let query = functions::contacts::GetBlocked { my_stories_from: false, offset, limit };
        match room.ask(ALICES, &query).unwrap() {
            enums::contacts::Blocked::Blocked(all) => (all.blocked, None),
            enums::contacts::Blocked::Slice(slice) => (slice.blocked, Some(slice.count)),
        }
    };
    let (all, count) = page(&mut room, 0, 10);
    assert_eq!((all.len(), count), (2, None));
    assert_eq!(page(&mut room, 1, 10), (vec![all[1].clone()], Some(2)));
    let enums::PeerBlocked::Blocked(first) = &all[0];
    assert_eq!(first.peer_id, types::PeerUser { user_id: room.bot }.into());
    assert_eq!(room.ask(ALICES, &functions::contacts::Unblock::new(bob.clone())), Ok(true));
    assert_eq!(room.ask(ALICES, &functions::contacts::Unblock::new(bob)), Ok(false));
    assert_eq!(page(&mut room, 0, 10).0, all[..1]);
    let chat = types::InputPeerChat { chat_id: 1 }.into();
    let error = room.refused(ALICES, &functions::contacts::Block::new(chat));
    assert_eq!(error, "400 PEER_ID_INVALID");
}

#[test]
fn top_peers_are_none_or_switched_off() {
    let mut room = Room::new();
    let top = functions::contacts::GetTopPeers::new(0, 10, 0);
    let answer = room.ask(ALICES, &top).unwrap();
    assert!(matches!(answer, enums::contacts::TopPeers::Peers(_)));
    room.ask(ALICES, &functions::contacts::ToggleTopPeers { enabled: false }).unwrap();
    assert_eq!(room.ask(ALICES, &top), Ok(enums::contacts::TopPeers::Disabled));
}

#[test]
fn contacts_see_who_is_online_and_since_when_not() {
    let mut room = Room::new();
    room.ask(ALICES, &import(&[BOB])).unwrap();
    let status = |room: &mut Room| {
        let all = room.ask(ALICES, &functions::contacts::GetStatuses {}).unwrap();
        let enums::ContactStatus::Status(status) = all.into_iter().next().unwrap();
        assert_eq!(status.user_id, room.bob);
        status.status
    };
    assert!(matches!(status(&mut room), enums::UserStatus::Recently(_)));
    let now = room.now.unix() as i32;
    room.ask(BOBS, &functions::account::UpdateStatus { offline: false }).unwrap();
    assert_eq!(status(&mut room), types::UserStatusOnline { expires: now + 300 }.into());
    room.pass(10);
    room.ask(BOBS, &functions::account::UpdateStatus { offline: true }).unwrap();
    assert_eq!(status(&mut room), types::UserStatusOffline { was_online: now + 10 }.into());
}
