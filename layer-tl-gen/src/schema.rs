//! The definitions with their names resolved: what each field is, and which type it belongs to.

use std::collections::{BTreeMap, HashMap};

use layer_tl_parser::tl::{Category, Definition, Parameter, ParameterType, Type};

use crate::{Error, names};

/// A schema ready to be written out.
pub(crate) struct Schema<'a> {
    /// All constructors that become structs, in the schema's order.
    pub(crate) constructors: Vec<Item<'a>>,
    /// All functions, in the schema's order.
    pub(crate) functions: Vec<Item<'a>>,
    /// All types that become enums, by their name in the schema.
    pub(crate) types: Vec<TypeItem>,
    /// Every definition, those included for which nothing is generated (`vector`, `boolTrue`).
    pub(crate) definitions: Vec<&'a Definition>,
}

/// A constructor or function.
pub(crate) struct Item<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) path: Path,
    /// What stands on the wire, in order.
    pub(crate) steps: Vec<Step>,
    /// What a function answers, or the type that a constructor belongs to.
    pub(crate) result: Kind,
}

/// A type and its constructors.
pub(crate) struct TypeItem {
    /// As the schema names it.
    pub(crate) name: String,
    pub(crate) path: Path,
    pub(crate) variants: Vec<Variant>,
    /// Whether a value can contain another one of the type, at any depth.
    pub(crate) recursive: bool,
    /// Whether functions take it and no answer holds it, so that only servers read it.
    pub(crate) only_asked: bool,
    /// The variant that is complete without any other type, or with the fewest: it stands in for
    /// an unknown constructor after the error was noted.
    pub(crate) fallback: usize,
}

pub(crate) struct Variant {
    pub(crate) constructor: usize,
    pub(crate) name: String,
    pub(crate) boxed: bool,
}

/// Where an item stands in the generated modules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Path {
    pub(crate) modules: Vec<String>,
    pub(crate) class: String,
}

/// One step of reading or writing an item.
pub(crate) enum Step {
    /// A word of flags, by its name.
    Flags(String),
    Field(Field),
}

pub(crate) struct Field {
    /// The name in Rust.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The word and the bit on which it depends.
    pub(crate) flag: Option<(String, u32)>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A type that `read` and `write` know: `i32`, `::std::string::String`, `[u8; 16]`.
    Builtin(&'static str),
    /// `flags.0?true`: the bit itself.
    Bit,
    /// A value with its id: an index into `types`.
    Boxed(usize),
    /// A value without its id: an index into `constructors`.
    Bare(usize),
    Vector(Box<Kind>),
    BareVector(Box<Kind>),
    /// A type variable.
    Generic(String),
}

impl<'a> Schema<'a> {
    pub(crate) fn new(definitions: &'a [Definition]) -> Result<Self, Error> {
        let definitions = distinct(definitions)?;
        let index = Index::new(&definitions);
        let item = |definition: &&'a Definition| index.item(definition);
        let constructors = index.constructors.iter().map(item).collect::<Result<Vec<_>, _>>()?;
        let functions = definitions
            .iter()
            .filter(|definition| definition.category == Category::Functions)
            .map(item)
            .collect::<Result<Vec<_>, _>>()?;
        let types = index.type_items(&constructors);
        let schema = Self { constructors, functions, types, definitions };
        schema.check_paths()?;
        Ok(schema)
    }

    /// Two names that are spelled alike in Rust can't both be generated.
    fn check_paths(&self) -> Result<(), Error> {
        let paths = |items: &[Item<'_>]| items.iter().map(|item| item.path.clone()).collect();
        let enums = self.types.iter().map(|ty| ty.path.clone()).collect();
        let mut lists: Vec<Vec<Path>> =
            vec![paths(&self.constructors), paths(&self.functions), enums];
        for ty in &self.types {
            let path = |v: &Variant| Path { modules: Vec::new(), class: v.name.clone() };
            lists.push(ty.variants.iter().map(path).collect());
        }
        for mut list in lists {
            list.sort();
            if let Some(pair) = list.windows(2).find(|pair| pair.first() == pair.last()) {
                return Err(Error::NameTaken(
                    pair.iter().map(|p| p.class.as_str()).take(1).collect(),
                ));
            }
        }
        Ok(())
    }
}

/// The definitions without repetitions, which schemas that go together may have.
fn distinct(definitions: &[Definition]) -> Result<Vec<&Definition>, Error> {
    let mut by_name: HashMap<(Category, String), &Definition> = HashMap::new();
    let mut by_id: HashMap<u32, &Definition> = HashMap::new();
    let mut distinct = Vec::new();
    for definition in definitions {
        let name = definition.full_name();
        match by_name.insert((definition.category, name.clone()), definition) {
            Some(before) if before == definition => continue,
            Some(_) => return Err(Error::NameTaken(name)),
            None => {}
        }
        if let Some(before) = by_id.insert(definition.id, definition) {
            return Err(Error::IdTaken { first: before.full_name(), second: name });
        }
        distinct.push(definition);
    }
    Ok(distinct)
}

/// Where each name of the schema leads.
struct Index<'a> {
    constructors: Vec<&'a Definition>,
    constructor_at: HashMap<String, usize>,
    types: Vec<String>,
    type_at: HashMap<String, usize>,
}

impl<'a> Index<'a> {
    fn new(definitions: &[&'a Definition]) -> Self {
        let constructors: Vec<_> =
            definitions.iter().copied().filter(|definition| is_generated(definition)).collect();
        let constructor_at =
            constructors.iter().enumerate().map(|(at, d)| (d.full_name(), at)).collect();
        let mut types: Vec<String> = constructors.iter().map(|d| d.ty.full_name()).collect();
        types.sort();
        types.dedup();
        let type_at = types.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        Self { constructors, constructor_at, types, type_at }
    }

    fn item(&self, definition: &'a Definition) -> Result<Item<'a>, Error> {
        let steps = definition.params.iter().map(|param| self.step(definition, param));
        let item = Item {
            definition,
            path: path(&definition.namespace, &definition.name),
            steps: steps.collect::<Result<_, _>>()?,
            result: self.kind(definition, &definition.ty)?,
        };
        item.check()?;
        Ok(item)
    }

    fn step(&self, definition: &Definition, param: &Parameter) -> Result<Step, Error> {
        match &param.ty {
            ParameterType::Flags => Ok(Step::Flags(names::field(&param.name))),
            ParameterType::Normal { ty, flag } => {
                let kind =
                    if param.is_true_flag() { Kind::Bit } else { self.kind(definition, ty)? };
                let flag = flag.as_ref().map(|flag| (names::field(&flag.name), flag.index));
                Ok(Step::Field(Field { name: names::field(&param.name), kind, flag }))
            }
            _ => Err(unsupported(definition, param)),
        }
    }

    fn kind(&self, definition: &Definition, ty: &Type) -> Result<Kind, Error> {
        let unknown =
            || Error::UnknownType { definition: definition.full_name(), ty: ty.to_string() };
        let name = ty.full_name();
        if definition.generics.contains(&name) {
            return Ok(Kind::Generic(name));
        }
        let builtin = match name.as_str() {
            "int" => Some("i32"),
            "long" => Some("i64"),
            "double" => Some("f64"),
            "Bool" => Some("bool"),
            "string" => Some("::std::string::String"),
            "bytes" => Some("::std::vec::Vec<u8>"),
            "int128" => Some("[u8; 16]"),
            "int256" => Some("[u8; 32]"),
            _ => None,
        };
        if let Some(builtin) = builtin {
            return Ok(Kind::Builtin(builtin));
        }
        if let Some(argument) = &ty.generic_arg {
            let element = Box::new(self.kind(definition, argument)?);
            // A `Vec` within reads its own id.
            if matches!(*element, Kind::BareVector(_)) {
                return Err(unsupported(definition, ty));
            }
            return match name.as_str() {
                "Vector" if !ty.bare => Ok(Kind::Vector(element)),
                "Vector" | "vector" => Ok(Kind::BareVector(element)),
                _ => Err(unknown()),
            };
        }
        if !ty.bare {
            return self.type_at.get(&name).map(|at| Kind::Boxed(*at)).ok_or_else(unknown);
        }
        // `%Message` is the type's only constructor, `message` the constructor itself.
        let of_type = || {
            let mut all =
                self.constructors.iter().enumerate().filter(|(_, d)| d.ty.full_name() == name);
            all.next().filter(|_| all.next().is_none()).map(|(at, _)| at)
        };
        let at = self.constructor_at.get(&name).copied().or_else(of_type);
        at.map(Kind::Bare).ok_or_else(unknown)
    }

    fn type_items(&self, constructors: &[Item<'_>]) -> Vec<TypeItem> {
        let mut variants: BTreeMap<usize, Vec<Variant>> = BTreeMap::new();
        for (constructor, item) in constructors.iter().enumerate() {
            let ty = &item.definition.ty;
            let Some(at) = self.type_at.get(&ty.full_name()) else { continue };
            let name = names::variant(&item.path.class, &names::class(&ty.name));
            let variant = Variant { constructor, name, boxed: false };
            variants.entry(*at).or_default().push(variant);
        }
        for variants in variants.values_mut() {
            keep_whole_names(variants, constructors);
        }
        let of_type = |(at, name): (usize, &String)| {
            let mut namespace: Vec<String> = name.split('.').map(str::to_owned).collect();
            let last = namespace.pop().unwrap_or_default();
            TypeItem {
                name: name.clone(),
                path: path(&namespace, &last),
                variants: variants.remove(&at).unwrap_or_default(),
                recursive: false,
                only_asked: false,
                fallback: 0,
            }
        };
        self.types.iter().enumerate().map(of_type).collect()
    }
}

fn unsupported(definition: &Definition, parameter: impl ToString) -> Error {
    Error::Unsupported { definition: definition.full_name(), parameter: parameter.to_string() }
}

/// Constructors of types that Rust has itself get no struct.
pub(crate) fn is_generated(definition: &Definition) -> bool {
    definition.category == Category::Types
        && definition.ty.full_name() != "Bool"
        && definition.generics.is_empty()
        && !definition.params.iter().any(|param| param.ty == ParameterType::Builtin)
}

/// Variants that would be spelled alike are named as their constructors are.
fn keep_whole_names(variants: &mut [Variant], constructors: &[Item<'_>]) {
    let mut count = HashMap::<_, usize>::new();
    for variant in variants.iter() {
        *count.entry(variant.name.clone()).or_default() += 1;
    }
    for variant in variants {
        let taken = count.get(&variant.name).is_some_and(|count| *count > 1);
        if let (true, Some(item)) = (taken, constructors.get(variant.constructor)) {
            variant.name.clone_from(&item.path.class);
        }
    }
}

pub(crate) fn path(namespace: &[String], name: &str) -> Path {
    let modules = namespace.iter().map(|part| names::module(part)).collect();
    Path { modules, class: names::class(name) }
}

impl Schema<'_> {
    /// The Rust type of `kind`, with `root` before generated ones.
    pub(crate) fn rust_type(&self, kind: &Kind, root: &str) -> String {
        match kind {
            Kind::Builtin(name) => (*name).to_owned(),
            Kind::Bit => "bool".to_owned(),
            Kind::Generic(name) => name.clone(),
            Kind::Boxed(at) => match self.types.get(*at) {
                Some(ty) => ty.path.under(root, "enums"),
                None => String::new(),
            },
            Kind::Bare(at) => match self.constructors.get(*at) {
                Some(item) => item.path.under(root, "types"),
                None => String::new(),
            },
            Kind::Vector(element) | Kind::BareVector(element) => {
                format!("::std::vec::Vec<{}>", self.rust_type(element, root))
            }
        }
    }
}

impl Path {
    /// `crate::types::auth::SentCode`.
    pub(crate) fn under(&self, root: &str, section: &str) -> String {
        let mut full = format!("{root}::{section}");
        for part in self.modules.iter().chain([&self.class]) {
            full.push_str("::");
            full.push_str(part);
        }
        full
    }
}

impl Item<'_> {
    /// Fields must be spelled differently in Rust too, every type variable must be the type of one,
    /// and what comes back must be read by its type alone.
    fn check(&self) -> Result<(), Error> {
        let names: Vec<_> = self.fields().map(|field| field.name.as_str()).collect();
        for (at, name) in names.iter().enumerate() {
            if names.iter().skip(at + 1).any(|other| other == name) {
                let definition = self.definition.full_name();
                return Err(Error::FieldTaken { definition, field: (*name).to_owned() });
            }
        }
        for variable in &self.definition.generics {
            let kind = Kind::Generic(variable.clone());
            if !self.fields().any(|field| field.kind == kind && field.flag.is_none()) {
                return Err(unsupported(self.definition, format!("{{{variable}:Type}}")));
            }
        }
        match self.result {
            Kind::BareVector(_) => Err(unsupported(self.definition, &self.definition.ty)),
            _ => Ok(()),
        }
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.steps.iter().filter_map(|step| match step {
            Step::Field(field) => Some(field),
            Step::Flags(_) => None,
        })
    }
}
