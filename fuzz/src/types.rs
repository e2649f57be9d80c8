//! The deserialiser: an object or query as it stands on the wire, its id first, whatever its type.
//!
//! The id picks the type, so that every boxed type is reached, not only what updates contain. What can be
//! read must be printable and writable, and reading what was written must give the same again.

use std::fmt::Debug;

use layer_tl_types::{Deserializable, Error, Identifiable, Serializable};

use crate::sample::Samples;
use crate::{Seeds, memory, show, show_error};

/// How much heap a value may take for each byte of its input, measured over all types by `memory`.
const HEAP_PER_BYTE: usize = 128;

/// By id; an id stands twice if two schemas have it.
static TABLE: &[(u32, Reader)] = include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// Reads a value that begins with its id.
pub type Reader = fn(&[u8]) -> Result<Box<dyn Value>, Error>;

/// Any generated type.
pub trait Value: Serializable + Debug {}
impl<T: Serializable + Debug> Value for T {}

/// Reads the input as every type that has its first four bytes as an id.
pub fn run(input: &[u8]) {
    for reader in readers(input) {
        match memory::within((1 << 16) + HEAP_PER_BYTE * input.len(), || reader(input)) {
            Ok(value) => {
                // A generic function carries all that follows it, of whatever length.
                let whole = |bytes: &[u8]| bytes.len().is_multiple_of(4);
                assert!(whole(&value.to_bytes()) || !whole(input), "objects are whole words");
                check(reader, &*value);
            }
            Err(error) => show_error(&error),
        }
    }
}

/// What reads an object that begins so.
pub fn readers(object: &[u8]) -> impl Iterator<Item = Reader> {
    let id = object.first_chunk().map_or(0, |id| u32::from_le_bytes(*id));
    let first = TABLE.partition_point(|(known, _)| *known < id);
    let same = TABLE.iter().skip(first).take_while(move |(known, _)| *known == id);
    same.map(|(_, reader)| *reader)
}

fn check(read: Reader, value: &dyn Value) {
    show(&value);
    let written = value.to_bytes();
    let again = read(&written).expect("what was written can be read");
    // Values are equal if their bytes are: so `==` compares them, too.
    assert_eq!(written, again.to_bytes(), "reading what was written gives the same value");
}

fn object<T: Deserializable + Serializable + Debug + 'static>(
    input: &[u8],
) -> Result<Box<dyn Value>, Error> {
    Ok(Box::new(T::from_bytes(input)?))
}

/// Functions are read behind their id.
fn query<T: Deserializable + Serializable + Identifiable + Debug + 'static>(
    input: &[u8],
) -> Result<Box<dyn Value>, Error> {
    let fields = input.strip_prefix(&T::CONSTRUCTOR_ID.to_le_bytes());
    Ok(Box::new(T::from_bytes(fields.expect("chosen by its id"))?))
}

/// What reading hostile objects of `len` bytes takes of the heap at worst, the most first: all of each object
/// is one vector, of the shortest elements that there are.
pub fn swollen(len: usize) -> Vec<(usize, String)> {
    let samples = Samples::new();
    let mut costs = Vec::new();
    for definition in samples.definitions() {
        for (name, object) in definition.swollen(len) {
            for reader in readers(&object) {
                let (value, peak) = memory::peak(|| reader(&object));
                assert!(value.is_ok(), "{name}: {:?}", value.err());
                assert!(peak <= HEAP_PER_BYTE * object.len(), "{name}: {peak} bytes");
                costs.push((peak, name.clone()));
            }
        }
    }
    costs.sort_by(|one, other| other.cmp(one));
    costs
}

/// Every definition with nothing that can be left out, and with everything.
pub fn seeds() -> Seeds {
    let samples = Samples::new();
    let both = |definition| [samples.shortest(definition), samples.full(definition)];
    samples.definitions().flat_map(both).collect()
}
