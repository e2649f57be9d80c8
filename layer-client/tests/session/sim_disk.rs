//! A disk in memory that tells what was done to it, and what would be left of that after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use layer_client::session::{Disk, DiskFile, DiskLock};
use zeroize::Zeroizing;

use crate::samples::Dice;

const SECTOR: usize = 512;

/// Files, names, and what of both is durable.
#[derive(Clone, Default)]
pub(crate) struct Image {
    files: Vec<Contents>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Since the folder was synced.
    name_steps: Vec<Step>,
}

#[derive(Clone, Default)]
struct Contents {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Since it was synced.
    steps: Vec<Step>,
    /// So many bytes need no writing, as the system sees it.
    clean: usize,
    /// What the system takes for written and never wrote.
    lost: Vec<Range<usize>>,
}

/// What was done to a disk.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create(PathBuf),
    Append {
        file: usize,
        bytes: Vec<u8>,
    },
    SetLen {
        file: usize,
        len: usize,
    },
    Sync {
        file: usize,
    },
    /// The system gave up writing: what was not durable by now never will be.
    LoseSync {
        file: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove(PathBuf),
    SyncFolder,
    /// A save returned: not to the disk, but in its order.
    Saved,
}

impl Image {
    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Create(_) | Step::Rename { .. } | Step::Remove(_) => {
                if let Step::Create(_) = step {
                    self.files.push(Contents::default());
                }
                change_names(&mut self.names, step, self.files.len());
                self.name_steps.push(step.clone());
            }
            Step::Append { file, bytes } => {
                let contents = &mut self.files[*file];
                contents.live.extend(bytes);
                contents.steps.push(step.clone());
            }
            Step::SetLen { file, len } => {
                let contents = &mut self.files[*file];
                contents.live.resize(*len, 0);
                contents.clean = contents.clean.min(*len);
                contents.lost.iter_mut().for_each(|lost| lost.end = lost.end.min(*len));
                contents.lost.retain(|lost| !lost.is_empty());
                contents.steps.push(step.clone());
            }
            Step::Sync { file } => {
                let contents = &mut self.files[*file];
                contents.clean = contents.live.len();
                contents.durable = contents.live.clone();
                for lost in contents.lost.clone() {
                    contents.durable[lost].fill(0);
                }
                contents.steps.clear();
            }
            Step::LoseSync { file } => {
                let contents = &mut self.files[*file];
                contents.lost.push(contents.clean..contents.live.len());
                contents.clean = contents.live.len();
                contents.steps.clear();
            }
            Step::SyncFolder => {
                self.durable_names = self.names.clone();
                self.name_steps.clear();
            }
            Step::Saved => (),
        }
    }

    /// The process was killed: the system has it all.
    pub(crate) fn after_kill(&self) -> Self {
        let live = self.files.iter().map(|file| file.live.clone());
        Self::settled(live.collect(), self.names.clone())
    }

    /// The power failed: of what was not synced any part may be there. Names come in order, the
    /// contents of files independently of them, in sectors.
    pub(crate) fn after_power_loss(&self, dice: &mut Dice) -> Self {
        let mut names = self.durable_names.clone();
        let mut created = self.files.len();
        created -= self.name_steps.iter().filter(|step| matches!(step, Step::Create(_))).count();
        let kept = dice.below(self.name_steps.len() + 1);
        for step in &self.name_steps[..kept] {
            created += usize::from(matches!(step, Step::Create(_)));
            change_names(&mut names, step, created);
        }
        let files = self.files.iter().map(|file| file.after_power_loss(dice));
        Self::settled(files.collect(), names)
    }

    fn settled(files: Vec<Vec<u8>>, names: BTreeMap<PathBuf, usize>) -> Self {
        let settle =
            |live: Vec<u8>| Contents { durable: live.clone(), live, ..Contents::default() };
        let files = files.into_iter().map(settle).collect();
        Self { files, durable_names: names.clone(), names, name_steps: Vec::new() }
    }

    pub(crate) fn contents(&self, path: &str) -> Option<&[u8]> {
        self.names.get(Path::new(path)).map(|&file| &*self.files[file].live)
    }

    pub(crate) fn put(&mut self, path: &str, bytes: &[u8]) {
        self.take(&Step::Create(path.into()));
        let file = self.files.len() - 1;
        self.take(&Step::Append { file, bytes: bytes.to_vec() });
        self.take(&Step::Sync { file });
        self.take(&Step::SyncFolder);
    }

    /// A name without a file, at which this disk panics.
    pub(crate) fn dangling(path: &str) -> Self {
        Self { names: [(path.into(), usize::MAX)].into(), ..Self::default() }
    }

    fn used(&self) -> usize {
        self.names.values().map(|&file| self.files[file].live.len()).sum()
    }
}

impl Contents {
    fn after_power_loss(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for step in &self.steps {
            match step {
                Step::SetLen { len, .. } if dice.one_in(2) => bytes.resize(*len, 0),
                Step::Append { bytes: written, .. } => {
                    // It may be longer already by what is not there yet.
                    let at = bytes.len();
                    let grown = match dice.below(4) {
                        0 => 0,
                        1 => dice.below(written.len() + 1),
                        _ => written.len(),
                    };
                    bytes.resize(at + grown, 0);
                    let mut from = at;
                    let all = dice.one_in(3);
                    while from < at + grown {
                        let to = ((from / SECTOR + 1) * SECTOR).min(at + grown);
                        if all || dice.one_in(2) {
                            bytes[from..to].copy_from_slice(&written[from - at..to - at]);
                        }
                        from = to;
                    }
                }
                _ => (),
            }
        }
        bytes
    }
}

/// `created`: how many files were created up to this step.
fn change_names(names: &mut BTreeMap<PathBuf, usize>, step: &Step, created: usize) {
    match step {
        Step::Create(path) => {
            names.insert(path.clone(), created - 1);
        }
        Step::Rename { from, to } => {
            let file = names.remove(from).unwrap();
            names.insert(to.clone(), file);
        }
        Step::Remove(path) => {
            names.remove(path);
        }
        _ => (),
    }
}

/// What goes wrong from now on.
#[derive(Default)]
pub(crate) struct Trouble {
    /// So many bytes fit on the disk.
    pub(crate) room: Option<usize>,
    /// Each step fails with one in so many.
    pub(crate) one_in: Option<usize>,
    /// Syncing returns and does nothing.
    pub(crate) is_lying: bool,
    pub(crate) fails_to_sync: bool,
    pub(crate) fails_to_set_len: bool,
    pub(crate) fails_to_sync_folder: bool,
}

/// The disk. Jobs run at once, or are held until the test runs them.
pub(crate) struct SimDisk {
    state: Arc<Mutex<State>>,
}

pub(crate) struct State {
    pub(crate) image: Image,
    pub(crate) steps: Vec<Step>,
    pub(crate) trouble: Trouble,
    pub(crate) dice: Dice,
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// Jobs, if they are held.
    pub(crate) held: Option<Vec<Box<dyn FnOnce() + Send>>>,
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new(Image::default())
    }
}

impl SimDisk {
    pub(crate) fn new(image: Image) -> Self {
        let state = State {
            image,
            steps: Vec::new(),
            trouble: Trouble::default(),
            dice: Dice::new(0),
            locks: Arc::default(),
            held: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn image(&self) -> Image {
        self.state().image.clone()
    }

    pub(crate) fn saved(&self) {
        self.state().take(Step::Saved);
    }
}

impl State {
    fn take(&mut self, step: Step) {
        self.image.take(&step);
        self.steps.push(step);
    }

    /// Whether this step shall fail.
    fn fails(&mut self) -> bool {
        self.trouble.one_in.is_some_and(|n| self.dice.one_in(n))
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        self.image.names.get(path).copied().ok_or(io::ErrorKind::NotFound.into())
    }
}

fn broken() -> io::Error {
    io::Error::other("the disk is broken")
}

impl Disk for SimDisk {
    fn run(&self, job: Box<dyn FnOnce() + Send>) {
        let mut state = self.state();
        if let Some(held) = &mut state.held {
            return held.push(job);
        }
        drop(state);
        job();
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<DiskLock>> {
        let locks = self.state().locks.clone();
        let is_new = locks.lock().unwrap().insert(path.to_owned());
        Ok(is_new.then(|| Box::new(SimLock(locks, path.to_owned())) as _))
    }

    fn read(&self, path: &Path, _: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        let state = self.state();
        let file = state.file(path)?;
        Ok(Zeroizing::new(state.image.files[file].live.clone()))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        if state.fails() {
            return Err(broken());
        }
        if state.file(path).is_ok() {
            state.take(Step::Remove(path.to_owned()));
        }
        state.take(Step::Create(path.to_owned()));
        let file = state.image.files.len() - 1;
        Ok(Box::new(SimFile { state: self.state.clone(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.state().file(path)?;
        Ok(Box::new(SimFile { state: self.state.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.file(from)?;
        if state.fails() {
            return Err(broken());
        }
        state.take(Step::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.file(path)?;
        if state.fails() {
            return Err(broken());
        }
        state.take(Step::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.fails() || state.trouble.fails_to_sync_folder {
            return Err(broken());
        }
        if !state.trouble.is_lying {
            state.take(Step::SyncFolder);
        }
        Ok(())
    }
}

struct SimLock(Arc<Mutex<BTreeSet<PathBuf>>>, PathBuf);

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.lock().unwrap().remove(&self.1);
    }
}

struct SimFile {
    state: Arc<Mutex<State>>,
    file: usize,
}

impl SimFile {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DiskFile for SimFile {
    fn len(&mut self) -> io::Result<u64> {
        Ok(self.state().image.files[self.file].live.len() as u64)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let mut fits = bytes.len();
        if let Some(room) = state.trouble.room {
            fits = fits.min(room.saturating_sub(state.image.used()));
        }
        let is_full = fits < bytes.len();
        let fails = state.fails();
        if fails {
            fits = state.dice.below(fits + 1);
        }
        state.take(Step::Append { file: self.file, bytes: bytes[..fits].to_vec() });
        match (is_full, fails) {
            (_, true) => Err(broken()),
            (true, _) => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        if state.fails() || state.trouble.fails_to_set_len {
            return Err(broken());
        }
        state.take(Step::SetLen { file: self.file, len: len as usize });
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.state();
        if state.fails() || state.trouble.fails_to_sync {
            state.take(Step::LoseSync { file: self.file });
            return Err(broken());
        }
        if !state.trouble.is_lying {
            state.take(Step::Sync { file: self.file });
        }
        Ok(())
    }
}
