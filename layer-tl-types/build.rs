//! Generates the crate's code from the schemas in `tl/`, as the features ask.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use layer_tl_gen::{Config, Facts, Outputs, generate};
use layer_tl_parser::tl::{Category, Definition};
use layer_tl_parser::{parse_tl_file, schema_layer};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=tl");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut config = Config {
        impl_debug: feature("IMPL_DEBUG"),
        impl_from_type: feature("IMPL_FROM_TYPE"),
        impl_from_enum: feature("IMPL_FROM_ENUM"),
        impl_serde: feature("IMPL_SERDE"),
        deserializable_functions: feature("DESERIALIZABLE_FUNCTIONS"),
        facts: Facts::from_tables(
            &fs::read_to_string("tl/method-access.tsv")?,
            &fs::read_to_string("tl/rpc-errors.tsv")?,
        ),
        ..Config::default()
    };

    let mut definitions = Vec::new();
    let mut layer = None;
    if feature("TL_API") {
        let (api, api_layer) = read("tl/api.tl")?;
        definitions.extend(api);
        layer = Some(api_layer.ok_or("tl/api.tl: there is no comment `// LAYER …`")?);
    }
    if feature("TL_MTPROTO") {
        definitions.extend(read("tl/mtproto.tl")?.0);
    }
    let main = generate(&definitions, &config)?;
    let mut text = modules(&main, &out, "")?;
    if let Some(layer) = layer {
        text.push_str(&format!(
            "/// The layer of the API schema: what `invokeWithLayer` announces.\n\
             pub const LAYER: i32 = {layer};\n"
        ));
    }

    let mut table = main.table;
    if feature("TL_SECRET") {
        config.root = "crate::secret".to_owned();
        let secret = generate(&read("tl/secret.tl")?.0, &config)?;
        text.push_str(&format!(
            "/// The types of end-to-end encrypted chats.\npub mod secret {{\n{}}}\n",
            modules(&secret, &out, "secret_")?
        ));
        table = merge(&table, &secret.table);
    }
    fs::write(out.join("table.txt"), &table)?;
    if feature("NAME_FOR_ID") {
        text.push_str(&names(&table));
    }
    fs::write(out.join("tl.rs"), text)?;
    if feature("OLDER_LAYERS") {
        fs::write(out.join("layers.rs"), layers()?)?;
    }
    Ok(())
}

/// `DEFINITIONS` and `OLDER`, as `src/layers.rs` describes them.
fn layers() -> Result<String> {
    let lines = |path: &str| -> Result<BTreeSet<String>> {
        Ok(read(path)?.0.iter().map(definition).collect())
    };
    let newest = lines("tl/api.tl")?;
    let mut older = Vec::new();
    for file in fs::read_dir("tl/older")? {
        let path = file?.path();
        let path = path.to_str().ok_or("tl/older: a name that is not UTF-8")?;
        let layer = read(path)?.1.ok_or_else(|| format!("{path}: there is no `// LAYER …`"))?;
        let theirs = lines(path)?;
        let gone = newest.difference(&theirs).map(|line| format!("-{line}\n"));
        let other = theirs.difference(&newest).map(|line| format!("{line}\n"));
        older.push((layer, gone.chain(other).collect::<String>()));
    }
    older.sort();
    let newest: String = newest.iter().map(|line| format!("{line}\n")).collect();
    Ok(format!(
        "static DEFINITIONS: &str = {newest:?};\nstatic OLDER: &[(i32, &str)] = &{older:?};\n"
    ))
}

/// A definition as a line of `src/layers.rs`.
fn definition(definition: &Definition) -> String {
    let mut line = format!("{:08x} {}", definition.id, definition.full_name());
    for param in &definition.params {
        line.push_str(&format!(" {param}"));
    }
    let arrow = if definition.category == Category::Functions { "=>" } else { "=" };
    format!("{line} {arrow} {}", definition.ty)
}

fn feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
}

fn read(path: &str) -> Result<(Vec<Definition>, Option<i32>)> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let definitions: std::result::Result<Vec<_>, _> = parse_tl_file(&text).collect();
    Ok((definitions.map_err(|error| format!("{path}: {error}"))?, schema_layer(&text)))
}

/// Writes the modules' bodies to files and gives the text that includes them.
fn modules(outputs: &Outputs, out: &Path, prefix: &str) -> Result<String> {
    let mut text = String::new();
    for (name, about, body) in [
        ("types", "A struct per constructor, without its id on the wire.", &outputs.types),
        ("enums", "An enum per type, a variant per constructor, with its id.", &outputs.enums),
        ("functions", "A struct per function, to be sent.", &outputs.functions),
    ] {
        let file = out.join(format!("{prefix}{name}.rs"));
        fs::write(&file, body)?;
        text.push_str(&format!(
            "/// {about}\n#[allow(missing_docs, unused_variables, clippy::all)]\n\
             #[rustfmt::skip]\npub mod {name} {{ include!({:?}); }}\n",
            file.display().to_string()
        ));
    }
    Ok(text)
}

/// Both tables in one, sorted by id, each id once.
fn merge(one: &str, other: &str) -> String {
    let mut lines: Vec<&str> = one.lines().chain(other.lines()).collect();
    lines.sort_by_key(|line| line.split(' ').next());
    lines.dedup_by_key(|line| line.split(' ').next());
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `name_for_id` over a sorted list.
fn names(table: &str) -> String {
    let mut list = String::new();
    for line in table.lines() {
        let mut words = line.split(' ');
        if let (Some(id), Some(name)) = (words.next(), words.next()) {
            list.push_str(&format!("(0x{id}, {name:?}),"));
        }
    }
    format!(
        "static NAMES: &[(u32, &str)] = &[{list}];\n\
         /// The name in the schema of the constructor or function with this id.\n\
         pub fn name_for_id(id: u32) -> Option<&'static str> {{\n\
         let at = NAMES.binary_search_by_key(&id, |(id, _)| *id).ok()?;\n\
         NAMES.get(at).map(|(_, name)| *name)\n}}\n"
    )
}
