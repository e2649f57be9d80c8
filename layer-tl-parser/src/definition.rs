//! Definitions: `peerUser#59511722 user_id:long = Peer;`.

use std::fmt;

use crate::ParseError;
use crate::parameter::{Parameter, ParameterType};
use crate::scanner::Scanner;
use crate::ty::{Type, join};

/// A constructor of a type, or a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Definition {
    /// The namespaces before the name, outermost first: `["auth"]` in `auth.sendCode`.
    pub namespace: Vec<String>,
    /// The name without its namespaces.
    pub name: String,
    /// The id as the text gives it, else [`Self::computed_id`].
    pub id: u32,
    /// The type variables: `X` in `{X:Type}`.
    pub generics: Vec<String>,
    /// The parameters in their order on the wire.
    pub params: Vec<Parameter>,
    /// The type that it constructs, or with which it answers.
    pub ty: Type,
    /// Whether it is a constructor or a function.
    pub category: Category,
}

/// The section of the schema in which a definition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// `---types---`: a constructor.
    Types,
    /// `---functions---`: a function.
    Functions,
}

impl Definition {
    pub(crate) fn parse(scanner: &mut Scanner<'_>, category: Category) -> Result<Self, ParseError> {
        let (namespace, name) = scanner.dotted_name("a definition")?;
        let given_id = if scanner.eat_directly("#") {
            Some(scanner.number(16, "an id of up to 8 hexadecimal digits")?)
        } else {
            None
        };
        let mut generics = Vec::new();
        while scanner.eat("{") {
            generics.push(scanner.name("a type variable")?.to_owned());
            scanner.require(":", "`:Type` after the type variable")?;
            scanner.require("Type", "`Type`")?;
            scanner.require("}", "`}` after the type variable")?;
        }
        let mut params: Vec<Parameter> = Vec::new();
        while !scanner.eat("=") {
            let mut ahead = scanner.clone();
            let param = Parameter::parse(&mut ahead)?;
            check_names(&param, &params, &generics, scanner)?;
            *scanner = ahead;
            params.push(param);
        }
        let mut ty = Type::parse(scanner)?;
        // The old notation of an argument, as in `= Vector t`.
        if ty.generic_arg.is_none() && !scanner.eat(";") {
            ty.generic_arg = Some(Box::new(Type::parse(scanner)?));
            scanner.require(";", "`;` after the definition")?;
        } else if ty.generic_arg.is_some() {
            scanner.require(";", "`;` after the definition")?;
        }
        let mut definition = Self { namespace, name, id: 0, generics, params, ty, category };
        definition.id = given_id.unwrap_or_else(|| definition.computed_id());
        Ok(definition)
    }

    /// The name with its namespaces: `auth.sendCode`.
    pub fn full_name(&self) -> String {
        join(&self.namespace, &self.name)
    }

    /// The CRC32 of the canonical text, from which Telegram takes the ids.
    pub fn computed_id(&self) -> u32 {
        crc32(self.text_for_id().as_bytes())
    }

    /// The canonical text without id, bits without a value, brackets and semicolon.
    fn text_for_id(&self) -> String {
        let mut text = self.full_name();
        for generic in &self.generics {
            text.push_str(&format!(" {generic}:Type"));
        }
        for param in self.params.iter().filter(|param| !param.is_true_flag()) {
            text.push(' ');
            param.write_for_id(&mut text);
        }
        text.push_str(" = ");
        self.ty.write_for_id(&mut text);
        text
    }
}

/// A parameter's name is used once, and its bit belongs to a `#` before it.
fn check_names(
    param: &Parameter,
    before: &[Parameter],
    generics: &[String],
    scanner: &mut Scanner<'_>,
) -> Result<(), ParseError> {
    if !param.name.is_empty() && before.iter().any(|other| other.name == param.name) {
        return Err(scanner.error("a parameter's name that is not taken"));
    }
    let ParameterType::Normal { ty, flag } = &param.ty else { return Ok(()) };
    if let Some(flag) = flag {
        let known = |other: &Parameter| other.ty == ParameterType::Flags && other.name == flag.name;
        if !before.iter().any(known) {
            return Err(scanner.error("a bit of a `#` parameter that stands before"));
        }
    }
    if ty.generic_ref && !generics.contains(&ty.name) {
        return Err(scanner.error("a type variable that was declared in braces"));
    }
    Ok(())
}

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:08x}", self.full_name(), self.id)?;
        for generic in &self.generics {
            write!(f, " {{{generic}:Type}}")?;
        }
        for param in &self.params {
            write!(f, " {param}")?;
        }
        write!(f, " = {};", self.ty)
    }
}

/// CRC-32/ISO-HDLC, bit by bit: ids are computed once a build, and this crate has no dependencies.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}
