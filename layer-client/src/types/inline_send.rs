//! Somebody has chosen one of our inline results.

use std::fmt;

use layer_tl_types::{enums, types};

/// An inline result was chosen and sent. Told only to bots that asked for it.
///
/// `Debug` shows no text.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct InlineSend {
    /// Who has chosen.
    pub user_id: i64,
    /// The result's id, as the answer had it.
    pub id: String,
    /// The message that was sent; only if it has buttons.
    pub message_id: Option<enums::InputBotInlineMessageId>,
    /// Where the user is, if the bot asks for that and may know.
    pub geo: Option<enums::GeoPoint>,
    query: String,
}

impl InlineSend {
    /// What was typed.
    pub fn query(&self) -> &str {
        &self.query
    }
}

impl From<types::UpdateBotInlineSend> for InlineSend {
    fn from(raw: types::UpdateBotInlineSend) -> Self {
        let types::UpdateBotInlineSend { user_id, query, geo, id, msg_id } = raw;
        Self { user_id, id, message_id: msg_id, geo, query }
    }
}

impl fmt::Debug for InlineSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineSend")
            .field("user_id", &self.user_id)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
