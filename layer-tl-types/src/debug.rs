//! `Debug` for everything generated: one interpreter that walks a value's bytes along the table of
//! definitions. Two thousand derived implementations would cost a fifth of the crate's check time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use crate::read::{BOOL_TRUE, VECTOR};
use crate::{Cursor, Deserializable, Identifiable, Serializable};

/// Byte strings longer than this are cut: a file's part is no help in a log.
const SHOWN_BYTES: usize = 32;

/// Objects deeper in one another than this are not shown: a [`RawObject`](crate::RawObject) holds
/// whatever came, and the deepest value that can be read has about as many.
const SHOWN_DEPTH: u32 = 2 * crate::MAX_DEPTH;

/// A line per definition, sorted by id: `59511722 peerUser user_id:long`.
static TABLE: &str = include_str!(concat!(env!("OUT_DIR"), "/table.txt"));

static BY_ID: LazyLock<HashMap<u32, &str>> = LazyLock::new(|| {
    let split = |line: &'static str| {
        let (id, definition) = line.split_once(' ')?;
        Some((u32::from_str_radix(id, 16).ok()?, definition))
    };
    TABLE.lines().filter_map(split).collect()
});

/// Shows a value that has no id on the wire.
pub(crate) fn bare<T: Identifiable + Serializable>(
    value: &T,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut bytes = T::CONSTRUCTOR_ID.to_le_bytes().to_vec();
    value.serialize(&mut bytes);
    show(&bytes, f)
}

/// Shows a value that has its id on the wire.
pub(crate) fn boxed(value: &dyn Serializable, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    show(&value.to_bytes(), f)
}

fn show(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    object(&Input { cursor: RefCell::new(Cursor::new(bytes)), depth: Cell::new(0) }, f)
}

/// What is left to show. The formatter's methods borrow it, so it changes behind a shared
/// reference.
struct Input<'a> {
    cursor: RefCell<Cursor<'a>>,
    depth: Cell<u32>,
}

fn next<T: Deserializable>(input: &Input<'_>) -> T {
    input.cursor.borrow_mut().read()
}

/// A value with its id.
fn object(input: &Input<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if input.depth.get() == SHOWN_DEPTH {
        input.cursor.borrow_mut().take_rest();
        return f.write_str("…");
    }
    input.depth.set(input.depth.get() + 1);
    let shown = shallow_object(input, f);
    input.depth.set(input.depth.get() - 1);
    shown
}

fn shallow_object(input: &Input<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let id: u32 = next(input);
    match BY_ID.get(&id) {
        _ if id == VECTOR => vector("Object", input, f),
        Some(definition) => fields(definition, input, f),
        None => write!(f, "#{id:08x}"),
    }
}

/// A definition's fields, by its line of the table without the id.
fn fields(definition: &str, input: &Input<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut parts = definition.split(' ');
    let mut shown = f.debug_struct(parts.next().unwrap_or(""));
    let mut words: Vec<(&str, u32)> = Vec::new();
    for (name, ty) in parts.filter_map(|part| part.split_once(':')) {
        if ty == "#" {
            words.push((name, next(input)));
            continue;
        }
        let (present, ty) = match ty.split_once('?') {
            Some((bit, ty)) => (is_set(bit, &words), ty),
            None => (true, ty),
        };
        // What is not there is left out: types with dozens of optional fields stay readable.
        if ty == "true" && present {
            shown.field(name, &true);
        } else if present {
            shown.field(name, &fmt::from_fn(|f| value(ty, input, f)));
        }
    }
    shown.finish()
}

/// Whether the bit of `flags.3` is set.
fn is_set(bit: &str, words: &[(&str, u32)]) -> bool {
    let Some((word, bit)) = bit.split_once('.') else { return false };
    let word = words.iter().find(|(name, _)| *name == word).map_or(0, |(_, word)| *word);
    bit.parse().is_ok_and(|bit: u32| word.checked_shr(bit).unwrap_or(0) & 1 == 1)
}

fn value(ty: &str, input: &Input<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match ty {
        "int" => fmt::Debug::fmt(&next::<i32>(input), f),
        "long" => fmt::Debug::fmt(&next::<i64>(input), f),
        "double" => fmt::Debug::fmt(&next::<f64>(input), f),
        "Bool" => fmt::Debug::fmt(&(next::<u32>(input) == BOOL_TRUE), f),
        "string" => fmt::Debug::fmt(&next::<String>(input), f),
        "bytes" => hex(&next::<Vec<u8>>(input), f),
        "int128" => hex(&next::<[u8; 16]>(input), f),
        "int256" => hex(&next::<[u8; 32]>(input), f),
        _ => match (element(ty, "Vector<"), element(ty, "vector<")) {
            (Some(element), _) => {
                next::<u32>(input);
                vector(element, input, f)
            }
            (_, Some(element)) => vector(element, input, f),
            _ if is_bare(ty) => match bare_definition(ty) {
                Some(definition) => fields(definition, input, f),
                None => f.write_str(ty),
            },
            _ => object(input, f),
        },
    }
}

fn vector(element: &str, input: &Input<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let count: u32 = next(input);
    let item = |_| fmt::from_fn(|f| value(element, input, f));
    // A raw object may claim more than it holds.
    let there = |_: &u32| !input.cursor.borrow().remaining().is_empty();
    f.debug_list().entries((0..count).take_while(there).map(item)).finish()
}

fn element<'a>(ty: &'a str, opening: &str) -> Option<&'a str> {
    ty.strip_prefix(opening)?.strip_suffix('>')
}

/// Whether the name's last part begins with a small letter.
fn is_bare(ty: &str) -> bool {
    let name = ty.rsplit('.').next().unwrap_or(ty);
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Few types stand bare in others, so they are looked for and not indexed.
fn bare_definition(name: &str) -> Option<&'static str> {
    let definitions = TABLE.lines().filter_map(|line| Some(line.split_once(' ')?.1));
    definitions.into_iter().find(|definition| definition.split(' ').next() == Some(name))
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in bytes.iter().take(SHOWN_BYTES) {
        write!(f, "{byte:02x}")?;
    }
    match bytes.len() {
        0 => f.write_str("(no bytes)"),
        length if length > SHOWN_BYTES => write!(f, "… ({length} bytes)"),
        _ => Ok(()),
    }
}
