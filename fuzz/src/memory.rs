//! A limit on the heap that one input may take, so that a few bytes that cost many are a finding.
//!
//! libFuzzer's own `-malloc_limit_mb` needs a sanitizer's allocator, and knows nothing of the input's length.
//! The allocator is in `targets/guard.rs`; what it counts is here.

use std::backtrace::Backtrace;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Runs `run`, which may have `most` bytes more on the heap than there are now. Asking for more aborts the
/// program, and so ends up as a finding.
pub fn within<T>(most: usize, run: impl FnOnce() -> T) -> T {
    MOST.store(LIVE.load(Relaxed).saturating_add(most), Relaxed);
    let result = run();
    lift();
    result
}

/// How many bytes more than now are on the heap at the worst moment of `run`.
pub fn peak<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = run();
    (result, PEAK.load(Relaxed).saturating_sub(before))
}

/// Ends the limit; to be called before a panic is reported, which takes much memory.
pub fn lift() {
    MOST.store(usize::MAX, Relaxed);
}

/// The allocator is about to take so many bytes.
pub fn taken(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed).saturating_add(bytes);
    if live > MOST.load(Relaxed) {
        lift();
        eprintln!("{bytes} bytes are asked for: with them, {live} would be on the heap");
        eprintln!("{}", Backtrace::force_capture());
        process::abort();
    }
    PEAK.fetch_max(live, Relaxed);
}

/// The allocator has given so many bytes back.
pub fn given_back(bytes: usize) {
    LIVE.fetch_sub(bytes, Relaxed);
}
