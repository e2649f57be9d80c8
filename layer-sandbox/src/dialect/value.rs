//! An object between two layers: read by the definitions of one, without its ids, and written by those of
//! the other.

use std::borrow::Cow;

use layer_tl_types::{Cursor, MAX_DEPTH, Serializable};

use super::layer::{Definition, Layer, Type};
use super::rules;

const VECTOR: u32 = 0x1cb5_c415;
const TRUE: u32 = 0x9972_75b5;
const FALSE: u32 = 0xbc79_9737;

/// A value whose fields are known by name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// A bit that is set.
    True,
    Int(i32),
    /// As it lies on the wire: whole words.
    Words(&'a [u8]),
    Bool(bool),
    Bytes(Cow<'a, [u8]>),
    Vector(Vec<Self>),
    Object(Object<'a>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object<'a> {
    /// Of its constructor or function.
    pub(super) name: Cow<'static, str>,
    /// Those that are there, in their order, without the words of flags.
    pub(super) fields: Vec<(&'static str, Value<'a>)>,
}

impl<'a> Object<'a> {
    pub(super) fn field(&self, name: &str) -> Option<&Value<'a>> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The same fields under another name.
    pub(super) fn renamed(&self, name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), fields: self.fields.clone() }
    }
}

/// Reads by the definitions of a layer.
pub(super) struct Reader<'a> {
    layer: &'static Layer,
    rest: &'a [u8],
    depth: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layer: &'static Layer, bytes: &'a [u8]) -> Self {
        Self { layer, rest: bytes, depth: 0 }
    }

    /// Whether all has been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// What the next id stands for; `None` if it is not known.
    pub(super) fn definition(&mut self) -> Option<&'static Definition> {
        let id = self.word()?;
        self.layer.of_id(id)
    }

    /// The fields of a definition whose id has been read; `None` if they can't be.
    pub(super) fn fields(&mut self, definition: &'static Definition) -> Option<Object<'a>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut words: Vec<(&str, u32)> = Vec::new();
        let mut fields = Vec::new();
        for field in &definition.fields {
            if field.ty == Type::Flags {
                words.push((field.name, self.word()?));
                continue;
            }
            let is_there = field.flag.is_none_or(|(word, bit)| {
                let word = words.iter().find(|(name, _)| *name == word);
                word.is_some_and(|(_, word)| word.checked_shr(bit).unwrap_or(0) & 1 == 1)
            });
            if is_there {
                fields.push((field.name, self.value(&field.ty)?));
            }
        }
        self.depth -= 1;
        Some(Object { name: definition.name.into(), fields })
    }

    /// A value of a type; `None` if it can't be read.
    pub(super) fn value(&mut self, ty: &Type) -> Option<Value<'a>> {
        Some(match ty {
            Type::Flags => return None,
            Type::True => Value::True,
            Type::Int => Value::Int(self.word()? as i32),
            Type::Words(count) => Value::Words(self.bytes(4 * count)?),
            Type::Bool => match self.word()? {
                TRUE => Value::Bool(true),
                FALSE => Value::Bool(false),
                _ => return None,
            },
            Type::Bytes => {
                let mut cursor = Cursor::new(self.rest);
                let bytes = cursor.byte_string().ok()?;
                self.rest = cursor.remaining();
                Value::Bytes(bytes.into())
            }
            Type::Vector(element) => {
                if self.word()? != VECTOR {
                    return None;
                }
                let count = self.word()?;
                let mut values = Vec::new();
                for _ in 0..count {
                    // Else what holds nothing could be claimed to be there for ever.
                    if self.rest.is_empty() {
                        return None;
                    }
                    values.push(self.value(element)?);
                }
                Value::Vector(values)
            }
            Type::Object(expected) => {
                let fits = |definition: &&Definition| {
                    definition.ty == *ty || rules::stands_for(definition.name, expected).is_some()
                };
                let definition = self.definition().filter(fits)?;
                Value::Object(self.fields(definition)?)
            }
        })
    }

    fn word(&mut self) -> Option<u32> {
        self.bytes(4)?.first_chunk().copied().map(u32::from_le_bytes)
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(bytes)
    }
}

/// Writes by the definitions of a layer. What it has no words for is left out where it may be: an
/// optional field, an element of a list; else the object around is not written either.
pub(super) struct Writer {
    pub(super) layer: &'static Layer,
}

impl Writer {
    /// An object where one of type `expected` is wanted; of any, if `None`. `None` if it can't be said.
    pub(super) fn object(
        &self,
        object: &Object<'_>,
        expected: Option<&'static str>,
    ) -> Option<Vec<u8>> {
        let fits = |definition: &&'static Definition| {
            expected.is_none_or(|expected| definition.ty == Type::Object(expected))
        };
        let named = self.layer.named(&object.name).filter(fits);
        if let Some(definition) = named.filter(|definition| rules::says(definition, object)) {
            return self.fields(definition, object);
        }
        if let Some(expected) = expected {
            if let Some(reworded) = rules::reword(object, expected, self.layer) {
                return self.object(&reworded, Some(expected));
            }
            let least = rules::may_be_less(expected).then(|| self.layer.least(expected));
            return least.flatten().map(|definition| definition.id.to_le_bytes().to_vec());
        }
        None
    }

    fn fields(&self, definition: &'static Definition, object: &Object<'_>) -> Option<Vec<u8>> {
        let mut out = definition.id.to_le_bytes().to_vec();
        let fields = definition.fields.iter();
        let written: Vec<Option<Vec<u8>>> =
            fields.clone().map(|field| self.value(object.field(field.name)?, &field.ty)).collect();
        let bits: Vec<(&str, u32)> = fields
            .clone()
            .zip(&written)
            .filter_map(|(field, written)| written.as_ref().and(field.flag))
            .collect();
        for (field, written) in fields.zip(written) {
            match (&field.ty, field.flag) {
                (Type::Flags, _) => {
                    let set = bits.iter().filter(|(word, _)| *word == field.name);
                    let word = set.fold(0_u32, |word, (_, bit)| word | 1 << (bit & 31));
                    out.extend(word.to_le_bytes());
                }
                // Fields that share a bit go out together.
                (_, Some(flag)) if !bits.contains(&flag) => {}
                (Type::True, _) => {}
                (ty, _) => match written {
                    Some(bytes) => out.extend(bytes),
                    None => out.extend(self.nothing(ty)?),
                },
            }
        }
        Some(out)
    }

    pub(super) fn value(&self, value: &Value<'_>, ty: &Type) -> Option<Vec<u8>> {
        Some(match (value, ty) {
            (Value::True, Type::True) => Vec::new(),
            (Value::Int(value), Type::Int) => value.to_le_bytes().to_vec(),
            (Value::Words(words), Type::Words(count)) if words.len() == 4 * count => words.to_vec(),
            (Value::Bool(value), Type::Bool) => {
                if *value { TRUE } else { FALSE }.to_le_bytes().to_vec()
            }
            (Value::Bytes(bytes), Type::Bytes) => bytes.to_vec().to_bytes(),
            (Value::Vector(values), Type::Vector(element)) => {
                let written = values.iter().filter_map(|value| self.value(value, element));
                let written: Vec<_> = written.collect();
                let count = u32::try_from(written.len()).ok()?;
                let head = [VECTOR.to_le_bytes(), count.to_le_bytes()].concat();
                [head, written.concat()].concat()
            }
            (Value::Object(object), Type::Object(expected)) => {
                self.object(object, Some(expected))?
            }
            _ => self.value(&rules::other_value(value, ty)?, ty)?,
        })
    }

    /// What stands for nothing where something must stand.
    fn nothing(&self, ty: &Type) -> Option<Vec<u8>> {
        match ty {
            Type::Flags | Type::True => None,
            Type::Int | Type::Bytes => Some(vec![0; 4]),
            Type::Words(count) => Some(vec![0; 4 * count]),
            Type::Bool => Some(FALSE.to_le_bytes().to_vec()),
            Type::Vector(_) => Some([VECTOR.to_le_bytes(), [0; 4]].concat()),
            Type::Object(name) => {
                self.layer.least(name).map(|definition| definition.id.to_le_bytes().to_vec())
            }
        }
    }
}
