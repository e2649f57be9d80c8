//! The target `pair`: see `layer_fuzz::pair`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::pair::run(input);
});
