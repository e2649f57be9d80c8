//! Prints what reading a hostile object takes of the heap, for the costliest ten types: `memory <bytes>`.

// The instrumented code calls into the fuzzer's runtime.
use libfuzzer_sys as _;

mod guard;

fn main() {
    let len =
        std::env::args().nth(1).map_or(1 << 20, |len| len.parse().expect("a length in bytes"));
    for (peak, name) in layer_fuzz::types::swollen(len).iter().take(10) {
        println!("{:5.1} bytes per byte: {name}", *peak as f64 / len as f64);
    }
}
