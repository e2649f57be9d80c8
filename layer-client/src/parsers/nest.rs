//! Entities in order, within the text and properly nested, as the server leaves them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use layer_tl_types::enums::MessageEntity;

use super::entity;

/// So many entities of a text are looked at; Telegram allows 100.
const MOST: usize = 10_000;
/// So many stand within each other. With [`MOST`] it bounds the pieces that overlaps are cut into.
const DEEPEST: usize = 100;

/// A piece of the text and the entity over it, whose own range says nothing.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) entity: MessageEntity,
}

/// Out of entities as they are sent: pieces in bytes of the text.
pub(super) fn of_entities(text: &str, entities: &[MessageEntity]) -> Vec<Piece> {
    let bytes = bytes_of_units(text);
    let last = bytes.len().saturating_sub(1);
    let clip = |unit: i64| usize::try_from(unit.max(0)).unwrap_or(last).min(last);
    let pieces = entities.iter().take(MOST).filter_map(|entity| {
        let (offset, length) = entity::range(entity)?;
        let from = clip(i64::from(offset));
        let to = clip(i64::from(offset) + i64::from(length.max(0)));
        let (start, _) = bytes.get(from)?;
        let (_, end) = bytes.get(to)?;
        Some(Piece { start: *start, end: *end, entity: entity.clone() })
    });
    // Empty before the pair is taken as a whole is empty after it too.
    nested(pieces.filter(|piece| entity::range(&piece.entity).is_some_and(|(_, len)| len > 0)))
}

/// Back to entities as they are sent. The pieces are in order, and in bytes of the text.
pub(super) fn to_entities(text: &str, pieces: Vec<Piece>) -> Vec<MessageEntity> {
    let mut edges: Vec<usize> = pieces.iter().flat_map(|piece| [piece.start, piece.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut units = Vec::with_capacity(edges.len());
    let (mut unit, mut done) = (0, 0);
    for &edge in &edges {
        unit += text.get(done..edge).map_or(0, |part| part.encode_utf16().count());
        done = edge;
        units.push(i32::try_from(unit).unwrap_or(i32::MAX));
    }
    let unit_at = |byte: usize| {
        edges.binary_search(&byte).ok().and_then(|at| units.get(at)).copied().unwrap_or_default()
    };
    let place = |mut piece: Piece| {
        let (offset, end) = (unit_at(piece.start), unit_at(piece.end));
        entity::set_range(&mut piece.entity, offset, end - offset);
        piece.entity
    };
    pieces.into_iter().map(place).collect()
}

/// In order of beginning, the longer first, those that overlap cut.
pub(super) fn nested(pieces: impl IntoIterator<Item = Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = pieces.into_iter().filter(|p| p.start < p.end).take(MOST).collect();
    // By place in `all`, so that of equal ranges the earlier in the list is the outer one.
    let mut waiting: BinaryHeap<_> = all.iter().enumerate().map(|(at, p)| next(p, at)).collect();
    let mut ends: Vec<usize> = Vec::new();
    let mut done = Vec::new();
    while let Some((Reverse(start), end, Reverse(at))) = waiting.pop() {
        while ends.last().is_some_and(|last| *last <= start) {
            ends.pop();
        }
        let cut = ends.last().map_or(end, |last| end.min(*last));
        let Some(piece) = all.get_mut(at) else { continue };
        if cut < end {
            piece.start = cut;
            waiting.push(next(piece, at));
        }
        if ends.len() < DEEPEST {
            ends.push(cut);
            done.push(Piece { start, end: cut, entity: piece.entity.clone() });
        }
    }
    done
}

fn next(piece: &Piece, at: usize) -> (Reverse<usize>, usize, Reverse<usize>) {
    (Reverse(piece.start), piece.end, Reverse(at))
}

/// For each UTF-16 unit the byte at which its character begins, and the byte from which on the text is
/// whole again if it is cut before that unit; in the end the length of the text.
fn bytes_of_units(text: &str) -> Vec<(usize, usize)> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    for (at, character) in text.char_indices() {
        bytes.push((at, at));
        if character.len_utf16() == 2 {
            bytes.push((at, at + character.len_utf8()));
        }
    }
    bytes.push((text.len(), text.len()));
    bytes
}
