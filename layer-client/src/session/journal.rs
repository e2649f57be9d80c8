//! The bytes of a session file: a header, a snapshot, and a record for each batch of changes since.
//!
//! ```text
//! header   "layerSES" version:u32 crc:u32 snapshot_len:u64 crc:u32
//! record   "LRC" kind:u8 seq:u32 len:u32 crc:u32 payload[len] crc:u32 0xee
//! ```
//!
//! Each crc is over all that stands before it, in the header or in the record.
//!
//! A batch is one record and one write, so only the last record can be incomplete. What the header
//! calls the snapshot was on disk before the file got its name: anything missing there is damage.

use super::encoding::{self, Bytes, size};
use super::saved::SavedSession;

/// What every session file begins with.
const MAGIC: &[u8; 8] = b"layerSES";
/// The format described above.
pub(super) const VERSION: u32 = 1;
/// The header's length.
pub(super) const HEAD: usize = 28;
const MARK: &[u8; 3] = b"LRC";
const SNAPSHOT: u8 = 1;
const CHANGES: u8 = 2;
/// The length of what stands before a record's payload, and behind it.
const RECORD_HEAD: usize = 16;
const RECORD_TAIL: usize = 5;
/// Never zero, so that a record's last sector is not either.
const END: u8 = 0xee;
/// Disks write so many bytes whole or not at all.
const SECTOR: usize = 512;
/// What a session file may hold at most: far more than anybody has, and no more than memory.
pub(super) const MOST: u64 = 1 << 30;

/// A session file that was read.
pub(super) struct Journal {
    pub(super) session: SavedSession,
    /// How much of the file is whole.
    pub(super) len: u64,
    /// The number of the next record.
    pub(super) seq: u32,
    /// How much of it is header and snapshot.
    pub(super) snapshot_len: u64,
}

/// Why a file is not read.
#[derive(Debug)]
pub(super) enum Fault {
    Foreign { found: String },
    Newer { found: u32 },
    Damaged { at: u64, what: String },
}

/// A whole file: header and snapshot of a session.
pub(super) fn snapshot(session: &SavedSession) -> Bytes {
    let mut file = Bytes::default();
    file.put(&[0; HEAD + RECORD_HEAD]);
    encoding::write_session(&mut file, session);
    let payload = file.len() - HEAD - RECORD_HEAD;
    file.patch(HEAD, record_head(SNAPSHOT, 0, payload).as_slice());
    let crc = crc32fast::hash(file.as_slice().get(HEAD..).unwrap_or_default());
    file.put(&record_tail(crc));
    let mut head = Bytes::default();
    head.put(MAGIC);
    head.u32(VERSION);
    head.u32(crc32fast::hash(head.as_slice()));
    head.put(&size(file.len()).to_le_bytes());
    head.u32(crc32fast::hash(head.as_slice()));
    file.patch(0, head.as_slice());
    file
}

/// The record that holds a batch of changes, as [`encoding::write`] wrote them.
pub(super) fn changes(seq: u32, payload: &[u8]) -> Bytes {
    let mut record = record_head(CHANGES, seq, payload.len());
    record.put(payload);
    record.put(&record_tail(crc32fast::hash(record.as_slice())));
    record
}

/// How long the record of a payload is.
pub(super) fn record_len(payload: usize) -> u64 {
    size(RECORD_HEAD + payload + RECORD_TAIL)
}

fn record_head(kind: u8, seq: u32, payload: usize) -> Bytes {
    let mut head = Bytes::default();
    head.put(&beginning(kind, seq));
    head.count(payload);
    head.u32(crc32fast::hash(head.as_slice()));
    head
}

/// Reads a whole file. A last record that a write left incomplete is not part of [`Journal::len`].
pub(super) fn read(file: &[u8]) -> Result<Journal, Fault> {
    let snapshot_len = header(file)?;
    let mut session = SavedSession::default();
    let (mut at, mut seq) = (HEAD, 0);
    while at < file.len() {
        let kind = if seq == 0 { SNAPSHOT } else { CHANGES };
        match next(file, at, kind, seq) {
            Ok((payload, len)) => {
                encoding::read(payload, &mut session)
                    .map_err(|what| damaged(at, format!("record {seq}: {what}")))?;
                at += len;
                seq += 1;
            }
            Err(Broken::Cut) if seq > 0 => break,
            Err(Broken::Cut) => {
                let what =
                    format!("the snapshot, which should end at {snapshot_len}, is not whole");
                return Err(damaged(at, what));
            }
            Err(Broken::Bad(what)) => return Err(damaged(at, format!("record {seq}: {what}"))),
        }
        if seq == 1 && size(at) != snapshot_len {
            let what = format!("the snapshot should end at {snapshot_len} and ends at {at}");
            return Err(damaged(HEAD, what));
        }
    }
    if seq == 0 {
        let what = format!("the snapshot, which should end at {snapshot_len}, is missing");
        return Err(damaged(at, what));
    }
    Ok(Journal { session, len: size(at), seq, snapshot_len })
}

fn header(file: &[u8]) -> Result<u64, Fault> {
    let known = file.get(..MAGIC.len()).unwrap_or(file);
    if !MAGIC.starts_with(known) || file.is_empty() {
        return Err(Fault::Foreign { found: describe(file) });
    }
    let mut at = MAGIC.len();
    let mut field = |len: usize| {
        let bytes = file.get(at..at + len);
        at += len;
        bytes.ok_or_else(|| damaged(file.len(), format!("the header should have {HEAD} bytes")))
    };
    let number = |bytes: &[u8]| {
        bytes.iter().rev().fold(0, |number: u64, &byte| number << 8 | u64::from(byte))
    };
    let version = number(field(4)?);
    let crc = number(field(4)?);
    if crc != u64::from(crc32fast::hash(file.get(..12).unwrap_or_default())) {
        return Err(damaged(12, "the checksum of the header is wrong".to_owned()));
    }
    if version != u64::from(VERSION) {
        return Err(Fault::Newer { found: u32::try_from(version).unwrap_or_default() });
    }
    let snapshot_len = number(field(8)?);
    let crc = number(field(4)?);
    if crc != u64::from(crc32fast::hash(file.get(..24).unwrap_or_default())) {
        return Err(damaged(24, "the checksum of the header is wrong".to_owned()));
    }
    Ok(snapshot_len)
}

enum Broken {
    /// As a write leaves it that was cut off.
    Cut,
    Bad(String),
}

/// The payload of the record at `at`, and the record's length.
fn next(file: &[u8], at: usize, kind: u8, seq: u32) -> Result<(&[u8], usize), Broken> {
    let rest = file.get(at..).unwrap_or_default();
    let expected = beginning(kind, seq);
    // Whether the first `len` bytes look like a write that was cut, or like damage.
    let wrong = |what: &str, len: usize| {
        let record = rest.get(..len).unwrap_or(rest);
        if has_empty_sector(record, at) && !is_followed(rest, seq) {
            Broken::Cut
        } else {
            Broken::Bad(what.to_owned())
        }
    };
    let Some((head, behind)) = rest.split_at_checked(RECORD_HEAD) else {
        let is_begun = rest.iter().zip(&expected).all(|(byte, expected)| byte == expected);
        return Err(if is_begun { Broken::Cut } else { wrong("it begins otherwise", rest.len()) });
    };
    let (fields, crc) = head.split_at(RECORD_HEAD - 4);
    if crc32fast::hash(fields).to_le_bytes() != *crc {
        let sectors = (at + RECORD_HEAD).next_multiple_of(SECTOR) - at;
        return Err(wrong("the checksum of its head is wrong", sectors));
    }
    let Some(len) = fields.strip_prefix(&expected).and_then(<[u8]>::first_chunk) else {
        return Err(Broken::Bad(format!("another one is there: {}", fields.escape_ascii())));
    };
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    let payload = behind.get(..len).ok_or(Broken::Cut)?;
    let tail = behind.get(len..).and_then(<[u8]>::first_chunk).ok_or(Broken::Cut)?;
    let whole = RECORD_HEAD + len + RECORD_TAIL;
    let crc = crc32fast::hash(rest.get(..RECORD_HEAD + len).unwrap_or_default());
    if *tail != record_tail(crc) {
        return Err(wrong("its checksum is wrong", whole));
    }
    Ok((payload, whole))
}

/// The first bytes of a record's head, which are known before it is read.
fn beginning(kind: u8, seq: u32) -> [u8; 8] {
    let ([l, r, c], [a, b, d, e]) = (*MARK, seq.to_le_bytes());
    [l, r, c, kind, a, b, d, e]
}

fn record_tail(crc: u32) -> [u8; RECORD_TAIL] {
    let [a, b, c, d] = crc.to_le_bytes();
    [a, b, c, d, END]
}

/// Whether a sector of the file holds nothing of these bytes, which begin at `at`: when the power
/// fails, a file may already be longer by what was not written yet. Bits that rot look different.
fn has_empty_sector(bytes: &[u8], at: usize) -> bool {
    let (first, others) = bytes.split_at_checked(SECTOR - at % SECTOR).unwrap_or((bytes, &[]));
    [first].into_iter().chain(others.chunks(SECTOR)).any(|sector| sector.iter().all(|&b| b == 0))
}

/// Whether the record after `seq` is there: then `seq` itself was on disk before, whole.
fn is_followed(rest: &[u8], seq: u32) -> bool {
    let expected = beginning(CHANGES, seq.wrapping_add(1));
    rest.windows(RECORD_HEAD).any(|head| {
        let (fields, crc) = head.split_at(RECORD_HEAD - 4);
        fields.starts_with(&expected) && crc32fast::hash(fields).to_le_bytes() == *crc
    })
}

fn damaged(at: usize, what: String) -> Fault {
    Fault::Damaged { at: size(at), what }
}

/// What a file of somebody else seems to be.
fn describe(file: &[u8]) -> String {
    let known: [(&[u8], &str); 6] = [
        (b"SQLite format 3\0", "an SQLite database, perhaps a session of Telethon or Pyrogram"),
        (b"{", "a text file, perhaps JSON"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"TDF$", "a file of Telegram Desktop"),
        (b"\x7fELF", "a program"),
        (b"\0", "a file of zeros, or a binary one"),
    ];
    let name = known.iter().find(|(begin, _)| file.starts_with(begin)).map(|(_, name)| *name);
    let begin = file.get(..8).unwrap_or(file);
    name.map_or_else(
        || format!("a file that begins with \"{}\"", begin.escape_ascii()),
        str::to_owned,
    )
}
