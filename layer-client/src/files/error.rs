//! Why a file could not be moved.

use std::io;

/// Why a file could not be moved, beside all that a call may end in. Part of
/// [`InvocationError`](crate::InvocationError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Telegram keeps no empty files. Nothing was sent.
    #[error("the file is empty, and Telegram keeps no empty files")]
    Empty,
    /// More than anybody may upload.
    #[error("the file has more than the {most} bytes that Telegram takes")]
    TooLarge {
        /// So many bytes at most.
        most: u64,
    },
    /// What was to be uploaded can't be read.
    #[error("what is to be uploaded can't be read: {0}")]
    Source(#[source] io::Error),
    /// What was to be uploaded has ended too early.
    #[error("what is to be uploaded has ended after {came} of {expected} bytes")]
    SourceEnded {
        /// So many bytes were announced.
        expected: u64,
        /// So many came.
        came: u64,
    },
    /// What was to be uploaded goes on after its end.
    #[error("what is to be uploaded goes on after the {expected} bytes that were announced")]
    SourceGoesOn {
        /// So many bytes were announced.
        expected: u64,
    },
    /// The server gave less or more than the file is said to have.
    #[error(
        "the server gave {came} bytes of a part where {expected} were expected, at byte {offset}"
    )]
    WrongSize {
        /// Where the part begins.
        offset: u64,
        /// So many bytes it has.
        expected: u64,
        /// So many came.
        came: u64,
    },
    /// The server did not keep a part.
    #[error("the server did not keep part {0} of the file")]
    NotKept(i32),
    /// The server sends to a cache without having been told that this is understood.
    #[error("the server sends to a cache, which was not asked for")]
    Cdn,
    /// What a cache gave is not the file: its hash is another. The cache is not asked any more; asked
    /// again, a download takes the file from where it is.
    #[error("what a cache gave is not the file, from byte {offset} on")]
    Corrupt {
        /// Where the block begins whose hash is another.
        offset: u64,
    },
    /// There is no file in it.
    #[error("there is no file in it")]
    NoFile,
    /// Another download writes the same file.
    #[error("another download is writing this file")]
    Busy,
    /// The file that was downloaded can't be written.
    #[error("the file that is downloaded can't be written: {0}")]
    Disk(#[source] io::Error),
    /// Not so many can be sent together.
    #[error("an album has 1 to 10 photos or files, not {0}")]
    Album(usize),
}
