//! The target `query`: see `layer_fuzz::query`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::query::run(input);
});
