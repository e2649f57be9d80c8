//! The arithmetic of parts: how long they are, where they begin, how many there are. No I/O.

use super::FileError;

/// How long the parts of an upload are; the last one may be shorter. The longest that Telegram takes.
pub(super) const PART: usize = 512 << 10;
/// So many parts a file has at most: premium accounts may have these, the server refuses others' after
/// half of it with the first part.
const MOST_PARTS: u64 = 8000;
/// The largest file whose parts are saved as those of a small one.
const SMALL: u64 = 10 << 20;
/// So many bytes of an upload, or of a download, are on their way at the same time.
pub(super) const UP: usize = 4 << 20;
pub(super) const DOWN: usize = 2 << 20;
/// Over so many links.
pub(super) const LANES_UP: u64 = 4;
pub(super) const LANES_DOWN: u64 = 2;
/// The shortest and the longest part of a download: of a power of two, so that it lies in one block of
/// 1 MiB.
const SHORTEST: usize = 4 << 10;
const LONGEST: usize = 1 << 20;

/// The parts of a file of which the length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) size: u64,
    pub(super) count: i32,
    pub(super) is_big: bool,
}

impl Parts {
    pub(super) fn of(size: u64) -> Result<Self, FileError> {
        if size == 0 {
            return Err(FileError::Empty);
        }
        let count = count(size)?;
        Ok(Self { size, count, is_big: size > SMALL })
    }

    /// How long a part is; 0 behind the end.
    pub(super) fn len(&self, index: u64) -> usize {
        let left = self.size.saturating_sub(index.saturating_mul(PART as u64));
        usize::try_from(left).map_or(PART, |left| left.min(PART))
    }
}

/// How many parts so many bytes have.
pub(super) fn count(size: u64) -> Result<i32, FileError> {
    let count = Some(size.div_ceil(PART as u64)).filter(|count| *count <= MOST_PARTS);
    let count = count.and_then(|count| i32::try_from(count).ok());
    count.ok_or(FileError::TooLarge { most: MOST_PARTS * PART as u64 })
}

/// In what parts a file is fetched that is wanted in pieces of so many bytes.
pub(super) fn fetched_for(chunk: usize) -> usize {
    // What is longer is put together.
    if chunk > LONGEST { PART } else { chunk.next_power_of_two().max(SHORTEST) }
}

/// How many bytes a part at this place has: all, or what is left of the file.
pub(super) fn expected(size: u64, offset: u64, part: usize) -> u64 {
    size.saturating_sub(offset).min(part as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_full_but_the_last_and_all_of_them_are_the_file() {
        let part = PART as u64;
        for (size, count) in [(1, 1), (part - 1, 1), (part, 1), (part + 1, 2), (10 << 20, 20)] {
            let parts = Parts::of(size).unwrap();
            assert_eq!((parts.count, parts.is_big), (count, false), "{size}");
            let lens: Vec<_> = (0..=count as u64).map(|index| parts.len(index) as u64).collect();
            assert_eq!(lens.iter().sum::<u64>(), size);
            assert!(lens.iter().rev().skip(2).all(|len| *len == part), "{size}: {lens:?}");
            assert_eq!(lens.last(), Some(&0), "behind the end");
        }
    }

    #[test]
    fn one_byte_more_than_ten_mib_is_big_and_the_limit_is_the_limit() {
        assert!(!Parts::of(10 << 20).unwrap().is_big);
        let big = Parts::of((10 << 20) + 1).unwrap();
        assert_eq!((big.is_big, big.count, big.len(20)), (true, 21, 1));
        let most = 8000 * PART as u64;
        assert_eq!(Parts::of(most).unwrap().count, 8000);
        for size in [most + 1, u64::MAX] {
            assert!(
                matches!(Parts::of(size), Err(FileError::TooLarge { most: told }) if told == most)
            );
        }
        assert!(matches!(Parts::of(0), Err(FileError::Empty)));
    }

    #[test]
    fn what_is_fetched_stays_in_one_block_of_a_mib_whatever_is_wanted() {
        let mut chunks: Vec<usize> = (0..=24).flat_map(|bit| [1 << bit, (1 << bit) + 1]).collect();
        chunks.extend([0, 1000, 100_000, usize::MAX]);
        for chunk in chunks {
            let part = fetched_for(chunk);
            assert_eq!((part % 4096, (1 << 20) % part), (0, 0), "{chunk}: {part}");
        }
        let (kib, mib) = (1 << 10, 1 << 20);
        assert_eq!([1, 5 * kib, 64 * kib].map(fetched_for), [4 * kib, 8 * kib, 64 * kib]);
        assert_eq!([512 * kib, 600 * kib].map(fetched_for), [512 * kib, mib]);
        assert_eq!([mib, mib + 1].map(fetched_for), [mib, 512 * kib]);
    }

    #[test]
    fn the_last_part_of_a_download_is_what_is_left() {
        assert_eq!(expected(10_000, 0, 4096), 4096);
        assert_eq!(expected(10_000, 8192, 4096), 1808);
        assert_eq!(expected(8192, 8192, 4096), 0);
    }
}
