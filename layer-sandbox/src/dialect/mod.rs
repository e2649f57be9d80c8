//! Clients of older layers: what they ask is put into the words of ours, and what they are told into
//! those of theirs.
//!
//! The schemas themselves say how: `layer` has their definitions, `value` reads an object by those of one
//! layer and writes it by those of another, field by field and by name. What the schemas don't say is in
//! `rules`.

mod layer;
mod rules;
mod value;

use layer_tl_types::Cursor;

use layer::Type;
use value::{Reader, Writer};

/// A query as it is asked in our layer. `None` if the layer is ours, or knows no such function: it may
/// be asked as it is then.
pub(crate) fn query(layer: Option<i32>, query: &[u8]) -> Option<Vec<u8>> {
    let theirs = layer::of_client(layer?)?;
    let mut reader = Reader::new(theirs, query);
    let definition = reader.definition().filter(|definition| definition.is_function)?;
    let object = reader.fields(definition)?;
    Writer { layer: layer::ours() }.object(&object, None)
}

/// A query of our layer in which peers may stand where users and channels are wanted, with these there.
/// `None` if it is unreadable even so.
pub(crate) fn reworded(query: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(layer::ours(), query);
    let definition = reader.definition().filter(|definition| definition.is_function)?;
    let object = reader.fields(definition)?;
    Writer { layer: layer::ours() }.object(&object, None)
}

/// The answer to a query, as a client of a layer asked it. `None` if it may be told as it is; or if it
/// can't be told.
pub(crate) fn answer(layer: Option<i32>, query: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
    let (theirs, ours) = (layer::of_client(layer?)?, layer::ours());
    let id = Cursor::new(query).constructor_id().ok()?;
    let asked = theirs.of_id(id).filter(|definition| definition.is_function)?;
    let answered = ours.named(asked.name)?;
    let mut reader = Reader::new(ours, answer);
    let value = reader.value(&answered.ty).filter(|_| reader.is_at_end())?;
    Writer { layer: theirs }.value(&value, &asked.ty)
}

/// What is said unasked, or late, to a client of a layer: a boxed object. `None` if the layer has no words for it.
pub(crate) fn push(layer: Option<i32>, object: Vec<u8>) -> Option<Vec<u8>> {
    let Some(theirs) = layer.and_then(layer::of_client) else { return Some(object) };
    let mut reader = Reader::new(layer::ours(), &object);
    let Some(definition) = reader.definition() else { return Some(object) };
    let read = reader.fields(definition).filter(|_| reader.is_at_end())?;
    let Type::Object(ty) = definition.ty else { return None };
    Writer { layer: theirs }.object(&read, Some(ty))
}

#[cfg(test)]
mod tests;
