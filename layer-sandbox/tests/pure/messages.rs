//! Messages: their identifiers, containers, packing, wrappers, answers from memory.

use layer_tl_types::{RawObject, Serializable, enums, functions, types};
use layer_wire::gzip;
use layer_wire::message::{GZIP_PACKED, Message, write_container};

use crate::client::NOW;
use crate::link::{GET_CONFIG, Link, bad_code, config, moment, rpc_error};

#[test]
fn identifiers_out_of_the_window_are_refused_with_their_code() {
    let cases =
        [(-301, 0, 16), (-300, 0, 0), (30, 0, 0), (31, 0, 17), (0, 1, 18), (0, 2, 18), (0, 3, 18)];
    for (seconds, low, code) in cases {
        let mut link = Link::new(1).greeted_long_ago();
        let msg_id = (NOW + seconds) << 32 | 0x2000 | low;
        let heard = link.send_as(msg_id, 3, &functions::Ping { ping_id: 1 }.to_bytes());
        if code == 0 {
            assert!(heard[0].is::<enums::Pong>().is_some(), "{heard:?}");
        } else {
            assert_eq!(bad_code(&heard), (msg_id, 3, code));
        }
    }
}

#[test]
fn a_bad_container_is_refused_as_a_whole() {
    let ping = functions::Ping { ping_id: 1 }.to_bytes();
    let write = |messages: &[Message<'_>]| {
        let mut body = Vec::new();
        write_container(messages.iter().copied(), &mut body).unwrap();
        body
    };
    let base = NOW << 32;
    let good = Message { msg_id: base + 4, seq_no: 1, body: &ping };
    let mut nested = write(&[good, good]);
    // The second message's body becomes a container.
    let at = nested.len() - ping.len();
    nested[at..at + 4].copy_from_slice(&0x73f1_f8dc_u32.to_le_bytes());
    let mut cut = write(&[good]);
    cut.truncate(cut.len() - 4);
    let mut claim = write(&[good]);
    claim[4..8].copy_from_slice(&[0xff; 4]);
    let bodies = [
        nested,
        cut,
        claim,
        write(&[good, Message { msg_id: base + 400, ..good }]),
        write(&[good, Message { msg_id: base + 500, ..good }]),
        write(&[good, Message { msg_id: base + 5, ..good }]),
    ];
    for body in bodies {
        let mut link = Link::new(1).greeted();
        let heard = link.send_as(base + 0x2000, 2, &body[..]);
        let heard = if heard.len() == 1 { heard } else { link.send_as(base + 400, 2, &body[..]) };
        assert_eq!(bad_code(&heard).2, 64, "{body:02x?}");
    }
}

#[test]
fn messages_in_a_fresh_container_may_be_old() {
    let mut link = Link::new(1).greeted_long_ago();
    let old = (NOW - 1000) << 32;
    let mut body = Vec::new();
    let query = GET_CONFIG.to_bytes();
    let message = Message { msg_id: old, seq_no: 1, body: &query };
    write_container([message].into_iter(), &mut body).unwrap();
    let heard = link.send_as((NOW << 32) + 0x4000, 2, &body);
    assert_eq!(heard[0].result().unwrap().0, old);
}

#[test]
fn one_bad_query_costs_the_others_nothing() {
    let mut link = Link::new(1).greeted();
    let config_bytes = GET_CONFIG.to_bytes();
    let unreadable = [0x7abe_77ec_u32.to_le_bytes().to_vec(), vec![]].concat();
    let bodies = [
        config_bytes.clone(),
        0xdead_beef_u32.to_le_bytes().to_vec(),
        unreadable,
        vec![],
        [GZIP_PACKED.to_le_bytes().to_vec(), b"\x03abc".to_vec()].concat(),
        functions::InvokeWithLayer { layer: 230, query: RawObject(vec![1, 2, 3, 4]) }.to_bytes(),
        functions::smsjobs::Join {}.to_bytes(),
        functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }.to_bytes(),
        config_bytes,
    ];
    let (ids, heard) = link.ask_all(&bodies);
    let results: Vec<_> = heard.iter().filter(|heard| heard.result().is_some()).collect();
    assert_eq!(results.iter().map(|heard| heard.result().unwrap().0).collect::<Vec<_>>(), ids);
    config(results[0]);
    config(results[8]);
    let errors: Vec<_> = results[1..8].iter().map(|heard| rpc_error(heard)).collect();
    assert_eq!(errors[0], (400, format!("INPUT_METHOD_INVALID_{}", 0xdead_beef_u32)));
    for at in [1, 2, 3] {
        assert_eq!(errors[at], (400, "INPUT_FETCH_ERROR".into()), "{at}");
    }
    assert_eq!(errors[4], (400, format!("INPUT_METHOD_INVALID_{}", 0x0403_0201)));
    // Unknown methods are never errors of the server, which some clients would ask again.
    assert_eq!(errors[5].0, 400);
    assert_eq!(errors[6], (401, "AUTH_KEY_UNREGISTERED".into()));
}

#[test]
fn wrappers_are_taken_off_in_any_order() {
    fn init(query: Vec<u8>) -> Vec<u8> {
        functions::InitConnection {
            proxy: Some(types::InputClientProxy { address: "x".into(), port: 1 }.into()),
            ..functions::InitConnection::new(
                1,
                "device".into(),
                "system".into(),
                "app".into(),
                "en".into(),
                "".into(),
                "en".into(),
                RawObject(query),
            )
        }
        .to_bytes()
    }
    let layer =
        |query| functions::InvokeWithLayer { layer: 229, query: RawObject(query) }.to_bytes();
    let mut link = Link::new(1).greeted();
    let (before, _) = link.ask(&GET_CONFIG);
    let after =
        |query| functions::InvokeAfterMsg { msg_id: before, query: RawObject(query) }.to_bytes();
    let afters = |query| {
        let msg_ids = vec![before; 2];
        functions::InvokeAfterMsgs { msg_ids, query: RawObject(query) }.to_bytes()
    };
    let quiet = |query| functions::InvokeWithoutUpdates { query: RawObject(query) }.to_bytes();
    let query = GET_CONFIG.to_bytes();
    let bodies = [
        layer(init(query.clone())),
        after(layer(init(query.clone()))),
        layer(init(afters(quiet(query.clone())))),
        (0..100).fold(query.clone(), |query, _| layer(query)),
        layer(init(vec![])),
    ];
    let (ids, mut heard) = link.ask_all(&bodies);
    heard.sort_by_key(|heard| ids.iter().position(|id| *id == heard.result().unwrap().0));
    for answer in &heard[..3] {
        config(answer);
    }
    assert_eq!(rpc_error(&heard[3]), (400, "INPUT_REQUEST_TOO_LONG".into()));
    assert_eq!(rpc_error(&heard[4]), (400, "INPUT_FETCH_ERROR".into()));
}

#[test]
fn packed_queries_are_unpacked_with_either_header() {
    let mut query = GET_CONFIG.to_bytes();
    // What follows a query's object is nobody's business, and packs well.
    query.extend([0; 400]);
    let gzipped = gzip::pack(&query).unwrap();
    // zlib: its header, one stored block, Adler-32.
    let stored = |data: &[u8]| {
        let len = data.len() as u16;
        let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65521;
            (a, (b + a) % 65521)
        });
        let mut zlib = vec![0x78, 0x9c, 1];
        zlib.extend(len.to_le_bytes());
        zlib.extend((!len).to_le_bytes());
        zlib.extend(data);
        zlib.extend((b << 16 | a).to_be_bytes());
        let mut packed = GZIP_PACKED.to_le_bytes().to_vec();
        zlib.serialize(&mut packed);
        packed
    };
    let zlibbed = stored(&query);
    let nested = gzip::pack(&[gzipped.clone(), vec![0; 400]].concat()).unwrap();
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask_all(&[gzipped, zlibbed, nested]);
    config(&heard[0]);
    config(&heard[1]);
    assert_eq!(rpc_error(&heard[2]), (400, "INPUT_FETCH_ERROR".into()));
}

#[test]
fn a_packet_unpacks_to_no_more_than_a_packet_may_be() {
    let mut query = GET_CONFIG.to_bytes();
    query.resize(1 << 20, 0);
    let packed = gzip::pack(&query).unwrap();
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask_all(&[packed.clone(), packed.clone(), packed]);
    config(&heard[0]);
    config(&heard[1]);
    assert_eq!(rpc_error(&heard[2]), (400, "INPUT_FETCH_ERROR".into()));
}

#[test]
fn what_is_refused_counts_as_unpacked_too() {
    let bomb = gzip::pack(&vec![0; 8 << 20]).unwrap();
    let mut query = GET_CONFIG.to_bytes();
    query.resize(1 << 10, 0);
    let good = gzip::pack(&query).unwrap();
    let mut link = Link::new(1).greeted();
    let (_, heard) = link.ask_all(&[bomb.clone(), good.clone(), bomb, good.clone()]);
    config(&heard[1]);
    for refused in [0, 2, 3] {
        assert_eq!(rpc_error(&heard[refused]), (400, "INPUT_FETCH_ERROR".into()));
    }
    // Each packet begins anew.
    let (_, heard) = link.ask_all(&[good]);
    config(&heard[0]);
}

#[test]
fn what_has_content_and_no_answer_is_acknowledged() {
    let mut link = Link::new(1).greeted();
    let (ping, heard) = link.ask(&functions::Ping { ping_id: 1 });
    let acks = types::MsgsAck { msg_ids: vec![ping] };
    assert!(heard.iter().any(|heard| heard.is() == Some(enums::MsgsAck::Ack(acks.clone()))));
    // A result acknowledges its query, and acknowledgements are not acknowledged.
    let (_, heard) = link.ask(&GET_CONFIG);
    assert_eq!(heard.len(), 1);
    let (_, heard) =
        link.tell(&enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![heard[0].msg_id()] }));
    assert_eq!(heard, []);
}

#[test]
fn a_query_that_comes_again_is_answered_from_memory_until_acknowledged() {
    let mut link = Link::new(1).greeted();
    let query = GET_CONFIG.to_bytes();
    let (msg_id, seq_no) = (link.next_msg_id(), link.next_seq_no(true));
    let first = link.send_as(msg_id, seq_no, &query);
    // The answer would be another one by now.
    link.now = moment(NOW + 100);
    link.reconnect();
    let second = link.send_as(msg_id, seq_no, &query);
    assert_eq!(first[0].body(), second[0].body());
    assert_eq!((second.len(), second[0].msg_id()), (1, first[0].msg_id()));
    let acks = types::MsgsAck { msg_ids: vec![second[0].msg_id()] };
    link.tell(&enums::MsgsAck::Ack(acks));
    assert_eq!(link.send_as(msg_id, seq_no, &query), []);
    let third = link.later(200);
    let acks = enums::MsgsAck::Ack(types::MsgsAck { msg_ids: vec![msg_id] });
    assert_eq!(third[0].is(), Some(acks));
    assert_eq!(third.len(), 1);
}

#[test]
fn a_service_message_that_comes_again_is_answered_again() {
    let mut link = Link::new(1).greeted();
    let (msg_id, _) = link.tell(&functions::Ping { ping_id: 5 });
    let heard = link.send_as(msg_id, 0, &functions::Ping { ping_id: 5 }.to_bytes());
    assert_eq!(heard[0].is(), Some(enums::Pong::Pong(types::Pong { msg_id, ping_id: 5 })));
}

#[test]
fn a_message_that_would_have_been_forgotten_is_refused() {
    let mut link = Link::new(1).greeted();
    let oldest = (NOW - 200) << 32;
    link.send_as(oldest, 0, &functions::Ping { ping_id: 1 }.to_bytes());
    for _ in 0..1100 {
        link.tell(&functions::Ping { ping_id: 1 });
    }
    let heard = link.send_as(oldest, 0, &functions::Ping { ping_id: 1 }.to_bytes());
    assert_eq!(bad_code(&heard), (oldest, 0, 20));
}
