//! The target `framing`: see `layer_fuzz::framing`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::framing::run(input);
});
