//! The target `connection`: see `layer_fuzz::connection`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::connection::run(input);
});
