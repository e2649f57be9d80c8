//! The documentation of generated items: their line of the schema, and what is known of functions.

use std::collections::BTreeMap;

use crate::schema::Item;

/// What is publicly known of functions beyond the schema.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Who may call a function, if not everybody: `user` or `bot`.
    access: BTreeMap<String, String>,
    /// The errors that a function is known to answer: `400 PEER_ID_INVALID`.
    errors: BTreeMap<String, Vec<String>>,
}

impl Facts {
    /// Reads two tables whose first line is a heading and whose columns are parted by tabs:
    /// `method, who may call it` and `code, name, methods parted by blanks`.
    pub fn from_tables(access: &str, errors: &str) -> Self {
        let mut facts = Self::default();
        for line in access.lines().skip(1) {
            if let Some((method, who)) = line.split_once('\t') {
                facts.access.insert(method.to_owned(), who.to_owned());
            }
        }
        for line in errors.lines().skip(1) {
            let mut columns = line.split('\t');
            let (Some(code), Some(name)) = (columns.next(), columns.next()) else { continue };
            for method in columns.next().unwrap_or("").split_whitespace() {
                let errors = facts.errors.entry(method.to_owned()).or_default();
                errors.push(format!("{code} {name}"));
            }
        }
        facts
    }
}

/// The documentation of a constructor's struct.
pub(crate) fn constructor(item: &Item<'_>) -> String {
    format!("/// `{}`\n", item.definition)
}

/// The documentation of a function's struct.
pub(crate) fn function(item: &Item<'_>, facts: &Facts) -> String {
    let name = item.definition.full_name();
    let who = match facts.access.get(&name).map(String::as_str) {
        Some("user") => "Users only",
        Some("bot") => "Bots only",
        _ => "Users and bots",
    };
    let mut docs = format!("/// `{}`\n///\n/// {who} may call it.\n", item.definition);
    if let Some(errors) = facts.errors.get(&name) {
        docs.push_str(&format!("/// Known errors: `{}`.\n", errors.join("`, `")));
    }
    docs
}
