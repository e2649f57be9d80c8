//! The schema parser, and the generator on what it takes: what is parsed, printed and parsed again is the
//! same, and code is generated or refused.

use layer_tl_gen::{Config, Facts, boxed_path, generate};
use layer_tl_parser::tl::{Category, Definition};
use layer_tl_parser::{parse_tl_file, schema_layer};

use crate::{Seeds, memory, show, show_error};

/// Generated code is some thousand times as long as a short definition, most of it documentation.
const HEAP_PER_BYTE: usize = 1 << 13;

/// Generating takes a while, and a few definitions have all that there is to be found.
const MOST_GENERATED: usize = 1024;

/// Takes the input for the text of a schema.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    memory::within((1 << 20) + HEAP_PER_BYTE * input.len(), || {
        show(&schema_layer(&text));
        let mut definitions = Vec::new();
        for definition in parse_tl_file(&text) {
            match definition {
                Ok(definition) => {
                    check(&definition);
                    definitions.push(definition);
                }
                Err(error) => show_error(&error),
            }
        }
        if text.len() <= MOST_GENERATED {
            generated(&definitions, Facts::from_tables(&text, &text));
        }
    });
}

fn check(definition: &Definition) {
    show(&definition.computed_id());
    show(&boxed_path(definition, "crate"));
    let section = match definition.category {
        Category::Types => "",
        Category::Functions => "---functions---\n",
    };
    let printed = format!("{section}{definition}");
    let mut again = parse_tl_file(&printed);
    assert_eq!(again.next(), Some(Ok(definition.clone())), "parsing {printed:?}");
    assert_eq!(again.next(), None, "behind the definition of {printed:?}");
}

fn generated(definitions: &[Definition], facts: Facts) {
    let config =
        Config { impl_serde: true, deserializable_functions: true, facts, ..Config::default() };
    match generate(definitions, &config) {
        Ok(outputs) => assert!(outputs.table.lines().count() <= definitions.len()),
        Err(error) => show_error(&error),
    }
}

/// Lines of real schemas, and what they don't have.
pub fn seeds() -> Seeds {
    let schemas = [
        include_str!("../../layer-tl-types/tl/mtproto.tl"),
        include_str!("../../layer-tl-types/tl/secret.tl"),
        include_str!("../../layer-tl-types/tl/api.tl"),
    ];
    let lines = schemas.iter().flat_map(|schema| schema.lines()).enumerate();
    let some = lines.filter(|(at, line)| at % 9 == 0 && line.len() < 500).map(|(_, line)| line);
    let rare = [
        "vector#1cb5c415 {t:Type} # [ t ] = Vector t;",
        "int ? = Int; int128 4*[ int ] = Int128;",
        "a flags:# b:flags.0?true c:flags.31?Vector<%a.B> = a.B; // LAYER 230",
        "---functions--- f {X:Type} q:!X = X; ---types--- g /* not */ d:int = G;",
        "tree leaves:Vector<Tree> left:Tree = Tree; leaf = Tree; box b:bare = Box; bare c:int = Bare;",
        "method\twho\na.b\tuser\ncode\tname\tmethods\n400\tX_INVALID\ta.b c.d",
    ];
    some.chain(rare).map(|line| line.as_bytes().to_vec()).collect()
}
