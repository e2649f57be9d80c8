//! A file on its way up: parts are read one after another and saved several at a time, over links of
//! their own. What the source holds is never all in memory.

use std::fmt;

use layer_tl_types::{Deserializable, Serializable, functions, types};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::plan::{self, PART, Parts};
use super::progress::{Progress, Report};
use super::window::Window;
use super::{FileError, UploadedFile};
use crate::invoke::Route;
use crate::session::BoxFuture;
use crate::{Client, InvocationError};

/// An upload, which begins when it is awaited and gives the [`UploadedFile`]. Made by
/// [`Client::upload_file`] and its like.
///
/// It may be dropped midway, which ends it: the server forgets the parts that it has.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sandbox = layer_sandbox::Sandbox::start().await?;
/// # sandbox.world().add_user("Alice", "+4930901820");
/// # let session = std::sync::Arc::new(layer_client::session::InMemoryBackend::default());
/// # let builder = layer_client::Client::builder().api(1, "hash").session_backend(session);
/// # let builder = builder.dc_addr(sandbox.address(2).to_string());
/// # let (client, _shutdown) = builder.server_key(sandbox.public_key_pem()).connect().await?;
/// # let token = client.request_login_code("+4930901820").await?;
/// # let code = sandbox.world().code_for("+4930901820").unwrap();
/// # client.sign_in(&token, &code).await?;
/// let recipe = vec![b'~'; 700_000];
/// let upload = client.upload_file(&recipe, "bread.txt", "text/plain");
/// let uploaded = upload.on_progress(|progress| assert!(progress.done <= 700_000)).await?;
/// let sent = client.send_file("me", uploaded, "Fresh bread").await?;
///
/// let document = sent.document().unwrap();
/// let mut download = client.iter_download(&document);
/// let mut came = Vec::new();
/// while let Some(piece) = download.next().await? {
///     came.extend(piece);
/// }
/// assert!(came == recipe);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`InvocationError::File`] for what can't be uploaded, and any other [`InvocationError`]. Parts are
/// sent again by themselves where the network fails.
#[must_use = "it begins when it is awaited"]
pub struct Upload<'a> {
    client: Client,
    source: Source<'a>,
    name: String,
    mime: String,
    size: Option<u64>,
    /// So many parts at the same time.
    window: usize,
    lanes: u64,
    report: Report,
}

impl<'a> Upload<'a> {
    pub(crate) fn of_bytes(
        client: &Client,
        bytes: Box<dyn AsRef<[u8]> + Send + Sync + 'a>,
        name: String,
        mime: String,
    ) -> Self {
        let size = u64::try_from((*bytes).as_ref().len()).ok();
        let source = Source { kind: Kind::Bytes { bytes, at: 0 }, part: Vec::new() };
        let client = client.clone();
        // One at a time is on its way while the next one goes out.
        Self { client, source, name, mime, size, window: 2, lanes: 1, report: None }
    }

    pub(crate) fn of_stream(
        client: &Client,
        stream: Box<dyn AsyncRead + Send + Unpin + 'a>,
        name: String,
        mime: String,
    ) -> Self {
        let source = Source { kind: Kind::Stream(stream), part: Vec::new() };
        let client = client.clone();
        let upload =
            Self { client, source, name, mime, size: None, window: 1, lanes: 1, report: None };
        upload.concurrent()
    }

    /// Over several links.
    pub(crate) fn concurrent(mut self) -> Self {
        (self.window, self.lanes) = (plan::UP / PART, plan::LANES_UP);
        self
    }

    /// How many bytes will come, where that is not known by itself. Should others come, it is an error.
    pub fn size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Tells how far it is, after each part that the server has. See
    /// [`ProgressStream`](crate::ProgressStream) for a stream.
    pub fn on_progress(mut self, report: impl FnMut(Progress) + Send + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    async fn run(mut self) -> Result<UploadedFile, InvocationError> {
        let mut course = Course::of(self.size, &mut self.source).await?;
        let (file_id, mut done) = (self.client.inner.seams.random_id(), 0);
        let mut window: Window<Result<u64, InvocationError>> = Window::new();
        loop {
            tokio::select! {
                biased;
                Some(saved) = window.any(), if !window.is_empty() => {
                    done += saved?;
                    if let Some(report) = &mut self.report {
                        report(Progress { done, total: course.size() });
                    }
                }
                part = course.next(&mut self.source), if window.len() < self.window && !course.is_over => {
                    let part = part?;
                    let lane = u8::try_from(part.index.cast_unsigned() as u64 % self.lanes).unwrap_or(0);
                    window.push(save(self.client.clone(), file_id, part, lane));
                }
                else => break,
            }
        }
        let (id, parts, name) = (file_id, course.sent, self.name.clone());
        let file = match course.is_big() {
            true => types::InputFileBig { id, parts, name }.into(),
            // The transport has its own checks; this one is for others.
            false => types::InputFile { id, parts, name, md5_checksum: String::new() }.into(),
        };
        Ok(UploadedFile { file, name: self.name, mime: self.mime, size: done })
    }
}

/// A part, to be saved.
struct Part {
    index: i32,
    /// How many there are, of a big file; -1 if that is not known.
    total: Option<i32>,
    bytes: Vec<u8>,
}

/// What is known of the parts.
struct Course {
    /// `None` if nobody knows how many there will be.
    parts: Option<Parts>,
    /// The part that was read, where it has to be known if it is the last one.
    held: Vec<u8>,
    came: u64,
    sent: i32,
    is_over: bool,
}

impl Course {
    async fn of(size: Option<u64>, source: &mut Source<'_>) -> Result<Self, InvocationError> {
        let mut course = Self { parts: None, held: Vec::new(), came: 0, sent: 0, is_over: false };
        match size {
            Some(size) => course.parts = Some(Parts::of(size)?),
            None => {
                course.held = source.read(PART).await?;
                // All of it has come, so it is known.
                if course.held.len() < PART {
                    course.parts = Some(Parts::of(course.held.len() as u64)?);
                }
            }
        }
        Ok(course)
    }

    fn size(&self) -> Option<u64> {
        self.parts.map(|parts| parts.size).or(Some(self.came).filter(|_| self.is_over))
    }

    fn is_big(&self) -> bool {
        self.parts.is_none_or(|parts| parts.is_big)
    }

    /// The next part. Dropped midway, nothing is lost.
    async fn next(&mut self, source: &mut Source<'_>) -> Result<Part, InvocationError> {
        let index = self.sent;
        let (bytes, total) = match self.parts {
            Some(parts) => {
                let expected = parts.len(index.cast_unsigned().into());
                let is_last = self.sent + 1 == parts.count;
                let bytes = match self.held.is_empty() {
                    // Nothing may follow the last one.
                    true => source.read(expected + usize::from(is_last)).await?,
                    false => std::mem::take(&mut self.held),
                };
                let came = self.came + bytes.len() as u64;
                let size = parts.size;
                if bytes.len() < expected {
                    return Err(FileError::SourceEnded { expected: size, came }.into());
                }
                if bytes.len() > expected {
                    return Err(FileError::SourceGoesOn { expected: size }.into());
                }
                self.is_over = came == parts.size;
                (bytes, Some(parts.count).filter(|_| parts.is_big))
            }
            None => {
                let next = source.read(PART).await?;
                self.is_over = next.is_empty();
                let bytes = std::mem::replace(&mut self.held, next);
                let count = plan::count(self.came + bytes.len() as u64)?;
                (bytes, Some(if self.is_over { count } else { -1 }))
            }
        };
        self.came += bytes.len() as u64;
        self.sent += 1;
        Ok(Part { index, total, bytes })
    }
}

fn save(
    client: Client,
    file_id: i64,
    part: Part,
    lane: u8,
) -> BoxFuture<'static, Result<u64, InvocationError>> {
    let Part { index: file_part, total, bytes } = part;
    let len = bytes.len() as u64;
    // It is in memory once only while it waits.
    let body = match total {
        Some(file_total_parts) => {
            functions::upload::SaveBigFilePart { file_id, file_part, file_total_parts, bytes }
                .to_bytes()
        }
        None => functions::upload::SaveFilePart { file_id, file_part, bytes }.to_bytes(),
    };
    Box::pin(async move {
        let saved = client.inner.call(Route::home().on_lane(lane), body).await?;
        if !bool::from_bytes(&saved)? {
            return Err(FileError::NotKept(file_part).into());
        }
        Ok(len)
    })
}

/// Where the bytes come from.
struct Source<'a> {
    kind: Kind<'a>,
    /// What has been read of the next part.
    part: Vec<u8>,
}

enum Kind<'a> {
    Bytes { bytes: Box<dyn AsRef<[u8]> + Send + Sync + 'a>, at: usize },
    Stream(Box<dyn AsyncRead + Send + Unpin + 'a>),
}

impl Source<'_> {
    /// So many bytes, or all that are left. Dropped midway, nothing is lost.
    async fn read(&mut self, len: usize) -> Result<Vec<u8>, FileError> {
        match &mut self.kind {
            Kind::Bytes { bytes, at } => {
                let left = (**bytes).as_ref().get(*at..).unwrap_or_default();
                let part = left.get(..len).unwrap_or(left).to_vec();
                *at += part.len();
                Ok(part)
            }
            Kind::Stream(stream) => {
                while self.part.len() < len {
                    let wanted = (len - self.part.len()) as u64;
                    let mut rest = stream.take(wanted);
                    let read = rest.read_buf(&mut self.part).await.map_err(FileError::Source)?;
                    if read == 0 {
                        break;
                    }
                }
                Ok(std::mem::take(&mut self.part))
            }
        }
    }
}

impl<'a> IntoFuture for Upload<'a> {
    type Output = Result<UploadedFile, InvocationError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("size", &self.size).finish_non_exhaustive()
    }
}
