//! `download`: the photo or file of a message, into a file, which is there when it is whole, or into a
//! pipe.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use layer_client::Client;
use serde_json::json;

use crate::arguments::Download;
use crate::bar::Bar;
use crate::failure::Failure;
use crate::offered::Offered;
use crate::output::{line, one_line};

pub(crate) async fn run(download: &Download, json: bool) -> Result<(), Failure> {
    let wanted = download.path.as_deref().unwrap_or_else(|| Path::new("."));
    // Said before anything is asked, where it is known already.
    if wanted != Path::new("-") && !wanted.is_dir() {
        download.may_write(wanted)?;
    }
    let saved = download.account.logged_in(async |client| {
        let offered = download.offered(client).await?;
        if wanted == Path::new("-") {
            into_pipe(client, offered, json).await?;
            return Ok(None);
        }
        let path = if wanted.is_dir() { wanted.join(&offered.name) } else { wanted.to_owned() };
        let path = path.strip_prefix(".").map(PathBuf::from).unwrap_or(path);
        download.may_write(&path)?;
        let into_file = client.download_media_to_file(offered.file, &path);
        into_file.on_progress(Bar::new(json).mover()).await?;
        Ok(Some(path))
    });
    // Nothing but the file goes into a pipe.
    let Some(path) = saved.await? else { return Ok(()) };
    let bytes = path.metadata().map(|about| about.len()).ok();
    let shown = path.display().to_string();
    let text = || format!("saved: {}", one_line(&shown));
    line(json, || json!({"path": shown, "bytes": bytes}), text)
}

impl Download {
    async fn offered(&self, client: &Client) -> Result<Offered, Failure> {
        let found = client.get_messages_by_id(self.peer.as_str(), &[self.message]).await?;
        let message = found.into_iter().flatten().next();
        let message = message.ok_or(Failure::NoMessage(self.message))?;
        Offered::by(&message).ok_or(Failure::NoFile(self.message))
    }

    /// Whether this place is free, or may be taken all the same.
    fn may_write(&self, path: &Path) -> Result<(), Failure> {
        let is_taken = path.symlink_metadata().is_ok();
        if is_taken && !self.force { Err(Failure::Exists(path.to_owned())) } else { Ok(()) }
    }
}

async fn into_pipe(client: &Client, offered: Offered, json: bool) -> Result<(), Failure> {
    let Offered { file, bytes: total, .. } = offered;
    let (mut bar, mut done) = (Bar::new(json), 0);
    let mut download = client.iter_download(file);
    while let Some(piece) = download.next().await? {
        // This task has nothing else to do, and no worker's thread is held up by it.
        let mut out = io::stdout().lock();
        out.write_all(&piece).and_then(|()| out.flush()).map_err(Failure::Output)?;
        done += piece.len() as u64;
        bar.at(done, total);
    }
    Ok(())
}
