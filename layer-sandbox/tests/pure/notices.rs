//! What accounts are told without asking, over the links of those who are logged in.

use layer_sandbox::world::TELEGRAM;
use layer_sandbox::{Caller, World};
use layer_tl_types::{RemoteCall, enums, functions, types};

use crate::link::{GET_CONFIG, Link};

const ALICE: &str = "+49 151 0000001";
/// A key under which others ask, without a link.
const OTHERS: i64 = 77;

/// A link whose session hears updates, over which Alice is logged in.
fn alices() -> (Link, i64) {
    let mut link = Link::new(1).greeted();
    let alice = link.world.add_user("Alice", ALICE);
    link.world.log_in(link.key.id(), alice);
    link.ask(&GET_CONFIG);
    (link, alice)
}

/// Asks under another key than the link's.
fn ask<Q: RemoteCall>(link: &mut Link, query: &Q) -> Q::Return {
    let caller = Caller::new(OTHERS, 1, 2, link.now);
    link.world.invoke(&caller, query).unwrap()
}

/// The updates that come over the link.
fn updates(link: &mut Link) -> Vec<enums::Update> {
    link.timeout().unwrap();
    let heard = link.heard();
    let updates = heard.iter().filter_map(|heard| heard.is::<enums::Updates>());
    let each = updates.map(|updates| match updates {
        enums::Updates::UpdateShort(short) => vec![short.update],
        enums::Updates::Updates(updates) => updates.updates,
        other => panic!("{other:?}"),
    });
    each.flatten().collect()
}

fn input(world: &World, viewer: i64, user_id: i64) -> enums::InputUser {
    let access_hash = world.accounts.access_hash(viewer, user_id);
    types::InputUser { user_id, access_hash }.into()
}

#[test]
fn a_code_is_shown_where_the_user_is_logged_in() {
    let (mut link, _) = alices();
    let settings = types::CodeSettings::default().into();
    let (phone_number, api_hash) = (ALICE.to_owned(), "abc".to_owned());
    ask(&mut link, &functions::auth::SendCode { phone_number, api_id: 1, api_hash, settings });
    let code = link.world.code_for(ALICE).unwrap();
    link.timeout().unwrap();
    let heard = link.heard();
    let short = heard.iter().find_map(|heard| match heard.is()? {
        enums::Updates::UpdateShortMessage(short) => Some(short),
        _ => None,
    });
    let short = short.unwrap();
    assert!(short.message.contains(&code) && short.user_id == TELEGRAM, "{short:?}");
}

#[test]
fn who_shows_a_token_is_told_when_it_is_accepted() {
    let mut link = Link::new(1).greeted();
    let api_hash = "abc".to_owned();
    let export = functions::auth::ExportLoginToken { api_id: 1, api_hash, except_ids: vec![] };
    let caller = Caller::new(link.key.id(), 1, 2, link.now);
    link.ask(&GET_CONFIG);
    let answer = link.world.invoke(&caller, &export).unwrap();
    let enums::auth::LoginToken::Token(token) = answer else { panic!("{answer:?}") };
    let alice = link.world.add_user("Alice", ALICE);
    link.world.log_in(OTHERS, alice);
    assert_eq!(updates(&mut link), []);
    ask(&mut link, &functions::auth::AcceptLoginToken { token: token.token });
    assert_eq!(updates(&mut link), [enums::Update::LoginToken]);
}

#[test]
fn friends_are_told_who_comes_online_and_is_called_otherwise_and_strangers_are_not() {
    let (mut link, alice) = alices();
    let bob = link.world.add_user("Bob", "+49 151 0000002");
    link.world.log_in(OTHERS, bob);
    let online = functions::account::UpdateStatus { offline: false };
    ask(&mut link, &online);
    assert_eq!(updates(&mut link), []);

    let (first, last) = ("Bobby".to_owned(), String::new());
    let id = input(&link.world, alice, bob);
    let add = functions::contacts::AddContact::new(id, first, last, String::new());
    link.ask(&add);
    ask(&mut link, &online);
    let told = updates(&mut link);
    assert!(matches!(&told[..], [enums::Update::UserStatus(status)] if status.user_id == bob));
    let rename = functions::account::UpdateProfile {
        first_name: Some("Robert".into()),
        ..Default::default()
    };
    ask(&mut link, &rename);
    let told = updates(&mut link);
    assert!(
        matches!(&told[..], [enums::Update::UserName(name)] if name.first_name == "Robert"),
        "{told:?}"
    );
}

#[test]
fn other_sessions_of_a_user_are_told_what_was_done_in_one() {
    let (mut link, alice) = alices();
    let bob = link.world.add_user("Bob", "+49 151 0000002");
    link.world.log_in(OTHERS, alice);
    let access_hash = link.world.accounts.access_hash(alice, bob);
    let peer = types::InputPeerUser { user_id: bob, access_hash };
    ask(&mut link, &functions::contacts::Block::new(peer.into()));
    let told = updates(&mut link);
    assert!(matches!(&told[..], [enums::Update::PeerBlocked(update)] if update.blocked));
    let peer = enums::InputNotifyPeer::InputNotifyUsers;
    let settings = types::InputPeerNotifySettings::default().into();
    ask(&mut link, &functions::account::UpdateNotifySettings { peer, settings });
    assert!(matches!(updates(&mut link)[..], [enums::Update::NotifySettings(_)]));
}
