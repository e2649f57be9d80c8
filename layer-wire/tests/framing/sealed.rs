//! The whole way: bodies written and sealed in the output, opened in the receive buffer.

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, OpenJob, Padding, SealJob, Side};
use layer_wire::framing::{Frame, FramingKind};
use layer_wire::message::{Content, Message, container_len, write_container};
use rand_core::Rng;

use super::{Seen, connected, drain, kinds, rng};

fn body(n: u8) -> Vec<u8> {
    let messages =
        [1, 2].map(|part| Message { msg_id: i64::from(n), seq_no: part, body: &[7; 40] });
    let mut body = Vec::new();
    write_container(messages.into_iter(), &mut body).unwrap();
    assert_eq!(body.len(), container_len([40, 40].into_iter()));
    body
}

#[test]
fn a_batch_is_sealed_and_opened_in_place_over_every_framing() {
    let mut rng = rng(21);
    let key = AuthKey::from_bytes(&std::array::from_fn(|n| n as u8));
    for kind in kinds() {
        let (mut encoder, mut decoder, mut server) = connected(&kind, &mut rng);
        let mut out = Vec::new();
        let mut places = Vec::new();
        for n in 0..5 {
            let body = body(n);
            let header = Header { salt: 1, session_id: 2, msg_id: n.into(), seq_no: 3 };
            let len = envelope::sealed_len(body.len(), Padding::Minimal);
            let asks = kind.has_quick_acks();
            let opened = encoder.begin(len, asks, &mut rng, &mut out).unwrap();
            let draft = Draft::begin(&mut out, &header);
            out.extend_from_slice(&body);
            let packet = draft.finish(&mut out, Padding::Minimal, &mut rng).unwrap();
            assert_eq!(encoder.end(opened, &mut out).unwrap(), packet);
            places.push(packet);
        }
        let [a, b, c, d, e] = places.try_into().unwrap();
        let packets = out.get_disjoint_mut([a, b, c, d, e]).unwrap();
        let mut jobs = packets.map(|packet| SealJob::new(&key, Side::Client, packet).unwrap());
        envelope::seal_batch(&mut jobs);
        let tokens = jobs.map(|job| job.token());
        encoder.finish(&mut out);

        server.decoder.feed(&out);
        let mut packets: Vec<_> = server
            .decoder
            .frames()
            .map(|frame| match frame.unwrap() {
                Frame::Packet { bytes, quick_ack } if quick_ack == kind.has_quick_acks() => bytes,
                other => panic!("{other:?}"),
            })
            .collect();
        let mut jobs: Vec<_> =
            packets.iter_mut().map(|packet| OpenJob::new(&key, Side::Client, packet)).collect();
        envelope::open_batch(&mut jobs);
        let opened: Vec<_> = jobs.into_iter().map(|job| job.into_result().unwrap()).collect();
        assert_eq!(opened.len(), 5);

        let mut answers = Vec::new();
        for (n, (opened, packet)) in opened.iter().zip(&packets).enumerate() {
            assert_eq!(opened.header.msg_id, n as i64);
            let Content::Container(inner) = Content::read(opened.body_of(packet)).unwrap() else {
                panic!("a container");
            };
            assert!(inner.map(|message| message.msg_id).eq([n as i64; 2]));
            if kind != FramingKind::Full {
                server.encoder.quick_ack(opened.quick_ack, &mut rng, &mut answers).unwrap();
            }
        }
        decoder.feed(&answers);
        let seen = drain(&mut decoder);
        if kind == FramingKind::Full {
            assert_eq!(seen, []);
        } else {
            assert_eq!(seen, tokens.map(Seen::QuickAck));
        }
        // Packets of the server come through as they are.
        let mut packet = vec![0; 24 + 48];
        rng.fill_bytes(&mut packet);
        answers.clear();
        server.encoder.encode(&packet, false, &mut rng, &mut answers).unwrap();
        decoder.feed(&answers);
        assert_eq!(drain(&mut decoder), [Seen::Packet(packet, false)]);
    }
}
