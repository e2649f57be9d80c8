//! `types`: a struct per constructor, without its id on the wire.

use crate::modules::Module;
use crate::schema::{Item, Schema};
use crate::{Config, docs, fields};

pub(crate) fn write(schema: &Schema<'_>, config: &Config) -> String {
    let mut module = Module::default();
    for item in &schema.constructors {
        let mut text = docs::constructor(item);
        text.push_str(&declaration(item, schema, config));
        let class = &item.path.class;
        let reading = fields::read(item);
        text.push_str(&format!(
            "impl De for {class} {{ extern \"C\" fn read({}: &mut Cursor<'_>) -> Self {{ {reading} }} }}\n",
            if reading.contains("c.") { "c" } else { "_" },
        ));
        let writing = fields::write(item);
        text.push_str(&format!(
            "impl Ser for {class} {{ #[inline] fn serialize(&self, {}: &mut Vec<u8>) {{ {writing} }} }}\n",
            if writing.is_empty() { "_" } else { "out" },
        ));
        module.add(&item.path, &text);
    }
    module.text()
}

/// The struct and what functions have as well: `new`, equality, `Debug`, its id.
pub(crate) fn declaration(item: &Item<'_>, schema: &Schema<'_>, config: &Config) -> String {
    let class = &item.path.class;
    let generics = &item.definition.generics;
    let list = |bound: &str| match generics.as_slice() {
        [] => String::new(),
        names => format!(
            "<{}>",
            names.iter().map(|name| format!("{name}{bound}")).collect::<Vec<_>>().join(", ")
        ),
    };
    let (plain, writable) = (list(""), list(": Ser"));
    let serde = if config.impl_serde { ", serde::Serialize, serde::Deserialize" } else { "" };
    let mut text = format!(
        "#[derive(Clone{serde})]\npub struct {class}{plain} {{\n{}}}\n",
        fields::declarations(item, schema, &config.root)
    );
    if let Some(new) = fields::constructor(item, schema, &config.root) {
        text.push_str(&format!("impl{plain} {class}{plain} {{ {new} }}\n"));
        if item.fields().all(|field| field.flag.is_some()) {
            text.push_str(&format!(
                "impl Default for {class} {{ #[inline] fn default() -> Self {{ Self::new() }} }}\n"
            ));
        }
    }
    text.push_str(&format!(
        "impl{plain} Id for {class}{plain} {{ const CONSTRUCTOR_ID: u32 = {:#010x}; }}\n\
         impl{writable} PartialEq for {class}{plain} {{ #[inline] fn eq(&self, other: &Self) \
         -> bool {{ write::same(self, other) }} }}\n",
        item.definition.id
    ));
    if config.impl_debug {
        text.push_str(&format!(
            "impl{writable} std::fmt::Debug for {class}{plain} {{ #[inline] fn fmt(&self, f: &mut \
             std::fmt::Formatter<'_>) -> std::fmt::Result {{ debug::{}(self, f) }} }}\n",
            match item.definition.category {
                layer_tl_parser::tl::Category::Types => "bare",
                layer_tl_parser::tl::Category::Functions => "boxed",
            }
        ));
    }
    text
}
