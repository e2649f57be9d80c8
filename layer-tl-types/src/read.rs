//! Reading: bytes into values.
//!
//! The first error sticks to the [`Cursor`]: it empties the input, all later reads give zeros, and
//! [`Deserializable::deserialize`] reports it. So the generated code is straight-line, without a
//! way out at every field, which makes it small for the compiler and the processor alike.
//! For the same reason all of it is `extern "C"`: such functions can't unwind, so no caller needs
//! code to drop half-read values. Nothing here panics; running out of memory aborts anyway.
//! Wire format: <https://core.telegram.org/mtproto/serialize>.

use std::mem::ManuallyDrop;

use crate::Error;

/// How deep values of recursive types (formatted text, pages, JSON, …) may lie in one another.
pub const MAX_DEPTH: u32 = 64;

/// How many bytes the vectors and boxes of what one cursor reads may take. An answer takes up to 17
/// times its length; one made to do harm could take a hundred times as much.
pub const MAX_MEMORY: usize = 256 << 20;

/// How many elements of a vector are read between two looks whether there was an error.
const READ_AT_ONCE: usize = 16;

pub(crate) const VECTOR: u32 = 0x1cb5_c415;
pub(crate) const BOOL_TRUE: u32 = 0x9972_75b5;
pub(crate) const BOOL_FALSE: u32 = 0xbc79_9737;

/// A value that can be read from bytes.
pub trait Deserializable: Sized {
    /// Reads the value at the cursor. After a failure the value is made of zeros and the cursor
    /// holds the error; callers want [`Self::deserialize`].
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self;

    /// Reads the value at the cursor and moves behind it.
    ///
    /// `types::X` and `functions::X` read no constructor id, `enums::T` does.
    ///
    /// # Errors
    /// The first thing in the bytes that is not as the schema says. The cursor can't be used again.
    fn deserialize(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let value = Self::read(cursor);
        match &cursor.error {
            None => Ok(value),
            Some(error) => Err(Error::clone(error)),
        }
    }

    /// Reads the value at the start of `bytes`; what follows it is ignored, as MTProto wants for
    /// plain replies and padding.
    ///
    /// # Errors
    /// As [`Self::deserialize`].
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::deserialize(&mut Cursor::new(bytes))
    }
}

/// A place in bytes that are being read.
///
/// ```
/// use layer_tl_types::{Cursor, Deserializable};
///
/// let mut cursor = Cursor::new(&[7, 0, 0, 0, 2, b'h', b'i', 0]);
/// assert_eq!(i32::deserialize(&mut cursor)?, 7);
/// assert_eq!(String::deserialize(&mut cursor)?, "hi");
/// assert_eq!(cursor.position(), 8);
/// assert!(i32::deserialize(&mut cursor).is_err());
/// # Ok::<(), layer_tl_types::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    total: usize,
    depth: u32,
    /// The memory given out so far, against [`MAX_MEMORY`].
    memory: usize,
    error: Option<Box<Error>>,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len(), depth: 0, memory: 0, error: None }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.total - self.rest.len()
    }

    /// The bytes that have not been read; none after an error.
    pub fn remaining(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes the next constructor id without its value.
    ///
    /// # Errors
    /// Fewer than 4 bytes are left.
    pub fn constructor_id(&mut self) -> Result<u32, Error> {
        u32::deserialize(self)
    }

    /// Takes the next TL string or byte string, without a copy.
    ///
    /// # Errors
    /// Its length goes beyond the end.
    pub fn byte_string(&mut self) -> Result<&'a [u8], Error> {
        let bytes = self.bytes();
        match &self.error {
            None => Ok(bytes),
            Some(error) => Err(Error::clone(error)),
        }
    }

    // What follows is for generated code: short names, sticky errors.

    #[inline]
    pub(crate) extern "C" fn read<T: Deserializable>(&mut self) -> T {
        T::read(self)
    }

    #[inline(never)]
    pub(crate) extern "C" fn boxed<T: Deserializable>(&mut self) -> Box<T> {
        self.take_memory(size_of::<T>());
        // Dropped nowhere here, as the elements of a vector below.
        let value = ManuallyDrop::new(T::read(self));
        Box::write(Box::new_uninit(), ManuallyDrop::into_inner(value))
    }

    #[inline]
    pub(crate) extern "C" fn optional<T: Deserializable>(&mut self, bit: u32) -> Option<T> {
        if bit == 0 { None } else { Some(T::read(self)) }
    }

    #[allow(dead_code, reason = "no schema of today has such a field")]
    pub(crate) extern "C" fn optional_bare_vector<T: Deserializable>(
        &mut self,
        bit: u32,
    ) -> Option<Vec<T>> {
        if bit == 0 { None } else { Some(self.bare_vector()) }
    }

    /// A vector without its id.
    pub(crate) extern "C" fn bare_vector<T: Deserializable>(&mut self) -> Vec<T> {
        let count = self.count();
        self.elements(count)
    }

    /// The elements of a vector.
    ///
    /// This is compiled for every type that stands in vectors. So what does not depend on their type has
    /// functions of its own, and nothing here could drop an element: dropping is a lot to compile.
    extern "C" fn elements<T: Deserializable>(&mut self, count: usize) -> Vec<T> {
        let mut elements = ManuallyDrop::new(Vec::new());
        while elements.len() < count && self.error.is_none() {
            if elements.len() == elements.capacity() {
                let more = self.room(elements.len(), count, size_of::<T>());
                elements.reserve_exact(more);
            }
            let room = elements.capacity().min(count) - elements.len();
            elements.extend((0..room.min(READ_AT_ONCE)).map(|_| T::read(self)));
        }
        ManuallyDrop::into_inner(elements)
    }

    /// A vector's id and count.
    extern "C" fn counted(&mut self) -> usize {
        let id = self.id();
        self.expect_id(id, VECTOR, "Vector");
        self.count()
    }

    /// A vector's count, if as many elements may follow.
    extern "C" fn count(&mut self) -> usize {
        let offset = self.position();
        let count = u32::read(self);
        let left = self.rest.len();
        // Nothing that stands in vectors takes less than four bytes.
        if count as usize > left / 4 {
            self.fail(Error::VectorTooLong { count, offset, left });
            return 0;
        }
        count as usize
    }

    /// For how many more of `count` elements of `size` bytes to make room behind the `there` that are
    /// read; none if they would take too much memory.
    ///
    /// Elements may be larger in memory than on the wire: what is reserved for a claim is bounded by
    /// the bytes that back it, and the rest grows as elements turn out to be there.
    #[inline(never)]
    extern "C" fn room(&mut self, there: usize, count: usize, size: usize) -> usize {
        let backed = self.rest.len() / size.max(4);
        let more = (count - there).min(backed.max(there).max(4));
        self.take_memory(more.saturating_mul(size));
        if self.error.is_none() { more } else { 0 }
    }

    #[inline(never)]
    extern "C" fn take_memory(&mut self, bytes: usize) {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > MAX_MEMORY {
            self.fail(Error::TooLarge { offset: self.position() });
        }
    }

    /// All that is left.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// A constructor id, as the arms of a generated `match` compare it.
    #[inline]
    pub(crate) extern "C" fn id(&mut self) -> u32 {
        u32::read(self)
    }

    /// The last arm of a generated `match`: `id` must be the one constructor left.
    #[inline]
    pub(crate) extern "C" fn expect_id(&mut self, id: u32, expected: u32, ty: &'static str) {
        if id != expected {
            self.fail_id(id, ty);
        }
    }

    #[cold]
    pub(crate) fn fail_id(&mut self, id: u32, ty: &'static str) {
        let offset = self.position().saturating_sub(4);
        self.fail(Error::UnknownConstructor { id, ty, offset });
    }

    /// Goes into a value of a type that can contain itself.
    #[inline]
    pub(crate) extern "C" fn enter(&mut self) {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.fail(Error::TooDeep { offset: self.position() });
        }
    }

    /// Comes out of it.
    #[inline]
    pub(crate) extern "C" fn leave(&mut self) {
        self.depth -= 1;
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> [u8; N] {
        match self.rest.split_first_chunk() {
            Some((array, rest)) => {
                self.rest = rest;
                *array
            }
            None => {
                self.fail_end(N);
                [0; N]
            }
        }
    }

    /// A TL string's bytes. Lengths: one byte below 254; 254 and three; 255 and seven.
    extern "C" fn bytes(&mut self) -> &'a [u8] {
        let (head, length) = match *self.rest {
            [length @ 0..=253, ..] => (1, u64::from(length)),
            [254, a, b, c, ..] => (4, u64::from(u32::from_le_bytes([a, b, c, 0]))),
            [255, a, b, c, d, e, f, g, ..] => (8, u64::from_le_bytes([a, b, c, d, e, f, g, 0])),
            _ => return self.fail_end(4),
        };
        let end = head as u64 + length;
        // What does not fit in a `usize` does not fit in the input either.
        let [end, padded] = [end, end.next_multiple_of(4)]
            .map(|place| usize::try_from(place).unwrap_or(usize::MAX));
        match (self.rest.get(head..end), self.rest.get(padded..)) {
            (Some(bytes), Some(rest)) => {
                self.rest = rest;
                bytes
            }
            _ => self.fail_end(padded),
        }
    }

    #[cold]
    extern "C" fn fail_end(&mut self, wanted: usize) -> &'a [u8] {
        let (offset, left) = (self.position(), self.rest.len());
        self.fail(Error::UnexpectedEnd { offset, wanted, left });
        &[]
    }

    /// Keeps the first error and empties the input.
    #[cold]
    extern "C" fn fail(&mut self, error: Error) {
        self.total -= self.rest.len();
        self.rest = &[];
        self.error.get_or_insert_with(|| Box::new(error));
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Deserializable for $number {
            #[inline]
            extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
                Self::from_le_bytes(cursor.array())
            }
        }
    )*};
}

numbers!(u32 i32 i64 f64);

/// `int128` and `int256`.
impl<const N: usize> Deserializable for [u8; N] {
    #[inline]
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
        cursor.array()
    }
}

impl Deserializable for bool {
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
        match cursor.id() {
            BOOL_TRUE => true,
            BOOL_FALSE => false,
            id => {
                cursor.fail_id(id, "Bool");
                false
            }
        }
    }
}

impl Deserializable for Vec<u8> {
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
        cursor.bytes().to_vec()
    }
}

/// What is not UTF-8 is replaced by U+FFFD, so that one bad name does not cost the whole object.
impl Deserializable for String {
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
        let bytes = cursor.bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

impl<T: Deserializable> Deserializable for Vec<T> {
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
        let count = cursor.counted();
        cursor.elements(count)
    }
}

impl<T: Deserializable> Deserializable for Box<T> {
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
        cursor.boxed()
    }
}
