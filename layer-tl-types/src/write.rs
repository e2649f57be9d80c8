//! Writing: values into bytes.
//!
//! Wire format: <https://core.telegram.org/mtproto/serialize>.

use crate::read::{BOOL_FALSE, BOOL_TRUE, VECTOR};
use crate::{Cursor, Deserializable};

/// A value that can be written as bytes.
///
/// ```
/// use layer_tl_types::Serializable;
///
/// assert_eq!("hi".to_owned().to_bytes(), [2, b'h', b'i', 0]);
/// ```
pub trait Serializable {
    /// Appends the value's bytes to `out`: `enums::T` and `functions::X` with their constructor
    /// id, `types::X` without.
    fn serialize(&self, out: &mut Vec<u8>);

    /// The value's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        // Room for most queries.
        let mut bytes = Vec::with_capacity(64);
        self.serialize(&mut bytes);
        bytes
    }
}

/// Whether two values have the same bytes, which is what `==` means for all generated types.
pub(crate) fn same(one: &dyn Serializable, other: &dyn Serializable) -> bool {
    one.to_bytes() == other.to_bytes()
}

#[inline]
pub(crate) fn id(id: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&id.to_le_bytes());
}

/// A vector without its id.
#[allow(dead_code, reason = "only MTProto's own schema has such vectors")]
pub(crate) fn bare_vector<T: Serializable>(elements: &[T], out: &mut Vec<u8>) {
    id(count(elements), out);
    for element in elements {
        element.serialize(out);
    }
}

/// A count beyond 32 bits is more than memory or any message holds.
fn count<T>(elements: &[T]) -> u32 {
    elements.len() as u32
}

/// A field whose bit is set: several fields may share one, and those that are `None` while another
/// is not go out as zeros, so that what was given arrives and the bytes stay readable.
#[inline]
pub(crate) fn present<T: Serializable + Deserializable>(field: &Option<T>, out: &mut Vec<u8>) {
    match field {
        Some(value) => value.serialize(out),
        None => absent::<T>(out),
    }
}

#[cold]
fn absent<T: Serializable + Deserializable>(out: &mut Vec<u8>) {
    T::read(&mut Cursor::new(&[])).serialize(out);
}

/// A TL string: its length, its bytes, and zeros up to a whole word.
fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // Half of all strings are that short: an emoji, the name of a size.
    let word = match *bytes {
        [] => [0; 4],
        [a] => [1, a, 0, 0],
        [a, b] => [2, a, b, 0],
        [a, b, c] => [3, a, b, c],
        [a, b, c, d] => return out.extend_from_slice(&[4, a, b, c, d, 0, 0, 0]),
        _ => return long_bytes(bytes, out),
    };
    out.extend_from_slice(&word);
}

#[inline(never)]
fn long_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let length = bytes.len();
    let le = (length as u64).to_le_bytes();
    let start = out.len();
    match length {
        0..254 => out.push(le[0]),
        254..0x100_0000 => out.extend_from_slice(&[254, le[0], le[1], le[2]]),
        // Not in the description of the format, but so TDLib writes and reads them.
        _ => out.extend_from_slice(&[255, le[0], le[1], le[2], le[3], le[4], le[5], le[6]]),
    }
    out.extend_from_slice(bytes);
    let padded = start + (out.len() - start).next_multiple_of(4);
    // As many zeros as it may take, and back: no branch on how many.
    out.extend_from_slice(&[0; 3]);
    out.truncate(padded);
}

/// Writes values of fixed size that follow one another in one piece: one look at the room that is
/// left, and one new length.
#[inline(always)]
pub(crate) fn run(values: impl Fixed, out: &mut Vec<u8>) {
    let mut run = [0; MOST_IN_A_RUN];
    let left = values.put(&mut run).len();
    out.extend_from_slice(run.get(..MOST_IN_A_RUN - left).unwrap_or(&[]));
}

/// As many values as the largest tuple has, of the largest size.
const MOST_IN_A_RUN: usize = 8 * 32;

/// A value, or several, that always take the same number of bytes.
pub(crate) trait Fixed {
    /// Puts the bytes at the start of `place` and gives what is behind them.
    fn put(self, place: &mut [u8]) -> &mut [u8];
}

impl<const N: usize> Fixed for [u8; N] {
    #[inline(always)]
    fn put(self, place: &mut [u8]) -> &mut [u8] {
        match place.split_first_chunk_mut() {
            Some((start, rest)) => {
                *start = self;
                rest
            }
            None => &mut [],
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        impl<$($name: Fixed),*> Fixed for ($($name,)*) {
            #[inline(always)]
            #[allow(non_snake_case, reason = "the values are named as their types are")]
            fn put(self, place: &mut [u8]) -> &mut [u8] {
                let ($($name,)*) = self;
                $(let place = $name.put(place);)*
                place
            }
        }
    )*};
}

tuples!((A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H));

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Serializable for $number {
            #[inline]
            fn serialize(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }

        impl Fixed for $number {
            #[inline(always)]
            fn put(self, place: &mut [u8]) -> &mut [u8] {
                self.to_le_bytes().put(place)
            }
        }
    )*};
}

numbers!(u32 i32 i64 f64);

/// `int128` and `int256`.
impl<const N: usize> Serializable for [u8; N] {
    #[inline]
    fn serialize(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl Serializable for bool {
    fn serialize(&self, out: &mut Vec<u8>) {
        id(if *self { BOOL_TRUE } else { BOOL_FALSE }, out);
    }
}

impl Serializable for Vec<u8> {
    #[inline]
    fn serialize(&self, out: &mut Vec<u8>) {
        bytes(self, out);
    }
}

impl Serializable for String {
    #[inline]
    fn serialize(&self, out: &mut Vec<u8>) {
        bytes(self.as_bytes(), out);
    }
}

impl<T: Serializable> Serializable for Vec<T> {
    fn serialize(&self, out: &mut Vec<u8>) {
        // Most of what grows a message are its vectors. What the elements take in memory without what
        // they point to is exact for numbers and a part of what is to come for objects.
        out.reserve(8 + size_of_val(self.as_slice()));
        run((VECTOR, count(self)), out);
        for element in self {
            element.serialize(out);
        }
    }
}

impl<T: Serializable> Serializable for Box<T> {
    fn serialize(&self, out: &mut Vec<u8>) {
        T::serialize(self, out);
    }
}

impl<T: Serializable> Serializable for &T {
    fn serialize(&self, out: &mut Vec<u8>) {
        T::serialize(self, out);
    }
}
