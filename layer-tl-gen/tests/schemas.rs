//! What is made of a schema, and which schemas nothing can be made of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use layer_tl_gen::{Config, Error, Facts, Outputs, generate};
use layer_tl_parser::parse_tl_file;

fn outputs(schema: &str, config: &Config) -> Result<Outputs, Error> {
    let definitions: Vec<_> = parse_tl_file(schema).map(|d| d.unwrap()).collect();
    generate(&definitions, config)
}

fn made(schema: &str) -> Outputs {
    outputs(schema, &Config::default()).unwrap()
}

fn refused(schema: &str) -> Error {
    outputs(schema, &Config::default()).unwrap_err()
}

#[test]
fn a_type_that_contains_itself_is_boxed() {
    let enums = made("nil = Text; bold text:Text = Text; both texts:Vector<Text> = Text;").enums;
    assert!(enums.contains("Bold(Box<crate::types::Bold>)"), "{enums}");
    // A vector is a box already.
    assert!(enums.contains("Both(crate::types::Both)"), "{enums}");
    assert!(enums.contains("c.enter()"), "a recursive type counts its depth");
}

#[test]
fn a_large_constructor_is_boxed_and_small_ones_are_not() {
    let fields: String = (0..40).map(|at| format!("f{at}:long ")).collect();
    let enums = made(&format!("thingSmall id:long = Thing; thingLarge {fields}= Thing;")).enums;
    assert!(enums.contains("Small(crate::types::ThingSmall)"), "{enums}");
    assert!(enums.contains("Large(Box<crate::types::ThingLarge>)"), "{enums}");
    assert!(!enums.contains("c.enter()"), "a type that can't contain itself counts nothing");
}

#[test]
fn functions_say_who_may_call_them_and_what_they_answer() {
    let facts = Facts::from_tables(
        "method\twho\nphone.call\tuser\n",
        "code\tname\tmethods\n400\tUSER_BUSY\tphone.call other\n420\tFLOOD_WAIT_X\tphone.call\n",
    );
    let schema = "ok = Ok; ---functions--- phone.call#00000001 to:long = Ok;";
    let config = Config { facts, ..Config::default() };
    let functions = outputs(schema, &config).unwrap().functions;
    assert!(functions.contains("/// `phone.call#00000001 to:long = Ok;`"), "{functions}");
    assert!(functions.contains("/// Users only may call it."), "{functions}");
    assert!(functions.contains("`400 USER_BUSY`, `420 FLOOD_WAIT_X`"), "{functions}");
}

#[test]
fn features_leave_out_what_they_name() {
    let config = Config {
        impl_debug: false,
        impl_from_type: false,
        impl_from_enum: false,
        ..Config::default()
    };
    let schema = "one a:int = Thing; two = Thing; ---functions--- ask = Thing;";
    let bare = outputs(schema, &config).unwrap();
    for text in [&bare.types, &bare.enums, &bare.functions] {
        assert!(!text.contains("Debug") && !text.contains("From<"), "{text}");
        assert!(!text.contains("serde"), "{text}");
    }
    assert!(!bare.functions.contains("impl De for"), "{}", bare.functions);
    let config = Config { impl_serde: true, deserializable_functions: true, ..Config::default() };
    let full = outputs(schema, &config).unwrap();
    assert!(full.functions.contains("impl De for Ask"), "{}", full.functions);
    assert!(full.types.contains("serde::Deserialize"), "{}", full.types);
}

#[test]
fn a_definition_that_two_schemas_share_is_made_once() {
    let types = made("one a:int = One; one a:int = One;").types;
    assert_eq!(types.matches("pub struct One").count(), 1);
}

#[test]
fn schemas_that_contradict_themselves_are_refused_by_name() {
    assert_eq!(refused("one a:int = One; one a:long = One;"), Error::NameTaken("one".into()));
    assert_eq!(refused("sent_code = A; sentCode = B;"), Error::NameTaken("SentCode".into()));
    assert_eq!(
        refused("one#1 = One; two#1 = Two;"),
        Error::IdTaken { first: "one".into(), second: "two".into() }
    );
    assert_eq!(
        refused("one a:Vector<Two> = One;"),
        Error::UnknownType { definition: "one".into(), ty: "Two".into() }
    );
    assert_eq!(
        refused("one a:Maybe<int> = One;"),
        Error::UnknownType { definition: "one".into(), ty: "Maybe<int>".into() }
    );
    assert_eq!(refused("one again:One = One;"), Error::Endless("One".into()));
    assert_eq!(refused("one a:vector<two> = A; two b:one = B;"), Error::Endless("one".into()));
    assert_eq!(
        refused("one 4*[ int ] = One;"),
        Error::Unsupported { definition: "one".into(), parameter: "4*[ int ]".into() }
    );
}
