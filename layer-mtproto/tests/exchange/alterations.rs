//! A hundred thousand random alterations of an exchange's replies: no panic, and no key unless the
//! alteration is of what nobody can check.

use layer_crypto::auth_key::DhAnswer;
use layer_mtproto::exchange::{Exchange, ExchangeError, Step};
use layer_mtproto::wire::message::{PLAIN_HEADER, PlainMessage};
use layer_tl_types::{Deserializable, Serializable, enums};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use crate::server::*;

/// One of the three points at which a reply is awaited, and the right one for it.
struct Point<'a> {
    exchange: &'a Exchange,
    packet: Vec<u8>,
}

fn points(recorded: &Recorded) -> [Point<'_>; 3] {
    [
        Point {
            exchange: &recorded.awaiting_res_pq,
            packet: packet(&enums::ResPq::Pq(recorded.res_pq.clone())),
        },
        Point { exchange: &recorded.awaiting_dh_params, packet: packet(&recorded.dh_params()) },
        Point { exchange: &recorded.awaiting_dh_gen, packet: packet(&recorded.dh_gen_ok()) },
    ]
}

fn below(rng: &mut ChaCha20Rng, most: usize) -> usize {
    rng.next_u32() as usize % most
}

/// One to three alterations of any kind. Half of them keep the length in the packet's head right.
fn alter(packet: &mut Vec<u8>, constructors: &[u32], rng: &mut ChaCha20Rng) {
    for _ in 0..1 + below(rng, 3) {
        match below(rng, 6) {
            0 if !packet.is_empty() => {
                let at = below(rng, packet.len());
                packet[at] ^= 1 << below(rng, 8);
            }
            1 if !packet.is_empty() => {
                let at = below(rng, packet.len());
                packet[at] = rng.next_u32() as u8;
            }
            2 => packet.truncate(below(rng, packet.len() + 1)),
            3 => {
                let mut more = vec![0; 1 + below(rng, 64)];
                rng.fill_bytes(&mut more);
                packet.extend(more);
            }
            4 if packet.len() >= PLAIN_HEADER + 4 => {
                let other = constructors[below(rng, constructors.len())];
                packet[PLAIN_HEADER..PLAIN_HEADER + 4].copy_from_slice(&other.to_le_bytes());
            }
            _ if packet.len() > PLAIN_HEADER + 8 => {
                // A piece of the packet over another piece of it.
                let len = 1 + below(rng, 16.min(packet.len() - PLAIN_HEADER));
                let from = below(rng, packet.len() - len + 1);
                let to = below(rng, packet.len() - len + 1);
                packet.copy_within(from..from + len, to);
            }
            _ => {}
        }
    }
    if rng.next_u32().is_multiple_of(2) && packet.len() >= PLAIN_HEADER {
        let len = (packet.len() - PLAIN_HEADER) as u32;
        packet[16..20].copy_from_slice(&len.to_le_bytes());
    }
}

const CONSTRUCTORS: [u32; 9] = [
    0x0516_2463,
    0xd0e8_075c,
    0x79cb_045d,
    0xb589_0dba,
    0x3bcb_f734,
    0x46dc_1fb9,
    0xa69d_ae02,
    0x2144_ca19,
    0x7abe_77ec,
];

/// What of a reply has a meaning to the client: the object without what lies behind it, and of `resPQ` the
/// fingerprints only as far as they are ours.
fn meaning(packet: &[u8]) -> Option<Vec<u8>> {
    let body = PlainMessage::read(packet).ok()?.body;
    if let Ok(enums::ResPq::Pq(mut reply)) = enums::ResPq::from_bytes(body) {
        let ours = server_key().public().fingerprint();
        reply.server_public_key_fingerprints.retain(|fingerprint| *fingerprint == ours);
        reply.server_public_key_fingerprints.dedup();
        return Some(enums::ResPq::Pq(reply).to_bytes());
    }
    if let Ok(reply) = enums::ServerDhParams::from_bytes(body) {
        return Some(reply.to_bytes());
    }
    Some(enums::SetClientDhParamsAnswer::from_bytes(body).ok()?.to_bytes())
}

#[test]
fn a_hundred_thousand_random_alterations_bring_about_neither_panic_nor_key() {
    let seed = 0xa17e;
    eprintln!("seed {seed:#x}");
    let recorded = Recorded::new(config(), 1);
    let points = points(&recorded);
    let meanings = points.each_ref().map(|point| meaning(&point.packet).unwrap());
    let mut rng = rng(seed);
    let (mut refused, mut unchanged, mut altered_pq, mut late) = (0, 0, 0, 0);
    for case in 0..100_000 {
        let at = case % points.len();
        let exchange: Exchange = points[at].exchange.clone();
        let mut packet = points[at].packet.clone();
        alter(&mut packet, &CONSTRUCTORS, &mut rng);
        let same = || meaning(&packet).as_ref() == Some(&meanings[at]);
        match exchange.handle_packet(&packet, NOW, &mut rng) {
            Err(_) => refused += 1,
            Ok(Step::Read(_)) => late += 1,
            Ok(_) if same() => unchanged += 1,
            // pq and server_nonce are the server's to choose. With others than it chose nothing comes of
            // it: the next replies are those of the recorded server.
            Ok(Step::Work(work)) if at == 0 => {
                altered_pq += 1;
                if altered_pq <= 300 {
                    let error = carry_on(Step::Work(work), &recorded).unwrap_err();
                    assert!(
                        matches!(
                            error,
                            ExchangeError::PqNotTwoPrimes { .. }
                                | ExchangeError::ServerNonce { .. }
                                | ExchangeError::Answer(_)
                        ),
                        "seed {seed:#x}, case {case}: {error}"
                    );
                }
            }
            Ok(step) => panic!("seed {seed:#x}, case {case}: {step:?} after {packet:02x?}"),
        }
    }
    eprintln!(
        "{refused} refused, {unchanged} unchanged, {altered_pq} resPQ of others, {late} late"
    );
    assert!(refused > 50_000 && unchanged > 1_000 && altered_pq > 1_000);
}

/// Goes on with the recorded replies until the exchange ends.
fn carry_on(step: Step, recorded: &Recorded) -> Result<Step, ExchangeError> {
    let (exchange, _) = sent(work(step).run(NOW, &mut rng(500))?);
    let step = exchange.handle_packet(&packet(&recorded.dh_params()), NOW, &mut rng(501))?;
    let (exchange, _) = sent(work(step).run(NOW, &mut rng(502))?);
    exchange.handle_packet(&packet(&recorded.dh_gen_ok()), NOW, &mut rng(503))
}

#[test]
fn a_server_that_seals_anything_gets_no_key_it_does_not_have() {
    let seed = 0x5ea1;
    eprintln!("seed {seed:#x}");
    let recorded = Recorded::new(config(), 2);
    let answer = enums::ServerDhInnerData::Data(recorded.answer.clone()).to_bytes();
    let mut rng = rng(seed);
    let (mut refused, mut computed) = (0, 0);
    for case in 0..20_000 {
        let mut inner = answer.clone();
        match below(&mut rng, 3) {
            0 => {
                let at = below(&mut rng, inner.len());
                inner[at] ^= 1 << below(&mut rng, 8);
            }
            1 => inner.truncate(below(&mut rng, inner.len())),
            _ => {
                let at = below(&mut rng, inner.len());
                let to = below(&mut rng, inner.len());
                inner.copy_within(at..(at + 8).min(answer.len()), to.min(answer.len() - 8));
            }
        }
        let reply = seal_bytes(&recorded.tmp_key, recorded.nonce, &inner);
        let exchange = recorded.awaiting_dh_params.clone();
        match exchange.handle_packet(&packet(&reply), NOW, &mut rng) {
            Err(_) => refused += 1,
            // Its numbers are the server's to choose; the key is then another one.
            Ok(step) if inner != answer && computed < 200 => {
                computed += 1;
                let Ok(step) = work(step).run(NOW, &mut rng) else { continue };
                let (exchange, _) = sent(step);
                for answer in [DhAnswer::Ok, DhAnswer::Retry, DhAnswer::Fail] {
                    let error = exchange
                        .clone()
                        .handle_packet(&packet(&recorded.dh_gen(answer)), NOW, &mut rng)
                        .unwrap_err();
                    assert!(
                        matches!(error, ExchangeError::NewNonceHash { .. }),
                        "seed {seed:#x}, case {case}: {error}"
                    );
                }
            }
            Ok(_) => {}
        }
    }
    eprintln!("{refused} refused, {computed} computed");
    assert!(refused > 5_000 && computed == 200);
}

#[test]
fn no_random_packet_is_taken_for_a_reply() {
    let seed = 0x9a9e;
    eprintln!("seed {seed:#x}");
    let recorded = Recorded::new(config(), 3);
    let mut rng = rng(seed);
    for case in 0..30_000 {
        let mut body = vec![0; below(&mut rng, 700)];
        rng.fill_bytes(&mut body);
        if let Some(id) = body.first_chunk_mut() {
            *id = CONSTRUCTORS[below(&mut rng, CONSTRUCTORS.len())].to_le_bytes();
        }
        let packet = packet_around(&body);
        for point in points(&recorded) {
            let step = point.exchange.clone().handle_packet(&packet, NOW, &mut rng);
            assert!(step.is_err(), "seed {seed:#x}, case {case}: {step:?}");
        }
    }
}
