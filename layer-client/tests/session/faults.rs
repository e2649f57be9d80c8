//! Disks that are full or broken: an error, and the old state stays.

use std::sync::Arc;

use layer_client::session::{
    BinaryFileBackend, Change, SavedSession, SessionBackend, SessionError,
};

use crate::crash::{PATH, load, now, open};
use crate::samples::{Dice, after, full};
use crate::sim_disk::{Image, SimDisk, Trouble};

fn is_there(image: &Image, expected: &SavedSession, dice: &mut Dice) {
    assert_eq!(&load(image.after_kill()).unwrap(), expected);
    for _ in 0..8 {
        assert_eq!(&load(image.after_power_loss(dice)).unwrap(), expected);
    }
}

#[test]
fn keeps_the_old_state_whole_when_the_disk_is_full() {
    let mut dice = Dice::new(1);
    // However much room is left, and whether a record or a new file does not fit.
    for room in (0..2500).step_by(7) {
        let disk = Arc::new(SimDisk::default());
        let backend = BinaryFileBackend::with_disk(PATH, disk.clone()).rewrite_above(900);
        let mut state = SavedSession::default();
        disk.state().trouble.room = Some(room);
        for round in 0..4 {
            let batch = [Change::Dc(Box::new(dice.dc(round))), Change::HomeDc(round)];
            match now(backend.save(&batch)) {
                Ok(()) => state = after(&state, &batch),
                Err(error) => {
                    assert!(error.is_disk_full(), "{error}");
                    assert!(error.to_string().contains(PATH), "{error}");
                }
            }
            let found = load(disk.image().after_kill()).unwrap();
            assert_eq!(found, state, "room {room}, round {round}");
            assert_eq!(now(backend.load()).unwrap(), state, "room {room}, round {round}");
        }
        disk.state().trouble.room = None;
        let batch = dice.batch(3);
        now(backend.save(&batch)).unwrap();
        is_there(&disk.image(), &after(&state, &batch), &mut dice);
    }
}

#[test]
fn goes_on_appending_where_there_is_no_room_for_a_second_file() {
    let disk = Arc::new(SimDisk::default());
    let backend = BinaryFileBackend::with_disk(PATH, disk.clone()).rewrite_above(0);
    now(backend.save(&full(1).to_changes())).unwrap();
    let len = disk.image().contents(PATH).unwrap().len();
    disk.state().trouble.room = Some(3 * len - 100);
    let mut state = full(1);
    for round in 0..len as i32 / 20 {
        let change = Change::HomeDc(round);
        now(backend.save(std::slice::from_ref(&change))).unwrap();
        state.apply(&change);
    }
    is_there(&disk.image(), &state, &mut Dice::new(2));
    assert_eq!(disk.image().contents("/my.session.new"), None, "it takes room");
}

/// After a sync that failed the system may take for written what never will be.
#[test]
fn trusts_nothing_behind_a_sync_that_failed() {
    for (fails_to_set_len, seed) in [(false, 1), (true, 2)] {
        let mut dice = Dice::new(seed);
        let disk = Arc::new(SimDisk::default());
        let backend = BinaryFileBackend::with_disk(PATH, disk.clone());
        now(backend.save(&full(1).to_changes())).unwrap();
        let fails_to_sync = true;
        disk.state().trouble = Trouble { fails_to_sync, fails_to_set_len, ..Trouble::default() };
        let refused = now(backend.save(&[Change::HomeDc(7)]));
        assert!(matches!(refused, Err(SessionError::Io { .. })), "{refused:?}");
        assert_eq!(now(backend.load()).unwrap(), full(1));
        disk.state().trouble = Trouble::default();
        let mut state = full(1);
        for dc in 8..12 {
            now(backend.save(&[Change::HomeDc(dc)])).unwrap();
            state.apply(&Change::HomeDc(dc));
            is_there(&disk.image(), &state, &mut dice);
        }
    }
}

#[test]
fn says_so_when_a_new_name_is_not_durable_and_makes_up_for_it() {
    let mut dice = Dice::new(3);
    let disk = Arc::new(SimDisk::default());
    let backend = BinaryFileBackend::with_disk(PATH, disk.clone()).rewrite_above(0);
    now(backend.save(&full(1).to_changes())).unwrap();
    disk.state().trouble.fails_to_sync_folder = true;
    let big: Vec<_> = (2..6).flat_map(|seed| full(seed).to_changes()).collect();
    assert!(now(backend.save(&big)).is_err());
    disk.state().trouble = Trouble::default();
    now(backend.save(&[Change::HomeDc(9)])).unwrap();
    is_there(&disk.image(), &after(&full(5), &[Change::HomeDc(9)]), &mut dice);
}

/// Saving twice that one key replaces another may put them aside in another order.
fn without_keys_aside(mut session: SavedSession) -> SavedSession {
    session.dcs.iter_mut().for_each(|dc| dc.set_aside.clear());
    session
}

/// Anything fails at any time; who gets an error saves the same again.
#[test]
fn holds_what_it_said_was_saved_on_a_disk_that_often_fails() {
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let disk = Arc::new(SimDisk::default());
        disk.state().dice = Dice::new(seed + 1000);
        let mut backend = open(&disk);
        let mut state = SavedSession::default();
        for _ in 0..8 {
            let batch = dice.batch(3);
            let new = without_keys_aside(after(&state, &batch));
            disk.state().trouble.one_in = Some(4);
            while now(backend.save(&batch)).is_err() {
                let image = disk.image();
                for image in [image.after_kill(), image.after_power_loss(&mut dice)] {
                    let found = without_keys_aside(load(image).unwrap());
                    assert!([&state, &new].contains(&&found), "seed {seed}: neither");
                }
                if dice.one_in(4) {
                    drop(backend);
                    backend = open(&disk);
                }
            }
            disk.state().trouble.one_in = None;
            state = new;
            let image = disk.image();
            for image in [image.after_kill(), image.after_power_loss(&mut dice)] {
                let found = without_keys_aside(load(image).unwrap());
                assert_eq!(found, state, "seed {seed}");
            }
        }
    }
}

#[test]
fn writes_nothing_over_a_file_that_somebody_else_changed() {
    let changes: [fn(&mut Vec<u8>); 3] =
        [|bytes| bytes.push(0), |bytes| bytes.truncate(20), |bytes| *bytes = b"else".to_vec()];
    for (rewrite_above, change) in changes.into_iter().flat_map(|c| [(0, c), (1 << 20, c)]) {
        let disk = Arc::new(SimDisk::default());
        let backend = BinaryFileBackend::with_disk(PATH, disk.clone()).rewrite_above(rewrite_above);
        now(backend.save(&[Change::HomeDc(1)])).unwrap();
        let mut bytes = disk.image().contents(PATH).unwrap().to_vec();
        change(&mut bytes);
        disk.state().image.put(PATH, &bytes);
        let refused = now(backend.save(&full(1).to_changes()));
        assert!(matches!(refused, Err(SessionError::Changed { .. })), "{refused:?}");
        assert_eq!(disk.image().contents(PATH), Some(&*bytes));
    }
    // Nor over one that appeared where none was.
    let disk = Arc::new(SimDisk::default());
    let backend = open(&disk);
    now(backend.load()).unwrap();
    disk.state().image.put(PATH, b"somebody else's");
    let refused = now(backend.save(&[Change::HomeDc(1)]));
    assert!(matches!(refused, Err(SessionError::Changed { .. })), "{refused:?}");
    assert_eq!(disk.image().contents(PATH), Some(&b"somebody else's"[..]));
}
