//! An object that is carried and not looked into.

use crate::{Cursor, Deserializable, RemoteCall, Serializable};

/// The bytes of an object of any type, its constructor id included.
///
/// As the argument of a generic function it stands for a query that was serialised before, or
/// that is to be taken apart later: `functions::InvokeWithLayer<RawObject>`. Reading takes all
/// that is left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RawObject(pub Vec<u8>);

impl Serializable for RawObject {
    fn serialize(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Deserializable for RawObject {
    extern "C" fn read(cursor: &mut Cursor<'_>) -> Self {
        Self(cursor.take_rest().to_vec())
    }
}

impl RemoteCall for RawObject {
    type Return = RawObject;
}
