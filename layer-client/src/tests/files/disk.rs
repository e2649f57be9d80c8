//! Downloads into files: whole or not there, gone on with after an end in the middle.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::time::timeout;

use super::{PART, Shelf, bytes};
use crate::{FileError, InvocationError};

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("layer-files-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The one that is beside.
    fn part(&self) -> PathBuf {
        let name = self.names().into_iter().find(|name| name.ends_with(".part")).unwrap();
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_whole_and_nothing_is_left_beside_it() {
    for len in [0, 1, PART, (3 << 20) + 5] {
        let (file, folder) = (bytes(len), Folder::new());
        let shelf = Shelf::new(file.clone(), 4).await;
        for location in [shelf.location(), shelf.document()] {
            let path = folder.0.join("a.bin");
            fs::write(&path, b"an older one").unwrap();
            let (sender, told) = mpsc::channel();
            let download = shelf.client.download_media_to_file(location, &path);
            download.on_progress(move |it| sender.send(it.done).unwrap()).await.unwrap();
            assert!(fs::read(&path).unwrap() == file, "{len}");
            assert_eq!(folder.names(), ["a.bin"]);
            assert_eq!(told.try_iter().last().unwrap_or(0), len as u64);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_that_was_ended_goes_on_from_what_is_there() {
    let (file, folder) = (bytes(40 * PART + 9), Folder::new());
    let path = folder.0.join("a.bin");
    let shelf = Shelf::new(file.clone(), 2).await;
    shelf.store().takes = Duration::from_secs(1);
    let download = shelf.client.download_media_to_file(shelf.document(), &path).into_future();
    assert!(timeout(Duration::from_millis(3500), download).await.is_err());
    assert!(!path.exists(), "no half file under the final name");
    let there = fs::metadata(folder.part()).unwrap().len();
    assert!(there >= 8 * PART as u64, "{there}");
    // Another program, with another reference: the file is the same.
    shelf.store().reference = 9;
    shelf.store().asked.clear();
    shelf.client.disconnect();
    shelf.token.closed().await;
    let (client, token) = shelf.rig.another().logged_in().await;
    let again = Shelf { client, token, ..shelf };
    let document = again.document();
    let (sender, told) = mpsc::channel();
    let download = again.client.download_media_to_file(document, &path);
    download.on_progress(move |it| sender.send(it.done).unwrap()).await.unwrap();
    assert!(fs::read(&path).unwrap() == file);
    assert!(told.recv().unwrap() > 8 * PART as u64, "what was there counts");
    let first = again.store().asked.iter().map(|(_, offset, _)| *offset).min().unwrap();
    assert!(first as u64 >= 8 * PART as u64, "{first}");
}

#[tokio::test(start_paused = true)]
async fn what_is_there_is_taken_up_as_far_as_it_can_be() {
    let len = 2 * PART + 9;
    let file = bytes(len);
    let shelf = Shelf::new(file.clone(), 2).await;
    for there in [0, 1, 4095, 4096, PART + 1, len - 1, len] {
        let folder = Folder::new();
        let path = folder.0.join("a.bin");
        // To learn its name.
        shelf.store().refusals.push((400, "LOCATION_INVALID"));
        let first = shelf.client.download_media_to_file(shelf.document(), &path).await;
        assert!(first.unwrap_err().is("LOCATION_INVALID") && !path.exists());
        fs::write(folder.part(), &file[..there]).unwrap();
        shelf.store().asked.clear();
        shelf.client.download_media_to_file(shelf.document(), &path).await.unwrap();
        assert!(fs::read(&path).unwrap() == file, "{there}");
        assert_eq!(shelf.store().asked.is_empty(), there == len);
    }
    // More than it has is not of it.
    let folder = Folder::new();
    let path = folder.0.join("a.bin");
    shelf.store().refusals.push((400, "LOCATION_INVALID"));
    shelf.client.download_media_to_file(shelf.document(), &path).await.unwrap_err();
    fs::write(folder.part(), vec![7; len + 1]).unwrap();
    shelf.client.download_media_to_file(shelf.document(), &path).await.unwrap();
    assert!(fs::read(&path).unwrap() == file);
}

#[tokio::test(start_paused = true)]
async fn two_downloads_into_one_file_are_not_mixed() {
    let (file, folder) = (bytes(20 * PART), Folder::new());
    let path = folder.0.join("a.bin");
    let shelf = Shelf::new(file.clone(), 2).await;
    shelf.store().takes = Duration::from_secs(5);
    let download = || shelf.client.download_media_to_file(shelf.document(), &path).into_future();
    let (first, second) = tokio::join!(download(), download());
    let failed = first.and(second).unwrap_err();
    assert!(matches!(failed, InvocationError::File(FileError::Busy)), "{failed}");
    assert!(fs::read(&path).unwrap() == file);
    assert_eq!(folder.names(), ["a.bin"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_an_error_of_the_disk() {
    let (shelf, folder) = (Shelf::new(bytes(5), 2).await, Folder::new());
    for path in [folder.0.join("no/such/folder/a"), PathBuf::from("/"), PathBuf::new()] {
        let error = shelf.client.download_media_to_file(shelf.document(), path).await.unwrap_err();
        assert!(matches!(error, InvocationError::File(FileError::Disk(_))), "{error}");
    }
    assert!(shelf.store().asked.is_empty());
    // A folder stands where the file is to be.
    let path = folder.0.join("a");
    fs::create_dir(&path).unwrap();
    let error = shelf.client.download_media_to_file(shelf.document(), &path).await.unwrap_err();
    assert!(matches!(error, InvocationError::File(FileError::Disk(_))), "{error}");
    assert!(path.is_dir());
}

/// The one disk that is always full.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_full_disk_is_an_error_and_leaves_nothing_under_the_final_name() {
    for len in [1, PART, 3 * PART] {
        let (shelf, folder) = (Shelf::new(bytes(len), 2).await, Folder::new());
        let path = folder.0.join("a.bin");
        // To learn its name.
        shelf.store().refusals.push((400, "LOCATION_INVALID"));
        shelf.client.download_media_to_file(shelf.document(), &path).await.unwrap_err();
        let part = folder.part();
        fs::remove_file(&part).unwrap();
        std::os::unix::fs::symlink("/dev/full", &part).unwrap();
        let download = shelf.client.download_media_to_file(shelf.document(), &path);
        let error = download.await.unwrap_err();
        let InvocationError::File(FileError::Disk(error)) = error else { panic!("{error}") };
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        assert!(!path.exists(), "no half file under the final name");
        // There is room again.
        fs::remove_file(&part).unwrap();
        shelf.client.download_media_to_file(shelf.document(), &path).await.unwrap();
        assert!(fs::read(&path).unwrap() == bytes(len));
    }
}
