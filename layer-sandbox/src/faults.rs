//! Knobs by which a test makes the server behave as servers sometimes do.
//!
//! They are plain numbers and switches on the [`World`](crate::World); a number counts down as it is used up.

/// What the server does otherwise than it would by itself. The default is nothing.
///
/// ```
/// use layer_sandbox::{Settings, World};
///
/// let mut world = World::new(Settings::default());
/// world.faults.refuse_containers = 2;
/// world.faults.gzip_answers = true;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Faults {
    /// So many containers to come are refused with code 64, and nothing in them is done.
    pub refuse_containers: u32,
    /// Every answer that gets smaller by it is packed, not only the large ones.
    pub gzip_answers: bool,
}
