//! Generated items, sorted into the modules of their namespaces.

use std::collections::BTreeMap;

use crate::schema::Path;

/// A module's own items and the modules in it.
#[derive(Default)]
pub(crate) struct Module {
    items: String,
    inner: BTreeMap<String, Module>,
}

impl Module {
    /// Adds the text of an item at its place.
    pub(crate) fn add(&mut self, path: &Path, text: &str) {
        let mut module = self;
        for part in &path.modules {
            module = module.inner.entry(part.clone()).or_default();
        }
        module.items.push_str(text);
    }

    /// The body of the module.
    pub(crate) fn text(&self) -> String {
        let mut text =
            format!("#[allow(unused_imports)]\nuse crate::generated::*;\n{}", self.items);
        for (name, module) in &self.inner {
            text.push_str(&format!(
                "/// The namespace `{}`.\npub mod {name} {{\n{}}}\n",
                name.trim_start_matches("r#"),
                module.text()
            ));
        }
        text
    }
}
