//! States of messages, asked and told from either side.

use layer_tl_types::{Serializable, enums, functions, types};

use crate::link::{GET_CONFIG, Heard, Link, intercept, own};

const PING: functions::Ping = functions::Ping { ping_id: 1 };

fn find<T: layer_tl_types::Deserializable + Serializable>(heard: &[Heard]) -> Option<T> {
    heard.iter().find_map(Heard::is)
}

#[test]
fn the_states_of_the_servers_own_messages_are_told_too() {
    let mut link = Link::new(1).greeted();
    let (_, answer) = link.ask(&GET_CONFIG);
    let answer = answer[0].msg_id();
    let asked = types::MsgsStateReq { msg_ids: vec![answer, answer + 4] };
    let (_, heard) = link.tell(&enums::MsgsStateReq::Req(asked));
    let Some(enums::MsgsStateInfo::Info(info)) = heard[0].is() else { panic!("{heard:?}") };
    assert_eq!(info.info, [4, 1]);
}

#[test]
fn the_client_tells_the_states_that_the_server_asks_for() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    link.world.faults.ask_states = 1;
    // There is nothing to ask for yet.
    assert_eq!(link.tell(&PING).1.len(), 1);
    let (_, first) = link.ask_bytes(&own(0, 0));
    let request = &first[1];
    let Some(enums::MsgsStateReq::Req(asked)) = request.is() else { panic!("{first:?}") };
    assert_eq!(asked.msg_ids, [first[0].msg_id()]);
    let (_, second) = link.ask_bytes(&own(0, 4));
    assert_eq!(second.len(), 1, "once");
    // What has come is acknowledged by that.
    let tell =
        |req_msg_id, info| enums::MsgsStateInfo::Info(types::MsgsStateInfo { req_msg_id, info });
    assert_eq!(link.tell(&tell(request.msg_id() + 4, vec![4])).1, [], "nobody asked");
    assert_eq!(link.tell(&tell(request.msg_id(), vec![4, 4, 4])).1, []);
    let session = link.world.sessions.get(link.key.id(), link.session_id).unwrap();
    assert_eq!(session.footprint().kept, 1);
    // What has not is sent again.
    for state in [1, 2, 3] {
        link.world.faults.ask_states = 1;
        let (_, heard) = link.tell(&PING);
        let request = heard.iter().find(|heard| heard.is::<enums::MsgsStateReq>().is_some());
        let (_, heard) = link.tell(&tell(request.unwrap().msg_id(), vec![state]));
        assert_eq!(heard, second);
    }
}

#[test]
fn the_client_may_tell_states_unasked() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (_, first) = link.ask_bytes(&own(0, 0));
    let (_, second) = link.ask_bytes(&own(0, 4));
    let msg_ids = vec![first[0].msg_id(), second[0].msg_id(), 5];
    let info = vec![4 + 8, 2, 4];
    let all = enums::MsgsAllInfo::Info(types::MsgsAllInfo { msg_ids, info });
    assert_eq!(link.tell(&all).1, second);
    let session = link.world.sessions.get(link.key.id(), link.session_id).unwrap();
    assert_eq!(session.footprint().kept, 1);
}

#[test]
fn a_test_may_have_the_server_tell_states_unasked() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (running, _) = link.ask_bytes(&own(9000, 0));
    link.world.faults.tell_states = 1;
    let (ping, heard) = link.tell(&PING);
    let Some(enums::MsgsAllInfo::Info(all)) = find(&heard) else { panic!("{heard:?}") };
    assert_eq!((all.msg_ids[0], all.info[0]), (ping, 4 + 16));
    assert_eq!((all.msg_ids[1], all.info[1]), (running, 4 + 8 + 32));
    assert_eq!(all.msg_ids.len(), all.info.len());
    assert_eq!(link.tell(&PING).1.len(), 1);
}

#[test]
fn a_test_may_have_the_server_ask_for_a_query_again() {
    let mut link = Link::new(1).greeted();
    let executed = intercept(&mut link);
    link.world.faults.ask_resend = 1;
    assert_eq!(link.tell(&PING).1.len(), 1, "there is no query yet");
    let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(true));
    let heard = link.send_as(msg_id, seq_no, &own(0, 0));
    let Some(enums::MsgResendReq::Req(asked)) = find(&heard) else { panic!("{heard:?}") };
    assert_eq!(asked.msg_ids, [msg_id]);
    let answer = heard.iter().find(|heard| heard.result().is_some()).unwrap();
    assert_eq!(link.send_as(msg_id, seq_no, &own(0, 0)), std::slice::from_ref(answer));
    assert_eq!(executed.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn announcements_and_polls_of_a_client_are_let_pass() {
    let mut link = Link::new(1).greeted();
    let info = types::MsgNewDetailedInfo { answer_msg_id: 4, bytes: 8, status: 0 };
    assert_eq!(link.tell(&enums::MsgDetailedInfo::from(info)).1, []);
    let info = types::MsgDetailedInfo { msg_id: 4, answer_msg_id: 4, bytes: 8, status: 0 };
    assert_eq!(link.tell(&enums::MsgDetailedInfo::from(info)).1, []);
    let wait = types::HttpWait { max_delay: 0, wait_after: 0, max_wait: 25_000 };
    assert_eq!(link.tell(&enums::HttpWait::Wait(wait)).1, []);
}

#[test]
fn an_answer_that_is_not_there_yet_is_told_by_its_querys_state() {
    let mut link = Link::new(1).greeted();
    intercept(&mut link);
    let (running, _) = link.ask_bytes(&own(9000, 0));
    let msg_ids = vec![running, running + 4000];
    let asked = enums::MsgResendReq::from(types::MsgResendAnsReq { msg_ids });
    let (_, heard) = link.tell(&asked);
    let Some(enums::MsgsStateInfo::Info(info)) = find(&heard) else { panic!("{heard:?}") };
    assert_eq!(info.info, [4 + 8 + 32, 2]);
}
