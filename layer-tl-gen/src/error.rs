//! What a schema can have wrong although it parses.

use std::fmt;

/// A schema from which no code can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Two definitions that differ bear one name, or one Rust name.
    NameTaken(String),
    /// Two parameters of a definition are one field in Rust.
    FieldTaken {
        /// The definition.
        definition: String,
        /// The field, as Rust would spell it.
        field: String,
    },
    /// Two definitions have one id.
    IdTaken {
        /// The definition that came first.
        first: String,
        /// The other one.
        second: String,
    },
    /// A parameter's type that no definition constructs.
    UnknownType {
        /// The definition that uses it.
        definition: String,
        /// The type.
        ty: String,
    },
    /// A type all of whose constructors need a value of the type itself.
    Endless(String),
    /// A parameter that the generated code has no form for.
    Unsupported {
        /// The definition.
        definition: String,
        /// The parameter, as the schema has it.
        parameter: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken(name) => write!(f, "two different definitions are named {name}"),
            Self::FieldTaken { definition, field } => {
                write!(f, "{definition} has two parameters that Rust would call {field}")
            }
            Self::IdTaken { first, second } => write!(f, "{first} and {second} have the same id"),
            Self::UnknownType { definition, ty } => {
                write!(f, "{definition} needs the type {ty}, which nothing constructs")
            }
            Self::Endless(ty) => write!(f, "no value of {ty} can ever be complete"),
            Self::Unsupported { definition, parameter } => {
                write!(f, "{definition}: there is no Rust form for the parameter {parameter}")
            }
        }
    }
}

impl std::error::Error for Error {}
