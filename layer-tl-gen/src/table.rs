//! The table of all definitions by id, as text that is searched at run time.

use std::fmt::Write as _;

use crate::schema::Schema;

/// A line per definition, sorted by id: `59511722 peerUser user_id:long`.
pub(crate) fn write(schema: &Schema<'_>) -> String {
    let mut definitions = schema.definitions.clone();
    definitions.sort_by_key(|definition| definition.id);
    let mut table = String::new();
    for definition in definitions {
        let _ = write!(table, "{:08x} {}", definition.id, definition.full_name());
        for param in &definition.params {
            let _ = write!(table, " {param}");
        }
        table.push('\n');
    }
    table
}
