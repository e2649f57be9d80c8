//! Three answers of layer 230, whole: a history of 100 messages, a batch of updates, a short one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use layer_tl_types::{Cursor, Deserializable, Error, Serializable, enums};

const MESSAGES: &[u8] = include_bytes!("answers/messages-230.bin");
const UPDATES: &[u8] = include_bytes!("answers/updates-230.bin");
const SHORT: &[u8] = include_bytes!("answers/short-230.bin");

#[test]
fn an_answer_written_again_is_the_same_bytes() {
    let messages = enums::messages::Messages::from_bytes(MESSAGES).unwrap();
    assert_eq!(messages.to_bytes(), MESSAGES);
    for bytes in [UPDATES, SHORT] {
        assert_eq!(enums::Updates::from_bytes(bytes).unwrap().to_bytes(), bytes);
    }
}

#[test]
fn reading_stops_behind_the_value() {
    let mut bytes = SHORT.to_vec();
    bytes.extend_from_slice(b"more");
    let mut cursor = Cursor::new(&bytes);
    enums::Updates::deserialize(&mut cursor).unwrap();
    assert_eq!((cursor.position(), cursor.remaining()), (SHORT.len(), &b"more"[..]));
}

#[test]
fn an_answer_cut_anywhere_is_an_error_at_the_cut() {
    for cut in (0..UPDATES.len()).step_by(97).chain(0..200) {
        match enums::Updates::from_bytes(&UPDATES[..cut]) {
            Err(Error::UnexpectedEnd { offset, wanted, left }) => {
                assert_eq!(offset + left, cut);
                assert!(wanted > left);
            }
            Err(Error::VectorTooLong { offset, left, .. }) => assert_eq!(offset + 4 + left, cut),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
#[cfg(feature = "impl-debug")]
fn debug_shows_names_and_values_of_what_is_there() {
    let shown = format!("{:?}", enums::Updates::from_bytes(SHORT).unwrap());
    assert!(shown.starts_with("updateShortMessage { "), "{shown}");
    assert!(shown.contains("pts: ") && shown.contains("message: \""), "{shown}");
    let messages = format!("{:#?}", enums::messages::Messages::from_bytes(MESSAGES).unwrap());
    assert!(messages.contains("\n    messages: [\n"), "{messages}");
    assert!(!messages.contains('#'), "an id that the table does not know");
}
