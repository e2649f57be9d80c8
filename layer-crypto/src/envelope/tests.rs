//! Vectors of both versions, every check of `open`, and random alterations.

use hex_literal::hex;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::lanes::Level;
use crate::script::Script;

fn key() -> AuthKey {
    AuthKey::from_bytes(&std::array::from_fn(|i| i as u8))
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Head room, header, length field, body, padding: sealed, whatever the length says.
fn sealed(from: Side, len: i32, body_and_padding: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; HEAD];
    Header { salt: 1, session_id: 2, msg_id: 3, seq_no: 4 }.write(&mut packet);
    packet.extend_from_slice(&len.to_le_bytes());
    packet.extend_from_slice(body_and_padding);
    seal(&key(), from, &mut packet).unwrap();
    packet
}

fn draft(body: &[u8], padding: Padding, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut out = Vec::new();
    let draft = Draft::begin(&mut out, &Header::default());
    out.extend_from_slice(body);
    let packet = draft.finish(&mut out, padding, rng).unwrap();
    assert_eq!(packet, 0..out.len());
    out
}

#[test]
fn derives_gotds_keys_in_both_directions() {
    let msg_key = std::array::from_fn(|i| i as u8);
    for lanes in Level::ALL.into_iter().filter_map(Lanes::at) {
        let client = MessageKey::derive(lanes, &key(), Side::Client, &msg_key);
        let server = MessageKey::derive(lanes, &key(), Side::Server, &msg_key);
        assert_eq!(
            client.key,
            hex!("704ed09c8b41668ae8f99d244738f71dbddc44469b6bbd4aa8573dd042bd059e")
        );
        assert_eq!(
            client.iv,
            hex!("4d266000a550edabbf4c7ce40fd0043cc92230184cd317a5cc9c2482fd3b9318")
        );
        assert_eq!(
            server.key,
            hex!("217725799b245806458174a1fcfbc883906807b15033fdd0ea2b4d69cf9c364e")
        );
        assert_eq!(
            server.iv,
            hex!("669a6538917a4fa56ca32360a431c9160be4ad887140980dab91ce7bdc47ffbc")
        );
    }
}

#[test]
fn seals_as_grammers_does() {
    let plain = b"Hello, world! This data should remain secure!";
    let mut packet = [&[0; HEAD], plain.as_slice(), &[0; 19]].concat();
    let token = seal(&key(), Side::Client, &mut packet).unwrap();
    assert_eq!(token, 0xcd57_1d02);
    assert_eq!(
        packet,
        hex!(
            "32d1586ea457dfc8a81729d46db54019a2bfd7f744f9b96c4f716cfdc4477db2a2c15f6ddb85235fb9552f1d"
            "8407c6aaea00cc844c5a1bf6ac44b79b5edc2a23868b3d6073a590992c0f2975243d563ea180d218ee757c9a"
        )
    );
}

#[test]
fn opens_a_servers_packet() {
    let packet = hex!(
        "32d1586ea457dfc844a8b5a249cffd8630cb5d9805f760155c6fd586e4b0fe017f23a696539faca11a608c4d2fc2"
        "f6784aa8e4f4d4ba9394386920b7e00f364ba19d2120406d42d190156ff62a79d7a8a3f464aca44bb789"
    );
    let header = Header {
        salt: 0x0102_0304_0506_0708,
        session_id: 0x1122_3344_5566_7788,
        msg_id: 0x6553_f100_0000_0401,
        seq_no: 2,
    };
    let pong = hex!("c5737734 04000000 00f15365 8877665544332211");
    let mut opened_packet = packet;
    let opened = open(&key(), Side::Server, &mut opened_packet).unwrap();
    assert_eq!((opened.header, opened.body_of(&opened_packet)), (header, pong.as_slice()));

    let mut again = vec![0; HEAD];
    header.write(&mut again);
    again.extend_from_slice(&20_i32.to_le_bytes());
    again.extend_from_slice(&pong);
    again.extend_from_slice(&[0x5a; 12]);
    assert_eq!(seal(&key(), Side::Server, &mut again), Ok(opened.quick_ack));
    assert_eq!(again, packet);
}

#[test]
fn binds_a_temporary_key_as_the_vector_says() {
    let temp_key = AuthKey::from_bytes(&std::array::from_fn(|i| 255 - i as u8));
    assert_eq!(temp_key.id().to_le_bytes(), hex!("96d1b10e8f724a13"));
    let mut inner = 0x75a3_f765_u32.to_le_bytes().to_vec();
    for long in [0x0123_4567_89ab_cdef, temp_key.id(), key().id(), 0x1122_3344_5566_7788] {
        inner.extend_from_slice(&i64::to_le_bytes(long));
    }
    inner.extend_from_slice(&1_700_086_400_i32.to_le_bytes());
    let msg_id = 0x6553_f100_0000_0004;
    let message = v1::seal(&key(), msg_id, &inner, &mut Script(vec![0; 32]));
    assert_eq!(
        message,
        hex!(
            "32d1586ea457dfc82a01a8170915a0cc917d1907dd430e0397ade0e2acb62bc5d7c1cc3f0f9484415e461eab"
            "b7cae9eee2b6d04223b094f8148edc4d0656134f22566b998615719fde2cef7353bb4aa391d92be764ba0538"
            "3ddb78ed93df7e24bf6598b1187d62ee"
        )
    );
    let opened = v1::open(&key(), &message).unwrap();
    assert_eq!(opened, v1::Opened { msg_id, seq_no: 0, body: inner });
}

#[test]
fn opens_what_it_sealed_at_every_length() {
    for len in (0..3000).step_by(4) {
        let seed = len as u64;
        let mut rng = rng(seed);
        let mut body = vec![0; len];
        rng.fill_bytes(&mut body);
        let header = Header {
            salt: rng.next_u64() as i64,
            session_id: rng.next_u64() as i64,
            msg_id: rng.next_u64() as i64,
            seq_no: rng.next_u32() as i32,
        };
        let from = if rng.next_u32() & 1 == 0 { Side::Client } else { Side::Server };
        let padding = if rng.next_u32() & 1 == 0 { Padding::Minimal } else { Padding::Buckets };

        let mut out = vec![0xee; 5];
        let draft = Draft::begin(&mut out, &header);
        out.extend_from_slice(&body);
        let packet = draft.finish(&mut out, padding, &mut rng).unwrap();
        assert_eq!(packet, 5..5 + sealed_len(len, padding), "seed {seed}");
        let token = seal(&key(), from, &mut out[packet.clone()]).unwrap();
        assert!(token & 0x8000_0000 != 0);
        assert_eq!(out[..5], [0xee; 5]);

        let packet = &mut out[packet];
        let opened = open(&key(), from, packet).unwrap();
        assert_eq!((opened.header, opened.quick_ack), (header, token), "seed {seed}");
        assert_eq!(opened.body_of(packet), body, "seed {seed}");
    }
}

#[test]
fn pads_to_the_sizes_of_each_policy() {
    for len in (0..5000).step_by(4) {
        let minimal = sealed_len(len, Padding::Minimal) - HEAD - HEADER - len;
        assert!((12..=27).contains(&minimal), "{len}");
        let buckets = sealed_len(len, Padding::Buckets);
        assert!((12..=1024).contains(&(buckets - HEAD - HEADER - len)), "{len}");
        assert!((buckets - HEAD).is_multiple_of(16), "{len}");
    }
    let bucket = |least: usize| sealed_len(least - HEADER - 12, Padding::Buckets) - HEAD;
    assert_eq!([44, 64, 68, 256, 260, 1280].map(bucket), [64, 64, 128, 256, 384, 1280]);
    assert_eq!([1284, 1728, 1732, 2176].map(bucket), [1728, 1728, 2176, 2176]);
}

#[test]
fn padding_is_random() {
    let mut rng = rng(1);
    let (one, two) =
        (draft(&[], Padding::Minimal, &mut rng), draft(&[], Padding::Minimal, &mut rng));
    assert_eq!(one[..HEAD + HEADER], two[..HEAD + HEADER]);
    assert_ne!(one[HEAD + HEADER..], two[HEAD + HEADER..]);
}

#[test]
fn refuses_any_altered_byte() {
    let mut rng = rng(2);
    let mut packet = draft(&[7; 40], Padding::Minimal, &mut rng);
    seal(&key(), Side::Server, &mut packet).unwrap();
    for at in 0..packet.len() {
        for flip in [1, 0x80, 0xff] {
            let mut altered = packet.clone();
            altered[at] ^= flip;
            let expected = if at < 8 { OpenError::OtherKey } else { OpenError::WrongMsgKey };
            assert_eq!(open(&key(), Side::Server, &mut altered), Err(expected), "byte {at}");
        }
    }
    // A packet thrown back at its sender.
    assert_eq!(open(&key(), Side::Client, &mut packet.clone()), Err(OpenError::WrongMsgKey));
    // Another key under the same id.
    packet[..8].copy_from_slice(&AuthKey::from_bytes(&[1; 256]).id().to_le_bytes());
    let other = AuthKey::from_bytes(&[1; 256]);
    assert_eq!(open(&other, Side::Server, &mut packet), Err(OpenError::WrongMsgKey));
}

#[test]
fn refuses_cut_and_stretched_packets() {
    let mut packet = draft(&[7; 40], Padding::Minimal, &mut rng(3));
    seal(&key(), Side::Server, &mut packet).unwrap();
    for len in 0..packet.len() {
        let expected = match len {
            0..72 => OpenError::TooShort { len },
            _ if (len - 24) % 16 != 0 => OpenError::NotWholeBlocks { len },
            _ => OpenError::WrongMsgKey,
        };
        assert_eq!(open(&key(), Side::Server, &mut packet[..len].to_vec()), Err(expected));
    }
    for extra in 1..40 {
        let len = packet.len() + extra;
        let mut stretched = [packet.as_slice(), &vec![0; extra]].concat();
        let expected = match extra % 16 {
            0 => OpenError::WrongMsgKey,
            _ => OpenError::NotWholeBlocks { len },
        };
        assert_eq!(open(&key(), Side::Server, &mut stretched), Err(expected));
        // What a padded framing leaves behind the packet is cut off first.
        if extra < 16 {
            assert_eq!(without_tail(len), packet.len());
        }
    }
    assert_eq!([0, 4, 23, 24, 39, 40].map(without_tail), [0, 4, 23, 24, 24, 40]);
}

#[test]
fn refuses_every_wrong_length_field_under_a_right_msg_key() {
    for available in [16, 32, 48, 1040, 2048, 2064] {
        for len in (-8..2100).chain([i32::MIN, i32::MAX, i32::MIN + 4, i32::MAX - 3]) {
            let mut packet = sealed(Side::Server, len, &vec![9; available]);
            let opened = open(&key(), Side::Server, &mut packet);
            let padding = available as i64 - i64::from(len);
            if len >= 0 && len % 4 == 0 && (12..=1024).contains(&padding) {
                assert_eq!(opened.unwrap().body, 56..56 + len as usize);
            } else {
                assert_eq!(opened, Err(OpenError::WrongLength { len, available }));
            }
        }
    }
}

#[test]
fn never_panics_on_arbitrary_bytes() {
    let seed = 4;
    let mut rng = rng(seed);
    for _ in 0..20_000 {
        let mut packet = vec![0; rng.next_u32() as usize % 300];
        rng.fill_bytes(&mut packet);
        if rng.next_u32() & 1 == 0
            && let Some(id) = packet.get_mut(..8)
        {
            id.copy_from_slice(&key().id().to_le_bytes());
        }
        assert!(v1::open(&key(), &packet).is_err(), "seed {seed}");
        assert!(open(&key(), Side::Server, &mut packet).is_err(), "seed {seed}");
    }
}

#[test]
fn a_batch_does_what_single_calls_do() {
    let seed = 5;
    let mut rng = rng(seed);
    let keys = [key(), AuthKey::from_bytes(&[3; 256])];
    let mut packets: Vec<_> =
        (0..40).map(|i| draft(&vec![i as u8; i * 4 % 100], Padding::Minimal, &mut rng)).collect();
    let mut singly = packets.clone();
    let side = |i: usize| if i.is_multiple_of(3) { Side::Client } else { Side::Server };

    let jobs = packets.iter_mut().enumerate();
    let mut jobs: Vec<_> =
        jobs.map(|(i, packet)| SealJob::new(&keys[i % 2], side(i), packet).unwrap()).collect();
    assert!(jobs.iter().all(|job| job.token() == 0));
    seal_batch(&mut jobs);
    let tokens: Vec<_> = jobs.iter().map(SealJob::token).collect();
    // Sealed is sealed.
    seal_batch(&mut jobs);
    for (i, packet) in singly.iter_mut().enumerate() {
        assert_eq!(seal(&keys[i % 2], side(i), packet), Ok(tokens[i]));
    }
    assert_eq!(packets, singly);

    // Every fifth is damaged; the others are not the worse for it.
    for packet in packets.iter_mut().step_by(5) {
        packet[40] ^= 1;
    }
    let mut singly = packets.clone();
    let jobs = packets.iter_mut().enumerate();
    let mut jobs: Vec<_> =
        jobs.map(|(i, packet)| OpenJob::new(&keys[i % 2], side(i), packet)).collect();
    open_batch(&mut jobs);
    // Opened is opened.
    open_batch(&mut jobs);
    for (i, (job, packet)) in jobs.into_iter().zip(&mut singly).enumerate() {
        let result = job.into_result();
        assert_eq!(result.is_ok(), i % 5 != 0);
        assert_eq!(result, open(&keys[i % 2], side(i), packet));
    }
    assert_eq!(packets, singly);
}

/// Up to 40 packets at a time, short, long, and some long enough to be hashed beside the cipher.
#[test]
fn every_level_seals_and_opens_as_the_portable_one() {
    let portable = Lanes::at(Level::Portable).unwrap();
    for seed in 0..60 {
        let mut rng = rng(seed);
        let keys = [key(), AuthKey::from_bytes(&[3; 256])];
        let side = |i: usize| if i.is_multiple_of(3) { Side::Client } else { Side::Server };
        let count = 1 + rng.next_u32() as usize % if seed % 2 == 0 { 5 } else { 40 };
        let drafts: Vec<_> = (0..count)
            .map(|_| {
                let most = [64, 600, 6000, 16_000][rng.next_u32() as usize % 4];
                let mut body = vec![0; rng.next_u32() as usize % most / 4 * 4];
                rng.fill_bytes(&mut body);
                draft(&body, Padding::Minimal, &mut rng)
            })
            .collect();
        let seal = |lanes, mut packets: Vec<Vec<u8>>| {
            let jobs = packets.iter_mut().enumerate();
            let mut jobs: Vec<_> = jobs
                .map(|(i, packet)| SealJob::new(&keys[i % 2], side(i), packet).unwrap())
                .collect();
            seal_at(lanes, &mut jobs);
            let tokens: Vec<_> = jobs.iter().map(SealJob::token).collect();
            (packets, tokens)
        };
        let open = |lanes, mut packets: Vec<Vec<u8>>| {
            let jobs = packets.iter_mut().enumerate();
            let mut jobs: Vec<_> =
                jobs.map(|(i, packet)| OpenJob::new(&keys[i % 2], side(i), packet)).collect();
            open_at(lanes, &mut jobs);
            let results: Vec<_> = jobs.into_iter().map(OpenJob::into_result).collect();
            (packets, results)
        };
        let sealed = seal(portable, drafts.clone());
        let mut damaged = sealed.0.clone();
        for packet in &mut damaged {
            let (at, flip) =
                (rng.next_u32() as usize % packet.len(), rng.next_u32().is_multiple_of(4));
            packet[at] ^= u8::from(flip);
        }
        let opened = open(portable, damaged.clone());
        for lanes in Level::ALL.into_iter().filter_map(Lanes::at) {
            let level = lanes.level();
            assert!(seal(lanes, drafts.clone()) == sealed, "seed {seed}, {level:?}");
            assert!(open(lanes, damaged.clone()) == opened, "seed {seed}, {level:?}");
            let (plain, results) = open(lanes, sealed.0.clone());
            assert!(results.iter().all(Result::is_ok), "seed {seed}, {level:?}");
            for (plain, draft) in plain.iter().zip(&drafts) {
                assert!(plain[HEAD..] == draft[HEAD..], "seed {seed}, {level:?}");
            }
        }
    }
}

#[test]
fn an_unopened_job_is_no_message() {
    let mut packet = draft(&[], Padding::Minimal, &mut rng(6));
    seal(&key(), Side::Client, &mut packet).unwrap();
    let key = key();
    let job = OpenJob::new(&key, Side::Client, &mut packet);
    assert_eq!(job.into_result(), Err(OpenError::NotOpened));
}

#[test]
fn refuses_to_seal_what_is_no_packet() {
    for len in [0, 8, 24, 40, 56, 71, 73, 87] {
        let sealed = seal(&key(), Side::Client, &mut vec![0; len]);
        assert_eq!(sealed, Err(SealError::PacketLength { len }));
    }
    for len in [1, 2, 3, 5, MOST_BODY + 4] {
        let mut out = Vec::new();
        let draft = Draft::begin(&mut out, &Header::default());
        out.resize(out.len() + len, 0);
        let finished = draft.finish(&mut out, Padding::Minimal, &mut rng(7));
        assert_eq!(finished, Err(SealError::BodyLength { len }));
    }
    let mut out = Vec::new();
    let draft = Draft::begin(&mut out, &Header::default());
    out.resize(out.len() + MOST_BODY, 0);
    assert!(draft.finish(&mut out, Padding::Minimal, &mut rng(7)).is_ok());
    // A buffer cleared under the draft.
    let mut out = Vec::new();
    let draft = Draft::begin(&mut out, &Header::default());
    out.clear();
    assert!(draft.finish(&mut out, Padding::Minimal, &mut rng(7)).is_err());
}

#[test]
fn version_1_refuses_altered_and_misfitting_messages() {
    let mut rng = rng(8);
    for len in 0..60 {
        let message = v1::seal(&key(), 5, &vec![1; len], &mut rng);
        assert_eq!(v1::open(&key(), &message).unwrap().body, vec![1; len]);
        assert!(v1::open(&AuthKey::from_bytes(&[9; 256]), &message).is_err());
    }
    let message = v1::seal(&key(), 5, &[1; 40], &mut rng);
    for at in 0..message.len() {
        let mut altered = message.clone();
        altered[at] ^= 1;
        match v1::open(&key(), &altered) {
            Err(OpenError::OtherKey) => assert!(at < 8),
            Err(OpenError::WrongMsgKey | OpenError::WrongLength { .. }) => assert!(at >= 8),
            // The last 8 bytes are padding, which version 1.0 does not protect.
            other => panic!("byte {at}: {other:?}"),
        }
    }
    for cut in 0..message.len() {
        assert!(v1::open(&key(), &message[..cut]).is_err());
    }
}
