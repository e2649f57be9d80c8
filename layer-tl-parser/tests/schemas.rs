//! The schemas that Telegram published, whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use layer_tl_parser::tl::{Category, Definition};
use layer_tl_parser::{parse_tl_file, schema_layer};

const API_224: &str = include_str!("../../layer-tl-types/tl/older/api-224.tl");
const API_227: &str = include_str!("../../layer-tl-types/tl/older/api-227.tl");
const API_229: &str = include_str!("../../layer-tl-types/tl/older/api-229.tl");
const API_230: &str = include_str!("../../layer-tl-types/tl/api.tl");
const MTPROTO: &str = include_str!("../../layer-tl-types/tl/mtproto.tl");
const SECRET: &str = include_str!("../../layer-tl-types/tl/secret.tl");

fn definitions(text: &str) -> Vec<Definition> {
    parse_tl_file(text).collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}"))
}

fn count(definitions: &[Definition], category: Category) -> usize {
    definitions.iter().filter(|definition| definition.category == category).count()
}

#[test]
fn reads_every_definition_of_every_layer() {
    for (text, layer, constructors, functions) in [
        (API_224, 224, 1560, 769),
        (API_227, 227, 1622, 798),
        (API_229, 229, 1658, 813),
        (API_230, 230, 1704, 850),
    ] {
        let definitions = definitions(text);
        assert_eq!(schema_layer(text), Some(layer));
        assert_eq!(count(&definitions, Category::Types), constructors, "layer {layer}");
        assert_eq!(count(&definitions, Category::Functions), functions, "layer {layer}");
    }
    assert_eq!(definitions(MTPROTO).len(), 51);
    assert_eq!(definitions(SECRET).len(), 94);
}

/// The definitions whose id is not the CRC32 of their canonical text: those that are right under
/// the name they bore before a layer was added to it (`…Legacy`, `…46`), and the rest.
fn historical(text: &str) -> (Vec<String>, Vec<String>) {
    let mut names: Vec<_> =
        definitions(text).into_iter().filter(|d| d.id != d.computed_id()).collect();
    names.sort_by_key(Definition::full_name);
    let (renamed, rest): (Vec<_>, _) = names.into_iter().partition(|definition| {
        let first_name = definition.name.trim_end_matches("Legacy");
        let first_name = first_name.trim_end_matches(|c: char| c.is_ascii_digit());
        let renamed = Definition { name: first_name.to_owned(), ..definition.clone() };
        renamed.computed_id() == definition.id
    });
    let names = |definitions: Vec<Definition>| definitions.iter().map(|d| d.full_name()).collect();
    (names(renamed), names(rest))
}

#[test]
fn every_id_is_the_crc32_of_its_canonical_text_except_historical_ones() {
    let none = || -> (Vec<String>, Vec<String>) { Default::default() };
    for text in [API_224, API_229, API_230] {
        assert_eq!(historical(text), none());
    }
    let (renamed, rest) = historical(API_227);
    assert_eq!(renamed, ["inputPeerPhotoFileLocationLegacy", "inputStickerSetThumbLegacy"]);
    assert_eq!(rest, [""; 0]);

    let (renamed, rest) = historical(MTPROTO);
    assert_eq!(renamed, [""; 0]);
    assert_eq!(rest, ["accessPointRule", "help.configSimple", "ipPortSecret"]);
    let (renamed, rest) = historical(SECRET);
    assert_eq!(renamed.len(), 14);
    assert_eq!(rest, ["decryptedMessageMediaDocument"]);
}

#[test]
fn printing_gives_back_the_line_of_the_schema() {
    for text in [API_224, API_227, API_229, API_230, MTPROTO, SECRET] {
        let lines: Vec<&str> =
            text.lines().filter(|line| line.ends_with(';') && !line.starts_with("//")).collect();
        for (definition, line) in definitions(text).iter().zip(lines) {
            assert_eq!(definition.to_string(), line.replace("Vector t;", "Vector<t>;"));
        }
    }
}

#[test]
fn parsing_what_was_printed_changes_nothing() {
    for text in [API_224, API_229, API_230, MTPROTO, SECRET] {
        for definition in definitions(text) {
            let section = match definition.category {
                Category::Types => "",
                Category::Functions => "---functions---\n",
            };
            let again = definitions(&format!("{section}{definition}"));
            assert_eq!(again, [definition]);
        }
    }
}
