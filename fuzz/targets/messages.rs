//! The target `messages`: see `layer_fuzz::messages`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::messages::run(input);
});
