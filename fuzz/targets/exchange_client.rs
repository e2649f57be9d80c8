//! The target `exchange_client`: see `layer_fuzz::exchange_client`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::exchange_client::run(input);
});
