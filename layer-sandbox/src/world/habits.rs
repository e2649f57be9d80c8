//! In which of several lawful ways the server tells clients what happens, and how much it remembers.

use std::time::Duration;

/// Habits of a [`World`](crate::World), which tests may change at any time.
///
/// ```
/// use layer_sandbox::{Settings, World};
///
/// let mut world = World::new(Settings::default());
/// world.habits.slice = 2;
/// world.habits.short_forms = false;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Habits {
    /// Plain messages are told by `updateShortMessage` and `updateShortChatMessage`, and sends are
    /// answered by `updateShortSentMessage`.
    pub short_forms: bool,
    /// In what is said in channels, users with whom the reader has no chat are shown by `min`
    /// constructors.
    pub min_users: bool,
    /// What carries neither pts nor qts is numbered by seq.
    pub numbered: bool,
    /// So many events of a box are remembered; who has missed more is told `differenceTooLong` or
    /// `channelDifferenceTooLong`.
    pub events: usize,
    /// So many events make the slice of a difference.
    pub slice: usize,
    /// So many events of a channel go into one difference, whatever the client's limit.
    pub channel_slice: usize,
    /// So many parts a file may have.
    pub file_parts: i32,
    /// The data centre where files come to lie; that of who uploads them, if none is named. Where data
    /// centres stand apart, the others answer `FILE_MIGRATE_X`.
    pub file_dc: Option<i32>,
    /// So long a pressed button waits for the bot.
    pub callback_patience: Duration,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            short_forms: true,
            min_users: false,
            numbered: true,
            events: 1000,
            slice: 100,
            channel_slice: 100,
            file_parts: 4000,
            file_dc: None,
            callback_patience: Duration::from_secs(10),
        }
    }
}
