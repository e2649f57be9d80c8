//! Writes the table of everything that has an id: which generated type reads it, for the target `types`.

use std::path::PathBuf;
use std::{env, fs};

use layer_tl_gen::boxed_path;
use layer_tl_parser::parse_tl_file;
use layer_tl_parser::tl::{Category, Definition};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../layer-tl-types/tl");
    let mut rows = Vec::new();
    for (schema, root) in [
        ("api", "layer_tl_types"),
        ("mtproto", "layer_tl_types"),
        ("secret", "layer_tl_types::secret"),
    ] {
        let file = format!("../layer-tl-types/tl/{schema}.tl");
        for definition in parse_tl_file(&fs::read_to_string(&file)?) {
            rows.extend(row(&definition?, root));
        }
    }
    // Two of the schemas may share a definition.
    rows.sort();
    rows.dedup();
    let table: String =
        rows.iter().map(|(id, reader)| format!("({id:#010x}, {reader}),\n")).collect();
    let out = PathBuf::from(env::var("OUT_DIR")?).join("table.rs");
    fs::write(out, format!("&[\n{table}]"))?;
    Ok(())
}

/// The id, and the function that tries the type that reads it.
fn row(definition: &Definition, root: &str) -> Option<(u32, String)> {
    let path = boxed_path(definition, root)?;
    let reader = match definition.category {
        Category::Types => format!("object::<{path}>"),
        // Generic functions hold another query, of any kind.
        Category::Functions if definition.generics.is_empty() => format!("query::<{path}>"),
        Category::Functions => format!("query::<{path}<layer_tl_types::RawObject>>"),
    };
    Some((definition.id, reader))
}
