//! `functions`: a struct per function, with its id on the wire.

use crate::modules::Module;
use crate::schema::Schema;
use crate::{Config, docs, fields, structs};

pub(crate) fn write(schema: &Schema<'_>, config: &Config) -> String {
    let mut module = Module::default();
    for item in &schema.functions {
        let class = &item.path.class;
        let mut text = docs::function(item, &config.facts);
        text.push_str(&structs::declaration(item, schema, config));
        let generic = |bound: &str| match item.definition.generics.first() {
            Some(name) => (format!("<{name}: {bound}>"), format!("<{name}>")),
            None => (String::new(), String::new()),
        };
        let (bounds, names) = generic("Ser");
        // Inline, so that a program compiles the few functions that it calls and no others.
        text.push_str(&format!(
            "impl{bounds} Ser for {class}{names} {{ #[inline] fn serialize(&self, out: &mut \
             Vec<u8>) {{ write::id({:#010x}, out); {} }} }}\n",
            item.definition.id,
            fields::write(item)
        ));
        let (bounds, _) = generic("RemoteCall");
        let answer = match item.definition.generics.first() {
            Some(name) => format!("{name}::Return"),
            None => schema.rust_type(&item.result, &config.root),
        };
        text.push_str(&format!(
            "impl{bounds} RemoteCall for {class}{names} {{ type Return = {answer}; }}\n"
        ));
        if config.deserializable_functions {
            let (bounds, _) = generic("De");
            let reading = fields::read(item);
            text.push_str(&format!(
                "impl{bounds} De for {class}{names} {{ extern \"C\" fn read({}: &mut Cursor<'_>) -> Self {{ \
                 {reading} }} }}\n",
                if reading.contains("c.") { "c" } else { "_" },
            ));
        }
        module.add(&item.path, &text);
    }
    module.text()
}
