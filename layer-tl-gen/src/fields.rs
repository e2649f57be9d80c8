//! The code for an item's fields: their declaration, `new`, reading and writing.

use std::fmt::Write as _;

use crate::schema::{Field, Item, Kind, Schema, Step};

/// `pub id: i64,` for each field.
pub(crate) fn declarations(item: &Item<'_>, schema: &Schema<'_>, root: &str) -> String {
    let mut out = String::new();
    for field in item.fields() {
        let _ = writeln!(out, "pub {}: {},", field.name, field_type(field, schema, root));
    }
    out
}

fn field_type(field: &Field, schema: &Schema<'_>, root: &str) -> String {
    let ty = schema.rust_type(&field.kind, root);
    match field.kind {
        Kind::Bit => ty,
        _ if field.flag.is_some() => format!("::std::option::Option<{ty}>"),
        _ => ty,
    }
}

/// `new` with the fields that can't be left out, for items that have others too.
pub(crate) fn constructor(item: &Item<'_>, schema: &Schema<'_>, root: &str) -> Option<String> {
    if item.fields().all(|field| field.flag.is_none()) {
        return None;
    }
    let (mut arguments, mut values) = (String::new(), String::new());
    for field in item.fields() {
        let name = &field.name;
        let _ = match (&field.kind, &field.flag) {
            (Kind::Bit, _) => write!(values, "{name}: false, "),
            (_, Some(_)) => write!(values, "{name}: None, "),
            (kind, None) => {
                let _ = write!(arguments, "{name}: {}, ", schema.rust_type(kind, root));
                write!(values, "{name}, ")
            }
        };
    }
    Some(format!(
        "/// With the fields that can't be left out; the others are unset.\n\
         #[inline] pub fn new({arguments}) -> Self {{ Self {{ {values} }} }}\n"
    ))
}

/// The body of `read`: flags words as they come, then the struct.
///
/// Fields that stand before a word of flags are read before it, into variables.
pub(crate) fn read(item: &Item<'_>) -> String {
    let last_word = item.steps.iter().rposition(|step| matches!(step, Step::Flags(_)));
    let (mut before, mut values) = (String::new(), String::new());
    for (at, step) in item.steps.iter().enumerate() {
        match step {
            Step::Flags(word) if is_used(word, item) => {
                let _ = writeln!(before, "let {} = c.id();", word_variable(word));
            }
            Step::Flags(_) => before.push_str("c.id();\n"),
            Step::Field(field) => {
                let name = &field.name;
                let _ = match field.kind {
                    Kind::Bit => write!(values, "{name}: {} != 0, ", bit(field)),
                    _ if last_word.is_some_and(|last| at < last) => {
                        let early = format!("early_{}", name.trim_start_matches("r#"));
                        let _ = writeln!(before, "let {early} = {};", read_field(field));
                        write!(values, "{name}: {early}, ")
                    }
                    _ => write!(values, "{name}: {}, ", read_field(field)),
                };
            }
        }
    }
    format!("{before}Self {{ {values} }}")
}

fn read_field(field: &Field) -> String {
    let bare_vector = matches!(field.kind, Kind::BareVector(_));
    match (&field.flag, bare_vector) {
        (None, false) => "c.read()".to_owned(),
        (None, true) => "c.bare_vector()".to_owned(),
        (Some(_), false) => format!("c.optional({})", bit(field)),
        (Some(_), true) => format!("c.optional_bare_vector({})", bit(field)),
    }
}

/// The statements that write `item`, which the expression `of` holds, behind its id if it goes out
/// with one.
///
/// What has a fixed size and follows one another goes out in one piece.
pub(crate) fn write(item: &Item<'_>, of: &str, id: Option<u32>) -> String {
    let mut out = String::new();
    let mut run = Run::default();
    if let Some(id) = id {
        run.values.push(format!("{id:#010x}_u32"));
    }
    for step in &item.steps {
        match step {
            Step::Flags(word) if is_used(word, item) => {
                let bits = item.fields().filter_map(|field| field_is_set(field, word, of));
                let bits = bits.collect::<Vec<_>>().join(" | ");
                let word = word_variable(word);
                let _ = writeln!(out, "let {word}: u32 = {bits};");
                run.values.push(word);
            }
            Step::Flags(_) => run.values.push("0_u32".to_owned()),
            Step::Field(Field { kind: Kind::Bit, .. }) => {}
            Step::Field(field) if field.flag.is_none() && has_fixed_size(&field.kind) => {
                run.values.push(format!("{of}.{}", field.name));
            }
            Step::Field(field) => {
                run.write(&mut out);
                out.push_str(&write_field(field, of, shares_its_bit(field, item)));
                out.push('\n');
            }
        }
    }
    run.write(&mut out);
    out
}

/// Values of fixed size that follow one another.
#[derive(Default)]
struct Run {
    values: Vec<String>,
}

impl Run {
    /// The statements that write all that was gathered.
    fn write(&mut self, out: &mut String) {
        for values in std::mem::take(&mut self.values).chunks(LARGEST_RUN) {
            let _ = match values {
                [value] => writeln!(out, "_write::run({value}, out);"),
                _ => writeln!(out, "_write::run(({}), out);", values.join(", ")),
            };
        }
    }
}

/// The largest tuple that `write::run` takes.
const LARGEST_RUN: usize = 8;

fn has_fixed_size(kind: &Kind) -> bool {
    matches!(kind, Kind::Builtin("i32" | "i64" | "f64" | "[u8; 16]" | "[u8; 32]"))
}

fn write_field(field: &Field, of: &str, shared: bool) -> String {
    let name = &field.name;
    let bare_vector = matches!(field.kind, Kind::BareVector(_));
    let value = |value: &str| match bare_vector {
        true => format!("_write::bare_vector({value}, out)"),
        false => format!("_Ser::serialize({value}, out)"),
    };
    if field.flag.is_none() {
        return format!("{};", value(&format!("&{of}.{name}")));
    }
    match (shared, bare_vector) {
        (true, false) => {
            format!("if {} != 0 {{ _write::present(&{of}.{name}, out) }}", bit(field))
        }
        (true, true) => format!(
            "if {} != 0 {{ _write::bare_vector({of}.{name}.as_deref().unwrap_or(&[]), out) }}",
            bit(field)
        ),
        (false, _) => format!("if let Some(x) = &{of}.{name} {{ {} }}", value("x")),
    }
}

/// `(self.title.is_some() as u32) << 3`, if the field depends on `word`.
fn field_is_set(field: &Field, word: &str, of: &str) -> Option<String> {
    let (_, bit) = field.flag.as_ref().filter(|(name, _)| name == word)?;
    let name = &field.name;
    Some(match field.kind {
        Kind::Bit => format!("({of}.{name} as u32) << {bit}"),
        _ => format!("({of}.{name}.is_some() as u32) << {bit}"),
    })
}

fn is_used(word: &str, item: &Item<'_>) -> bool {
    item.fields().any(|field| field.flag.as_ref().is_some_and(|(name, _)| name == word))
}

fn shares_its_bit(field: &Field, item: &Item<'_>) -> bool {
    item.fields().filter(|other| other.flag == field.flag).count() > 1
}

/// The variable that holds a word of flags: words may be named like others, as `c` and `out`.
fn word_variable(word: &str) -> String {
    format!("word_{}", word.trim_start_matches("r#"))
}

/// `word_flags & 0x8`.
fn bit(field: &Field) -> String {
    match &field.flag {
        Some((word, bit)) => format!("{} & {:#x}", word_variable(word), 1_u32 << bit),
        None => "0".to_owned(),
    }
}
