//! Decoding (and dropping) and encoding of whole answers, against grammers-tl-types.

use std::hint::black_box;

use grammers_tl_types as theirs;
use hex_literal::hex;
use layer_tl_types as ours;
use sha2::{Digest, Sha256};

use crate::allocations;
use crate::table::{Count, Line, Row};

/// A history of 100 messages, a batch of updates, and a short message, of layer 230.
const MESSAGES: &[u8] = include_bytes!("../../layer-tl-types/tests/answers/messages-230.bin");
const UPDATES: &[u8] = include_bytes!("../../layer-tl-types/tests/answers/updates-230.bin");
const SHORT: &[u8] = include_bytes!("../../layer-tl-types/tests/answers/short-230.bin");

const HASHES: [(&[u8], [u8; 32]); 3] = [
    (MESSAGES, hex!("7a6f64c0fafcc0e53764a237573bece1c11a2c346206f266e9196848672466a9")),
    (UPDATES, hex!("30198cd5f3935f5322d000086e1522174b715fdce5806d088a7ba6b2a3086204")),
    (SHORT, hex!("4609a8509c0c9d188c4be37754f5715207fd810410a5f69a715756a9edce4380")),
];

pub fn lines() -> Vec<Line> {
    type OurMessages = ours::enums::messages::Messages;
    type TheirMessages = theirs::enums::messages::Messages;
    type OurUpdates = ours::enums::Updates;
    type TheirUpdates = theirs::enums::Updates;
    for (answer, hash) in HASHES {
        assert_eq!(Sha256::digest(answer)[..], hash, "an answer is not what it was");
    }
    let few = Some(0.6);
    let mut lines = vec![Line::Heading("TL, against grammers-tl-types".to_owned())];
    let decoded = [
        (decode::<OurMessages, TheirMessages>("decode messages", MESSAGES, Some(1.5)), few),
        (decode::<OurUpdates, TheirUpdates>("decode updates", UPDATES, Some(1.5)), few),
        (decode::<OurUpdates, TheirUpdates>("decode short", SHORT, None), None),
    ];
    for (mut row, aim) in decoded {
        let ours = allocations::of(&mut row.ours);
        let theirs = allocations::of(&mut row.theirs);
        let name = "  allocations".to_owned();
        lines.extend([row.into(), Count { name, ours, theirs, aim }.into()]);
    }
    lines.extend([
        encode::<OurMessages, TheirMessages>("encode messages", MESSAGES, Some(1.2)).into(),
        encode::<OurUpdates, TheirUpdates>("encode updates", UPDATES, Some(1.2)).into(),
        encode::<OurUpdates, TheirUpdates>("encode short", SHORT, Some(1.2)).into(),
    ]);
    lines
}

/// From bytes to a value, and its end.
fn decode<O: ours::Deserializable, T: theirs::Deserializable>(
    name: &str,
    bytes: &'static [u8],
    aim: Option<f64>,
) -> Row {
    let ours = move || drop(black_box(O::from_bytes(black_box(bytes))));
    let theirs = move || drop(black_box(T::from_bytes(black_box(bytes))));
    Row { name: name.to_owned(), bytes: None, ours: Box::new(ours), theirs: Box::new(theirs), aim }
}

/// From a value to a new vector of bytes, and its end.
fn encode<
    O: ours::Deserializable + ours::Serializable + 'static,
    T: theirs::Deserializable + theirs::Serializable + 'static,
>(
    name: &str,
    bytes: &[u8],
    aim: Option<f64>,
) -> Row {
    let our_value = O::from_bytes(bytes).expect("one of the three answers");
    let their_value = T::from_bytes(bytes).expect("one of the three answers");
    assert_eq!(our_value.to_bytes(), bytes);
    assert_eq!(their_value.to_bytes(), bytes);
    let ours = move || drop(black_box(black_box(&our_value).to_bytes()));
    let theirs = move || drop(black_box(black_box(&their_value).to_bytes()));
    Row { name: name.to_owned(), bytes: None, ours: Box::new(ours), theirs: Box::new(theirs), aim }
}
