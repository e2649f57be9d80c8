//! What is sent in answer to one packet: numbered at once, packed into containers, sealed and framed.

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side, sealed_len};
use layer_wire::framing::Encoder;
use layer_wire::message::{Message, container_len, write_container};
use rand_core::CryptoRng;

/// No more messages go into one container; some clients take no more.
const MOST_MESSAGES: usize = 100;
/// Nor more bytes than this, unless one message alone is longer.
const MOST_BYTES: usize = 1 << 20;

/// A numbered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
    pub(super) body: Vec<u8>,
}

impl Outgoing {
    fn as_message(&self) -> Message<'_> {
        Message { msg_id: self.msg_id, seq_no: self.seq_no, body: &self.body }
    }
}

/// The messages as they go out: several in a container, one alone as it is.
pub(super) fn packets(
    mut messages: &[Outgoing],
    mut next_container_id: impl FnMut() -> i64,
) -> Vec<Outgoing> {
    let mut packets = Vec::new();
    while !messages.is_empty() {
        let (batch, rest) = messages.split_at(next_batch(messages));
        messages = rest;
        packets.push(match batch {
            [message] => message.clone(),
            several => container(several, next_container_id()),
        });
    }
    packets
}

/// How many of the messages at the front go into the next packet.
fn next_batch(messages: &[Outgoing]) -> usize {
    let mut bytes = 0;
    let fits = |message: &&Outgoing| {
        bytes += container_len(std::iter::once(message.body.len()));
        bytes <= MOST_BYTES
    };
    messages.iter().take(MOST_MESSAGES).take_while(fits).count().max(1)
}

/// A container; its sequence number is what the next message without content would have.
fn container(messages: &[Outgoing], msg_id: i64) -> Outgoing {
    let seq_no = messages.last().map_or(0, |last| last.seq_no.wrapping_add(1) & !1);
    let mut body = Vec::new();
    let written = write_container(messages.iter().map(Outgoing::as_message), &mut body);
    debug_assert!(written.is_ok(), "messages of ours are whole words, few, and no containers");
    Outgoing { msg_id, seq_no, body }
}

/// Seals one message into `out`, in a frame of its own.
pub(super) fn seal(
    message: &Outgoing,
    (salt, session_id): (i64, i64),
    key: &AuthKey,
    encoder: &mut Encoder,
    rng: &mut dyn CryptoRng,
    out: &mut Vec<u8>,
) {
    let Outgoing { msg_id, seq_no, body } = message;
    let header = Header { salt, session_id, msg_id: *msg_id, seq_no: *seq_no };
    let mut packet = Vec::with_capacity(sealed_len(body.len(), Padding::Minimal));
    let draft = Draft::begin(&mut packet, &header);
    packet.extend_from_slice(body);
    let sealed = draft
        .finish(&mut packet, Padding::Minimal, rng)
        .and_then(|_| envelope::seal(key, Side::Server, &mut packet));
    debug_assert!(sealed.is_ok(), "bodies of ours are whole words");
    let framed = encoder.encode(&packet, false, rng, out);
    debug_assert!(framed.is_ok(), "messages of ours are below what a framing takes");
}
