//! The bytes of the file: pinned, damaged, foreign, newer, random.

use std::sync::Arc;

use layer_client::session::{
    BinaryFileBackend, Change, SavedSession, SessionBackend, SessionError, StringSession,
};

use crate::crash::{PATH, load, now, open};
use crate::samples::{Dice, after, full};
use crate::sim_disk::{Image, SimDisk};

fn with_crc(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = crc32fast::hash(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

fn header(version: u32, snapshot_len: usize) -> Vec<u8> {
    let mut bytes = b"layerSES".to_vec();
    bytes.extend(version.to_le_bytes());
    let mut bytes = with_crc(bytes);
    bytes.extend((snapshot_len as u64).to_le_bytes());
    with_crc(bytes)
}

fn record(kind: u8, seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"LRC".to_vec();
    bytes.push(kind);
    bytes.extend(seq.to_le_bytes());
    bytes.extend((payload.len() as u32).to_le_bytes());
    let mut bytes = with_crc(bytes);
    bytes.extend(payload);
    let mut bytes = with_crc(bytes);
    bytes.push(0xee);
    bytes
}

fn file(payload: &[u8], changes: &[&[u8]]) -> Vec<u8> {
    let snapshot = record(1, 0, payload);
    let mut bytes = header(1, 28 + snapshot.len());
    bytes.extend(snapshot);
    for (payload, seq) in changes.iter().zip(1..) {
        bytes.extend(record(2, seq, payload));
    }
    bytes
}

fn image(bytes: &[u8]) -> Image {
    let mut image = Image::default();
    image.put(PATH, bytes);
    image
}

/// A file with a snapshot and two records, and its three states with their lengths.
fn written() -> (Vec<u8>, Vec<(usize, SavedSession)>) {
    let disk = Arc::new(SimDisk::default());
    let backend = BinaryFileBackend::with_disk(PATH, disk.clone());
    let mut states = Vec::new();
    let mut state = SavedSession::default();
    let mut dice = Dice::new(5);
    let key = vec![Change::Dc(Box::new(dice.dc(2))), Change::HomeDc(2)];
    for batch in [full(1).to_changes(), dice.batch(4), key] {
        now(backend.save(&batch)).unwrap();
        state = after(&state, &batch);
        states.push((disk.image().contents(PATH).unwrap().len(), state.clone()));
    }
    (disk.image().contents(PATH).unwrap().to_vec(), states)
}

/// It is refused, and stays as it is.
fn refused(bytes: &[u8]) -> SessionError {
    let disk = Arc::new(SimDisk::new(image(bytes)));
    let backend = open(&disk);
    let error = now(backend.load()).unwrap_err();
    assert!(error.to_string().contains(PATH), "{error}");
    now(backend.save(&[Change::HomeDc(1)])).unwrap_err();
    assert_eq!(disk.image().contents(PATH), Some(bytes));
    assert!(disk.state().steps.is_empty(), "{:?}", disk.state().steps);
    error
}

#[test]
fn writes_the_bytes_of_its_description() {
    let disk = Arc::new(SimDisk::default());
    let backend = BinaryFileBackend::with_disk(PATH, disk.clone());
    now(backend.save(&[Change::HomeDc(2)])).unwrap();
    now(backend.save(&[Change::ChannelPts { channel: 7, pts: 9 }, Change::Clear])).unwrap();
    let home_dc = [2, 4, 0, 0, 0, 2, 0, 0, 0];
    let channel = [8, 12, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0];
    let expected = file(&home_dc, &[&channel]);
    assert_eq!(disk.image().contents(PATH), Some(&*expected));
}

#[test]
fn names_a_file_with_any_bit_flipped_and_leaves_it() {
    let (bytes, _) = written();
    for at in 0..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] ^= 1 << (at % 8);
        match refused(&broken) {
            SessionError::Damaged { .. } => assert!(at >= 8, "{at}"),
            SessionError::Foreign { .. } => assert!(at < 8, "{at}"),
            error => panic!("{at}: {error}"),
        }
    }
}

#[test]
fn drops_a_last_write_that_was_cut_and_refuses_a_cut_snapshot() {
    let (bytes, states) = written();
    let (snapshot_len, _) = states[0];
    for len in 0..bytes.len() {
        let cut = &bytes[..len];
        if len == 0 {
            assert_eq!(load(image(cut)).unwrap(), SavedSession::default());
        } else if len < snapshot_len {
            assert!(matches!(refused(cut), SessionError::Damaged { .. }), "{len}");
        } else {
            let (_, state) = states.iter().rev().find(|(end, _)| *end <= len).unwrap();
            assert_eq!(&load(image(cut)).unwrap(), state, "{len}");
        }
    }
}

/// A hole where a record was, with others behind it, is not a write that was cut.
#[test]
fn refuses_a_file_with_a_hole() {
    let payload = [5; 3000];
    let payload = [&[99, 184, 11, 0, 0][..], &payload].concat();
    let bytes = file(&[], &[&payload, &[], &[]]);
    let begin = 28 + 21;
    for (from, to) in [(begin, 512), (512, 1024), (begin, begin + 3026), (1024, 2048)] {
        let mut broken = bytes.clone();
        broken[from..to].fill(0);
        assert!(matches!(refused(&broken), SessionError::Damaged { .. }), "{from}..{to}");
    }
    // Without the others it is.
    let mut cut = bytes[..begin + 3026].to_vec();
    cut[512..1024].fill(0);
    assert_eq!(load(image(&cut)).unwrap(), SavedSession::default());
}

#[test]
fn refuses_records_out_of_order_twice_or_missing() {
    let home = |dc| [2, 4, 0, 0, 0, dc, 0, 0, 0];
    let good = [record(2, 1, &home(1)), record(2, 2, &home(2)), record(2, 3, &home(3))];
    for order in [[1, 0, 2], [0, 2, 1], [0, 0, 1], [1, 2, 0]] {
        let mut bytes = file(&home(9), &[]);
        order.iter().for_each(|&at: &usize| bytes.extend(&good[at]));
        assert!(matches!(refused(&bytes), SessionError::Damaged { .. }), "{order:?}");
    }
}

#[test]
fn says_what_a_foreign_file_seems_to_be() {
    for (bytes, words) in [
        (&b"SQLite format 3\0and more"[..], "Telethon"),
        (b"{\"dc\":2}", "JSON"),
        (b"1BVtsOK0Bu7hQbGE", "begins with \"1BVtsOK0\""),
        (&[0; 4096], "zeros"),
        (b"x", "begins with \"x\""),
    ] {
        let error = refused(bytes);
        assert!(matches!(error, SessionError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn says_that_a_file_is_of_a_newer_version() {
    // Whatever comes behind the version.
    for bytes in [header(2, 0), header(2, 28)[..16].to_vec()] {
        let error = refused(&bytes);
        assert!(matches!(error, SessionError::Newer { found: 2, known: 1, .. }), "{error}");
        assert!(error.to_string().contains("newer"), "{error}");
    }
}

#[test]
fn refuses_what_it_does_not_know_rather_than_losing_it() {
    for payload in [&[77, 0, 0, 0, 0][..], &[2, 5, 0, 0, 0, 1, 0, 0, 0, 1], &[2, 9, 0]] {
        for bytes in [file(payload, &[]), file(&[], &[payload])] {
            assert!(matches!(refused(&bytes), SessionError::Damaged { .. }));
        }
    }
}

#[test]
fn survives_random_files() {
    let (good, _) = written();
    for seed in 0..3000 {
        let mut dice = Dice::new(seed);
        let len = dice.below(600);
        let noise = dice.bytes(len);
        let kind = dice.below(12) as u8;
        let inner = [&[kind][..], &(len as u32).to_le_bytes(), &noise].concat();
        let mut mixed = good.clone();
        for _ in 0..dice.below(4) {
            let at = dice.below(mixed.len());
            let end = (at + dice.below(40)).min(mixed.len());
            match dice.below(3) {
                0 => mixed[at..end].fill(0),
                1 => drop(mixed.drain(at..end)),
                _ => mixed[at] = dice.below(256) as u8,
            }
        }
        // Right checksums around nonsense reach the innermost readers.
        for bytes in [noise.clone(), mixed, file(&noise, &[]), file(&inner, &[&inner])] {
            let _ = load(image(&bytes));
        }
        let text: String = noise.iter().map(|&byte| char::from(byte)).collect();
        let _ = StringSession::decode(&text);
        let _ = StringSession::decode(&format!("layr{text}"));
    }
}

/// A list that claims four billion elements takes no memory for them.
#[test]
fn takes_memory_only_for_what_is_there() {
    let mut fields = vec![0; 4];
    fields.extend([0xff; 4]);
    let payload = [&[3][..], &(fields.len() as u32).to_le_bytes(), &fields].concat();
    assert!(matches!(refused(&file(&payload, &[])), SessionError::Damaged { .. }));
}

#[test]
fn stays_small_however_often_it_is_saved() {
    let disk = Arc::new(SimDisk::default());
    let backend = BinaryFileBackend::with_disk(PATH, disk.clone()).rewrite_above(8000);
    let mut longest = 0;
    for pts in 0..5000 {
        now(backend.save(&[Change::ChannelPts { channel: i64::from(pts % 10), pts }])).unwrap();
        longest = longest.max(disk.image().contents(PATH).unwrap().len());
        let mut state = disk.state();
        state.steps.clear();
        if pts % 500 == 0 {
            let image = state.image.after_kill();
            state.image = image;
        }
    }
    assert!((7900..=8000).contains(&longest), "{longest}");
    assert_eq!(now(backend.load()).unwrap().channels.len(), 10);
}
