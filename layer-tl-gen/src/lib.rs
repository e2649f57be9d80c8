//! Rust code from a TL schema: what the build script of `layer-tl-types` runs.
//!
//! [`generate`] takes the definitions of one or more schemas and gives the text of the modules
//! `types`, `enums` and `functions`, and the table behind names and `Debug`. What the generated
//! code calls (`Cursor`, `write`, `debug`) lives in `layer-tl-types`.
//!
//! ```
//! use layer_tl_gen::{Config, generate};
//!
//! let schema = "peerUser#59511722 user_id:long = Peer;";
//! let definitions = layer_tl_parser::parse_tl_file(schema).collect::<Result<Vec<_>, _>>().unwrap();
//! let outputs = generate(&definitions, &Config::default())?;
//! assert!(outputs.types.contains("pub struct PeerUser"));
//! assert!(outputs.enums.contains("pub enum Peer"));
//! # Ok::<(), layer_tl_gen::Error>(())
//! ```
#![forbid(unsafe_code)]

mod docs;
mod enums;
mod error;
mod fields;
mod functions;
mod modules;
mod names;
mod recursion;
mod schema;
mod structs;
mod table;

use layer_tl_parser::tl::{Category, Definition};

pub use docs::Facts;
pub use error::Error;

/// What to generate.
#[derive(Clone, Debug)]
pub struct Config {
    /// The path at which the generated modules stand: `crate`, or `crate::secret`.
    pub root: String,
    /// `Debug` on everything.
    pub impl_debug: bool,
    /// `From<types::X> for enums::T`.
    pub impl_from_type: bool,
    /// `TryFrom<enums::T> for types::X`.
    pub impl_from_enum: bool,
    /// serde's `Serialize` and `Deserialize` on everything.
    pub impl_serde: bool,
    /// Reading functions, as a server does.
    pub deserializable_functions: bool,
    /// Who may call which function and what it answers on failure, for the documentation.
    pub facts: Facts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            root: "crate".to_owned(),
            impl_debug: true,
            impl_from_type: true,
            impl_from_enum: true,
            impl_serde: false,
            deserializable_functions: false,
            facts: Facts::default(),
        }
    }
}

/// The generated text, to be included.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// The body of `mod types`.
    pub types: String,
    /// The body of `mod enums`.
    pub enums: String,
    /// The body of `mod functions`.
    pub functions: String,
    /// A line per definition, sorted by id: `59511722 peerUser user_id:long`.
    pub table: String,
}

/// Generates the code for `definitions`, which may come from several schemas.
///
/// # Errors
/// A type that nothing constructs, two definitions of one name or id, a value of a type that the
/// wire format has no form for: the schema is at fault and the error names the definition.
pub fn generate(definitions: &[Definition], config: &Config) -> Result<Outputs, Error> {
    let mut schema = schema::Schema::new(definitions)?;
    recursion::analyse(&mut schema)?;
    Ok(Outputs {
        types: structs::write(&schema, config),
        enums: enums::write(&schema, config),
        functions: functions::write(&schema, config),
        table: table::write(&schema),
    })
}

/// Where the Rust type stands that reads and writes what `definition` describes with its id: the
/// enum of its type, or the function's struct (which takes type arguments if the function is
/// generic).
///
/// `root` is the path to the generated modules. `None` for what Rust has itself, as `boolTrue` and
/// `vector`.
///
/// ```
/// let schema = "auth.sentCode#5e002502 a:int = auth.SentCode; boolTrue#997275b5 = Bool;
/// ---functions---
/// auth.logOut#3e72ba19 = auth.LoggedOut;";
/// let paths = layer_tl_parser::parse_tl_file(schema)
///     .map(|definition| Ok(layer_tl_gen::boxed_path(&definition?, "tl")))
///     .collect::<Result<Vec<_>, layer_tl_parser::ParseError>>()?;
/// assert_eq!(paths[0].as_deref(), Some("tl::enums::auth::SentCode"));
/// assert_eq!(paths[1], None);
/// assert_eq!(paths[2].as_deref(), Some("tl::functions::auth::LogOut"));
/// # Ok::<(), layer_tl_parser::ParseError>(())
/// ```
pub fn boxed_path(definition: &Definition, root: &str) -> Option<String> {
    let (namespace, name, section) = match definition.category {
        Category::Functions => (&definition.namespace, &definition.name, "functions"),
        Category::Types if schema::is_generated(definition) => {
            (&definition.ty.namespace, &definition.ty.name, "enums")
        }
        Category::Types => return None,
    };
    Some(schema::path(namespace, name).under(root, section))
}
