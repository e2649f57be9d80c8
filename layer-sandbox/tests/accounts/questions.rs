//! What clients ask of the server itself, and right after a login.

use layer_tl_types::{Identifiable, enums, functions, types};

use crate::room::{ALICES, BOBS, NOBODYS, Room, send_code};

/// Asks under a key, and says which were not answered.
macro_rules! refused {
    ($room:expr, $key:expr, $($query:expr),* $(,)?) => {{
        let mut refused = Vec::new();
        $(match $room.refused($key, &$query).as_str() {
            "answered" => {}
            error => refused.push(format!("{}: {error}", stringify!($query))),
        })*
        refused
    }};
}

#[test]
fn what_clients_ask_right_after_a_login_is_answered() {
    use functions::{account, contacts, help, messages};
    let mut room = Room::new();
    let unanswered = refused!(
        room,
        ALICES,
        help::GetNearestDc {},
        help::GetConfig {},
        help::GetAppConfig { hash: 0 },
        help::GetPeerColors { hash: 0 },
        help::GetPeerProfileColors { hash: 0 },
        help::GetPromoData {},
        help::GetTermsOfServiceUpdate {},
        help::GetTimezonesList { hash: 0 },
        help::GetSupport {},
        account::GetNotifySettings { peer: enums::InputNotifyPeer::InputNotifyUsers },
        account::GetContentSettings {},
        account::GetDefaultEmojiStatuses { hash: 0 },
        account::UpdateStatus { offline: false },
        contacts::GetTopPeers::new(0, 10, 0),
        contacts::GetBirthdays {},
        contacts::GetStatuses {},
        messages::GetDialogFilters {},
        messages::GetAvailableReactions { hash: 0 },
        messages::GetTopReactions { limit: 10, hash: 0 },
        messages::GetAttachMenuBots { hash: 0 },
        messages::GetAllStickers { hash: 0 },
        functions::updates::GetState {},
    );
    assert_eq!(unanswered, [""; 0]);
    let stickerset = types::InputStickerSetShortName { short_name: "none".into() }.into();
    let query = messages::GetStickerSet { stickerset, hash: 0 };
    assert_eq!(room.refused(ALICES, &query), "406 STICKERSET_INVALID");
}

#[test]
fn some_questions_are_answered_before_the_login() {
    use functions::{help, langpack};
    let mut room = Room::new();
    let unanswered = refused!(
        room,
        NOBODYS,
        help::GetAppConfig { hash: 0 },
        help::GetCountriesList { lang_code: "en".into(), hash: 0 },
        help::GetCdnConfig {},
        langpack::GetLanguages { lang_pack: "tdesktop".into() },
    );
    assert_eq!(unanswered, [""; 0]);
    let error = room.refused(NOBODYS, &help::GetPromoData {});
    assert_eq!(error, "401 AUTH_KEY_UNREGISTERED");
}

#[test]
fn what_a_client_has_already_is_not_sent_again() {
    let mut room = Room::new();
    let ask =
        |room: &mut Room, hash| room.ask(ALICES, &functions::help::GetAppConfig { hash }).unwrap();
    let enums::help::AppConfig::Config(config) = ask(&mut room, 0) else { panic!() };
    assert!(
        matches!(config.config, enums::Jsonvalue::JsonObject(object) if !object.value.is_empty())
    );
    assert_eq!(ask(&mut room, config.hash), enums::help::AppConfig::NotModified);
    let colors =
        |room: &mut Room, hash| room.ask(ALICES, &functions::help::GetPeerColors { hash }).unwrap();
    let enums::help::PeerColors::Colors(known) = colors(&mut room, 0) else { panic!() };
    assert_eq!(colors(&mut room, known.hash), enums::help::PeerColors::NotModified);
}

#[test]
fn english_is_spoken_and_nothing_else() {
    use functions::langpack;
    let mut room = Room::new();
    let pack = || "android".to_owned();
    let strings = |language: &str, keys: &[&str]| langpack::GetStrings {
        lang_pack: pack(),
        lang_code: language.into(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    let known = room.ask(NOBODYS, &strings("en", &["AppName", "Nonsense"])).unwrap();
    assert!(
        matches!(&known[0], enums::LangPackString::String(string) if string.value == "Sandbox")
    );
    assert!(matches!(&known[1], enums::LangPackString::Deleted(gone) if gone.key == "Nonsense"));
    assert_eq!(room.refused(NOBODYS, &strings("tlh", &[])), "400 LANG_CODE_NOT_SUPPORTED");
    let all = langpack::GetLangPack { lang_pack: pack(), lang_code: "en".into() };
    let enums::LangPackDifference::Difference(all) = room.ask(NOBODYS, &all).unwrap();
    let query = langpack::GetDifference {
        lang_pack: pack(),
        lang_code: "en".into(),
        from_version: all.version,
    };
    let enums::LangPackDifference::Difference(news) = room.ask(NOBODYS, &query).unwrap();
    assert_eq!((all.strings.len(), news.strings.len()), (3, 0));
    let query = langpack::GetLanguages { lang_pack: String::new() };
    assert_eq!(room.refused(NOBODYS, &query), "400 LANG_PACK_INVALID");
}

#[test]
fn a_test_may_have_calls_flooded_of_one_user_or_of_all() {
    let mut room = Room::new();
    let query = functions::users::GetUsers { id: vec![] };
    let function = functions::users::GetUsers::CONSTRUCTOR_ID;
    room.world.faults.flood_wait(Some(function), Some(room.alice), 7, 2);
    for _ in 0..2 {
        assert_eq!(room.refused(BOBS, &query), "answered");
        assert_eq!(room.refused(ALICES, &functions::updates::GetState {}), "answered");
        assert_eq!(room.refused(ALICES, &query), "420 FLOOD_WAIT_7");
    }
    assert_eq!(room.refused(ALICES, &query), "answered");
    room.world.faults.flood_wait(None, None, 3, 1);
    assert_eq!(room.refused(NOBODYS, &send_code("")), "420 FLOOD_WAIT_3");
    room.world.faults.flood_wait(None, None, 3, 0);
    assert_eq!(room.refused(BOBS, &query), "answered");
}
