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
    assert!(enums.contains("Bold(::std::boxed::Box<crate::types::Bold>)"), "{enums}");
    // A vector is a box already.
    assert!(enums.contains("Both(crate::types::Both)"), "{enums}");
    assert!(enums.contains("c.enter()"), "a recursive type counts its depth");
}

#[test]
fn a_large_constructor_is_boxed_and_small_ones_are_not() {
    let fields: String = (0..40).map(|at| format!("f{at}:long ")).collect();
    let enums = made(&format!("thingSmall id:long = Thing; thingLarge {fields}= Thing;")).enums;
    assert!(enums.contains("Small(crate::types::ThingSmall)"), "{enums}");
    assert!(enums.contains("Large(::std::boxed::Box<crate::types::ThingLarge>)"), "{enums}");
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
    assert!(!bare.functions.contains("impl _De for"), "{}", bare.functions);
    let config = Config { impl_serde: true, deserializable_functions: true, ..Config::default() };
    let full = outputs(schema, &config).unwrap();
    assert!(full.functions.contains("impl _De for Ask"), "{}", full.functions);
    assert!(full.types.contains("serde::Deserialize"), "{}", full.types);
}

#[test]
fn the_table_names_bare_values_by_their_constructor() {
    let table = made("a.b#2 c:int = a.B; d#1 e:vector<%a.B> f:a.b g:a.B = D;").table;
    assert_eq!(table, "00000001 d e:vector<a.b> f:a.b g:a.B\n00000002 a.b c:int\n");
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
    assert_eq!(
        refused("one a:%Two = One; two = Two; too = Two;"),
        Error::UnknownType { definition: "one".into(), ty: "%Two".into() }
    );
    assert_eq!(refused("one again:One = One;"), Error::Endless("One".into()));
    assert_eq!(refused("one a:vector<two> = A; two b:one = B;"), Error::Endless("one".into()));
    for (schema, parameter) in [
        ("one 4*[ int ] = One;", "4*[ int ]"),
        ("one a:Vector<vector<int>> = One;", "Vector<vector<int>>"),
        ("---functions--- one = vector<int>;", "vector<int>"),
        ("---functions--- one {X:Type} = X;", "{X:Type}"),
        ("---functions--- one {X:Type} flags:# query:flags.0?!X = X;", "{X:Type}"),
    ] {
        let (definition, parameter) = ("one".into(), parameter.into());
        assert_eq!(refused(schema), Error::Unsupported { definition, parameter });
    }
    assert_eq!(
        refused("one Title:int title:int = One;"),
        Error::FieldTaken { definition: "one".into(), field: "title".into() }
    );
}

#[test]
fn variants_that_would_be_spelled_alike_keep_their_whole_names() {
    let enums = made("thingSmall a:int = Thing; small = Thing; thingLarge = Thing;").enums;
    for line in ["\nThingSmall(", "\nSmall,", "\nLarge,"] {
        assert!(enums.contains(line), "{line}: {enums}");
    }
}

#[test]
fn what_stands_in_for_an_unknown_constructor_needs_the_fewest_others() {
    let enums = made(
        "bold#1 text:Text = Text; nil#2 = Text; \
         pair#3 texts:Texts text:Text = Texts; many#4 texts:Vector<Texts> = Texts; \
         chain#5 flags:# next:flags.0?Chain = Chain; \
         wraps#6 text:Text = Wrap; empty#7 = Wrap;",
    )
    .enums;
    for stand_in in [
        "0x00000002, \"Text\"",
        "0x00000004, \"Texts\"",
        "0x00000005, \"Chain\"",
        "0x00000007, \"Wrap\"",
    ] {
        assert!(enums.contains(&format!("c.expect_id(id, {stand_in})")), "{stand_in}: {enums}");
    }
}

#[test]
fn what_only_servers_read_is_compiled_where_it_is_read() {
    let made = made(
        "inputThing a:InputPart = InputThing; inputPart = InputPart; thing b:Part = Thing;
         part = Part; pushed = Push; ---functions--- get a:InputThing b:Vector<Part> = Thing;",
    );
    let inline = |class: &str| format!("impl _De for {class} {{ #[inline]");
    for class in ["InputThing", "InputPart"] {
        assert!(made.enums.contains(&inline(class)) && made.types.contains(&inline(class)));
    }
    // Answers, what is in them, and what comes unasked.
    for class in ["Thing", "Part", "Push", "Pushed"] {
        assert!(!made.enums.contains(&inline(class)) && !made.types.contains(&inline(class)));
    }
}
