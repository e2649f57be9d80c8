//! Service messages: sessions, salts, states, resending, dropping, destroying.

use layer_crypto::envelope::Header;
use layer_sandbox::connection::Fault;
use layer_sandbox::exchange::Agreed;
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use layer_wire::framing::TransportError;

use crate::client::NOW;
use crate::link::{GET_CONFIG, Heard, Link, SALT, SESSION, config, key, moment};

#[test]
fn a_new_session_is_told_once() {
    let mut link = Link::new(1);
    let (first, heard) = link.tell(&functions::Ping { ping_id: 5 });
    let [Heard::Message { msg_id, seq_no, .. }, Heard::Message { msg_id: pong_id, .. }] = heard[..]
    else {
        panic!("{heard:?}");
    };
    assert_eq!((msg_id % 4, seq_no, pong_id % 4), (3, 1, 1));
    let enums::NewSession::Created(created) = heard[0].is().unwrap();
    assert_eq!((created.first_msg_id, created.server_salt), (first, SALT));
    let pong = types::Pong { msg_id: first, ping_id: 5 };
    assert_eq!(heard[1].is(), Some(enums::Pong::Pong(pong)));
    link.ack(&heard[..1]);
    let (_, heard) = link.tell(&functions::Ping { ping_id: 6 });
    assert_eq!(heard.len(), 1);
    // The session outlives the connection; another one begins for itself.
    link.reconnect();
    let (_, heard) = link.tell(&functions::Ping { ping_id: 7 });
    assert_eq!(heard.len(), 1);
    link.session_id += 1;
    let (_, heard) = link.tell(&functions::Ping { ping_id: 8 });
    let enums::NewSession::Created(another) = heard[0].is().unwrap();
    assert_ne!(another.unique_id, created.unique_id);
}

#[test]
fn a_new_session_in_a_container_begins_with_its_first_message() {
    let mut link = Link::new(1);
    let (ids, heard) = link.ask_all(&[GET_CONFIG.to_bytes(), GET_CONFIG.to_bytes()]);
    let enums::NewSession::Created(created) = heard[0].is().unwrap();
    assert_eq!(created.first_msg_id, ids[0]);
}

#[test]
fn a_wrong_salt_is_answered_with_the_right_one_and_nothing_is_done() {
    let mut link = Link::new(1);
    link.salt = 9;
    let (msg_id, heard) = link.ask(&GET_CONFIG);
    let [only] = &heard[..] else { panic!("{heard:?}") };
    let expected = types::BadServerSalt {
        bad_msg_id: msg_id,
        bad_msg_seqno: 1,
        error_code: 48,
        new_server_salt: SALT,
    };
    assert_eq!(only.is(), Some(enums::BadMsgNotification::BadServerSalt(expected)));
    assert!(link.world.sessions.is_empty());
    // With the same identifier it is new afterwards.
    link.salt = SALT;
    let heard = link.send_as(msg_id, 1, &GET_CONFIG.to_bytes());
    config(&heard[1]);
}

#[test]
fn salts_give_way_to_their_successors() {
    let mut link = Link::new(1).greeted();
    link.now = moment(NOW + 3599);
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    assert!(heard[0].is::<enums::Pong>().is_some());
    link.now = moment(NOW + 3600);
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    let Some(enums::BadMsgNotification::BadServerSalt(bad)) = heard[0].is() else {
        panic!("{heard:?}");
    };
    link.salt = bad.new_server_salt;
    let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
    assert!(heard[0].is::<enums::Pong>().is_some());
}

#[test]
fn future_salts_come_as_a_bare_vector_and_are_good_when_they_say() {
    let mut link = Link::new(1).greeted();
    let (msg_id, heard) = link.tell(&functions::GetFutureSalts { num: 4 });
    let body = heard[0].body();
    // Constructor, req_msg_id, now, count, then 16 bytes for each salt.
    assert_eq!(body[..4], 0xae50_0895_u32.to_le_bytes());
    assert_eq!(body[4..12], msg_id.to_le_bytes());
    assert_eq!(body[12..16], (NOW as u32).to_le_bytes());
    assert_eq!(body[16..20], 4_u32.to_le_bytes());
    assert_eq!(body.len(), 20 + 4 * 16);
    let Some(enums::FutureSalts::Salts(salts)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(salts.salts[0].salt, SALT);
    for salt in salts.salts {
        assert_eq!(salt.valid_until - salt.valid_since, 3600);
        link.now = moment(i64::from(salt.valid_since));
        link.salt = salt.salt;
        let (_, heard) = link.tell(&functions::Ping { ping_id: 1 });
        assert!(heard[0].is::<enums::Pong>().is_some(), "{heard:?}");
    }
    for (asked, told) in [(0, 1), (-5, 1), (i32::MAX, 64)] {
        let (_, heard) = link.tell(&functions::GetFutureSalts { num: asked });
        let Some(enums::FutureSalts::Salts(salts)) = heard[0].is() else { panic!("{heard:?}") };
        assert_eq!(salts.salts.len(), told);
    }
}

#[test]
fn states_of_messages_are_told() {
    let mut link = Link::new(1).greeted();
    let (query, _) = link.ask(&GET_CONFIG);
    let (ping, _) = link.tell(&functions::Ping { ping_id: 1 });
    let msg_ids = vec![query, ping, query + 4000, ((NOW + 31) << 32) - 4, (NOW + 31) << 32];
    let (asked, heard) = link.ask(&enums::MsgsStateReq::Req(types::MsgsStateReq { msg_ids }));
    let Some(enums::MsgsStateInfo::Info(info)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(info.req_msg_id, asked);
    assert_eq!(info.info, [4 + 8 + 32 + 64, 4 + 16, 2, 2, 3]);
}

#[test]
fn answers_are_sent_again_on_request_once_each() {
    let mut link = Link::new(1).greeted();
    let (query, heard) = link.ask(&GET_CONFIG);
    let answer = heard[0].msg_id();
    let again = |msg_ids| enums::MsgResendReq::Req(types::MsgResendReq { msg_ids });
    let (_, heard) = link.tell(&again(vec![answer; 500]));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].result().unwrap().0, query);
    assert_eq!(heard[0].msg_id(), answer);
    // What is not there, the client is told.
    let (_, heard) = link.tell(&again(vec![answer + 4]));
    let Some(enums::MsgsStateInfo::Info(info)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(info.info, [1]);
    let by_query = types::MsgResendAnsReq { msg_ids: vec![query; 2] };
    let (_, heard) = link.tell(&enums::MsgResendReq::MsgResendAnsReq(by_query));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].result().unwrap().0, query);
}

#[test]
fn answers_can_be_dropped() {
    let mut link = Link::new(1).greeted();
    let (query, heard) = link.ask(&GET_CONFIG);
    let Heard::Message { msg_id, seq_no, body } = &heard[0] else { panic!("{heard:?}") };
    let dropped =
        |heard: &Heard| enums::RpcDropAnswer::from_bytes(heard.result().unwrap().1).unwrap();
    let (_, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: query });
    let expected =
        types::RpcAnswerDropped { msg_id: *msg_id, seq_no: *seq_no, bytes: body.len() as i32 };
    assert_eq!(dropped(&heard[0]), enums::RpcDropAnswer::RpcAnswerDropped(expected));
    let (_, heard) = link.ask(&functions::RpcDropAnswer { req_msg_id: query });
    assert_eq!(dropped(&heard[0]), enums::RpcDropAnswer::RpcAnswerUnknown);
}

#[test]
fn other_sessions_can_be_destroyed_and_the_present_one_not() {
    let mut link = Link::new(1).greeted();
    link.session_id += 1;
    let mut link = link.greeted();
    let mut destroy = |session_id| {
        let (_, heard) = link.ask(&functions::DestroySession { session_id });
        heard[0].is::<enums::DestroySessionRes>().unwrap()
    };
    let ok = types::DestroySessionOk { session_id: SESSION };
    assert_eq!(destroy(SESSION), enums::DestroySessionRes::DestroySessionOk(ok));
    let none = types::DestroySessionNone { session_id: SESSION };
    assert_eq!(destroy(SESSION), enums::DestroySessionRes::DestroySessionNone(none));
    let none = types::DestroySessionNone { session_id: SESSION + 1 };
    assert_eq!(destroy(SESSION + 1), enums::DestroySessionRes::DestroySessionNone(none));
}

#[test]
fn a_destroyed_key_is_unknown_from_then_on() {
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask(&functions::DestroyAuthKey {});
    assert_eq!(heard[0].is(), Some(enums::DestroyAuthKeyRes::DestroyAuthKeyOk));
    assert!(link.world.keys.is_empty() && link.world.sessions.is_empty());
    let header = Header { salt: SALT, session_id: SESSION, msg_id: NOW << 32, seq_no: 0 };
    let packet = link.seal(&header, &GET_CONFIG.to_bytes());
    let key_id = link.key.id();
    assert_eq!(link.send_packet(&packet, false), Err(Fault::UnknownKey { key_id }));
    assert_eq!(link.heard(), [Heard::Error(TransportError::UNKNOWN_KEY)]);
    assert!(link.connection.is_closed());
    // What comes after is not listened to.
    assert_eq!(link.send_packet(&packet, false), Ok(()));
    assert_eq!(link.heard(), []);
}

#[test]
fn other_peoples_answers_are_not_told_to_a_wrong_session() {
    // Two keys, the same session id: two sessions.
    let mut link = Link::new(1).greeted();
    let (query, _) = link.ask(&GET_CONFIG);
    link.key = key(8);
    let (key, salt) = (link.key.clone(), link.salt);
    link.world.keys.insert(Agreed { key, salt, dc: None, expires_at: None }, NOW).unwrap();
    let asked = types::MsgResendAnsReq { msg_ids: vec![query] };
    let (_, heard) = link.tell(&enums::MsgResendReq::MsgResendAnsReq(asked));
    assert!(heard[0].is::<enums::NewSession>().is_some());
    assert!(heard.iter().all(|heard| heard.result().is_none()), "{heard:?}");
}
