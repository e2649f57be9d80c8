//! Decoding (and dropping) and encoding of whole answers, against grammers-tl-types.
//!
//! Run by `cargo run --release --manifest-path benches/tl/Cargo.toml -- [--check]`. With the name of
//! a row's side, as in `ours decode messages 100`, it makes so many calls and nothing else, for
//! callgrind.
#![deny(unsafe_code)]

mod allocations;
mod table;

use std::hint::black_box;
use std::process::ExitCode;

use grammers_tl_types as theirs;
use hex_literal::hex;
use layer_tl_types as ours;
use sha2::{Digest, Sha256};
use table::Row;

/// A history of 100 messages, a batch of updates, and a short message, of layer 230.
const MESSAGES: &[u8] = include_bytes!("../../../layer-tl-types/tests/answers/messages-230.bin");
const UPDATES: &[u8] = include_bytes!("../../../layer-tl-types/tests/answers/updates-230.bin");
const SHORT: &[u8] = include_bytes!("../../../layer-tl-types/tests/answers/short-230.bin");

const HASHES: [(&[u8], [u8; 32]); 3] = [
    (MESSAGES, hex!("7a6f64c0fafcc0e53764a237573bece1c11a2c346206f266e9196848672466a9")),
    (UPDATES, hex!("30198cd5f3935f5322d000086e1522174b715fdce5806d088a7ba6b2a3086204")),
    (SHORT, hex!("4609a8509c0c9d188c4be37754f5715207fd810410a5f69a715756a9edce4380")),
];

fn main() -> ExitCode {
    for (answer, hash) in HASHES {
        assert_eq!(Sha256::digest(answer)[..], hash, "an answer is not what it was");
    }
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] | ["--check"] => {
            let missed = table::measure(rows());
            let fails = missed > 0 && !arguments.is_empty();
            if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        [side @ ("ours" | "theirs"), act, answer, calls] => {
            let name = format!("{act} {answer}");
            let row = rows().into_iter().find(|row| row.name == name).expect("no such row");
            let mut call = if side == "ours" { row.ours } else { row.theirs };
            (0..calls.parse().expect("a number of calls")).for_each(|_| call());
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: layer-bench-tl [--check] | ours|theirs decode|encode ANSWER CALLS");
            ExitCode::FAILURE
        }
    }
}

fn rows() -> Vec<Row> {
    type OurMessages = ours::enums::messages::Messages;
    type TheirMessages = theirs::enums::messages::Messages;
    type OurUpdates = ours::enums::Updates;
    type TheirUpdates = theirs::enums::Updates;
    vec![
        decode::<OurMessages, TheirMessages>("decode messages", MESSAGES, Some(1.5), Some(0.6)),
        decode::<OurUpdates, TheirUpdates>("decode updates", UPDATES, Some(1.5), Some(0.6)),
        decode::<OurUpdates, TheirUpdates>("decode short", SHORT, None, None),
        encode::<OurMessages, TheirMessages>("encode messages", MESSAGES, Some(1.2)),
        encode::<OurUpdates, TheirUpdates>("encode updates", UPDATES, Some(1.2)),
        encode::<OurUpdates, TheirUpdates>("encode short", SHORT, Some(1.2)),
    ]
}

/// From bytes to a value, and its end.
fn decode<O: ours::Deserializable, T: theirs::Deserializable>(
    name: &'static str,
    bytes: &'static [u8],
    speed: Option<f64>,
    allocations: Option<f64>,
) -> Row {
    let ours = move || drop(black_box(O::from_bytes(black_box(bytes))));
    let theirs = move || drop(black_box(T::from_bytes(black_box(bytes))));
    Row { name, ours: Box::new(ours), theirs: Box::new(theirs), speed, allocations }
}

/// From a value to a new vector of bytes, and its end.
fn encode<
    O: ours::Deserializable + ours::Serializable + 'static,
    T: theirs::Deserializable + theirs::Serializable + 'static,
>(
    name: &'static str,
    bytes: &[u8],
    speed: Option<f64>,
) -> Row {
    let our_value = O::from_bytes(bytes).expect("one of the three answers");
    let their_value = T::from_bytes(bytes).expect("one of the three answers");
    assert_eq!(our_value.to_bytes(), bytes);
    assert_eq!(their_value.to_bytes(), bytes);
    let ours = move || drop(black_box(black_box(&our_value).to_bytes()));
    let theirs = move || drop(black_box(black_box(&their_value).to_bytes()));
    Row { name, ours: Box::new(ours), theirs: Box::new(theirs), speed, allocations: None }
}
