//! `functions`: a struct per function, with its id on the wire.

use crate::modules::Module;
use crate::schema::{Kind, Schema};
use crate::{Config, docs, fields, structs};

pub(crate) fn write(schema: &Schema<'_>, config: &Config) -> String {
    let mut module = Module::default();
    for item in &schema.functions {
        let class = &item.path.class;
        let mut text = docs::function(item, &config.facts);
        text.push_str(&structs::declaration(item, schema, config));
        let names = structs::generics(item, "");
        let bounds = structs::generics(item, ": _Ser");
        // Inline, so that a program compiles the few functions that it calls and no others.
        text.push_str(&format!(
            "impl{bounds} _Ser for {class}{names} {{ #[inline] fn serialize(&self, out: &mut \
             ::std::vec::Vec<u8>) {{ {} }} }}\n",
            fields::write(item, "self", Some(item.definition.id))
        ));
        let bounds = structs::generics(item, ": _RemoteCall");
        let answer = match &item.result {
            Kind::Generic(name) => format!("{name}::Return"),
            result => schema.rust_type(result, &config.root),
        };
        text.push_str(&format!(
            "impl{bounds} _RemoteCall for {class}{names} {{ type Return = {answer}; }}\n"
        ));
        if config.deserializable_functions {
            let bounds = structs::generics(item, ": _De");
            let reading = fields::read(item);
            text.push_str(&format!(
                "impl{bounds} _De for {class}{names} {{ extern \"C\" fn read({}: &mut \
                 crate::Cursor<'_>) -> Self {{ {reading} }} }}\n",
                if reading.contains("c.") { "c" } else { "_" },
            ));
        }
        module.add(&item.path, &text);
    }
    module.text()
}
