//! The target `types`: see `layer_fuzz::types`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::types::run(input);
});
