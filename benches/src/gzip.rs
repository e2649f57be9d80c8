//! Packing and unpacking of objects, against miniz_oxide, which flate2 uses unless told otherwise.
//! Ours check the sum of the bytes too, which bare miniz_oxide doesn't.

use std::hint::black_box;

use layer_wire::gzip::{self, MAX_UNPACKED};
use layer_wire::message::Content;

use crate::table::{Line, Row};

/// gzip's header and what stands behind the deflated data, without which miniz_oxide wants it.
const HEADER: usize = 10;
const TRAILER: usize = 8;

pub fn lines() -> Vec<Line> {
    let heading = Line::Heading("gzip with zlib-rs, against miniz_oxide".to_owned());
    vec![heading, inflate().into(), deflate().into()]
}

/// A history of messages and a batch of updates, one behind the other.
fn object() -> Vec<u8> {
    let messages = include_bytes!("../../layer-tl-types/tests/answers/messages-230.bin");
    let updates = include_bytes!("../../layer-tl-types/tests/answers/updates-230.bin");
    [&messages[..], updates].concat()
}

fn inflate() -> Row {
    let object = object();
    let packed = gzip::pack(&object).expect("becomes smaller");
    let Ok(Content::Packed(packed)) = Content::read(&packed) else { panic!("just packed") };
    let deflated = packed[HEADER..packed.len() - TRAILER].to_vec();
    let packed = packed.to_vec();
    let theirs = miniz_oxide::inflate::decompress_to_vec_with_limit(&deflated, MAX_UNPACKED);
    assert_eq!(theirs.as_deref().ok(), Some(&object[..]));
    Row {
        name: format!("inflate to {} KiB", object.len() >> 10),
        bytes: Some(object.len()),
        ours: Box::new(move || drop(black_box(gzip::unpack(black_box(&packed), MAX_UNPACKED)))),
        theirs: Box::new(move || {
            let deflated = black_box(&deflated[..]);
            let limit = MAX_UNPACKED;
            drop(black_box(miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, limit)));
        }),
        aim: Some(1.0),
    }
}

fn deflate() -> Row {
    let (ours, theirs) = (object(), object());
    Row {
        name: format!("deflate {} KiB", ours.len() >> 10),
        bytes: Some(ours.len()),
        ours: Box::new(move || drop(black_box(gzip::pack(black_box(&ours))))),
        theirs: Box::new(move || {
            drop(black_box(miniz_oxide::deflate::compress_to_vec(black_box(&theirs), 1)));
        }),
        aim: Some(1.0),
    }
}
