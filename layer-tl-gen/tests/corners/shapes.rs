//! The types of `api.tl` at work, each shape with its bytes written down by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fmt::Debug;

use layer_tl_types::{Deserializable, RemoteCall, Serializable, enums, functions, types};

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[track_caller]
fn both_ways<T: Deserializable + Serializable + Debug + PartialEq>(value: &T, bytes: &[u32]) {
    assert_eq!(value.to_bytes(), words(bytes));
    assert_eq!(&T::from_bytes(&words(bytes)).unwrap(), value);
}

fn salt(since: i32) -> types::Salt {
    types::Salt { since, salt: 0x2_0000_0001 }
}

#[test]
fn names_of_rust_are_names_like_others() {
    let option = types::Option { a: Some("x".to_owned()), ..types::Option::new() };
    let x = u32::from_le_bytes([1, b'x', 0, 0]);
    // `b` shares the bit with `a`.
    both_ways(&enums::Option::from(option), &[0x1000_0001, 1, x, 0x1cb5_c415, 0]);
    both_ways(&types::Vec { a: vec![vec![b"x".to_vec()]] }, &[0x1cb5_c415, 1, 0x1cb5_c415, 1, x]);
    both_ways(&types::Text { a: "x".to_owned() }, &[x]);
    assert_eq!(types::Default::default().a, None);
    both_ways(&enums::Send::Sendtype, &[0x1000_001b]);
    both_ways(&types::is_self::Error { a: 1 }, &[1]);
}

#[test]
fn fields_may_be_called_as_the_generated_codes_own_variables() {
    let fields = types::Fields {
        c: Some(1),
        f: Some(2),
        ..types::Fields::new(3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    };
    assert_eq!((fields.is_self, fields.crate_, fields.r#type), (8, 9, 10));
    both_ways(&fields, &[5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn several_words_of_flags_are_read_where_they_stand() {
    let x = u32::from_le_bytes([1, b'x', 0, 0]);
    let all = types::Words { a: Some(8), early_b: Some("x".to_owned()), d: true, early: 7 };
    both_ways(&all, &[7, 1, 1 << 31, 8, x, 2]);
    both_ways(&types::Words::new(7), &[7, 0, 0, 0]);
    // An unused word is a zero, and whatever stands there is read over.
    both_ways(&enums::Nothing::Nothing(types::Nothing {}), &[0x2000_0003, 0]);
    let two = Vec::<enums::Nothing>::from_bytes(&words(&[
        0x1cb5_c415,
        2,
        0x2000_0003,
        9,
        0x2000_0003,
        9,
    ]));
    assert_eq!(two.unwrap().len(), 2);
}

#[test]
fn bare_values_have_no_ids() {
    let mut salts = types::Salts::new(salt(1), salt(2), vec![salt(3), salt(4)]);
    let head = [1, 1, 2, 2, 1, 2, 2, 3, 1, 2, 4, 1, 2];
    both_ways(&salts, &[&[0][..], &head].concat());
    salts.more = Some(vec![salt(5)]);
    both_ways(&salts, &[&[1][..], &head, &[1, 5, 1, 2]].concat());
}

#[test]
fn fields_on_one_bit_go_out_together() {
    let zeros = types::Shared { on: true, a: Some(0), b: Some(vec![]), c: Some(vec![]) };
    let bytes = [8, 0, 0, 0x1cb5_c415, 0];
    both_ways(&zeros, &bytes);
    for one in [
        types::Shared { on: true, ..types::Shared::new() },
        types::Shared { a: Some(0), ..types::Shared::new() },
        types::Shared { b: Some(vec![]), ..types::Shared::new() },
        types::Shared { c: Some(vec![]), ..types::Shared::new() },
    ] {
        assert_eq!(one.to_bytes(), words(&bytes));
    }
    both_ways(&types::Shared::new(), &[0]);
}

#[test]
fn types_that_contain_themselves_end() {
    let end = enums::Chain::Chain(Box::new(types::Chain::new()));
    let chain = types::Chain { next: Some(end) };
    both_ways(&enums::Chain::from(chain), &[0x4000_0001, 1, 0x4000_0001, 0]);
    let many = types::DeepMany { a: vec![enums::Deep::Nil] };
    let bold = types::DeepBold { a: many.into() };
    let bytes = [0x4000_0002, 0x4000_0003, 0x1cb5_c415, 1, 0x4000_0004];
    both_ways(&enums::Deep::from(bold), &bytes);
    // Also where none is known, and what stands in for it holds nothing of its own type.
    enums::Deep::from_bytes(&words(&[7])).unwrap_err();
    enums::Chain::from_bytes(&words(&[7, 1])).unwrap_err();
    enums::Deep::from_bytes(&words(&[0x4000_0002].repeat(100))).unwrap_err();
    enums::Chain::from_bytes(&words(&[0x4000_0001, 1].repeat(100))).unwrap_err();
}

#[test]
fn functions_answer_what_the_schema_says() {
    fn answers<F: RemoteCall<Return = R>, R>(_: &F) {}
    let bare = functions::Bare {};
    answers::<_, types::Salt>(&bare);
    answers::<_, Vec<types::Salt>>(&functions::List {});
    answers::<_, bool>(&functions::Tell { query: bare.clone() });
    let wrap = functions::Wrap::new(functions::List {}, bare);
    answers::<_, types::Salt>(&wrap);
    assert_eq!(wrap.to_bytes(), words(&[0x6000_0001, 0, 0x6000_0003, 0x6000_0004]));
    let vec = functions::option::Vec { b: Some(1), ..functions::option::Vec::new() };
    assert_eq!(vec.to_bytes(), words(&[0x6000_0005, 0, 1, 1]));
    answers::<_, enums::Option>(&vec);
}

#[test]
fn variants_are_told_apart() {
    both_ways(&enums::Thing::ThingSmall(types::ThingSmall { a: 1 }), &[0x5000_0001, 1]);
    both_ways(&enums::Thing::Small, &[0x5000_0002]);
}

#[test]
fn debug_shows_what_is_there() {
    let salts = types::Salts::new(salt(1), salt(2), vec![salt(3)]);
    assert_eq!(
        format!("{salts:?}"),
        "salts { first: salt { since: 1, salt: 8589934593 }, \
         second: salt { since: 2, salt: 8589934593 }, \
         all: [salt { since: 3, salt: 8589934593 }] }"
    );
}
