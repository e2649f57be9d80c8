//! Types: `long`, `auth.SentCode`, `Vector<int>`, `%Message`, `!X`.

use std::fmt;

use crate::ParseError;
use crate::scanner::Scanner;

/// A type as a parameter or a result names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The namespaces before the name, outermost first: `["auth"]` in `auth.SentCode`.
    pub namespace: Vec<String>,
    /// The name without its namespaces.
    pub name: String,
    /// Whether the value goes without its constructor's id: a lowercase name, or a `%` before it.
    pub bare: bool,
    /// Whether a `!` makes it the type of any function's result: `!X`.
    pub generic_ref: bool,
    /// The argument: `int` in `Vector<int>`.
    pub generic_arg: Option<Box<Type>>,
}

impl Type {
    pub(crate) fn parse(scanner: &mut Scanner<'_>) -> Result<Self, ParseError> {
        let generic_ref = scanner.eat("!");
        let percent = scanner.eat("%");
        let (namespace, name) = scanner.dotted_name("a type")?;
        let generic_arg = if scanner.eat("<") {
            let argument = scanner.nested(Self::parse)?;
            scanner.require(">", "`>` after the generic argument")?;
            Some(Box::new(argument))
        } else {
            None
        };
        let bare = percent || name.starts_with(|c: char| c.is_ascii_lowercase());
        Ok(Self { namespace, name, bare, generic_ref, generic_arg })
    }

    /// The name with its namespaces, without argument and marks: `auth.SentCode`.
    pub fn full_name(&self) -> String {
        join(&self.namespace, &self.name)
    }

    /// Writes the text of which the CRC32 is taken: `Vector int`, and `string` for `bytes` except
    /// as an argument (so the ids of all layers have it).
    pub(crate) fn write_for_id(&self, out: &mut String) {
        if self.generic_ref {
            out.push('!');
        }
        if self.has_percent() {
            out.push('%');
        }
        match self.full_name().as_str() {
            "bytes" => out.push_str("string"),
            name => out.push_str(name),
        }
        if let Some(argument) = &self.generic_arg {
            out.push(' ');
            out.push_str(&argument.to_string().replace('<', " ").replace('>', ""));
        }
    }

    fn has_percent(&self) -> bool {
        self.bare && !self.name.starts_with(|c: char| c.is_ascii_lowercase())
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.generic_ref {
            f.write_str("!")?;
        }
        if self.has_percent() {
            f.write_str("%")?;
        }
        f.write_str(&self.full_name())?;
        match &self.generic_arg {
            Some(argument) => write!(f, "<{argument}>"),
            None => Ok(()),
        }
    }
}

pub(crate) fn join(namespace: &[String], name: &str) -> String {
    let mut full = String::new();
    for part in namespace {
        full.push_str(part);
        full.push('.');
    }
    full.push_str(name);
    full
}
