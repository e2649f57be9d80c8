//! What no safe code can do: an allocator that counts, and a stack overflow that is reported with its input.

use std::alloc::{GlobalAlloc, Layout, System};
use std::{mem, panic, ptr};

use layer_fuzz::memory;

#[global_allocator]
static COUNTED: Counted = Counted;

struct Counted;

// SAFETY: all memory is the system's; here it is only counted.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        memory::taken(layout.size());
        // SAFETY: as promised to us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        memory::given_back(layout.size());
        // SAFETY: as promised to us.
        unsafe { System.dealloc(at, layout) }
    }

    /// While a block moves, the old one and the new one are both there: so they are counted.
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        memory::taken(size);
        memory::given_back(layout.size());
        // SAFETY: as promised to us.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// More than libFuzzer takes to write the input to a file.
const HANDLER_STACK: usize = 1 << 18;

/// What precedes the first input: whatever is found shall be reported.
#[allow(dead_code, reason = "not every program here is a fuzz target")]
pub fn prepare() {
    report_overflow();
    // In front of the fuzzer's own hook, which aborts.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        memory::lift();
        hook(panic);
    }));
}

/// libFuzzer's handler for a segmentation fault needs a stack to run on. It goes over to one of its own if
/// the handler before it did.
fn report_overflow() {
    let stack = Box::leak(vec![0_u8; HANDLER_STACK].into_boxed_slice());
    let stack =
        libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: stack.len() };
    // SAFETY: the stack is never freed, and an all-zero sigaction is the default one.
    unsafe {
        assert_eq!(libc::sigaltstack(&stack, ptr::null_mut()), 0);
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_flags = libc::SA_ONSTACK;
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()), 0);
    }
}
