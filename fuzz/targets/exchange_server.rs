//! The target `exchange_server`: see `layer_fuzz::exchange_server`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::exchange_server::run(input);
});
