//! Packed objects: `gzip_packed` may stand in place of an object in answers, updates and requests.
//!
//! What comes out is bounded by a limit and by what went in, so that a small packet can't make a
//! large allocation. Some clients send a zlib header instead of gzip's.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use flate2::write::GzEncoder;
use layer_tl_types::{Cursor, Serializable};
use thiserror::Error;

use crate::message::GZIP_PACKED;

/// The largest object that is unpacked unless another limit is asked for: 16 MiB.
pub const MAX_UNPACKED: usize = 16 << 20;

/// How much larger than its packed form an object may be. Deflate itself reaches 1032, on constant
/// data; answers of the API stay far below.
const MAX_RATIO: usize = 256;

/// Whatever the ratio, so much may come out: a short list of empty fields packs very well.
const UNSUSPICIOUS: usize = 1 << 20;

/// Unpacks the data of a `gzip_packed`; at most `limit` bytes come out.
///
/// ```
/// use layer_wire::gzip;
/// use layer_wire::message::Content;
///
/// let object = [0x99; 4000];
/// let packed = gzip::pack(&object).expect("smaller");
/// let Content::Packed(data) = Content::read(&packed)? else { panic!() };
/// assert_eq!(gzip::unpack(data, gzip::MAX_UNPACKED)?, object);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the data has neither header, is damaged or cut, more would come out than the limit or 256
/// times (but never less than 1 MiB) what went in, or a packed object comes out again.
pub fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, GzipError> {
    let limit = limit.min(packed.len().saturating_mul(MAX_RATIO).max(UNSUSPICIOUS));
    let object = match *packed {
        [0x1f, 0x8b, ..] => inflate(GzDecoder::new(packed), claim(packed, limit), limit)?,
        // Deflate, and the two bytes are a multiple of 31.
        [a, b, ..] if a & 15 == 8 && u16::from_be_bytes([a, b]).is_multiple_of(31) => {
            inflate(ZlibDecoder::new(packed), packed.len().min(limit), limit)?
        }
        _ => return Err(GzipError::NoHeader),
    };
    if object.starts_with(&GZIP_PACKED.to_le_bytes()) {
        return Err(GzipError::Nested);
    }
    Ok(object)
}

/// An object as it is, or unpacked if it is a `gzip_packed`; for the answer in an `rpc_result`.
///
/// # Errors
/// As [`unpack`]; an object that is not packed is not looked into.
pub fn unpack_object(object: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, GzipError> {
    let Some(field) = object.strip_prefix(&GZIP_PACKED.to_le_bytes()) else {
        return Ok(Cow::Borrowed(object));
    };
    let packed = Cursor::new(field).byte_string()?;
    unpack(packed, limit).map(Cow::Owned)
}

/// Packs an object into a `gzip_packed`, if that makes it smaller.
pub fn pack(object: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(object).ok()?;
    let packed = encoder.finish().ok()?;
    let mut out = Vec::with_capacity(packed.len() + 12);
    GZIP_PACKED.serialize(&mut out);
    packed.serialize(&mut out);
    (out.len() < object.len()).then_some(out)
}

/// The length that gzip claims in its last word, as far as it may be true.
fn claim(packed: &[u8], limit: usize) -> usize {
    packed.last_chunk().map_or(0, |len| u32::from_le_bytes(*len) as usize).min(limit)
}

fn inflate(decoder: impl Read, room: usize, limit: usize) -> Result<Vec<u8>, GzipError> {
    let mut object = Vec::with_capacity(room);
    // One byte more than may be, to see whether there is one.
    decoder
        .take(limit as u64 + 1)
        .read_to_end(&mut object)
        .map_err(|error| GzipError::Damaged(error.kind()))?;
    if object.len() > limit {
        return Err(GzipError::TooLarge { limit });
    }
    Ok(object)
}

/// Packed data can't be unpacked. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GzipError {
    /// The bytes field is cut off.
    #[error("packed object cut short: {0}")]
    Cut(#[from] layer_tl_types::Error),
    /// Neither a gzip nor a zlib header.
    #[error("packed data begins with neither a gzip nor a zlib header")]
    NoHeader,
    /// Damaged or cut.
    #[error("packed data is damaged: {0}")]
    Damaged(io::ErrorKind),
    /// More comes out than may.
    #[error("packed data gives more than {limit} bytes")]
    TooLarge {
        /// Bytes that may come out of it.
        limit: usize,
    },
    /// A packed object inside a packed object.
    #[error("a packed object inside a packed object")]
    Nested,
}

#[cfg(test)]
mod tests {
    use flate2::write::ZlibEncoder;
    use hex_literal::hex;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::message::Content;

    /// Words, which pack about as well as answers do.
    fn object(len: usize) -> Vec<u8> {
        let mut rng = ChaCha20Rng::seed_from_u64(len as u64);
        let words = [&b"message "[..], b"peer \0\0", b"date", &[7, 0, 0, 0]];
        let mut object = Vec::new();
        while object.len() < len {
            object.extend_from_slice(words[rng.next_u32() as usize % 4]);
            object.push(rng.next_u32() as u8 & 15);
        }
        object.truncate(len);
        object
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        for len in [256, 1000, 200_000] {
            let object = object(len);
            let packed = pack(&object).unwrap();
            assert!(packed.len() < len && packed.len().is_multiple_of(4));
            assert_eq!(unpack_object(&packed, MAX_UNPACKED).unwrap(), object);
            let Content::Packed(data) = Content::read(&packed).unwrap() else { panic!() };
            assert_eq!(unpack(data, len).unwrap(), object);
        }
    }

    #[test]
    fn what_does_not_get_smaller_is_not_packed() {
        let mut random = [0; 1000];
        ChaCha20Rng::seed_from_u64(1).fill_bytes(&mut random);
        assert_eq!(pack(&random), None);
        assert_eq!(pack(&[]), None);
    }

    #[test]
    fn what_is_not_packed_stays_where_it_is() {
        let plain = hex!("b5757299");
        assert!(
            matches!(unpack_object(&plain, 0).unwrap(), Cow::Borrowed(bytes) if bytes == plain)
        );
    }

    #[test]
    fn both_headers_are_taken() {
        // By Python's gzip.compress(b"layer" * 4, mtime=0) and zlib.compress(b"layer" * 4).
        let gzipped = hex!("1f8b0800000000000203cb49ac4c2dca412500710be91214000000");
        let zlibbed = hex!("789ccb49ac4c2dca41250058960875");
        for packed in [&gzipped[..], &zlibbed] {
            assert_eq!(unpack(packed, 20).unwrap(), b"layer".repeat(4));
        }
        let object = object(5000);
        assert_eq!(unpack(&zlib(&object), MAX_UNPACKED).unwrap(), object);
    }

    #[test]
    fn a_limit_is_kept_to_the_byte() {
        let object = object(3000);
        for packed in [gzip(&object), zlib(&object)] {
            assert_eq!(unpack(&packed, 3000).unwrap(), object);
            assert_eq!(unpack(&packed, 2999).unwrap_err(), GzipError::TooLarge { limit: 2999 });
            assert_eq!(unpack(&packed, 0).unwrap_err(), GzipError::TooLarge { limit: 0 });
        }
    }

    #[test]
    fn a_bomb_is_refused_by_what_went_in() {
        let bomb = vec![0; 16 << 20];
        for packed in [gzip(&bomb), zlib(&bomb)] {
            let limit = packed.len() * MAX_RATIO;
            assert!(limit < MAX_UNPACKED / 3);
            let refused = GzipError::TooLarge { limit };
            assert_eq!(unpack(&packed, MAX_UNPACKED).unwrap_err(), refused);
        }
        // But a mebibyte may come out of anything.
        assert!(unpack(&gzip(&vec![0; 1 << 20]), MAX_UNPACKED).is_ok());
    }

    #[test]
    fn a_false_claim_of_length_allocates_no_more_than_may_come_out() {
        let mut packed = gzip(&[1; 100]);
        let end = packed.len();
        packed[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(claim(&packed, 5000), 5000);
        assert!(matches!(unpack(&packed, MAX_UNPACKED), Err(GzipError::Damaged(_))));
    }

    #[test]
    fn packed_objects_do_not_nest() {
        let twice = pack(&pack(&object(1000)).unwrap().repeat(20)).unwrap();
        assert_eq!(unpack_object(&twice, MAX_UNPACKED).unwrap_err(), GzipError::Nested);
    }

    #[test]
    fn refuses_what_is_neither_gzip_nor_zlib() {
        for data in [&b""[..], b"\x1f", b"\x78", b"\x78\x9d..", b"PK\x03\x04", &[0; 20]] {
            assert_eq!(unpack(data, MAX_UNPACKED).unwrap_err(), GzipError::NoHeader);
        }
        let cut = hex!("a1cf7230 ff");
        assert!(matches!(unpack_object(&cut, MAX_UNPACKED), Err(GzipError::Cut(_))));
    }

    #[test]
    fn damage_anywhere_is_an_error_or_changes_nothing() {
        let object = object(400);
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for packed in [gzip(&object), zlib(&object)] {
            for len in 2..packed.len() {
                assert!(matches!(unpack(&packed[..len], MAX_UNPACKED), Err(GzipError::Damaged(_))));
            }
            for _ in 0..5_000 {
                let mut damaged = packed.clone();
                let at = rng.next_u32() as usize % damaged.len();
                damaged[at] ^= 1 << (rng.next_u32() % 8);
                if let Ok(unpacked) = unpack(&damaged, MAX_UNPACKED) {
                    assert_eq!(unpacked, object);
                }
            }
        }
    }
}
