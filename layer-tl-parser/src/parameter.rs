//! Parameters: `user_id:long`, `flags:#`, `title:flags.3?string`, `# [ t ]`.

use std::fmt;

use crate::ParseError;
use crate::scanner::Scanner;
use crate::ty::Type;

/// One parameter of a constructor or function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Its name; empty for the nameless ones of `vector` and the built-in types.
    pub name: String,
    /// What it holds.
    pub ty: ParameterType,
}

/// What a parameter holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParameterType {
    /// `#`: a 32-bit number, mostly the word whose bits say which fields are present.
    Flags,
    /// A value, or one that is there only if a bit is set.
    Normal {
        /// The value's type.
        ty: Type,
        /// The bit on which it depends.
        flag: Option<Flag>,
    },
    /// `[ t ]` or `4*[ int ]`: values one after another, as in the definition of `vector`.
    Repeated {
        /// The type of each value.
        ty: Type,
        /// How many; without it the number stands in the `#` before.
        count: Option<u32>,
    },
    /// `?`: a built-in value that the language can't describe.
    Builtin,
}

/// A bit of a flags word: `flags2.7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flag {
    /// The name of the `#` parameter.
    pub name: String,
    /// The bit, 0 to 31.
    pub index: u32,
}

impl Parameter {
    pub(crate) fn parse(scanner: &mut Scanner<'_>) -> Result<Self, ParseError> {
        let mut ahead = scanner.clone();
        if let Some(name) = ahead.eat_name() {
            let name = name.to_owned();
            ahead.require(":", "`:` and the parameter's type")?;
            let ty = ParameterType::parse_named(&mut ahead)?;
            *scanner = ahead;
            return Ok(Self { name, ty });
        }
        let ty = if scanner.eat("#") {
            ParameterType::Flags
        } else if scanner.eat("?") {
            ParameterType::Builtin
        } else if scanner.eat("[") {
            ParameterType::parse_repeated(scanner, None)?
        } else {
            let count = scanner.number(10, "a parameter or `=`")?;
            scanner.require("*", "`*` after the number of repetitions")?;
            scanner.require("[", "`[` after `*`")?;
            ParameterType::parse_repeated(scanner, Some(count))?
        };
        Ok(Self { name: String::new(), ty })
    }

    /// Whether it is `name:flags.0?true`, a bit without a value.
    pub fn is_true_flag(&self) -> bool {
        match &self.ty {
            ParameterType::Normal { ty, flag: Some(_) } => {
                ty.name == "true" && ty.namespace.is_empty()
            }
            _ => false,
        }
    }

    /// Writes the text of which the CRC32 is taken.
    pub(crate) fn write_for_id(&self, out: &mut String) {
        match &self.ty {
            ParameterType::Normal { ty, flag } => {
                out.push_str(&self.name);
                out.push(':');
                if let Some(flag) = flag {
                    out.push_str(&format!("{}.{}?", flag.name, flag.index));
                }
                ty.write_for_id(out);
            }
            _ => out.push_str(&self.to_string()),
        }
    }
}

impl ParameterType {
    fn parse_named(scanner: &mut Scanner<'_>) -> Result<Self, ParseError> {
        if scanner.eat("#") {
            return Ok(Self::Flags);
        }
        let mut ahead = scanner.clone();
        let flag = match Flag::parse(&mut ahead)? {
            Some(flag) => {
                *scanner = ahead;
                Some(flag)
            }
            None => None,
        };
        Ok(Self::Normal { ty: Type::parse(scanner)?, flag })
    }

    fn parse_repeated(scanner: &mut Scanner<'_>, count: Option<u32>) -> Result<Self, ParseError> {
        let ty = Type::parse(scanner)?;
        scanner.require("]", "`]` after the repeated type")?;
        Ok(Self::Repeated { ty, count })
    }
}

impl Flag {
    /// `flags.3?` if that comes next; `None` if a plain type does.
    fn parse(scanner: &mut Scanner<'_>) -> Result<Option<Self>, ParseError> {
        let Some(name) = scanner.eat_name() else { return Ok(None) };
        if !scanner.eat_directly(".") {
            return Ok(None);
        }
        let Some(index) = scanner.eat_number(10) else { return Ok(None) };
        if index > 31 {
            return Err(scanner.error("a bit from 0 to 31 before this"));
        }
        scanner.require("?", "`?` after the bit")?;
        Ok(Some(Self { name: name.to_owned(), index }))
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{}:", self.name)?;
        }
        match &self.ty {
            ParameterType::Flags => f.write_str("#"),
            ParameterType::Normal { ty, flag: None } => write!(f, "{ty}"),
            ParameterType::Normal { ty, flag: Some(flag) } => {
                write!(f, "{}.{}?{ty}", flag.name, flag.index)
            }
            ParameterType::Repeated { ty, count: None } => write!(f, "[ {ty} ]"),
            ParameterType::Repeated { ty, count: Some(count) } => write!(f, "{count}*[ {ty} ]"),
            ParameterType::Builtin => f.write_str("?"),
        }
    }
}
