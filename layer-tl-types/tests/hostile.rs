//! Bytes that are not what they claim to be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use layer_tl_types::{Cursor, Deserializable, Error, MAX_DEPTH, Serializable, enums, types};

#[test]
fn an_unknown_constructor_is_named_with_its_type_and_place() {
    let mut bytes = enums::Updates::from(types::UpdateShort {
        update: enums::Update::UserStatus(types::UpdateUserStatus {
            user_id: 1,
            status: enums::UserStatus::Empty,
        }),
        date: 2,
    })
    .to_bytes();
    bytes[16..20].copy_from_slice(&0xdead_beef_u32.to_le_bytes());
    let error = enums::Updates::from_bytes(&bytes).unwrap_err();
    assert_eq!(error, Error::UnknownConstructor { id: 0xdead_beef, ty: "UserStatus", offset: 16 });
    assert_eq!(error.to_string(), "at byte 16: deadbeef is no constructor of UserStatus");
}

#[test]
fn a_vector_longer_than_its_bytes_is_refused_before_anything_is_reserved() {
    let mut bytes = Vec::<i64>::new().to_bytes();
    bytes[4..].copy_from_slice(&u32::MAX.to_le_bytes());
    bytes.extend_from_slice(&[0; 64]);
    assert_eq!(
        Vec::<i64>::from_bytes(&bytes).unwrap_err(),
        Error::VectorTooLong { count: u32::MAX, offset: 4, left: 64 }
    );
    let mut bytes = vector_of(7, 3);
    bytes[4..8].copy_from_slice(&4_u32.to_le_bytes());
    assert_eq!(
        Vec::<i32>::from_bytes(&bytes).unwrap_err(),
        Error::VectorTooLong { count: 4, offset: 4, left: 12 }
    );
    // Nor for elements that turn out to be none, although their number would fit.
    let bytes = vector_of(7, 4 << 20);
    assert_eq!(
        Vec::<enums::PageBlock>::from_bytes(&bytes).unwrap_err(),
        Error::UnknownConstructor { id: 7, ty: "PageBlock", offset: 8 }
    );
}

#[test]
fn a_string_longer_than_its_bytes_is_refused() {
    for bytes in [&[3, 1, 2][..], &[254, 0, 0], &[254, 0xff, 0xff, 0xff], &[255; 16], &[]] {
        let error = Vec::<u8>::from_bytes(bytes).unwrap_err();
        assert!(matches!(error, Error::UnexpectedEnd { offset: 0, .. }), "{bytes:?}: {error}");
    }
}

#[test]
fn a_string_that_is_not_utf8_costs_one_character_and_not_the_object() {
    let mut bytes = types::RestrictionReason {
        platform: "all".to_owned(),
        reason: "a?c".to_owned(),
        text: "t".to_owned(),
    }
    .to_bytes();
    bytes[6] = 0xff;
    let read = types::RestrictionReason::from_bytes(&bytes).unwrap();
    assert_eq!((read.reason.as_str(), read.text.as_str()), ("a\u{fffd}c", "t"));
}

/// `textBold(textBold(… textEmpty))`, as many in one another as `depth`.
fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = 0x6724_abc4_u32.to_le_bytes().repeat(depth - 1);
    enums::RichText::TextEmpty.serialize(&mut bytes);
    bytes
}

#[test]
fn nesting_is_bounded() {
    let deepest = MAX_DEPTH as usize;
    let read = enums::RichText::from_bytes(&nested(deepest)).unwrap();
    assert_eq!(read.to_bytes(), nested(deepest));
    for depth in [deepest + 1, 1_000_000] {
        let error = enums::RichText::from_bytes(&nested(depth)).unwrap_err();
        assert_eq!(error, Error::TooDeep { offset: 4 * deepest });
    }
}

/// A vector of `count` elements of four bytes.
fn vector_of(id: u32, count: u32) -> Vec<u8> {
    let mut bytes = Vec::<i32>::new().to_bytes();
    bytes[4..].copy_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&id.to_le_bytes().repeat(count as usize));
    bytes
}

#[test]
fn a_vector_of_values_that_are_short_on_the_wire_reserves_no_more_than_they_take() {
    // pageBlockDivider: 4 bytes on the wire, more than 20 times as many in memory.
    let bytes = vector_of(0xdb20_b188, 100_000);
    let read = Vec::<enums::PageBlock>::from_bytes(&bytes).unwrap();
    assert_eq!((read.len(), read.capacity()), (100_000, 100_000));
}

#[test]
fn a_vector_ends_soon_behind_an_error() {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    static READ: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Deserializable for Counted {
        #[allow(improper_ctypes_definitions, reason = "no function of C has to do with it")]
        extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
            READ.fetch_add(1, Relaxed);
            let _ = bool::deserialize(cursor);
            Self
        }
    }
    let error = Vec::<Counted>::from_bytes(&vector_of(7, 1000)).map(|_| ()).unwrap_err();
    assert_eq!(error, Error::UnknownConstructor { id: 7, ty: "Bool", offset: 8 });
    assert!(READ.load(Relaxed) <= 16);
}

#[test]
fn memory_is_bounded() {
    let bytes = vector_of(0xdb20_b188, 4 << 20);
    let error = Vec::<enums::PageBlock>::from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn a_large_variant_is_boxed() {
    for size in [size_of::<enums::Update>(), size_of::<enums::MessageMedia>()] {
        assert!(size <= 136, "{size}");
    }
}

#[test]
fn the_deepest_value_fits_on_a_small_stack() {
    // The widest frames that can lie in one another: a page's block in a page's block.
    let open: Vec<u8> = [
        &0x65a0_fa4d_u32.to_le_bytes()[..], // pageBlockCollage
        &0x1cb5_c415_u32.to_le_bytes(),
        &1_u32.to_le_bytes(),
    ]
    .concat();
    let bytes = open.repeat(100_000);
    let read = move || enums::PageBlock::from_bytes(&bytes).unwrap_err();
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(read).unwrap();
    assert!(matches!(thread.join().unwrap(), Error::TooDeep { .. }));
}

#[test]
#[cfg(feature = "impl-debug")]
fn what_a_raw_object_claims_is_shown_as_far_as_it_is_there() {
    use layer_tl_types::{RawObject, functions};
    let shown = |bytes: &[u8]| {
        let query = RawObject(bytes.to_vec());
        format!("{:?}", functions::InvokeWithLayer { layer: 1, query })
    };
    let vector = 0x1cb5_c415_u32.to_le_bytes();
    let many = [&vector[..], &[0xff; 4], &vector, &0_u32.to_le_bytes()].concat();
    assert_eq!(shown(&many), "invokeWithLayer { layer: 1, query: [[]] }");
    let deep = [vector, 1_u32.to_le_bytes()].concat().repeat(100_000);
    assert!(shown(&deep).contains("[…]"));
    assert_eq!(shown(&[]), "invokeWithLayer { layer: 1, query: #00000000 }");
}

#[test]
fn a_wrong_bool_is_an_error() {
    let error = bool::from_bytes(&7_u32.to_le_bytes()).unwrap_err();
    assert_eq!(error, Error::UnknownConstructor { id: 7, ty: "Bool", offset: 0 });
}

#[test]
fn the_first_error_stays() {
    let mut cursor = layer_tl_types::Cursor::new(&[1, 2]);
    let first = i32::deserialize(&mut cursor).unwrap_err();
    assert_eq!(i64::deserialize(&mut cursor).unwrap_err(), first);
    assert_eq!(cursor.byte_string().unwrap_err(), first);
}
