//! Counts what is asked of the heap, while it is told to.
#![allow(unsafe_code, reason = "an allocator can't be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// How many allocations `call` makes; a vector that grows counts each time.
pub fn of(call: &mut dyn FnMut()) -> usize {
    // What is set up once is not counted.
    call();
    let before = ALLOCATIONS.load(Relaxed);
    COUNTING.store(true, Relaxed);
    call();
    COUNTING.store(false, Relaxed);
    ALLOCATIONS.load(Relaxed) - before
}

/// The system's allocator behind one look at whether to count: times stay what they are.
struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;

fn note() {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
    }
}

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }
}
