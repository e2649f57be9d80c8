//! What goes out together and what alone (mtproto/service_messages, "Containers"), numbers of
//! messages (mtproto/description, "Message Sequence Number"), and what is packed.

use layer_mtproto::connection::Call;
use layer_tl_types::{Identifiable, RawObject, Serializable, functions, types};

use crate::peer::{Peer, Said, question};

/// A function of so many bytes, which can't be packed.
fn of_length(len: usize) -> Call {
    let part = functions::upload::SaveFilePart::CONSTRUCTOR_ID;
    Call::new([&part.to_le_bytes()[..], &vec![1; len - 4]].concat())
}

fn get_file() -> Call {
    let id = functions::upload::GetFile::CONSTRUCTOR_ID;
    Call::new([&id.to_le_bytes()[..], &[0; 40]].concat())
}

/// A client that has said who it is, so that nothing is around its calls.
fn initialised() -> Peer {
    let mut peer = Peer::greeted();
    let (_, sent) = peer.asked(1);
    peer.answer(sent.msg_id, b"done");
    peer.live(30);
    peer.events();
    peer
}

fn lens(packets: &[Vec<Said>]) -> Vec<usize> {
    packets.iter().map(Vec::len).collect()
}

#[test]
fn a_message_alone_has_no_container_and_several_have_one() {
    let mut peer = initialised();
    peer.ask(1);
    assert!(!peer.question().in_container());
    (0..10).for_each(|number| _ = peer.ask(number));
    let packets = peer.listen_to_packets();
    assert_eq!(lens(&packets), [10]);
    let said = &packets[0];
    assert!(said.iter().all(|one| one.outer == said[0].outer));
    assert!(said.iter().all(|one| one.msg_id < one.outer), "it is numbered after what it holds");
}

#[test]
fn a_thousand_go_together_at_most() {
    let mut peer = initialised();
    for number in 0..1001 {
        peer.ask(number);
    }
    let packets = peer.listen_to_packets();
    assert_eq!(lens(&packets), [1000, 1]);
    let numbers = packets.concat().iter().map(Said::number).collect::<Vec<_>>();
    assert!(numbers.into_iter().eq((0..1001).map(Some)));
}

#[test]
fn about_32_kibibytes_go_together() {
    let mut peer = initialised();
    for len in [16_384, 16_384, 4, 32_764, 4, 32_764, 32_768, 8, 16] {
        peer.call(if len == 8 { Call::new(question(1)) } else { of_length(len) });
    }
    let packets = peer.listen_to_packets();
    assert_eq!(lens(&packets), [2, 2, 2, 1, 2]);
    let sizes = packets.iter().map(|said| said.iter().map(|said| said.body.len()).sum::<usize>());
    assert_eq!(sizes.collect::<Vec<_>>(), [32_768, 32_768, 32_768, 32_768, 24]);
}

#[test]
fn a_long_message_goes_alone() {
    let mut peer = initialised();
    peer.ask(1);
    peer.call(of_length(32_772));
    peer.ask(2);
    peer.ask(3);
    let packets = peer.listen_to_packets();
    assert_eq!(lens(&packets), [1, 1, 2]);
    assert!(!packets[1][0].in_container());
    // Wrappers count.
    let mut peer = Peer::greeted();
    peer.ask(1);
    peer.call(of_length(32_768));
    assert_eq!(lens(&peer.listen_to_packets()), [1, 1]);
}

#[test]
fn one_part_of_a_file_is_asked_for_at_a_time() {
    let mut peer = initialised();
    peer.ask(1);
    peer.call(get_file());
    peer.ask(2);
    peer.call(get_file());
    peer.call(get_file());
    peer.ask(3);
    assert_eq!(lens(&peer.listen_to_packets()), [3, 1, 2]);
}

#[test]
fn two_mebibytes_are_made_at_once_and_the_rest_when_they_are_sent() {
    let mut peer = initialised();
    for _ in 0..10 {
        peer.call(of_length(1_000_000));
    }
    for expected in [3, 3, 3, 1, 0] {
        let said = peer.listen();
        assert_eq!(said.len(), expected);
    }
    for number in 0..4500 {
        peer.ask(number);
    }
    for expected in [2000, 2000, 500, 0] {
        assert_eq!(peer.listen().len(), expected);
    }
}

#[test]
fn messages_are_numbered_as_the_protocol_wants_it() {
    let mut peer = Peer::new();
    let mut said = peer.serve_all();
    for round in 0..30 {
        for number in 0..round % 4 {
            peer.ask(number);
        }
        if round % 3 == 0 {
            peer.say_content(&[9; 8]);
        }
        if round % 5 == 0 {
            peer.call(Call::new(vec![7; 4000]));
        }
        peer.advance_secs(7);
        said.extend(peer.serve_all());
    }
    said.sort_by_key(|said| said.msg_id);
    let mut content = 0;
    for said in &said {
        let related = said.number().is_some() || said.was_packed;
        let service = [
            types::MsgsAck::CONSTRUCTOR_ID,
            types::MsgsStateReq::CONSTRUCTOR_ID,
            functions::PingDelayDisconnect::CONSTRUCTOR_ID,
            functions::GetFutureSalts::CONSTRUCTOR_ID,
        ];
        assert_eq!(related, !service.contains(&said.id()));
        assert_eq!(said.seq_no, 2 * content + i32::from(related), "{said:?}");
        content += i32::from(related);
    }
    assert!(content > 40);
    let ids = said.iter().map(|said| said.msg_id);
    assert!(ids.clone().zip(ids.skip(1)).all(|(a, b)| a < b), "no number twice");
}

#[test]
fn long_functions_are_packed_and_media_is_not() {
    let mut peer = initialised();
    for (len, is_packed) in [(252, false), (256, true), (4000, true)] {
        peer.call(Call::new(vec![7; len]));
        let said = peer.listen();
        assert_eq!((said[0].was_packed, said[0].body.len()), (is_packed, len));
        assert_eq!(said[0].seq_no % 2, 1);
    }
    for id in [
        functions::upload::SaveFilePart::CONSTRUCTOR_ID,
        functions::upload::SaveBigFilePart::CONSTRUCTOR_ID,
    ] {
        let part = [&id.to_le_bytes()[..], &[0; 4000]].concat();
        peer.call(Call::new(part.clone()));
        assert!(!peer.listen()[0].was_packed);
        let wrapper = functions::InvokeWithoutUpdates::<RawObject>::CONSTRUCTOR_ID;
        peer.call(Call::new([&wrapper.to_le_bytes()[..], &part].concat()));
        assert!(!peer.listen()[0].was_packed);
    }
}

#[test]
fn what_gets_no_shorter_is_not_packed() {
    let mut peer = initialised();
    let mut noise = 1_u32;
    let body: Vec<u8> = (0..100)
        .flat_map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.reverse_bits().to_bytes()
        })
        .collect();
    peer.call(Call::new(body.clone()));
    let said = peer.listen();
    assert!(!said[0].was_packed);
    assert_eq!(said[0].body, body);
}
