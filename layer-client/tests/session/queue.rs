//! Between async callers and a disk that blocks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use layer_client::session::{
    BinaryFileBackend, Change, SavedSession, SessionBackend, SessionError,
};

use crate::crash::{PATH, load, now, open};
use crate::samples::full;
use crate::sim_disk::{SimDisk, Step};
use crate::suite::poll_once;
use crate::temp::TempFolder;

fn held() -> (Arc<SimDisk>, BinaryFileBackend) {
    let disk = Arc::new(SimDisk::default());
    disk.state().held = Some(Vec::new());
    (disk.clone(), open(&disk))
}

fn work(disk: &SimDisk) {
    let jobs = std::mem::take(disk.state().held.as_mut().unwrap());
    jobs.into_iter().for_each(|job| job());
}

#[test]
fn writes_what_many_wait_for_at_once() {
    let (disk, backend) = held();
    let changes: Vec<_> = (0..50).map(|i| [Change::HomeDc(i)]).collect();
    let mut saves: Vec<_> = changes.iter().map(|changes| backend.save(changes)).collect();
    assert!(saves.iter_mut().all(|save| poll_once(save).is_none()));
    work(&disk);
    saves.into_iter().for_each(|save| now(save).unwrap());
    let writes =
        disk.state().steps.iter().filter(|step| matches!(step, Step::Append { .. })).count();
    assert_eq!(writes, 1);
    assert_eq!(load(disk.image()).unwrap().home_dc, Some(49));
}

#[test]
fn saves_whole_what_was_dropped_while_it_waited() {
    let (disk, backend) = held();
    let changes = full(1).to_changes();
    drop(backend.save(&changes));
    assert!(disk.state().held.as_ref().unwrap().is_empty(), "nobody polled it");
    let mut save = backend.save(&changes);
    assert!(poll_once(&mut save).is_none());
    drop(save);
    // And also when nobody holds the backend any more.
    drop(backend);
    assert_eq!(load(disk.image()).unwrap(), SavedSession::default());
    work(&disk);
    assert_eq!(load(disk.image()).unwrap(), full(1));
    disk.state().held = None;
    assert_eq!(now(open(&disk).load()).unwrap(), full(1), "the lock is free");
}

#[test]
fn tells_those_who_wait_when_the_runtime_ends_and_goes_on_in_the_next() {
    let (disk, backend) = held();
    let changes = [Change::HomeDc(1)];
    let mut save = backend.save(&changes);
    let mut second = backend.load();
    assert!(poll_once(&mut save).is_none() && poll_once(&mut second).is_none());
    disk.state().held = Some(Vec::new());
    assert!(matches!(now(save), Err(SessionError::Interrupted { .. })));
    assert!(matches!(now(second), Err(SessionError::Interrupted { .. })));
    let mut save = backend.save(&changes);
    assert!(poll_once(&mut save).is_none());
    work(&disk);
    now(save).unwrap();
    assert_eq!(load(disk.image()).unwrap().home_dc, Some(1));
}

#[test]
fn survives_code_that_panics_under_it() {
    let disk = Arc::new(SimDisk::default());
    let backend = open(&disk);
    now(backend.save(&full(1).to_changes())).unwrap();
    // Where a name has no file behind it the simulated disk panics.
    disk.state().image = crate::sim_disk::Image::dangling(PATH);
    let changes = [Change::HomeDc(1)];
    let outcome = catch_unwind(AssertUnwindSafe(|| now(backend.save(&changes))));
    assert!(outcome.is_err());
    let mut image = crate::sim_disk::Image::default();
    image.put(PATH, b"");
    disk.state().image = image;
    assert!(matches!(now(backend.save(&changes)), Err(SessionError::Closed)));
    assert_eq!(now(backend.load()).unwrap(), SavedSession::default());
    now(backend.save(&changes)).unwrap();
}

#[test]
fn refuses_more_than_may_wait() {
    let (disk, backend) = held();
    let reason = "x".repeat(33 << 20);
    let big = [Change::KeySetAside { dc: 1, date: 0, reason }];
    let mut first = backend.save(&big);
    assert!(poll_once(&mut first).is_none());
    let second = now(backend.save(&big));
    assert!(matches!(second, Err(SessionError::TooLarge { .. })), "{second:?}");
    // The first is not touched by that, and is done as soon as the disk works.
    assert!(poll_once(&mut first).is_none());
    assert_eq!(disk.state().held.as_ref().unwrap().len(), 1);
}

/// On a runtime with one thread, a disk that waits for the async side would wait for ever.
#[tokio::test(flavor = "current_thread")]
async fn blocks_no_async_thread() {
    let folder = TempFolder::new();
    let disk = Arc::new(Slow::default());
    let backend = BinaryFileBackend::with_disk(folder.file(), disk.clone());
    let changes = [Change::HomeDc(1)];
    let ((), saved) = tokio::join!(
        async {
            tokio::task::yield_now().await;
            disk.go.0.send(()).unwrap();
        },
        backend.save(&changes)
    );
    // It waited, on another thread, and failed as it was told to.
    assert!(matches!(saved, Err(SessionError::Io { .. })), "{saved:?}");
}

struct Slow {
    go: (std::sync::mpsc::SyncSender<()>, std::sync::Mutex<std::sync::mpsc::Receiver<()>>),
}

impl Default for Slow {
    fn default() -> Self {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        Self { go: (sender, std::sync::Mutex::new(receiver)) }
    }
}

impl layer_client::session::Disk for Slow {
    fn resolve(&self, _: &std::path::Path) -> std::io::Result<std::path::PathBuf> {
        self.go.1.lock().unwrap().recv().unwrap();
        Err(std::io::Error::other("done"))
    }

    fn lock(
        &self,
        _: &std::path::Path,
    ) -> std::io::Result<Option<layer_client::session::DiskLock>> {
        unreachable!()
    }

    fn read(&self, _: &std::path::Path, _: u64) -> std::io::Result<zeroize::Zeroizing<Vec<u8>>> {
        unreachable!()
    }

    fn create(
        &self,
        _: &std::path::Path,
    ) -> std::io::Result<Box<dyn layer_client::session::DiskFile>> {
        unreachable!()
    }

    fn open(
        &self,
        _: &std::path::Path,
    ) -> std::io::Result<Box<dyn layer_client::session::DiskFile>> {
        unreachable!()
    }

    fn rename(&self, _: &std::path::Path, _: &std::path::Path) -> std::io::Result<()> {
        unreachable!()
    }

    fn remove(&self, _: &std::path::Path) -> std::io::Result<()> {
        unreachable!()
    }

    fn sync_folder(&self, _: &std::path::Path) -> std::io::Result<()> {
        unreachable!()
    }
}
