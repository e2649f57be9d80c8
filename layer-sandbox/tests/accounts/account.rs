//! What users change about themselves, and their settings.

use layer_sandbox::{Peer, SendOptions};
use layer_tl_types::{enums, functions, types};

use crate::room::{ALICE, ALICES, BOB, BOBS, NEW, NOBODYS, Room, seen, sent};

fn rename(
    first: Option<&str>,
    last: Option<&str>,
    about: Option<&str>,
) -> functions::account::UpdateProfile {
    functions::account::UpdateProfile {
        first_name: first.map(str::to_owned),
        last_name: last.map(str::to_owned),
        about: about.map(str::to_owned),
    }
}

fn username(name: &str) -> functions::account::UpdateUsername {
    functions::account::UpdateUsername { username: name.into() }
}

#[test]
fn a_profile_changes_in_what_is_given() {
    let mut room = Room::new();
    let me = seen(room.ask(ALICES, &rename(Some(" Alicia "), None, Some("curious"))).unwrap());
    let name = (me.first_name.as_deref(), me.last_name.as_deref());
    assert_eq!(name, (Some("Alicia"), Some("Liddell")));
    let me = seen(room.ask(ALICES, &rename(None, Some(""), None)).unwrap());
    assert_eq!(me.last_name, None);
    let id = room.named(room.bob, room.alice);
    let enums::users::UserFull::Full(full) =
        room.ask(BOBS, &functions::users::GetFullUser { id }).unwrap();
    let enums::UserFull::Full(user) = full.full_user;
    assert_eq!(user.about.as_deref(), Some("curious"));
    assert_eq!(seen(full.users[0].clone()).first_name.as_deref(), Some("Alicia"));
    assert_eq!(room.refused(ALICES, &rename(Some(" "), None, None)), "400 FIRSTNAME_INVALID");
    let long = "x".repeat(71);
    assert_eq!(room.refused(ALICES, &rename(Some(&long), None, None)), "400 FIRSTNAME_INVALID");
    assert_eq!(room.refused(ALICES, &rename(None, None, Some(&long))), "400 ABOUT_TOO_LONG");
}

#[test]
fn a_username_belongs_to_one_and_can_be_given_up() {
    let mut room = Room::new();
    let me = seen(room.ask(ALICES, &username("wonder_alice")).unwrap());
    assert_eq!(me.username.as_deref(), Some("wonder_alice"));
    assert_eq!(room.refused(ALICES, &username("wonder_alice")), "400 USERNAME_NOT_MODIFIED");
    assert_eq!(room.refused(ALICES, &username("Wonder_Alice")), "answered");
    assert_eq!(room.refused(BOBS, &username("WONDER_alice")), "400 USERNAME_OCCUPIED");
    for wrong in ["1alice", "ali", "ali ce", "alice_", "älice", &"a".repeat(33)] {
        assert_eq!(room.refused(BOBS, &username(wrong)), "400 USERNAME_INVALID", "{wrong}");
    }
    let check = |name: &str| functions::account::CheckUsername { username: name.into() };
    assert_eq!(room.ask(BOBS, &check("wonder_alice")), Ok(false));
    assert_eq!(room.ask(BOBS, &check("wonder_bob")), Ok(true));
    assert_eq!(seen(room.ask(ALICES, &username("")).unwrap()).username, None);
    assert_eq!(room.ask(BOBS, &check("wonder_alice")), Ok(true));
}

#[test]
fn notifications_are_set_in_what_is_given_and_for_each_peer() {
    let mut room = Room::new();
    let bob = types::InputPeerUser {
        user_id: room.bob,
        access_hash: room.world.accounts.access_hash(room.alice, room.bob),
    };
    let peer: enums::InputNotifyPeer = types::InputNotifyPeer { peer: bob.into() }.into();
    let get = |room: &mut Room, peer: enums::InputNotifyPeer| {
        let query = functions::account::GetNotifySettings { peer };
        let enums::PeerNotifySettings::Settings(settings) = room.ask(ALICES, &query).unwrap();
        *settings
    };
    assert_eq!(get(&mut room, peer.clone()), types::PeerNotifySettings::default());
    let mut set = |change: types::InputPeerNotifySettings| {
        let settings = change.into();
        let query = functions::account::UpdateNotifySettings { peer: peer.clone(), settings };
        room.ask(ALICES, &query).unwrap();
        get(&mut room, peer.clone())
    };
    set(types::InputPeerNotifySettings { silent: Some(true), ..Default::default() });
    let now = set(types::InputPeerNotifySettings { mute_until: Some(7), ..Default::default() });
    assert_eq!((now.silent, now.mute_until, now.show_previews), (Some(true), Some(7), None));
    let users = get(&mut room, enums::InputNotifyPeer::InputNotifyUsers);
    assert_eq!(users, types::PeerNotifySettings::default());
    room.ask(ALICES, &functions::account::ResetNotifySettings {}).unwrap();
    assert_eq!(get(&mut room, peer), types::PeerNotifySettings::default());
    let nobody = types::InputPeerUser { user_id: room.bob, access_hash: 1 };
    let peer = types::InputNotifyPeer { peer: nobody.into() }.into();
    let query = functions::account::GetNotifySettings { peer };
    assert_eq!(room.refused(ALICES, &query), "400 PEER_ID_INVALID");
}

#[test]
fn a_conversation_shows_how_the_user_is_told_of_it_and_both_are_counted_in_a_group() {
    let mut room = Room::new();
    let users = vec![room.named(room.alice, room.bob)];
    let create = functions::messages::CreateChat::new(users, "Tea party".into());
    room.ask(ALICES, &create).unwrap();
    let peer: enums::InputPeer = types::InputPeerUser {
        user_id: room.bob,
        access_hash: room.world.accounts.access_hash(room.alice, room.bob),
    }
    .into();
    let settings = types::InputPeerNotifySettings { mute_until: Some(7), ..Default::default() };
    let query = functions::account::UpdateNotifySettings {
        peer: types::InputNotifyPeer { peer: peer.clone() }.into(),
        settings: settings.into(),
    };
    room.ask(ALICES, &query).unwrap();
    let (to, text) = (Peer::User(room.bob), "Tea?");
    room.world.send_text(room.now, room.alice, to, text, SendOptions::default()).unwrap();
    let peers = vec![types::InputDialogPeer { peer }.into()];
    let enums::messages::PeerDialogs::Dialogs(dialogs) =
        room.ask(ALICES, &functions::messages::GetPeerDialogs { peers }).unwrap();
    let [enums::Dialog::Dialog(dialog)] = dialogs.dialogs.as_slice() else { panic!("{dialogs:?}") };
    let enums::PeerNotifySettings::Settings(settings) = &dialog.notify_settings;
    assert_eq!(settings.mute_until, Some(7));
    let id = room.named(room.alice, room.bob);
    let enums::users::UserFull::Full(full) =
        room.ask(ALICES, &functions::users::GetFullUser { id }).unwrap();
    let enums::UserFull::Full(bob) = full.full_user;
    let enums::PeerNotifySettings::Settings(settings) = bob.notify_settings;
    assert_eq!((settings.mute_until, bob.common_chats_count), (Some(7), 1));
}

#[test]
fn privacy_lets_everybody_until_it_is_set() {
    let mut room = Room::new();
    let key = enums::InputPrivacyKey::ProfilePhoto;
    let get = functions::account::GetPrivacy { key: key.clone() };
    let enums::account::PrivacyRules::Rules(before) = room.ask(ALICES, &get).unwrap();
    assert_eq!(before.rules, [enums::PrivacyRule::PrivacyValueAllowAll]);
    let users = vec![room.named(room.alice, room.bob)];
    let rules = vec![
        types::InputPrivacyValueAllowUsers { users }.into(),
        enums::InputPrivacyRule::InputPrivacyValueDisallowAll,
    ];
    let mut set = functions::account::SetPrivacy { key, rules };
    let answer = room.ask(ALICES, &set).unwrap();
    assert_eq!(room.ask(ALICES, &get), Ok(answer.clone()));
    let enums::account::PrivacyRules::Rules(rules) = answer;
    let allowed = types::PrivacyValueAllowUsers { users: vec![room.bob] };
    assert_eq!(rules.rules[0], allowed.into());
    assert_eq!(rules.users.len(), 1);
    let other = functions::account::GetPrivacy { key: enums::InputPrivacyKey::About };
    assert_eq!(room.ask(ALICES, &other), Ok(before.into()));
    set.rules.clear();
    assert_eq!(room.refused(ALICES, &set), "400 PRIVACY_VALUE_INVALID");
}

#[test]
fn who_may_see_the_number_and_the_time_decides_the_first_rule_that_speaks_of_them() {
    type Rule = enums::InputPrivacyRule;
    let mut room = Room::new();
    let set = |room: &mut Room, key, rules: Vec<Rule>| {
        room.ask(ALICES, &functions::account::SetPrivacy { key, rules }).unwrap();
        let (by_bob, by_bot) =
            (room.world.user(room.bob, room.alice), room.world.user(room.bot, room.alice));
        [seen(by_bob), seen(by_bot)]
    };
    let phones = |seen: [types::User; 2]| seen.map(|user| user.phone.is_some());
    let number = || enums::InputPrivacyKey::PhoneNumber;
    let all = Rule::InputPrivacyValueAllowAll;
    let none = Rule::InputPrivacyValueDisallowAll;
    let bobs = vec![room.named(room.alice, room.bob)];
    let not_bob: Rule = types::InputPrivacyValueDisallowUsers { users: bobs }.into();
    let bots = Rule::InputPrivacyValueAllowBots;
    assert_eq!(phones(set(&mut room, number(), vec![all.clone()])), [true, true]);
    assert_eq!(phones(set(&mut room, number(), vec![not_bob, all.clone()])), [false, true]);
    assert_eq!(phones(set(&mut room, number(), vec![bots, none.clone(), all])), [false, true]);
    // Contacts see it unless something else is said.
    let contacts = Rule::InputPrivacyValueAllowContacts;
    assert_eq!(phones(set(&mut room, number(), vec![contacts.clone()])), [false, false]);
    let (id, name) = (room.named(room.alice, room.bob), "Bob".to_owned());
    let add = functions::contacts::AddContact::new(id, name, String::new(), String::new());
    room.ask(ALICES, &add).unwrap();
    assert_eq!(phones(set(&mut room, number(), vec![contacts, none.clone()])), [true, false]);
    room.ask(ALICES, &functions::account::UpdateStatus { offline: false }).unwrap();
    let [by_bob, _] = set(&mut room, enums::InputPrivacyKey::StatusTimestamp, vec![none]);
    assert!(matches!(by_bob.status, Some(enums::UserStatus::Recently(_))));
}

#[test]
fn settings_are_kept() {
    let mut room = Room::new();
    let sensitive = functions::account::SetContentSettings { sensitive_enabled: true };
    assert_eq!(room.ask(ALICES, &sensitive), Ok(true));
    let settings = room.ask(ALICES, &functions::account::GetContentSettings {}).unwrap();
    let enums::account::ContentSettings::Settings(settings) = settings;
    assert!(settings.sensitive_enabled);
    let ttl =
        |days| functions::account::SetAccountTtl { ttl: types::AccountDaysTtl { days }.into() };
    assert_eq!(room.ask(ALICES, &ttl(180)), Ok(true));
    assert_eq!(room.refused(ALICES, &ttl(1)), "400 TTL_DAYS_INVALID");
    let days = room.ask(ALICES, &functions::account::GetAccountTtl {}).unwrap();
    assert_eq!(days, types::AccountDaysTtl { days: 180 }.into());
    let global = types::GlobalPrivacySettings { hide_read_marks: true, ..Default::default() };
    let set = functions::account::SetGlobalPrivacySettings { settings: global.clone().into() };
    room.ask(ALICES, &set).unwrap();
    let get = functions::account::GetGlobalPrivacySettings {};
    assert_eq!(room.ask(ALICES, &get), Ok(global.into()));
    assert_ne!(room.ask(BOBS, &get), room.ask(ALICES, &get));
}

#[test]
fn a_number_is_changed_with_a_code_that_is_sent_there() {
    let mut room = Room::new();
    let send = |phone: &str| functions::account::SendChangePhoneCode {
        phone_number: phone.into(),
        settings: types::CodeSettings::default().into(),
    };
    assert_eq!(room.refused(ALICES, &send(BOB)), "400 PHONE_NUMBER_OCCUPIED");
    let phone_code_hash = sent(room.ask(ALICES, &send(NEW)).unwrap()).phone_code_hash;
    let (phone_number, phone_code) = (NEW.to_owned(), "0".to_owned());
    let mut change = functions::account::ChangePhone { phone_number, phone_code_hash, phone_code };
    assert_eq!(room.refused(ALICES, &change), "400 PHONE_CODE_INVALID");
    change.phone_code = room.world.code_for(NEW).unwrap();
    let me = seen(room.ask(ALICES, &change).unwrap());
    assert_eq!(me.phone.as_deref(), Some("491510000009"));
    assert!(room.world.accounts.by_phone(ALICE).is_none());
    assert_eq!(room.log_in_by_code(NOBODYS, NEW), Ok(room.alice));
}

#[test]
fn a_deleted_account_is_nobodys_and_its_number_is_free() {
    let mut room = Room::new();
    let query = functions::account::DeleteAccount::new("enough".into());
    assert_eq!(room.ask(ALICES, &query), Ok(true));
    assert_eq!(room.whoami(ALICES), Err("401 SESSION_REVOKED".into()));
    let gone = seen(room.world.user(room.bob, room.alice));
    assert!(gone.deleted && gone.first_name.is_none());
    assert_ne!(room.world.add_user("Another", ALICE), room.alice);
}

#[test]
fn a_deletion_wants_the_password() {
    let mut room = Room::new();
    room.world.set_password(room.alice, "sesame", "");
    let query = functions::account::DeleteAccount::new("forgotten".into());
    assert_eq!(room.refused(ALICES, &query), "420 2FA_CONFIRM_WAIT_604800");
    assert_eq!(room.whoami(ALICES), Ok(room.alice));
}

#[test]
fn a_bots_full_user_has_its_commands() {
    let mut room = Room::new();
    let bot = room.world.accounts.get_mut(room.bot).unwrap().bot.as_mut().unwrap();
    let command = types::BotCommand::new("start".into(), "Begin".into());
    bot.commands.push(command.clone());
    let id = room.named(room.alice, room.bot);
    let enums::users::UserFull::Full(full) =
        room.ask(ALICES, &functions::users::GetFullUser { id }).unwrap();
    let enums::UserFull::Full(user) = full.full_user;
    let Some(enums::BotInfo::Info(info)) = user.bot_info else { panic!() };
    assert_eq!(info.commands, Some(vec![command.into()]));
    let id = types::InputUser { user_id: room.bot, access_hash: 1 }.into();
    let error = room.refused(ALICES, &functions::users::GetFullUser { id });
    assert_eq!(error, "400 USER_ID_INVALID");
}
