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
        let mut bytes = Vec::new();
        self.serialize(&mut bytes);
        bytes
    }
}

/// Whether two values have the same bytes, which is what `==` means for all generated types.
pub(crate) fn same(one: &dyn Serializable, other: &dyn Serializable) -> bool {
    one.to_bytes() == other.to_bytes()
}

pub(crate) fn id(id: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&id.to_le_bytes());
}

/// A vector without its id.
pub(crate) fn bare_vector<T: Serializable>(elements: &[T], out: &mut Vec<u8>) {
    // A count beyond 32 bits is more than memory or any message holds.
    id(elements.len() as u32, out);
    for element in elements {
        element.serialize(out);
    }
}

/// A field whose bit is set: several fields may share one, and those that are `None` while another
/// is not go out as zeros, so that what was given arrives and the bytes stay readable.
pub(crate) fn present<T: Serializable + Deserializable>(field: &Option<T>, out: &mut Vec<u8>) {
    match field {
        Some(value) => value.serialize(out),
        None => T::read(&mut Cursor::new(&[])).serialize(out),
    }
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let length = bytes.len();
    let le = (length as u64).to_le_bytes();
    out.reserve(length + 12);
    let head = match length {
        0..254 => {
            out.push(le[0]);
            1
        }
        254..0x100_0000 => {
            out.extend_from_slice(&[254, le[0], le[1], le[2]]);
            4
        }
        // Not in the description of the format, but so TDLib writes and reads them.
        _ => {
            out.extend_from_slice(&[255, le[0], le[1], le[2], le[3], le[4], le[5], le[6]]);
            8
        }
    };
    out.extend_from_slice(bytes);
    let padding: &[u8] = match (head + length) % 4 {
        0 => &[],
        1 => &[0; 3],
        2 => &[0; 2],
        _ => &[0; 1],
    };
    out.extend_from_slice(padding);
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Serializable for $number {
            #[inline]
            fn serialize(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
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
    fn serialize(&self, out: &mut Vec<u8>) {
        bytes(self, out);
    }
}

impl Serializable for String {
    fn serialize(&self, out: &mut Vec<u8>) {
        bytes(self.as_bytes(), out);
    }
}

impl<T: Serializable> Serializable for Vec<T> {
    fn serialize(&self, out: &mut Vec<u8>) {
        id(VECTOR, out);
        bare_vector(self, out);
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
