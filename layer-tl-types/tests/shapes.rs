//! The shape of what is generated, and its bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use layer_tl_types::{
    Deserializable, Identifiable, LAYER, RawObject, RemoteCall, Serializable, enums, functions,
    types,
};

#[test]
fn strings_take_the_published_bytes() {
    for (text, head, total) in [
        ("".to_owned(), &[0, 0, 0, 0][..], 4),
        ("a".to_owned(), &[1, b'a', 0, 0], 4),
        ("abc".to_owned(), &[3, b'a', b'b', b'c'], 4),
        ("abcd".to_owned(), &[4, b'a', b'b', b'c', b'd', 0, 0, 0], 8),
        ("x".repeat(253), &[0xfd], 256),
        ("x".repeat(254), &[0xfe, 0xfe, 0, 0], 260),
        ("x".repeat(255), &[0xfe, 0xff, 0, 0], 260),
        ("x".repeat(256), &[0xfe, 0, 1, 0], 260),
        ("x".repeat(257), &[0xfe, 1, 1, 0], 264),
        ("x".repeat(1 << 24), &[0xff, 0, 0, 0, 1, 0, 0, 0], (1 << 24) + 8),
    ] {
        let bytes = text.to_bytes();
        assert_eq!(&bytes[..head.len()], head);
        assert_eq!(bytes.len(), total);
        assert_eq!(String::from_bytes(&bytes).unwrap(), text);
    }
}

#[test]
fn a_string_of_any_length_fills_whole_words_with_zeros() {
    for length in (0..600).chain(0xff_fffa..0x100_0004) {
        let text = "x".repeat(length);
        // Behind something that is no whole word.
        let mut out = vec![7];
        text.serialize(&mut out);
        let head = [1, 4, 8][usize::from(length > 253) + usize::from(length > 0xff_ffff)];
        let padding = &out[1 + head + length..];
        assert!(padding.len() < 4 && padding.iter().all(|zero| *zero == 0), "{length}");
        assert_eq!((out[0], (out.len() - 1) % 4), (7, 0), "{length}");
        assert_eq!(String::from_bytes(&out[1..]).unwrap(), text);
    }
}

#[test]
fn a_struct_goes_without_its_id_and_an_enum_with_it() {
    let user = types::PeerUser { user_id: 7 };
    assert_eq!(user.to_bytes(), 7_i64.to_le_bytes());
    assert_eq!(types::PeerUser::CONSTRUCTOR_ID, 0x5951_1722);
    let peer = enums::Peer::from(user.clone());
    assert_eq!(peer.to_bytes(), [&0x5951_1722_u32.to_le_bytes()[..], &user.to_bytes()].concat());
    assert_eq!(enums::Peer::from_bytes(&peer.to_bytes()).unwrap(), peer);
}

#[test]
fn conversions_give_the_other_constructor_back() {
    let chat: enums::Peer = types::PeerChat { chat_id: 1 }.into();
    assert_eq!(types::PeerUser::try_from(chat.clone()).unwrap_err(), chat);
    assert_eq!(types::PeerChat::try_from(chat).unwrap().chat_id, 1);
    let only: types::AccountDaysTtl =
        enums::AccountDaysTtl::Ttl(types::AccountDaysTtl { days: 3 }).into();
    assert_eq!(only.days, 3);
}

#[test]
fn names_follow_the_written_rules() {
    let _ = enums::User::User;
    let _ = enums::auth::SentCode::Code;
    let _ = enums::InputPeer::PeerSelf;
    let _ = enums::InputPeer::Empty;
    let user = types::InputPeerUser { user_id: 1, access_hash: 2 };
    let _ = enums::InputPeer::User(user);
    let participant =
        types::ChannelParticipantAdmin::new(1, 2, 3, types::ChatAdminRights::new().into());
    assert!(!participant.is_self);
}

#[test]
fn the_word_of_flags_is_computed() {
    let request = functions::messages::SendMessage {
        silent: true,
        schedule_date: Some(9),
        ..functions::messages::SendMessage::new(enums::InputPeer::PeerSelf, "hi".to_owned(), 1)
    };
    let bytes = request.to_bytes();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(word(0), functions::messages::SendMessage::CONSTRUCTOR_ID);
    assert_eq!(word(4), 1 << 5 | 1 << 10);
}

#[test]
fn fields_that_share_a_bit_go_out_together() {
    let token = types::CodeSettings { token: Some("t".to_owned()), ..types::CodeSettings::new() };
    let back = types::CodeSettings::from_bytes(&token.to_bytes()).unwrap();
    assert_eq!((back.token.as_deref(), back.app_sandbox), (Some("t"), Some(false)));
    // A bit that is also a field of its own.
    let hidden = types::InputMediaPhoto {
        live_photo: true,
        ..types::InputMediaPhoto::new(enums::InputPhoto::Empty)
    };
    let back = types::InputMediaPhoto::from_bytes(&hidden.to_bytes()).unwrap();
    assert_eq!(back.video, Some(enums::InputDocument::Empty));
}

#[test]
fn a_word_of_flags_behind_other_fields_is_read_in_its_place() {
    let paper = types::WallPaperNoFile { dark: true, ..types::WallPaperNoFile::new(77) };
    let bytes = paper.to_bytes();
    assert_eq!(&bytes[..8], 77_i64.to_le_bytes());
    let back = types::WallPaperNoFile::from_bytes(&bytes).unwrap();
    assert!(back.id == 77 && back.dark && !back.default);
}

#[test]
fn a_generic_function_wraps_any_other_and_answers_like_it() {
    let query = functions::help::GetConfig {};
    let wrapped = functions::InvokeWithLayer { layer: LAYER, query: query.clone() };
    let raw = functions::InvokeWithLayer { layer: LAYER, query: RawObject(query.to_bytes()) };
    assert_eq!(wrapped.to_bytes(), raw.to_bytes());
    fn same<A: RemoteCall<Return = R>, B: RemoteCall<Return = R>, R>(_: &A, _: &B) {}
    same(&wrapped, &query);
}

#[test]
fn equal_means_equal_bytes() {
    let one = types::InputStickerSetDice { emoticon: "x".to_owned() };
    assert_eq!(one, one.clone());
    assert_ne!(one, types::InputStickerSetDice { emoticon: "y".to_owned() });
    let nan = enums::Jsonvalue::JsonNumber(types::JsonNumber { value: f64::NAN });
    assert_eq!(nan, nan.clone());
}

#[test]
fn the_layer_is_the_schemas() {
    assert_eq!(LAYER, 230);
}

/// Service messages with bytes written down by hand from the schema.
#[cfg(feature = "tl-mtproto")]
mod service {
    use super::*;

    #[test]
    fn bad_server_salt_is_read_from_its_golden_bytes() {
        let bytes = [
            &0xedab_447b_u32.to_le_bytes()[..],
            &0x0102_0304_0506_0708_i64.to_le_bytes(),
            &5_i32.to_le_bytes(),
            &48_i32.to_le_bytes(),
            &(-2_i64).to_le_bytes(),
        ]
        .concat();
        let read = enums::BadMsgNotification::from_bytes(&bytes).unwrap();
        let salt = types::BadServerSalt::try_from(read).unwrap();
        assert_eq!(salt.bad_msg_id, 0x0102_0304_0506_0708);
        assert_eq!((salt.bad_msg_seqno, salt.error_code, salt.new_server_salt), (5, 48, -2));
    }

    #[test]
    fn future_salts_are_a_bare_vector_of_bare_salts() {
        let salt = |since: i32, salt: i64| {
            [&since.to_le_bytes()[..], &(since + 3600).to_le_bytes(), &salt.to_le_bytes()].concat()
        };
        let bytes = [
            &0xae50_0895_u32.to_le_bytes()[..],
            &9_i64.to_le_bytes(),
            &1000_i32.to_le_bytes(),
            &2_u32.to_le_bytes(),
            &salt(1000, 11),
            &salt(2800, 12),
        ]
        .concat();
        let enums::FutureSalts::Salts(read) = enums::FutureSalts::from_bytes(&bytes).unwrap();
        assert_eq!((read.req_msg_id, read.now), (9, 1000));
        assert_eq!(read.salts.len(), 2);
        assert_eq!(
            read.salts[1],
            types::FutureSalt { valid_since: 2800, valid_until: 6400, salt: 12 }
        );
        assert_eq!(enums::FutureSalts::Salts(read).to_bytes(), bytes);
    }
}

#[cfg(feature = "name-for-id")]
#[test]
fn ids_have_names() {
    use layer_tl_types::name_for_id;
    assert_eq!(name_for_id(0x5951_1722), Some("peerUser"));
    assert_eq!(name_for_id(functions::help::GetConfig::CONSTRUCTOR_ID), Some("help.getConfig"));
    assert_eq!(name_for_id(0x1cb5_c415), Some("vector"));
    assert_eq!(name_for_id(1), None);
}

#[cfg(feature = "impl-serde")]
#[test]
fn serde_carries_every_field() {
    fn assert_serde<T: serde::Serialize + for<'de> serde::Deserialize<'de>>() {}
    assert_serde::<enums::Updates>();
    assert_serde::<functions::messages::SendMessage>();
}
