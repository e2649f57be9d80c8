//! Key exchanges of the client's machine that went well: what the server said, and what came out of the
//! machine's work, once for each link over which it may go. With these an exchange costs an input nothing.

use std::sync::LazyLock;

use layer_crypto::AuthKey;
use layer_mtproto::connection::{Config, Connection, Init, Saved, WorkDone};
use layer_mtproto::exchange::WorkKind;
use layer_mtproto::wire::message::PlainMessage;
use layer_sandbox::exchange::Exchange;
use layer_tl_types::{Identifiable, functions};
use layer_wire::framing::{Detection, Frame, FramingKind, detect};

use crate::recorded::{NOW, UNIX, config, key, plain, rng, terms};

/// An input has so many links at most.
pub(crate) const LINKS: usize = 12;
/// How long temporary keys live, in seconds.
pub(crate) const LIFE: i32 = 6 * 3600;
/// The salt of the saved key.
pub(crate) const SALT: i64 = 0x0102_0304_0506_0708;

/// An exchange.
pub(crate) struct Handshake {
    pub(crate) key: AuthKey,
    pub(crate) salt: i64,
    /// resPQ, server_DH_params_ok and dh_gen_ok, plain objects.
    pub(crate) replies: [Vec<u8>; 3],
    /// For each link: after the factorisation, and after the powers.
    done: Vec<[WorkDone; 2]>,
}

/// A permanent key, and two temporary ones that are agreed one after the other.
pub(crate) fn handshakes() -> &'static [Handshake; 3] {
    static HANDSHAKES: LazyLock<[Handshake; 3]> = LazyLock::new(|| [0, 1, 2].map(record));
    &HANDSHAKES
}

/// The key that a connection begins with which has one.
pub(crate) fn saved() -> Saved {
    Saved::new(key(7), SALT, 0, NOW)
}

/// How a connection speaks.
pub(crate) fn settings(framing: FramingKind, forward_secrecy: bool) -> Config {
    let mut config = Config::new(config(), Init::new(1));
    config.framing = framing;
    config.temporary_keys = forward_secrecy.then_some(LIFE);
    config
}

impl Handshake {
    /// What comes of work on the `link`th link, counted from one.
    pub(crate) fn done(&self, link: usize, kind: WorkKind) -> WorkDone {
        let [factors, powers] = &self.done[link - 1];
        if kind == WorkKind::Factorisation { factors.clone() } else { powers.clone() }
    }

    /// What answers a plain packet of the machine's, and whether that is the last of the exchange.
    pub(crate) fn answer(&self, packet: &[u8]) -> (Vec<u8>, bool) {
        let body = PlainMessage::read(packet).expect("a plain message").body;
        let (id, fields) = body.split_at(4);
        let id = u32::from_le_bytes(id.try_into().expect("four bytes"));
        match id {
            functions::ReqPqMulti::CONSTRUCTOR_ID => {
                let mut res_pq = self.replies[0].clone();
                // The nonce is this query's; from then on all are those of the recorded work.
                res_pq[4..20].copy_from_slice(&fields[..16]);
                (plain(&res_pq), false)
            }
            functions::ReqDhParams::CONSTRUCTOR_ID => (plain(&self.replies[1]), false),
            _ => (plain(&self.replies[2]), true),
        }
    }
}

fn record(variant: u64) -> Handshake {
    let mut server = Exchange::new(terms().clone());
    let (mut replies, mut agreed, mut done) = (Vec::new(), None, Vec::new());
    for link in 1..=LINKS {
        let mut machine = begin(variant, link);
        let mut works = Vec::new();
        for stage in 0..3 {
            let query = sent(&mut machine);
            if link == 1 {
                let body = PlainMessage::read(&query).expect("a plain message").body;
                let answer = server.handle(body, UNIX, &mut rng(30)).expect("a good query");
                agreed = answer.agreed;
                replies.push(answer.body);
            }
            machine.handle_bytes(&framed(&plain(&replies[stage])), NOW, &mut rng(40 + variant));
            if let Some(work) = machine.poll_work() {
                let outcome = work.run(NOW, &mut rng(50 + variant));
                works.push(outcome.clone());
                machine.handle_work(outcome, NOW, &mut rng(60));
            }
        }
        done.push(works.try_into().expect("two pieces of work"));
    }
    let agreed = agreed.expect("a key");
    let replies = replies.try_into().expect("three replies");
    Handshake { key: agreed.key, salt: agreed.salt, replies, done }
}

/// A machine on its `link`th link, which has begun the exchange.
fn begin(variant: u64, link: usize) -> Connection {
    let temporary = variant > 0;
    let config = settings(FramingKind::Abridged, temporary);
    let saved = temporary.then(saved);
    let mut machine = Connection::new(config, saved, NOW, &mut rng(1));
    (0..link).for_each(|_| machine.handle_connected(NOW, &mut rng(20 + variant)));
    machine
}

/// The one packet that it sends.
fn sent(machine: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    machine.poll_transmit(NOW, &mut rng(1), &mut bytes);
    if bytes.first() != Some(&0xef) {
        bytes.insert(0, 0xef);
    }
    let Ok(Detection::Found(mut end)) = detect(&bytes, &[]) else { panic!("abridged") };
    match end.decoder.frames().next() {
        Some(Ok(Frame::Packet { bytes, .. })) => bytes.to_vec(),
        other => panic!("a packet was expected: {other:?}"),
    }
}

/// A short packet to the machine.
fn framed(packet: &[u8]) -> Vec<u8> {
    let words = u32::try_from(packet.len() / 4).expect("short");
    [&(words << 8 | 0x7f).to_le_bytes()[..], packet].concat()
}
