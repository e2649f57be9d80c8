//! Messages are gone.

/// Messages were deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageDeletion {
    /// Their ids.
    pub message_ids: Vec<i32>,
    /// The channel or supergroup in which they stood. Without one they stood in private chats or
    /// basic groups, whose ids are one row: the server does not say which.
    pub channel_id: Option<i64>,
}

impl MessageDeletion {
    pub(crate) fn new(message_ids: Vec<i32>, channel_id: Option<i64>) -> Self {
        Self { message_ids, channel_id }
    }
}
