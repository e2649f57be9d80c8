//! A crash at every byte of every write: the old or the new state, never neither.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use layer_client::session::{
    BinaryFileBackend, Change, SavedSession, SessionBackend, SessionError,
};

use crate::samples::{Dice, after};
use crate::sim_disk::{Image, SimDisk, Step};

pub(crate) const PATH: &str = "/my.session";

/// What a future gives that has nothing to wait for, because its disk works at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the disk works at once, and yet this waits"),
    }
}

pub(crate) fn open(disk: &Arc<SimDisk>) -> BinaryFileBackend {
    BinaryFileBackend::with_disk(PATH, disk.clone()).rewrite_above(600)
}

pub(crate) fn load(image: Image) -> Result<SavedSession, SessionError> {
    now(open(&Arc::new(SimDisk::new(image))).load())
}

/// A run: the states between its saves, and what was done to the disk.
fn run(seed: u64, is_lying: bool) -> (Vec<SavedSession>, Vec<Step>) {
    let mut dice = Dice::new(seed);
    let disk = Arc::new(SimDisk::default());
    disk.state().trouble.is_lying = is_lying;
    let mut backend = open(&disk);
    let mut states = vec![SavedSession::default()];
    for _ in 0..10 {
        if dice.one_in(5) {
            drop(backend);
            backend = open(&disk);
        }
        let batch = dice.batch(3);
        now(backend.save(&batch)).unwrap();
        disk.saved();
        states.push(after(states.last().unwrap(), &batch));
    }
    let steps = disk.state().steps.clone();
    (states, steps)
}

/// The disk at each moment of a run, with the number of saves that had returned.
fn at_every_byte(steps: &[Step], mut look: impl FnMut(&Image, usize)) {
    let mut image = Image::default();
    let mut saved = 0;
    look(&image, saved);
    for step in steps {
        if let Step::Append { file, bytes } = step {
            for len in 1..bytes.len() {
                let mut cut = image.clone();
                cut.take(&Step::Append { file: *file, bytes: bytes[..len].to_vec() });
                look(&cut, saved);
            }
        }
        image.take(step);
        saved += usize::from(matches!(step, Step::Saved));
        look(&image, saved);
    }
}

fn is_old_or_new(states: &[SavedSession], saved: usize, found: &SavedSession) -> bool {
    states.iter().skip(saved).take(2).any(|state| state == found)
}

#[test]
fn gives_the_old_or_the_new_state_when_killed_at_any_byte() {
    let (mut moments, mut rewrites) = (0, 0);
    for seed in 0..6 {
        let (states, steps) = run(seed, false);
        at_every_byte(&steps, |image, saved| {
            moments += 1;
            let found = load(image.after_kill()).unwrap();
            assert!(
                is_old_or_new(&states, saved, &found),
                "seed {seed}, moment {moments}, after {saved} saves: {found:?}"
            );
        });
        rewrites += steps.iter().filter(|step| matches!(step, Step::Rename { .. })).count();
    }
    assert!(moments > 10_000 && rewrites > 12, "{moments} moments and {rewrites} rewrites only");
}

#[test]
fn gives_the_old_or_the_new_state_when_the_power_fails_at_any_byte() {
    for seed in 0..4 {
        let (states, steps) = run(seed, false);
        let mut dice = Dice::new(seed);
        at_every_byte(&steps, |image, saved| {
            for _ in 0..2 {
                let found = load(image.after_power_loss(&mut dice));
                let found = found.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                assert!(
                    is_old_or_new(&states, saved, &found),
                    "seed {seed}, after {saved} saves: {found:?}"
                );
            }
        });
    }
}

/// The next write heals what a crash has left, and is not hurt by a second crash.
#[test]
fn goes_on_after_a_crash_at_any_byte() {
    for seed in 0..2 {
        let (_, steps) = run(seed, false);
        let mut dice = Dice::new(seed);
        at_every_byte(&steps, |image, _| {
            let image =
                if dice.one_in(2) { image.after_kill() } else { image.after_power_loss(&mut dice) };
            let disk = Arc::new(SimDisk::new(image));
            let backend = open(&disk);
            let mut state = now(backend.load()).unwrap();
            for dc in 1..3 {
                let change = Change::HomeDc(dc);
                now(backend.save(std::slice::from_ref(&change))).unwrap();
                state.apply(&change);
                let image = disk.image();
                assert_eq!(load(image.after_kill()).unwrap(), state, "seed {seed}");
                let found = load(image.after_power_loss(&mut dice)).unwrap();
                assert_eq!(found, state, "seed {seed}");
            }
            assert_eq!(disk.image().contents("/my.session.new"), None, "seed {seed}");
        });
    }
}

/// The healing write is cut too.
#[test]
fn survives_a_crash_while_it_heals_the_last() {
    for seed in 0..2 {
        let (_, steps) = run(seed, false);
        let mut dice = Dice::new(seed);
        at_every_byte(&steps, |image, _| {
            if !dice.one_in(60) {
                return;
            }
            let image = image.after_power_loss(&mut dice);
            let disk = Arc::new(SimDisk::new(image.clone()));
            let backend = open(&disk);
            let old = now(backend.load()).unwrap();
            let change = Change::HomeDc(77);
            now(backend.save(std::slice::from_ref(&change))).unwrap();
            let states = [old.clone(), after(&old, &[change])];
            let steps = disk.state().steps.clone();
            let mut second = image;
            for step in steps {
                if let Step::Append { file, bytes } = &step {
                    for len in 0..bytes.len() {
                        let mut cut = second.clone();
                        cut.take(&Step::Append { file: *file, bytes: bytes[..len].to_vec() });
                        let found = load(cut.after_power_loss(&mut dice)).unwrap();
                        assert!(states.contains(&found), "seed {seed}");
                    }
                }
                second.take(&step);
                let found = load(second.after_power_loss(&mut dice)).unwrap();
                assert!(states.contains(&found), "seed {seed}");
            }
        });
    }
}

/// The model bites: if nothing is synced, it finds states that must not be.
#[test]
fn finds_fault_with_a_disk_that_does_not_sync() {
    let (states, steps) = run(1, true);
    let mut dice = Dice::new(1);
    let mut faults = 0;
    at_every_byte(&steps, |image, saved| {
        let found = load(image.after_power_loss(&mut dice));
        let is_right = found.is_ok_and(|found| is_old_or_new(&states, saved, &found));
        faults += usize::from(!is_right);
    });
    assert!(faults > 100, "only {faults}");
}
