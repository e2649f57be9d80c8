//! Why bytes are not the TL value that was expected.

use std::fmt;

/// Bytes that are not what the schema says. The sender is at fault, or speaks another layer.
///
/// `offset` counts bytes from where the [`Cursor`](crate::Cursor) began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end before the value does.
    UnexpectedEnd {
        /// Where the value that is cut off begins.
        offset: usize,
        /// How many bytes it takes.
        wanted: usize,
        /// How many there are.
        left: usize,
    },
    /// A constructor that the type does not have in this layer.
    UnknownConstructor {
        /// The constructor's id.
        id: u32,
        /// The type, as the schema names it.
        ty: &'static str,
        /// Where the id stands.
        offset: usize,
    },
    /// A vector that claims more elements than the bytes left can hold.
    VectorTooLong {
        /// The number of elements that it claims.
        count: u32,
        /// Where the number stands.
        offset: usize,
        /// How many bytes follow it.
        left: usize,
    },
    /// A value that would take more memory than [`MAX_MEMORY`](crate::MAX_MEMORY).
    TooLarge {
        /// Where the limit was reached.
        offset: usize,
    },
    /// Values nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep {
        /// Where the value too deep begins.
        offset: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd { offset, wanted, left } => {
                write!(f, "at byte {offset}: a value takes {wanted} bytes, {left} are left")
            }
            Self::UnknownConstructor { id, ty, offset } => {
                write!(f, "at byte {offset}: {id:08x} is no constructor of {ty}")
            }
            Self::VectorTooLong { count, offset, left } => {
                write!(
                    f,
                    "at byte {offset}: a vector of {count} elements can't fit in {left} bytes"
                )
            }
            Self::TooLarge { offset } => {
                write!(f, "at byte {offset}: more than {} bytes of memory", crate::MAX_MEMORY)
            }
            Self::TooDeep { offset } => {
                write!(f, "at byte {offset}: more than {} values in one another", crate::MAX_DEPTH)
            }
        }
    }
}

impl std::error::Error for Error {}
