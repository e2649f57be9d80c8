//! The cipher alone and whole messages, against grammers-crypto.
//!
//! Where the processor has AVX-512, the aes crate (from 0.9.3 on, which grammers-crypto asks for)
//! spreads all round keys over wide registers for each single block: two thirds of their time in the
//! cipher go there, and the ratios are higher by as much.

use grammers_crypto::DequeBuffer;
use layer_crypto::envelope::{self, Draft, HEAD, Header, OpenJob, Padding, SealJob, Side};
use layer_crypto::lanes::{Lanes, Level, Stream};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::table::{Line, Row};

const KIB: usize = 1024;

pub fn lines() -> Vec<Line> {
    let mut rows = Vec::new();
    for size in [64, KIB, 64 * KIB, 512 * KIB] {
        let aim = (size >= 64 * KIB).then_some(2.0);
        rows.extend(Way::BOTH.map(|way| ige(Lanes::best(), way, 1, size, aim)));
    }
    for (level, aim) in [(Level::Aes, 8.0), (Level::Vaes, 12.0)] {
        let Some(lanes) = Lanes::at(level) else {
            println!("(this processor has no {level:?} level)");
            continue;
        };
        for streams in [8, 16] {
            for size in [64 * KIB, 512 * KIB] {
                rows.extend(Way::BOTH.map(|way| ige(lanes, way, streams, size, Some(aim))));
            }
        }
    }
    for (size, seal_aim, open_aim) in
        [(128, Some(1.4), Some(1.4)), (KIB, None, None), (512 * KIB, Some(1.6), Some(2.2))]
    {
        rows.push(seal(size, 1, seal_aim));
        rows.push(open(size, 1, open_aim));
    }
    for (size, aim) in [(128, None), (512 * KIB, Some(4.0))] {
        rows.push(seal(size, 8, aim));
        rows.push(open(size, 8, aim));
    }
    let heading = Line::Heading("cipher and messages, against grammers-crypto".to_owned());
    std::iter::once(heading).chain(rows.into_iter().map(Line::from)).collect()
}

#[derive(Clone, Copy)]
enum Way {
    Encrypt,
    Decrypt,
}

impl Way {
    const BOTH: [Self; 2] = [Self::Encrypt, Self::Decrypt];
}

/// Streams under keys of their own: ours in one call, theirs one after the other.
fn ige(lanes: Lanes, way: Way, streams: usize, size: usize, aim: Option<f64>) -> Row {
    let keys: Vec<_> = (0..streams).map(|i| ([i as u8; 32], [!i as u8; 32])).collect();
    let mut ours = vec![vec![1; size]; streams];
    let (mut theirs, their_keys) = (ours.clone(), keys.clone());
    let name = format!(
        "IGE {} {streams} × {} ({:?})",
        match way {
            Way::Encrypt => "encrypt",
            Way::Decrypt => "decrypt",
        },
        length(size),
        lanes.level(),
    );
    Row {
        name,
        bytes: Some(size * streams),
        ours: Box::new(move || {
            let streams = ours.iter_mut().zip(&keys);
            let streams =
                streams.map(|(data, (key, iv))| Stream::new(key, iv, data).expect("blocks"));
            let mut streams: Vec<_> = streams.collect();
            match way {
                Way::Encrypt => lanes.encrypt(&mut streams),
                Way::Decrypt => lanes.decrypt(&mut streams),
            }
        }),
        theirs: Box::new(move || {
            for (data, (key, iv)) in theirs.iter_mut().zip(&their_keys) {
                match way {
                    Way::Encrypt => grammers_crypto::aes::ige_encrypt(data, key, iv),
                    Way::Decrypt => grammers_crypto::aes::ige_decrypt(data, key, iv),
                }
            }
        }),
        aim,
    }
}

/// The longest padding that both agree on.
const PADDING: usize = 24;

/// Header and body of a message whose encrypted part is `size` bytes at ours and at theirs.
fn plain(size: usize) -> Vec<u8> {
    let mut plain = vec![7; size - PADDING];
    plain[28..32].copy_from_slice(&(size as u32 - PADDING as u32 - 32).to_le_bytes());
    plain
}

fn keys() -> (layer_crypto::AuthKey, grammers_crypto::AuthKey) {
    let key = std::array::from_fn(|i| i as u8);
    (layer_crypto::AuthKey::from_bytes(&key), grammers_crypto::AuthKey::from_bytes(key))
}

/// From a body to a packet: written, padded at random, sealed. Where the random bytes come from is
/// our caller's to choose; theirs costs a system call for each message.
fn seal(size: usize, messages: usize, aim: Option<f64>) -> Row {
    let plain = plain(size);
    let (our_key, their_key) = keys();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut out = Vec::new();
    let body = plain[32..].to_vec();
    let mut buffers = vec![DequeBuffer::with_capacity(size, HEAD); messages];
    Row {
        name: format!("seal {messages} × {}", length(size)),
        bytes: (size > KIB).then_some(size * messages),
        ours: Box::new(move || {
            out.clear();
            for _ in 0..messages {
                let draft = Draft::begin(&mut out, &Header::default());
                out.extend_from_slice(&body);
                let packet = draft.finish(&mut out, Padding::Minimal, &mut rng);
                assert_eq!(packet.expect("of the right shape").len(), HEAD + size);
            }
            let packets = out.chunks_exact_mut(HEAD + size);
            let jobs = packets.map(|packet| SealJob::new(&our_key, Side::Client, packet));
            if messages == 1 {
                envelope::seal(&our_key, Side::Client, &mut out).expect("of the right shape");
            } else {
                let mut jobs: Vec<_> = jobs.map(|job| job.expect("of the right shape")).collect();
                envelope::seal_batch(&mut jobs);
            }
        }),
        theirs: Box::new(move || {
            for buffer in &mut buffers {
                buffer.clear();
                buffer.extend(&plain);
                grammers_crypto::encrypt_data_v2(buffer, &their_key);
                assert_eq!(buffer.len(), HEAD + size);
            }
        }),
        aim,
    }
}

/// From received bytes, copied into place, to a message whose msg_key has been checked.
fn open(size: usize, messages: usize, aim: Option<f64>) -> Row {
    let (our_key, their_key) = keys();
    let mut sealed = [vec![0; HEAD], plain(size), vec![9; PADDING]].concat();
    envelope::seal(&our_key, Side::Server, &mut sealed).expect("of the right shape");
    let all = sealed.repeat(messages);
    let (mut ours, mut theirs) = (all.clone(), all.clone());
    let their_source = all.clone();
    Row {
        name: format!("open {messages} × {}", length(size)),
        bytes: (size > KIB).then_some(size * messages),
        ours: Box::new(move || {
            ours.copy_from_slice(&all);
            let packets = ours.chunks_exact_mut(HEAD + size);
            if messages == 1 {
                envelope::open(&our_key, Side::Server, &mut ours).expect("sealed so");
            } else {
                let jobs = packets.map(|packet| OpenJob::new(&our_key, Side::Server, packet));
                let mut jobs: Vec<_> = jobs.collect();
                envelope::open_batch(&mut jobs);
                assert!(jobs.into_iter().all(|job| job.into_result().is_ok()));
            }
        }),
        theirs: Box::new(move || {
            theirs.copy_from_slice(&their_source);
            for packet in theirs.chunks_exact_mut(HEAD + size) {
                grammers_crypto::decrypt_data_v2(packet, &their_key).expect("sealed so");
            }
        }),
        aim,
    }
}

fn length(size: usize) -> String {
    if size < KIB { format!("{size} B") } else { format!("{} KiB", size / KIB) }
}
