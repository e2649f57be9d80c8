//! `enums`: an enum per type, with each constructor's id on the wire.

use std::fmt::Write as _;

use crate::modules::Module;
use crate::schema::{Item, Schema, TypeItem, Variant};
use crate::{Config, fields, structs};

pub(crate) fn write(schema: &Schema<'_>, config: &Config) -> String {
    let mut module = Module::default();
    for ty in &schema.types {
        let mut text = declaration(ty, schema, config);
        text.push_str(&reading(ty, schema));
        text.push_str(&writing(ty, schema));
        text.push_str(&conversions(ty, schema, config));
        module.add(&ty.path, &text);
    }
    module.text()
}

fn declaration(ty: &TypeItem, schema: &Schema<'_>, config: &Config) -> String {
    let class = &ty.path.class;
    let serde = if config.impl_serde { ", ::serde::Serialize, ::serde::Deserialize" } else { "" };
    let mut text =
        format!("/// The type `{}`.\n#[derive(Clone{serde})]\npub enum {class} {{\n", ty.name);
    for (variant, item) in variants(ty, schema) {
        let held = item.path.under(&config.root, "types");
        let _ = writeln!(text, "/// `{}`", item.definition);
        let _ = match holds(item, variant) {
            Held::Nothing => writeln!(text, "{},", variant.name),
            Held::Value => writeln!(text, "{}({held}),", variant.name),
            Held::Boxed => writeln!(text, "{}(::std::boxed::Box<{held}>),", variant.name),
        };
    }
    let _ = writeln!(
        text,
        "}}\nimpl _PartialEq for {class} {{ #[inline] fn eq(&self, other: &Self) -> bool {{ \
         _write::same(self, other) }} }}"
    );
    if config.impl_debug {
        let _ = writeln!(
            text,
            "impl _fmt::Debug for {class} {{ #[inline] fn fmt(&self, f: &mut \
             _fmt::Formatter<'_>) -> _fmt::Result {{ _debug::boxed(self, f) }} }}"
        );
    }
    text
}

/// The last arm takes every id that is left: only the fallback's is right.
fn reading(ty: &TypeItem, schema: &Schema<'_>) -> String {
    let value = |item: &Item<'_>, variant: &Variant| match holds(item, variant) {
        Held::Nothing => format!("Self::{}", variant.name),
        Held::Value => format!("Self::{}(c.read())", variant.name),
        Held::Boxed => format!("Self::{}(c.boxed())", variant.name),
    };
    let (mut arms, mut last) = (String::new(), String::new());
    for (at, (variant, item)) in variants(ty, schema).enumerate() {
        let (id, value) = (item.definition.id, value(item, variant));
        if at == ty.fallback {
            last = format!("id => {{ c.expect_id(id, {id:#010x}, {:?}); {value} }}", ty.name);
        } else {
            let _ = writeln!(arms, "{id:#010x} => {value},");
        }
    }
    let matching = format!("match c.id() {{ {arms}{last} }}");
    let body = match ty.recursive {
        true => format!("c.enter(); let value = {matching}; c.leave(); value"),
        false => matching,
    };
    format!(
        "impl _De for {} {{ {} extern \"C\" fn read(c: &mut crate::Cursor<'_>) -> Self {{ \
         {body} }} }}\n",
        ty.path.class,
        structs::inline_reading(ty.only_asked),
    )
}

/// Writes the fields here and not through the struct, so that the id goes out with the first ones.
fn writing(ty: &TypeItem, schema: &Schema<'_>) -> String {
    let mut arms = String::new();
    for (variant, item) in variants(ty, schema) {
        let (name, id) = (&variant.name, item.definition.id);
        let _ = match holds(item, variant) {
            Held::Nothing => writeln!(arms, "Self::{name} => _write::id({id:#010x}, out),"),
            Held::Value | Held::Boxed => {
                writeln!(arms, "Self::{name}(x) => {{ {} }}", fields::write(item, "x", Some(id)))
            }
        };
    }
    format!(
        "impl _Ser for {} {{ #[inline] fn serialize(&self, out: &mut \
         ::std::vec::Vec<u8>) {{ match self {{ {arms} }} }} }}\n",
        ty.path.class
    )
}

fn conversions(ty: &TypeItem, schema: &Schema<'_>, config: &Config) -> String {
    let mut text = String::new();
    let class = &ty.path.class;
    for (variant, item) in variants(ty, schema) {
        let held = item.path.under(&config.root, "types");
        let name = &variant.name;
        if config.impl_from_type {
            let (argument, value) = match holds(item, variant) {
                Held::Nothing => ("_", format!("Self::{name}")),
                Held::Value => ("x", format!("Self::{name}(x)")),
                Held::Boxed => ("x", format!("Self::{name}(::std::boxed::Box::new(x))")),
            };
            let _ = writeln!(
                text,
                "impl _From<{held}> for {class} {{ #[inline] fn from({argument}: {held}) -> Self \
                 {{ {value} }} }}"
            );
        }
        if config.impl_from_enum {
            let (pattern, value) = match holds(item, variant) {
                Held::Nothing => (format!("{class}::{name}"), format!("{held} {{}}")),
                Held::Value => (format!("{class}::{name}(x)"), "x".to_owned()),
                Held::Boxed => (format!("{class}::{name}(x)"), "*x".to_owned()),
            };
            let _ = match ty.variants.len() {
                1 => writeln!(
                    text,
                    "impl _From<{class}> for {held} {{ #[inline] fn from(value: {class}) -> Self \
                     {{ match value {{ {pattern} => {value} }} }} }}"
                ),
                _ => writeln!(
                    text,
                    "impl _TryFrom<{class}> for {held} {{ type Error = {class}; #[inline] fn \
                     try_from(value: {class}) -> ::std::result::Result<Self, {class}> {{ match \
                     value {{ {pattern} => Ok({value}), other => Err(other) }} }} }}"
                ),
            };
        }
    }
    text
}

/// What a variant holds.
enum Held {
    /// Nothing: the constructor has no parameters.
    Nothing,
    Value,
    Boxed,
}

fn holds(item: &Item<'_>, variant: &Variant) -> Held {
    match (item.steps.is_empty(), variant.boxed) {
        (true, _) => Held::Nothing,
        (false, false) => Held::Value,
        (false, true) => Held::Boxed,
    }
}

fn variants<'a>(
    ty: &'a TypeItem,
    schema: &'a Schema<'a>,
) -> impl Iterator<Item = (&'a Variant, &'a Item<'a>)> {
    ty.variants.iter().filter_map(|v| Some((v, schema.constructors.get(v.constructor)?)))
}
