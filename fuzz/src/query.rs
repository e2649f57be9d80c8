//! One call of the client under a key, against a server that has the key and says anything.

use std::sync::LazyLock;
use std::time::Duration;

use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
use layer_mtproto::query::{Query, QueryError};
use layer_tl_types::{Serializable, functions};
use layer_wire::message::Content;

use crate::recorded::{NOW, UNIX, recorded, rng};
use crate::speech::{body, identifier};
use crate::{Input, Seeds, memory, show, show_error};

/// The client that has made its call, and the header under which it did.
static CALLED: LazyLock<(Query, Header)> = LazyLock::new(|| {
    let call = functions::help::GetConfig {}.to_bytes();
    let agreed = &recorded().agreed;
    let (query, mut packet) = Query::begin(agreed, call, NOW, &mut rng(3)).expect("a short call");
    let opened = envelope::open(&agreed.auth_key, Side::Client, &mut packet).expect("as sealed");
    (query, opened.header)
});

/// A packed object may take its mebibyte, and what grows does so by doubling.
const HEAP: usize = 8 << 20;

/// Says up to sixteen things.
pub fn run(input: &[u8]) {
    let (query, header) = &*CALLED;
    memory::within(HEAP + 600 * input.len(), || {
        let (mut query, mut input) = (query.clone(), Input::new(input));
        let mut now = NOW;
        let mut known = vec![header.msg_id];
        for round in 0..16 {
            if input.is_empty() {
                return;
            }
            now.wall += Duration::from_secs(u64::from(input.byte() & 15));
            let mut packet = packet(&mut input, header, round, &known);
            show(&query);
            match query.handle_packet(&mut packet, now, &mut rng(4)) {
                Ok(progress) => {
                    show(&progress);
                    known.extend(progress.send.into_iter().map(|packet| check(packet, header)));
                    if progress.answer.is_some() {
                        return;
                    }
                }
                Err(error) => return refused(&error),
            }
        }
    });
}

fn refused(error: &QueryError) {
    show_error(error);
}

/// What the client sends can be opened and read. Returns its identifier.
fn check(mut packet: Vec<u8>, first: &Header) -> i64 {
    let key = &recorded().agreed.auth_key;
    let opened = envelope::open(key, Side::Client, &mut packet).expect("sealed by us");
    assert_eq!(opened.header.session_id, first.session_id);
    assert!(opened.header.msg_id > first.msg_id && opened.header.msg_id % 4 == 0);
    Content::read(opened.body_of(&packet)).expect("what we say can be read");
    opened.header.msg_id
}

/// A packet of the server's: mostly sealed right and in time.
fn packet(input: &mut Input<'_>, first: &Header, round: i64, known: &[i64]) -> Vec<u8> {
    let choice = input.byte();
    if choice == 0xff {
        return input.piece().to_vec();
    }
    let msg_id = match choice & 1 {
        0 => (UNIX << 32) + (round << 8) + 1,
        _ => identifier(input, known) | 1,
    };
    let seq_no = i32::from(choice >> 2 & 1);
    let session_id = if choice & 0x7a == 0x7a { input.long() } else { first.session_id };
    let mut packet = Vec::new();
    let draft = Draft::begin(&mut packet, &Header { salt: 0, session_id, msg_id, seq_no });
    packet.extend(body(input, known));
    draft.finish(&mut packet, Padding::Minimal, &mut rng(5)).expect("whole words");
    let key = &recorded().agreed.auth_key;
    envelope::seal(key, Side::Server, &mut packet).expect("a packet");
    packet
}

/// An answer alone, packed, in a container; another salt, another session, a refusal.
pub fn seeds() -> Seeds {
    let result = |packed: bool| {
        let answer = [&[0, 16, 0][..], b"a config of bytes"].concat();
        let packing: &[u8] = if packed { &[6] } else { &[] };
        [&[2, 0, 0][..], packing, &answer].concat()
    };
    let error = [&[2, 0, 0, 11, 0, 12, 0][..], &500_i32.to_le_bytes(), b"\x05FLOOD\0\0"].concat();
    let salt = [&[8, 1, 0, 0, 16, 0][..], &[0; 4], &48_i32.to_le_bytes(), &[7; 8]].concat();
    let session = [&[8, 0, 0, 140, 16, 0][..], &[9; 16]].concat();
    let bad = [&[8, 2, 0, 0, 8, 0][..], &[0; 4], &32_i32.to_le_bytes()].concat();
    let mut seeds = Vec::new();
    for body in [result(false), result(true), error, salt, session, bad] {
        seeds.push([&[0, 4][..], &body].concat());
        seeds.push([&[0, 0, 3, 2, 0, 0, 0, 0][..], &body, &[0, 0, 0, 1], &body].concat());
        seeds.push([&[0, 4][..], &body, &[0, 4], &result(false)].concat());
    }
    seeds
}
