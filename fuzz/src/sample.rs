//! Values of every definition in the schemas, as bytes.

use std::collections::HashMap;

use layer_tl_parser::parse_tl_file;
use layer_tl_parser::tl::{Category, Definition, Parameter, ParameterType, Type};

const SCHEMAS: [&str; 3] = [
    include_str!("../../layer-tl-types/tl/api.tl"),
    include_str!("../../layer-tl-types/tl/mtproto.tl"),
    include_str!("../../layer-tl-types/tl/secret.tl"),
];

const VECTOR: u32 = 0x1cb5_c415;
const BOOL_TRUE: u32 = 0x9972_75b5;
/// `ping`, where any query may stand.
const QUERY: [u8; 12] = [0xec, 0x77, 0xbe, 0x7a, 1, 0, 0, 0, 0, 0, 0, 0];

/// Makes values. The schemas are kept apart: names may mean different things in them.
pub struct Samples {
    schemas: Vec<Schema>,
}

struct Schema {
    definitions: Vec<Definition>,
    /// The constructor of each type that takes the fewest bytes, and how many.
    shortest: HashMap<String, (usize, usize)>,
}

/// A definition and the schema it stands in.
#[derive(Clone, Copy)]
pub struct Sampled<'a> {
    schema: &'a Schema,
    pub definition: &'a Definition,
}

/// Which of several lengths a value shall have.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// No optional fields, empty vectors.
    Shortest,
    /// All optional fields, one element in each vector; those are the shortest that can be.
    Full,
}

impl Samples {
    pub fn new() -> Self {
        Self { schemas: SCHEMAS.iter().map(|text| Schema::new(text)).collect() }
    }

    /// Everything that has an id of its own.
    pub fn definitions(&self) -> impl Iterator<Item = Sampled<'_>> {
        self.schemas.iter().flat_map(|schema| {
            let definitions = schema.definitions.iter();
            definitions.map(move |definition| Sampled { schema, definition })
        })
    }

    pub fn shortest(&self, of: Sampled<'_>) -> Vec<u8> {
        of.schema.object(of.definition, Extent::Shortest)
    }

    pub fn full(&self, of: Sampled<'_>) -> Vec<u8> {
        of.schema.object(of.definition, Extent::Full)
    }
}

impl<'a> Sampled<'a> {
    /// For each vector among the parameters and each constructor of its elements: a value that is all
    /// vector, `len` bytes long; with the constructor's name.
    pub fn swollen(self, len: usize) -> impl Iterator<Item = (String, Vec<u8>)> + 'a {
        let Self { schema, definition } = self;
        let vectors = definition
            .params
            .iter()
            .enumerate()
            .filter_map(|(at, param)| Some((at, element(value_type(param)?)?)));
        vectors.flat_map(move |(at, element)| {
            schema.elements(element).into_iter().map(move |(name, bytes)| {
                let what =
                    format!("{}.{}: {name}", definition.full_name(), definition.params[at].name);
                (what, schema.swollen(definition, at, &bytes, len))
            })
        })
    }
}

impl Schema {
    fn new(text: &str) -> Self {
        let definitions = parse_tl_file(text).map(|definition| definition.expect("a good schema"));
        // `vector` and the like are no objects by themselves.
        let definitions: Vec<Definition> =
            definitions.filter(|d| layer_tl_gen::boxed_path(d, "").is_some()).collect();
        let mut schema = Self { definitions, shortest: HashMap::new() };
        while schema.shorten() {}
        schema
    }

    /// One round over all constructors; whether a shorter one was found for any type.
    fn shorten(&mut self) -> bool {
        let mut changed = false;
        for (at, definition) in self.definitions.iter().enumerate() {
            if definition.category != Category::Types || !self.is_known(definition) {
                continue;
            }
            let len = self.object(definition, Extent::Shortest).len();
            let ty = definition.ty.full_name();
            if self.shortest.get(&ty).is_none_or(|(_, shortest)| len < *shortest) {
                self.shortest.insert(ty, (at, len));
                changed = true;
            }
        }
        changed
    }

    /// Whether all types are known that a value can't do without.
    fn is_known(&self, definition: &Definition) -> bool {
        let needed = definition.params.iter().filter_map(|param| match &param.ty {
            ParameterType::Normal { ty, flag: None } => Some(ty),
            _ => None,
        });
        needed.into_iter().all(|ty| {
            is_builtin(ty)
                || element(ty).is_some()
                || match ty.bare {
                    true => self.bare(ty).is_some_and(|definition| self.is_known(definition)),
                    false => self.shortest.contains_key(&ty.full_name()),
                }
        })
    }

    fn object(&self, definition: &Definition, extent: Extent) -> Vec<u8> {
        let mut out = definition.id.to_le_bytes().to_vec();
        self.fields(definition, extent, &mut out);
        out
    }

    fn fields(&self, definition: &Definition, extent: Extent, out: &mut Vec<u8>) {
        for param in &definition.params {
            self.field(definition, param, extent, out);
        }
    }

    fn field(&self, of: &Definition, param: &Parameter, extent: Extent, out: &mut Vec<u8>) {
        match &param.ty {
            ParameterType::Flags if extent == Extent::Full => {
                let bits = of.params.iter().filter_map(|other| match &other.ty {
                    ParameterType::Normal { flag: Some(flag), .. } if flag.name == param.name => {
                        Some(1 << flag.index)
                    }
                    _ => None,
                });
                let word: u32 = bits.fold(0, |word, bit: u32| word | bit);
                out.extend(word.to_le_bytes());
            }
            ParameterType::Flags => out.extend([0; 4]),
            ParameterType::Normal { flag: Some(_), .. }
                if extent == Extent::Shortest || param.is_true_flag() => {}
            ParameterType::Normal { ty, .. } => self.value(ty, extent, out),
            _ => {}
        }
    }

    fn value(&self, ty: &Type, extent: Extent, out: &mut Vec<u8>) {
        if let Some(element) = element(ty) {
            if !is_bare_vector(ty) {
                out.extend(VECTOR.to_le_bytes());
            }
            let count: u32 = if extent == Extent::Full { 1 } else { 0 };
            out.extend(count.to_le_bytes());
            if extent == Extent::Full {
                self.value(element, Extent::Shortest, out);
            }
            return;
        }
        match ty.full_name().as_str() {
            _ if ty.generic_ref || ty.full_name() == "X" => out.extend(QUERY),
            "int" | "#" => out.extend(7_i32.to_le_bytes()),
            "long" => out.extend(7_i64.to_le_bytes()),
            "double" => out.extend(1.5_f64.to_le_bytes()),
            "int128" => out.extend([1; 16]),
            "int256" => out.extend([1; 32]),
            "Bool" => out.extend(BOOL_TRUE.to_le_bytes()),
            "string" | "bytes" if extent == Extent::Full => out.extend(b"\x05abcde\0\0"),
            "string" | "bytes" => out.extend([0; 4]),
            _ if ty.bare => {
                let definition = self.bare(ty).expect("a constructor");
                self.fields(definition, Extent::Shortest, out);
            }
            name => {
                let (at, _) = self.shortest[name];
                out.extend(self.object(&self.definitions[at], Extent::Shortest));
            }
        }
    }

    /// The constructor that a bare type names, or whose type it names.
    fn bare(&self, ty: &Type) -> Option<&Definition> {
        let name = ty.full_name();
        let mut types = self.definitions.iter().filter(|d| d.category == Category::Types);
        let of = types.clone().find(|definition| definition.ty.full_name() == name);
        types.find(|definition| definition.full_name() == name).or(of)
    }

    /// The shortest element of each kind that a vector may hold.
    fn elements(&self, element: &Type) -> Vec<(String, Vec<u8>)> {
        let constructors: Vec<_> = self
            .definitions
            .iter()
            .filter(|d| d.category == Category::Types && !element.bare && d.ty == *element)
            .map(|d| (d.full_name(), self.object(d, Extent::Shortest)))
            .collect();
        if constructors.is_empty() {
            let mut bytes = Vec::new();
            self.value(element, Extent::Shortest, &mut bytes);
            return vec![(element.to_string(), bytes)];
        }
        constructors
    }

    /// The shortest value but for one vector, which is filled with `element`.
    fn swollen(&self, of: &Definition, vector: usize, element: &[u8], len: usize) -> Vec<u8> {
        let mut out = of.id.to_le_bytes().to_vec();
        let flag_of = |param: &Parameter| match &param.ty {
            ParameterType::Normal { flag, .. } => flag.clone(),
            _ => None,
        };
        let set = flag_of(&of.params[vector]);
        for (at, param) in of.params.iter().enumerate() {
            let flag = flag_of(param);
            let word = set.as_ref().filter(|flag| flag.name == param.name);
            match value_type(param) {
                None if param.ty == ParameterType::Flags => {
                    out.extend(word.map_or(0_u32, |flag| 1 << flag.index).to_le_bytes());
                }
                Some(ty) if at == vector => {
                    if !is_bare_vector(ty) {
                        out.extend(VECTOR.to_le_bytes());
                    }
                    let count = len / element.len();
                    out.extend((count as u32).to_le_bytes());
                    out.extend(element.repeat(count));
                }
                Some(ty) if (flag.is_none() || flag == set) && !param.is_true_flag() => {
                    self.value(ty, Extent::Shortest, &mut out);
                }
                _ => {}
            }
        }
        out
    }
}

fn value_type(param: &Parameter) -> Option<&Type> {
    match &param.ty {
        ParameterType::Normal { ty, .. } => Some(ty),
        _ => None,
    }
}

fn element(ty: &Type) -> Option<&Type> {
    ty.generic_arg.as_deref()
}

fn is_bare_vector(ty: &Type) -> bool {
    ty.bare
}

fn is_builtin(ty: &Type) -> bool {
    let names = ["int", "long", "double", "string", "bytes", "int128", "int256", "Bool", "#", "X"];
    ty.generic_ref || names.contains(&ty.full_name().as_str())
}
