//! The table of all definitions by id, as text that is searched at run time.

use std::fmt::Write as _;

use crate::schema::Schema;

/// A line per definition, sorted by id: `59511722 peerUser user_id:long`.
///
/// Bare values are named by their constructor, `message` for `%Message`: types are not in the
/// table.
pub(crate) fn write(schema: &Schema<'_>) -> String {
    let mut definitions = schema.definitions.clone();
    definitions.sort_by_key(|definition| definition.id);
    let mut table = String::new();
    for definition in definitions {
        let _ = write!(table, "{:08x} {}", definition.id, definition.full_name());
        for param in &definition.params {
            table.push(' ');
            table.push_str(&by_constructor(param.to_string(), schema));
        }
        table.push('\n');
    }
    table
}

fn by_constructor(param: String, schema: &Schema<'_>) -> String {
    let Some((before, marked)) = param.split_once('%') else { return param };
    let (ty, after) = marked.split_at(marked.find('>').unwrap_or(marked.len()));
    let of_type = |definition: &&&layer_tl_parser::tl::Definition| definition.ty.full_name() == ty;
    match schema.definitions.iter().find(of_type) {
        Some(definition) => format!("{before}{}{after}", definition.full_name()),
        None => param,
    }
}
