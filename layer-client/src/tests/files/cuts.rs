//! Links that are cut anywhere in a transfer. What was done is not done again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand_core::Rng;
use tokio::time::timeout;

use super::{PART, Shelf};
use crate::net::memory::Meter;
use crate::random;

/// So many transfers each way, each with a cut.
const CUTS: u64 = 200;
/// The longest of them.
const LONGEST: usize = 5 * PART;
/// What goes over the links beside the parts, at most: what is around each of them, and what links say
/// when they come back. On average it is far less.
fn overhead(len: u64) -> u64 {
    len / 200 + (16 << 10)
}

/// What had been told when so many bytes had passed.
type Told = Arc<Mutex<Vec<(u64, u64)>>>;

/// A transfer of a part of these bytes, and where it is cut.
struct Cut {
    seed: u64,
    from: usize,
    len: usize,
    after: u64,
}

impl Cut {
    fn of(seed: u64) -> Self {
        let mut dice = random::seeded(seeded(seed));
        let mut below = |most: u64| dice.next_u64() % most;
        let len = 1 + usize::try_from(below(LONGEST as u64)).unwrap();
        let from = usize::try_from(below((LONGEST - len + 1) as u64)).unwrap();
        let after = 1 + below(len as u64);
        Self { seed, from, len, after }
    }

    /// How many bytes had passed when the links were cut of which nobody had said that they were there,
    /// and what has passed in all; both from where the meter was at first.
    fn judge(&self, meter: &Meter, first: u64, told: &Told) -> (u64, u64) {
        let cut = meter.was_cut_at();
        assert!((first + self.after..=meter.passed()).contains(&cut), "seed {}", self.seed);
        let told = told.lock().unwrap();
        let done = told.iter().filter(|(at, _)| *at < cut).map(|(_, done)| *done).max();
        ((cut - first).saturating_sub(done.unwrap_or(0)), meter.passed() - first)
    }

    /// No more goes again than was on its way. How much that is, for the sum of all.
    fn check(&self, in_flight: u64, passed: u64) -> u64 {
        let (seed, len) = (self.seed, self.len as u64);
        assert!(passed >= len, "seed {seed}: it was counted");
        eprintln!("seed {seed}: {} more than {len}, {in_flight} on their way", passed - len);
        assert!(passed <= len + in_flight + overhead(len), "seed {seed}: {passed}");
        passed.saturating_sub(len + in_flight)
    }
}

/// Bytes that nothing makes shorter.
fn noise() -> Vec<u8> {
    let mut bytes = vec![0; LONGEST];
    random::seeded([9; 32]).fill_bytes(&mut bytes);
    bytes
}

fn seeded(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes
}

#[tokio::test(start_paused = true)]
async fn uploads_that_are_cut_anywhere_are_whole_and_send_no_more_again_than_was_on_its_way() {
    let noise = noise();
    let shelf = Shelf::new(Vec::new(), 2).await;
    let meter = &shelf.rig.server.up;
    let (mut beside, mut cut_short) = (0, 0);
    for cut in (0..CUTS).map(Cut::of) {
        eprintln!("seed {}: cut after {}", cut.seed, cut.after);
        let file = &noise[cut.from..cut.from + cut.len];
        *shelf.store() = super::Store { dc: 2, ..Default::default() };
        let (told, first) = (Told::default(), meter.passed());
        let (log, server) = (Arc::clone(&told), Arc::clone(&shelf.rig.server));
        let upload = match cut.seed % 4 {
            0 => shelf.client.upload_file_concurrent(file, "a", "b"),
            1 => shelf.client.upload_stream(file, "a", "b"),
            // Few parts at a time, so that some are there when others are cut.
            _ => shelf.client.upload_file(file, "a", "b"),
        };
        let upload = upload.on_progress(move |progress| {
            log.lock().unwrap().push((server.up.passed(), progress.done));
        });
        meter.cut_after(cut.after);
        let uploaded = upload.await.unwrap();
        assert_eq!(uploaded.size(), cut.len as u64);
        let (in_flight, passed) = cut.judge(meter, first, &told);
        beside += cut.check(in_flight, passed);
        assert!(shelf.store().whole().0 == file, "seed {}", cut.seed);
        let parts = shelf.store().part_bytes as u64;
        assert!(parts <= cut.len as u64 + in_flight, "seed {}: {parts}", cut.seed);
        cut_short += u64::from(in_flight < cut.after);
    }
    assert!(cut_short > CUTS / 8, "something was there when {cut_short} were cut");
    assert!(beside / CUTS < 4 << 10, "what links say is little: {beside}");
}

#[tokio::test(start_paused = true)]
async fn downloads_that_are_cut_anywhere_are_whole_and_fetch_no_more_again_than_was_on_its_way() {
    let noise = noise();
    let shelf = Shelf::new(Vec::new(), 4).await;
    let meter = &shelf.rig.server.down;
    let (mut beside, mut cut_short) = (0, 0);
    for cut in (0..CUTS).map(Cut::of) {
        eprintln!("seed {}: cut after {}", cut.seed, cut.after);
        let file = &noise[cut.from..cut.from + cut.len];
        shelf.store().file = file.to_vec();
        let location = if cut.seed % 2 == 0 { shelf.document() } else { shelf.location().dc(4) };
        // Until all of the transfer before is acknowledged, which else would come again, too.
        tokio::time::sleep(Duration::from_secs(31)).await;
        let (told, first) = (Told::default(), meter.passed());
        let mut download = shelf.client.iter_download(location).chunk_size(128 << 10);
        meter.cut_after(cut.after);
        let mut came = Vec::new();
        loop {
            // Whoever waits may give up and wait again.
            let patience = Duration::from_millis(400);
            let Ok(piece) = timeout(patience, download.next()).await else { continue };
            let Some(piece) = piece.unwrap() else { break };
            came.extend(piece);
            told.lock().unwrap().push((meter.passed(), came.len() as u64));
        }
        assert!(came == file, "seed {}", cut.seed);
        let (in_flight, passed) = cut.judge(meter, first, &told);
        beside += cut.check(in_flight, passed);
        cut_short += u64::from(in_flight < cut.after);
    }
    assert!(cut_short > CUTS / 8, "something was there when {cut_short} were cut");
    assert!(beside / CUTS < 4 << 10, "what links say is little: {beside}");
}
