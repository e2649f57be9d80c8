//! The target `schema`: see `layer_fuzz::schema`.
#![no_main]

mod guard;

libfuzzer_sys::fuzz_target!(init: guard::prepare(), |input: &[u8]| -> () {
    layer_fuzz::schema::run(input);
});
