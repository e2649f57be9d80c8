//! The definitions of a layer, as they are looked up: by an id that came, or by a name that is to go out.

use std::collections::HashMap;
use std::sync::LazyLock;

use layer_tl_types::{LAYER, layers};

/// What a layer has words for.
pub(super) struct Layer {
    by_id: HashMap<u32, &'static Definition>,
    by_name: HashMap<&'static str, &'static Definition>,
}

/// A constructor or a function.
pub(super) struct Definition {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) fields: Vec<Field>,
    /// The type that it constructs, or with which it answers.
    pub(super) ty: Type,
    pub(super) is_function: bool,
}

pub(super) struct Field {
    pub(super) name: &'static str,
    /// Where it may be left out: the name of the word of flags, and its bit there.
    pub(super) flag: Option<(&'static str, u32)>,
    pub(super) ty: Type,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// A word of flags.
    Flags,
    /// A bit that is a value itself.
    True,
    Int,
    /// Two words and more, without a meaning here: `long`, `double`, `int128`, `int256`.
    Words(usize),
    Bool,
    /// `bytes` or `string`.
    Bytes,
    Vector(Box<Type>),
    /// A boxed object of a type.
    Object(&'static str),
}

/// This layer.
pub(super) fn ours() -> &'static Layer {
    static OURS: LazyLock<Layer> = LazyLock::new(|| Layer::new(LAYER));
    &OURS
}

/// The layer in which a client is to be spoken to that names this one; `None` if it is ours. Of those
/// between two that are known the older one is taken.
pub(super) fn of_client(named: i32) -> Option<&'static Layer> {
    static OLDER: LazyLock<Vec<(i32, LazyLayer)>> = LazyLock::new(|| {
        let lazy = |layer| -> LazyLayer { LazyLock::new(Box::new(move || Layer::new(layer))) };
        layers::older().map(|layer| (layer, lazy(layer))).collect()
    });
    if named >= LAYER {
        return None;
    }
    let known = OLDER.iter().rev().find(|(layer, _)| *layer <= named).or(OLDER.first());
    known.map(|(_, layer)| &**layer)
}

type LazyLayer = LazyLock<Layer, Box<dyn FnOnce() -> Layer + Send + Sync>>;

impl Layer {
    fn new(layer: i32) -> Self {
        let lines = layers::definitions(layer).unwrap_or_default();
        let definitions = lines.into_iter().filter_map(Definition::parse);
        // They live as long as the program: there are a few layers.
        let definitions: Vec<&'static Definition> =
            definitions.map(|definition| &*Box::leak(Box::new(definition))).collect();
        Self {
            by_id: definitions.iter().map(|definition| (definition.id, *definition)).collect(),
            by_name: definitions.iter().map(|definition| (definition.name, *definition)).collect(),
        }
    }

    pub(super) fn of_id(&self, id: u32) -> Option<&'static Definition> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn named(&self, name: &str) -> Option<&'static Definition> {
        self.by_name.get(name).copied()
    }

    /// Whether the layer has any constructor of a type.
    pub(super) fn has_type(&self, name: &'static str) -> bool {
        let ty = Type::Object(name);
        self.by_id.values().any(|definition| !definition.is_function && definition.ty == ty)
    }

    /// The constructor of a type that says the least: without fields that must be there, and called
    /// so.
    pub(super) fn least(&self, name: &'static str) -> Option<&'static Definition> {
        let ty = Type::Object(name);
        let free = |definition: &&&'static Definition| {
            !definition.is_function
                && definition.ty == ty
                && definition.fields.is_empty()
                && ["Empty", "Unsupported"].iter().any(|end| definition.name.ends_with(end))
        };
        // The name decides between two, so that it is always the same.
        self.by_id.values().filter(free).copied().max_by_key(|definition| definition.name)
    }
}

impl Definition {
    /// A line of [`layers`]: `59511722 peerUser user_id:long = Peer`.
    fn parse(line: &'static str) -> Option<Self> {
        let (line, ty, is_function) = match line.rsplit_once(" => ") {
            Some((line, ty)) => (line, ty, true),
            None => line.rsplit_once(" = ").map(|(line, ty)| (line, ty, false))?,
        };
        let mut words = line.split_whitespace();
        let id = u32::from_str_radix(words.next()?, 16).ok()?;
        let name = words.next()?;
        let fields = words.map(Field::parse).collect::<Option<_>>()?;
        Some(Self { id, name, fields, ty: Type::parse(ty)?, is_function })
    }
}

impl Field {
    fn parse(text: &'static str) -> Option<Self> {
        let (name, ty) = text.split_once(':')?;
        let (flag, ty) = match ty.split_once('?') {
            Some((flag, ty)) => {
                let (word, bit) = flag.split_once('.')?;
                (Some((word, bit.parse().ok()?)), ty)
            }
            None => (None, ty),
        };
        Some(Self { name, flag, ty: Type::parse(ty)? })
    }
}

impl Type {
    /// `None` for what is not walked through: type variables.
    fn parse(text: &'static str) -> Option<Self> {
        Some(match text {
            "#" => Self::Flags,
            "true" => Self::True,
            "int" => Self::Int,
            "long" | "double" => Self::Words(2),
            "int128" => Self::Words(4),
            "int256" => Self::Words(8),
            "Bool" => Self::Bool,
            "bytes" | "string" => Self::Bytes,
            _ if text.starts_with('!') || text == "X" => return None,
            _ => match text.strip_prefix("Vector<").and_then(|rest| rest.strip_suffix('>')) {
                Some(element) => Self::Vector(Box::new(Self::parse(element)?)),
                None => Self::Object(text),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_known_by_id_and_name() {
        for layer in [ours(), of_client(224).unwrap(), of_client(229).unwrap()] {
            let peer = layer.of_id(0x5951_1722).unwrap();
            assert_eq!((peer.name, &peer.ty), ("peerUser", &Type::Object("Peer")));
            let invited = layer.named("messages.addChatUser").unwrap();
            assert!(invited.is_function);
            assert_eq!(invited.ty, Type::Object("messages.InvitedUsers"));
        }
    }

    #[test]
    fn a_client_is_spoken_to_in_its_layer_or_the_one_before() {
        assert!(of_client(LAYER).is_none() && of_client(LAYER + 7).is_none());
        let same = |one, other| std::ptr::eq(of_client(one).unwrap(), of_client(other).unwrap());
        assert!(same(1, 224) && same(224, 226) && same(227, 228) && !same(228, 229));
    }
}
