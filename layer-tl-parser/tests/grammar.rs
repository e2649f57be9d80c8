//! The corners of the language, one by one, and what is said of texts outside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use layer_tl_parser::tl::{Category, Definition, ParameterType};
use layer_tl_parser::{ParseError, parse_tl_file, schema_layer};

fn one(text: &str) -> Definition {
    let mut definitions = parse_tl_file(text);
    let definition = definitions.next().unwrap().unwrap_or_else(|error| panic!("{error}"));
    assert!(definitions.next().is_none());
    definition
}

fn error(text: &str) -> ParseError {
    parse_tl_file(text).find_map(Result::err).expect("an error")
}

#[test]
fn computes_the_ids_of_the_published_examples() {
    for (text, id) in [
        ("vector {t:Type} # [ t ] = Vector t;", 0x1cb5_c415),
        ("invokeWithLayer {X:Type} layer:int query:!X = X;", 0xda9b_0d0d),
        (
            "upload.getFile flags:# precise:flags.0?true cdn_supported:flags.1?true \
             location:InputFileLocation offset:long limit:int = upload.File;",
            0xbe53_35be,
        ),
        ("gzip_packed packed_data:string = Object;", 0x3072_cfa1),
        ("gzip_packed packed_data:bytes = Object;", 0x3072_cfa1),
        ("msg_container messages:vector<message> = MessageContainer;", 0x73f1_f8dc),
        ("boolTrue = Bool;", 0x9972_75b5),
        ("boolFalse = Bool;", 0xbc79_9737),
        ("true = True;", 0x3fed_d339),
        ("null = Null;", 0x5673_0bcc),
    ] {
        assert_eq!(one(text).id, id, "{text}");
    }
}

#[test]
fn a_given_id_wins_over_the_computed_one() {
    assert_eq!(one("ping#00000001 ping_id:long = Pong;").id, 1);
    assert_eq!(one("future_salt#949d9dc salt:long = FutureSalt;").id, 0x0949_d9dc);
}

#[test]
fn reads_flags_words_bits_and_bits_without_a_value() {
    let definition = one("a flags:# on:flags.0?true flags2:# title:flags2.31?string = A;");
    assert_eq!(definition.params[0].ty, ParameterType::Flags);
    assert!(definition.params[1].is_true_flag());
    assert!(!one("a flags:# on:flags.0?b.true = A;").params[1].is_true_flag());
    let ParameterType::Normal { ty, flag: Some(flag) } = &definition.params[3].ty else { panic!() };
    assert_eq!((ty.name.as_str(), flag.name.as_str(), flag.index), ("string", "flags2", 31));
}

#[test]
fn tells_bare_from_boxed() {
    let bare = |text: &str| match &one(text).params[0].ty {
        ParameterType::Normal { ty, .. } => ty.bare,
        other => panic!("{other:?}"),
    };
    assert!(bare("a b:future_salt = A;"));
    assert!(bare("a b:%FutureSalt = A;"));
    assert!(bare("a b:auth.sentCode = A;"));
    assert!(!bare("a b:FutureSalt = A;"));
    assert!(!bare("a b:auth.SentCode = A;"));
    let vectors = one("a b:vector<%Message> c:Vector<vector<int>> = A;");
    assert_eq!(
        vectors.to_string().split_once(' ').unwrap().1,
        "b:vector<%Message> c:Vector<vector<int>> = A;"
    );
}

#[test]
fn reads_built_in_and_repeated_values() {
    assert_eq!(one("int#a8509bda ? = Int;").params[0].ty, ParameterType::Builtin);
    let ParameterType::Repeated { ty, count } = &one("int128 4*[ int ] = Int128;").params[0].ty
    else {
        panic!()
    };
    assert_eq!((ty.name.as_str(), *count), ("int", Some(4)));
}

#[test]
fn reads_sections_and_comments_anywhere() {
    let text = "// first\na = A; /* in\nbetween */ b = B;\n---functions---\nc /* x */ = C; // c\n\
                ---types---\nd = D;";
    let categories: Vec<_> = parse_tl_file(text).map(|d| d.unwrap().category).collect();
    use Category::{Functions, Types};
    assert_eq!(categories, [Types, Types, Functions, Types]);
}

#[test]
fn finds_the_layer_in_its_comment() {
    assert_eq!(schema_layer("a = A;\n// LAYER 230\n"), Some(230));
    assert_eq!(schema_layer("// Telegram API schema, layer 230.\n"), None);
}

#[test]
fn errors_say_where_and_what_was_expected() {
    for (text, line, column, expected, found) in [
        ("a = A;\nb c = B;", 2, 5, "`:` and the parameter's type", "="),
        ("a b: = A;", 1, 6, "a type", "="),
        ("a#xyz = A;", 1, 3, "an id of up to 8 hexadecimal digits", "xyz"),
        ("a#123456789 = A;", 1, 3, "an id of up to 8 hexadecimal digits", "123456789"),
        ("a b:Vector<int = A;", 1, 16, "`>` after the generic argument", "="),
        ("a {X:Int} = A;", 1, 6, "`Type`", "Int}"),
        ("a flags:# b:flags.32?int = A;", 1, 21, "a bit from 0 to 31 before this", "?int"),
        (
            "a b:flags.0?int = A;",
            1,
            3,
            "a bit of a `#` parameter that stands before",
            "b:flags.0?int",
        ),
        (
            "a flags:int b:flags.0?int = A;",
            1,
            13,
            "a bit of a `#` parameter that stands before",
            "b:flags.0?int",
        ),
        ("/* é */ a b: = A;", 1, 14, "a type", "="),
        ("a b:int b:int = A;", 1, 9, "a parameter's name that is not taken", "b:int"),
        ("a b:!X = X;", 1, 3, "a type variable that was declared in braces", "b:!X"),
        ("---things---\n", 1, 4, "`types` or `functions`", "things---"),
        ("é = A;", 1, 1, "a definition", "é"),
        ("_ = A;", 1, 1, "a definition", "_"),
        ("a _:int = A;", 1, 3, "a parameter or `=`", "_:int"),
        ("a = A", 1, 6, "a type", ""),
        ("a", 1, 2, "a parameter or `=`", ""),
    ] {
        let error = error(text);
        assert_eq!((error.line, error.column), (line, column), "{text:?}: {error}");
        assert_eq!((error.expected, error.found.as_str()), (expected, found), "{text:?}");
    }
}

#[test]
fn goes_on_after_an_error() {
    let results: Vec<_> = parse_tl_file("a b = A; c = C; d e = D; f = F;").collect();
    let good: Vec<_> = results.iter().flatten().map(|d| d.name.as_str()).collect();
    assert_eq!(good, ["c", "f"]);
    assert_eq!(results.len(), 4);
}

#[test]
fn refuses_generic_arguments_without_end() {
    let text = |levels| format!("a b:{}int{} = A;", "Vector<".repeat(levels), ">".repeat(levels));
    one(&text(16));
    for levels in [17, 100_000] {
        assert_eq!(error(&text(levels)).expected, "at most 16 levels of generic arguments");
    }
}
