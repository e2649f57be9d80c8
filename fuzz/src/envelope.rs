//! The envelopes: what no key fits, what is sealed right with anything inside, and what was damaged since.
//!
//! The keys are known here, so that the input may stand for the plaintext.

use std::sync::LazyLock;

use layer_crypto::envelope::{
    self, Draft, HEAD, Header, MOST_BODY, OpenError, OpenJob, Padding, SealJob, Side, open_batch,
    seal_batch, sealed_len, v1, without_tail,
};
use layer_crypto::rsa::Padding as RsaPadding;
use layer_crypto::{AuthKey, TmpKey};
use layer_sandbox::keys::well_known_key;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{Input, Seeds, memory, show, show_error};

static KEY: LazyLock<AuthKey> =
    LazyLock::new(|| AuthKey::from_bytes(&std::array::from_fn(|at| at as u8)));

/// A power of 2048 bits takes milliseconds: only an input that begins with this byte pays for one.
const RSA: u8 = 0xff;

/// The body of the packet in the seeds.
const SEALED: &[u8] = b"the body";

/// One of seven things is done with the input.
pub fn run(input: &[u8]) {
    memory::within((1 << 16) + 16 * input.len(), || {
        let mut input = Input::new(input);
        match input.byte() {
            RSA => rsa(&mut input),
            choice => match choice % 6 {
                0 => open(&mut input),
                1 => open_several(&mut input),
                2 => seal(&mut input),
                3 => draft(&mut input),
                4 => old(&mut input),
                _ => tmp_key(&mut input),
            },
        }
    });
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn side(input: &mut Input<'_>) -> Side {
    if input.flag() { Side::Server } else { Side::Client }
}

/// A packet that names our key, or any other.
fn packet(input: &mut Input<'_>) -> Vec<u8> {
    let id = if input.flag() { KEY.id().to_le_bytes().to_vec() } else { Vec::new() };
    [&id, input.piece()].concat()
}

fn open(input: &mut Input<'_>) {
    let (from, mut packet) = (side(input), packet(input));
    let whole = without_tail(packet.len());
    assert!(whole <= packet.len() && packet.len() - whole < 16);
    match envelope::open(&KEY, from, &mut packet[..whole]) {
        // Nobody finds a msg_key that fits: this is one of the seeds.
        Ok(opened) => assert!(sealed(from, SEALED).starts_with(&packet[..8]), "{opened:?}"),
        Err(error) => {
            assert!(error != OpenError::NotOpened);
            show_error(&error);
        }
    }
}

/// A batch does to each packet what is done to one alone.
fn open_several(input: &mut Input<'_>) {
    let from = side(input);
    let mut packets: Vec<_> = (0..1 + input.below(8)).map(|_| packet(input)).collect();
    if let Some(last) = packets.last_mut() {
        *last = sealed(from, &[5; 8]);
    }
    let alone: Vec<_> =
        packets.clone().iter_mut().map(|packet| envelope::open(&KEY, from, packet)).collect();
    let mut jobs: Vec<_> =
        packets.iter_mut().map(|packet| OpenJob::new(&KEY, from, packet)).collect();
    open_batch(&mut jobs);
    let together: Vec<_> = jobs.into_iter().map(OpenJob::into_result).collect();
    assert_eq!(together, alone);
    assert!(together.last().is_some_and(Result::is_ok));
}

/// Sealed right, with any length field and any padding; then perhaps damaged.
fn seal(input: &mut Input<'_>) {
    let from = side(input);
    let mut plain = input.take(32).to_vec();
    plain.resize(32, 0);
    plain.extend_from_slice(input.piece());
    // The length field says anything, or leaves about as little or as much padding as may be.
    let near = i32::from(input.byte());
    if near != 0 {
        let padding = [12, 1024][usize::from(near > 128)] + (near & 127) - 64;
        let len = plain.len() as i32 - 32 - padding;
        plain[28..32].copy_from_slice(&len.to_le_bytes());
    }
    let len = i32::from_le_bytes(plain[28..32].try_into().expect("four bytes"));
    let mut packet = [&[0; HEAD], &*plain].concat();
    let Ok(job) = SealJob::new(&KEY, from, &mut packet) else { return };
    let mut jobs = [job];
    seal_batch(&mut jobs);
    let token = jobs[0].token();

    let sealed = packet.clone();
    match envelope::open(&KEY, from, &mut packet) {
        Ok(opened) => {
            assert_eq!(opened.quick_ack, token);
            assert_eq!(i32::try_from(opened.body.len()), Ok(len));
            assert_eq!(opened.body_of(&packet), &plain[32..32 + opened.body.len()]);
            assert!((12..=1024).contains(&(plain.len() - 32 - opened.body.len())));
            assert_eq!(opened.header.salt.to_le_bytes(), plain[..8]);
            assert_eq!(opened.header.seq_no.to_le_bytes(), plain[24..28]);
            assert_eq!(packet[HEAD..], plain);
        }
        Err(error) => {
            let available = plain.len() - 32;
            assert_eq!(error, OpenError::WrongLength { len, available });
            let padding = available as i64 - i64::from(len);
            assert!(len < 0 || len % 4 != 0 || !(12..=1024).contains(&padding));
        }
    }

    let mut damaged = sealed.clone();
    input.damage(&mut damaged);
    if damaged != sealed {
        let error = envelope::open(&KEY, from, &mut damaged).expect_err("damaged");
        assert!(!matches!(error, OpenError::WrongLength { .. } | OpenError::NotOpened), "{error}");
    }
    // A packet thrown back at its sender.
    let other = if from == Side::Client { Side::Server } else { Side::Client };
    assert_eq!(envelope::open(&KEY, other, &mut sealed.clone()), Err(OpenError::WrongMsgKey));
}

fn sealed(from: Side, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let draft = Draft::begin(&mut out, &Header::default());
    out.extend_from_slice(body);
    draft.finish(&mut out, Padding::Minimal, &mut rng()).expect("whole words");
    envelope::seal(&KEY, from, &mut out).expect("a packet");
    out
}

/// A body of any length behind what the buffer holds already.
fn draft(input: &mut Input<'_>) {
    let padding = if input.flag() { Padding::Buckets } else { Padding::Minimal };
    let header = Header {
        salt: input.long(),
        session_id: input.long(),
        msg_id: input.long(),
        seq_no: input.int(),
    };
    let mut out = input.piece().to_vec();
    let before = out.clone();
    let draft = Draft::begin(&mut out, &header);
    let body = input.rest();
    out.extend_from_slice(body);
    match draft.finish(&mut out, padding, &mut rng()) {
        Ok(range) => {
            assert_eq!(range, before.len()..before.len() + sealed_len(body.len(), padding));
            assert_eq!(out.len(), range.end);
            envelope::seal(&KEY, Side::Client, &mut out[range.clone()]).expect("a packet");
            let packet = &mut out[range];
            let opened = envelope::open(&KEY, Side::Client, packet).expect("as it was sealed");
            assert_eq!((opened.header, opened.body_of(packet)), (header, body));
        }
        Err(error) => {
            assert!(!body.len().is_multiple_of(4) || body.len() > MOST_BODY);
            show_error(&error);
        }
    }
    assert!(out.starts_with(&before));
}

/// The envelope of version 1: sealed, then perhaps damaged; or nothing but the key's id.
fn old(input: &mut Input<'_>) {
    if input.flag() {
        match v1::open(&KEY, &packet(input)) {
            Ok(opened) => panic!("forged: {opened:?}"),
            Err(error) => show_error(&error),
        }
        return;
    }
    let (msg_id, body) = (input.long(), input.piece());
    let sealed = v1::seal(&KEY, msg_id, body, &mut rng());
    let opened = v1::open(&KEY, &sealed).expect("as it was sealed");
    assert_eq!((opened.msg_id, &*opened.body), (msg_id, body));
    show(&opened);
    let mut damaged = sealed.clone();
    input.damage(&mut damaged);
    // What follows the message's own length is padding, which no hash covers.
    if let Ok(opened) = v1::open(&KEY, &damaged) {
        assert_eq!((opened.msg_id, &*opened.body), (msg_id, body));
    }
}

fn tmp_key(input: &mut Input<'_>) {
    let key = TmpKey::derive(&input.array(), &input.array());
    let inner = input.piece();
    let sealed = key.seal(inner, &mut rng());
    let opened = key.open(&sealed).expect("as it was sealed");
    assert!(opened.data().starts_with(inner));
    for len in inner.len().saturating_sub(16)..inner.len() + 17 {
        assert_eq!(opened.check(len).is_ok(), len == inner.len(), "{len}");
    }
    let mut damaged = sealed.clone();
    input.damage(&mut damaged);
    match key.open(&damaged) {
        Ok(opened) => {
            // Of the last block, what is padding may be damaged.
            let len = inner.len();
            assert!(opened.check(len).is_err() || opened.data().starts_with(inner));
            show(&opened);
        }
        Err(error) => show_error(&error),
    }
}

/// Both paddings, with any data; damaged, or nothing but bytes.
fn rsa(input: &mut Input<'_>) {
    let key = well_known_key();
    let choice = input.below(3);
    let data = input.piece();
    let encrypted = match choice {
        0 => key.public().encrypt(data, &mut rng()),
        1 => key.public().encrypt_legacy(data, &mut rng()),
        _ => {
            let block: [u8; 256] = input.array();
            let cut = &block[..256 - data.len().min(256)];
            match key.decrypt(cut) {
                Ok(unpadded) => assert_eq!(unpadded.padding(), RsaPadding::Legacy),
                Err(error) => show_error(&error),
            }
            return;
        }
    };
    match encrypted {
        Ok(encrypted) => {
            let unpadded = key.decrypt(&encrypted).expect("as it was encrypted");
            assert!(unpadded.data().starts_with(data));
            assert_eq!(unpadded.check(data.len()), Ok(()));
            show(&unpadded);
        }
        Err(error) => {
            assert!(data.len() > if choice == 0 { 144 } else { 235 });
            show_error(&error);
        }
    }
}

/// One of each.
pub fn seeds() -> Seeds {
    let good = sealed(Side::Server, SEALED);
    let cut = &good[8..];
    let len = |bytes: &[u8]| (bytes.len() as u16).to_le_bytes();
    let mut plain = vec![3; 32];
    plain[28..].copy_from_slice(&8_i32.to_le_bytes());
    let body = [b'b'; 32];
    vec![
        [&[0, 1, 1][..], &len(cut), cut].concat(),
        [&[0, 1, 0][..], &len(&good), &good].concat(),
        [&[1, 1, 3, 1][..], &len(cut), cut, &[0], &len(&good), &good].concat(),
        [&[2, 1][..], &plain, &len(&body), &body, &[0, 1, 9, 0, 5, 1]].concat(),
        [&[2, 0][..], &plain, &len(&[0; 96]), &[7; 96], &[64]].concat(),
        [&[2, 0][..], &plain, &len(&[0; 1040]), &[7; 1040], &[192]].concat(),
        [&[3, 0][..], &[5; 28], &[2, 0, 1, 1], &[6; 40]].concat(),
        [&[3, 1][..], &[5; 28], &[0, 0], &[6; 42]].concat(),
        [&[4, 0][..], &[5; 8], &len(&body), &body, &[1, 60, 0, 5, 1]].concat(),
        [&[4, 1, 1][..], &len(cut), cut].concat(),
        [&[5][..], &[8; 48], &len(&body), &body, &[1, 60, 0, 5, 1]].concat(),
        [&[RSA, 0][..], &len(&body), &body].concat(),
        [&[RSA, 1][..], &len(&[0; 200]), &[1; 200]].concat(),
        [&[RSA, 2][..], &[0, 0], &[9; 256]].concat(),
    ]
}
