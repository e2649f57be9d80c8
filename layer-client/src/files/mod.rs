//! Files, there and back: `plan` is the arithmetic of parts, `window` the parts on their way,
//! `upload` and `download` what moves them, `fetch` one part as it is asked for, `cdn` the same from a
//! cache, `to_file` a download that ends in a file or not at all.

mod cdn;
mod download;
mod error;
mod fetch;
mod location;
mod origins;
mod plan;
mod progress;
mod remote;
mod to_file;
mod upload;
mod uploaded;
mod window;

pub use download::DownloadIter;
pub use error::FileError;
pub use location::{Downloadable, FileLocation, Origin};
pub(crate) use origins::Origins;
pub use progress::{Progress, ProgressStream};
pub use remote::RemoteFile;
pub use to_file::DownloadToFile;
pub use upload::Upload;
pub use uploaded::UploadedFile;
