//! The target `client`: see `layer_fuzz::client`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::client::run(input);
});
