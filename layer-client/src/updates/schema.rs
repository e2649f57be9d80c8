//! The schema's text, for tests that hold tables against it.

use std::collections::{BTreeMap, BTreeSet};

use layer_tl_parser::parse_tl_file;
use layer_tl_parser::tl::{Category, Definition, ParameterType, Type};

/// All definitions of the layer.
pub(super) struct Schema {
    all: Vec<Definition>,
    /// For each type the constructor of which samples are made: the smallest.
    smallest: BTreeMap<String, usize>,
}

impl Schema {
    pub(super) fn of_the_layer() -> Self {
        let text = include_str!("../../../layer-tl-types/tl/api.tl");
        let all: Vec<_> = parse_tl_file(text).collect::<Result<_, _>>().unwrap();
        let mut smallest: BTreeMap<String, usize> = BTreeMap::new();
        for (at, definition) in all.iter().enumerate() {
            if definition.category == Category::Types {
                let best = smallest.entry(definition.ty.full_name()).or_insert(at);
                if all[*best].params.len() > definition.params.len() {
                    *best = at;
                }
            }
        }
        Self { all, smallest }
    }

    pub(super) fn constructors(&self, of: &str) -> impl Iterator<Item = &Definition> {
        let types = self.all.iter().filter(|def| def.category == Category::Types);
        types.filter(move |def| def.ty.full_name() == of)
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = &Definition> {
        self.all.iter().filter(|def| def.category == Category::Functions)
    }

    /// The types of which a constructor has a field of this name.
    pub(super) fn types_with(&self, field: &str) -> BTreeSet<String> {
        let types = self.all.iter().filter(|def| def.category == Category::Types);
        let types = types.filter(|def| def.params.iter().any(|param| param.name == field));
        types.map(|def| def.ty.full_name()).collect()
    }

    /// Whether a value of this type may hold one of `wanted`, at any depth.
    pub(super) fn reaches(&self, ty: &str, wanted: &[&str]) -> bool {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![ty.to_owned()]);
        while let Some(ty) = todo.pop() {
            if wanted.contains(&ty.as_str()) {
                return true;
            }
            if seen.insert(ty.clone()) {
                let params = self.constructors(&ty).flat_map(|def| &def.params);
                todo.extend(params.filter_map(|param| match &param.ty {
                    ParameterType::Normal { ty, .. } => Some(inner(ty).full_name()),
                    _ => None,
                }));
            }
        }
        false
    }

    /// A value of this constructor in which nothing optional is there; `number` may give the
    /// integers of its own fields, the others are 1.
    pub(super) fn sample(
        &self,
        definition: &Definition,
        number: &dyn Fn(&str) -> Option<i64>,
    ) -> Vec<u8> {
        let mut bytes = definition.id.to_le_bytes().to_vec();
        for param in &definition.params {
            match &param.ty {
                ParameterType::Flags => bytes.extend([0; 4]),
                ParameterType::Normal { flag: Some(_), .. } => {}
                ParameterType::Normal { ty, .. } => {
                    self.value(ty, number(&param.name).unwrap_or(1), &mut bytes);
                }
                other => panic!("{other:?}"),
            }
        }
        bytes
    }

    fn value(&self, ty: &Type, number: i64, bytes: &mut Vec<u8>) {
        match ty.full_name().as_str() {
            "int" => bytes.extend((number as i32).to_le_bytes()),
            "long" => bytes.extend(number.to_le_bytes()),
            "double" => bytes.extend([0; 8]),
            "string" | "bytes" => bytes.extend([0; 4]),
            "int128" => bytes.extend([0; 16]),
            "int256" => bytes.extend([0; 32]),
            "Vector" | "vector" => {
                bytes.extend(0x1cb5_c415_u32.to_le_bytes());
                bytes.extend([0; 4]);
            }
            // One that lies in a channel.
            "Message" => {
                let empty = self.constructors("Message").find(|def| def.name == "messageEmpty");
                bytes.extend(empty.unwrap().id.to_le_bytes());
                bytes.extend([1, 0, 0, 0, 9, 0, 0, 0]);
                let peer = self.constructors("Peer").find(|def| def.name == "peerChannel");
                bytes.extend(peer.unwrap().id.to_le_bytes());
                bytes.extend(77_i64.to_le_bytes());
            }
            name => {
                let smallest = &self.all[self.smallest[name]];
                bytes.extend(self.sample(smallest, &|_| None));
            }
        }
    }
}

/// What a vector is of, or the type itself.
fn inner(ty: &Type) -> &Type {
    ty.generic_arg.as_deref().map_or(ty, inner)
}

/// The type of a function's answer, without its vector.
pub(super) fn answer(function: &Definition) -> String {
    inner(&function.ty).full_name()
}
