//! `types`: a struct per constructor, without its id on the wire.

use std::collections::HashSet;

use crate::modules::Module;
use crate::schema::{Item, Schema};
use crate::{Config, docs, fields};

pub(crate) fn write(schema: &Schema<'_>, config: &Config) -> String {
    let mut module = Module::default();
    let only_asked: HashSet<usize> = schema
        .types
        .iter()
        .filter(|ty| ty.only_asked)
        .flat_map(|ty| ty.variants.iter().map(|variant| variant.constructor))
        .collect();
    for (at, item) in schema.constructors.iter().enumerate() {
        let mut text = docs::constructor(item);
        text.push_str(&declaration(item, schema, config));
        let class = &item.path.class;
        let reading = fields::read(item);
        text.push_str(&format!(
            "impl _De for {class} {{ {} extern \"C\" fn read({}: &mut crate::Cursor<'_>) -> \
             Self {{ {reading} }} }}\n",
            inline_reading(only_asked.contains(&at)),
            if reading.contains("c.") { "c" } else { "_" },
        ));
        let writing = fields::write(item, "self", None);
        text.push_str(&format!(
            "impl _Ser for {class} {{ #[inline] fn serialize(&self, {}: &mut \
             ::std::vec::Vec<u8>) {{ {writing} }} }}\n",
            if writing.is_empty() { "_" } else { "out" },
        ));
        module.add(&item.path, &text);
    }
    module.text()
}

/// What only servers read is compiled where it is read, and in no client.
pub(crate) fn inline_reading(only_asked: bool) -> &'static str {
    if only_asked { "#[inline]" } else { "" }
}

/// The struct and what functions have as well: `new`, equality, `Debug`, its id.
pub(crate) fn declaration(item: &Item<'_>, schema: &Schema<'_>, config: &Config) -> String {
    let class = &item.path.class;
    let (plain, writable) = (generics(item, ""), generics(item, ": _Ser"));
    let serde = if config.impl_serde { ", ::serde::Serialize, ::serde::Deserialize" } else { "" };
    let mut text = format!(
        "#[derive(Clone{serde})]\npub struct {class}{plain} {{\n{}}}\n",
        fields::declarations(item, schema, &config.root)
    );
    if let Some(new) = fields::constructor(item, schema, &config.root) {
        text.push_str(&format!("impl{plain} {class}{plain} {{ {new} }}\n"));
        if item.fields().all(|field| field.flag.is_some()) {
            text.push_str(&format!(
                "impl{plain} _Default for {class}{plain} {{ #[inline] fn default() -> Self \
                 {{ Self::new() }} }}\n"
            ));
        }
    }
    text.push_str(&format!(
        "impl{plain} _Id for {class}{plain} {{ const CONSTRUCTOR_ID: u32 = {:#010x}; }}\n\
         impl{writable} _PartialEq for {class}{plain} {{ #[inline] fn eq(&self, other: &Self) \
         -> bool {{ _write::same(self, other) }} }}\n",
        item.definition.id
    ));
    if config.impl_debug {
        text.push_str(&format!(
            "impl{writable} _fmt::Debug for {class}{plain} {{ #[inline] fn fmt(&self, f: &mut \
             _fmt::Formatter<'_>) -> _fmt::Result {{ _debug::{}(self, f) }} }}\n",
            match item.definition.category {
                layer_tl_parser::tl::Category::Types => "bare",
                layer_tl_parser::tl::Category::Functions => "boxed",
            }
        ));
    }
    text
}

/// `<X: _Ser>` for an item with type variables, each with `bound`.
pub(crate) fn generics(item: &Item<'_>, bound: &str) -> String {
    match item.definition.generics.as_slice() {
        [] => String::new(),
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("{name}{bound}")).collect();
            format!("<{}>", names.join(", "))
        }
    }
}
