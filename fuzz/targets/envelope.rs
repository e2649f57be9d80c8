//! The target `envelope`: see `layer_fuzz::envelope`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::envelope::run(input);
});
