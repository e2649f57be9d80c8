//! Numbered messages on their way out: packed into containers, sealed and framed.

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side, sealed_len};
use layer_wire::framing::Encoder;
use layer_wire::message::{Message, container_len, write_container};
use rand_core::CryptoRng;

/// No more messages go into one container: a few less than are documented.
const MOST_MESSAGES: usize = 1020;
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

/// The messages as they go out: several in a container, and one alone as it is, or in a container of
/// its own if its identifier is below `old`. With `single` no container holds more than one message.
pub(super) fn pack(
    mut messages: &[Outgoing],
    old: i64,
    single: bool,
    mut number: impl FnMut() -> (i64, i32),
) -> Vec<Outgoing> {
    let mut packets = Vec::new();
    while !messages.is_empty() {
        let (batch, rest) = messages.split_at(if single { 1 } else { next_batch(messages) });
        messages = rest;
        packets.push(match batch {
            [message] if message.msg_id >= old => message.clone(),
            several => container(several, number()),
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

fn container(messages: &[Outgoing], (msg_id, seq_no): (i64, i32)) -> Outgoing {
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
