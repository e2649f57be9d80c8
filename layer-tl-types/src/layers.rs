//! The definitions of the API as text: of the layer that this crate is generated from, and of older ones
//! that clients of the field speak. A server that speaks with all of them goes by these.
//!
//! A line is an id, a name, the parameters, and the type: after `=` of what it constructs, after `=>` of
//! what a function answers. `59511722 peerUser user_id:long = Peer`.

use std::collections::HashSet;

include!(concat!(env!("OUT_DIR"), "/layers.rs"));

/// The layers that are older than [`LAYER`](crate::LAYER) and known, in their order.
pub fn older() -> impl Iterator<Item = i32> {
    OLDER.iter().map(|(layer, _)| *layer)
}

/// The definitions of this layer: of [`LAYER`](crate::LAYER), or one that is [older] and known.
///
/// ```
/// use layer_tl_types::layers;
///
/// let peer = "59511722 peerUser user_id:long = Peer";
/// assert!(layers::definitions(layer_tl_types::LAYER).unwrap().contains(&peer));
/// assert!(layers::older().all(|layer| layers::definitions(layer).unwrap().contains(&peer)));
/// assert!(layers::definitions(1).is_none());
/// ```
pub fn definitions(layer: i32) -> Option<Vec<&'static str>> {
    if layer == crate::LAYER {
        return Some(DEFINITIONS.lines().collect());
    }
    let (_, other) = OLDER.iter().find(|(older, _)| *older == layer)?;
    let gone: HashSet<&str> = other.lines().filter_map(|line| line.strip_prefix('-')).collect();
    let kept = DEFINITIONS.lines().filter(|line| !gone.contains(line));
    Some(kept.chain(other.lines().filter(|line| !line.starts_with('-'))).collect())
}
