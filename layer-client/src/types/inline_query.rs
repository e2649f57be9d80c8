//! Somebody types after our name in another chat.

use std::fmt;

use layer_tl_types::{enums, types};

/// An inline query to a bot, to be answered soon.
///
/// `Debug` shows no text.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct InlineQuery {
    /// By which it is answered.
    pub query_id: i64,
    /// Who types.
    pub user_id: i64,
    /// Where the next results begin, as the last answer has said; empty at first.
    pub offset: String,
    /// The kind of chat in which it is typed.
    pub peer: Option<enums::InlineQueryPeerType>,
    /// Where the user is, if the bot asks for that and may know.
    pub geo: Option<enums::GeoPoint>,
    query: String,
}

impl InlineQuery {
    /// What was typed so far.
    pub fn query(&self) -> &str {
        &self.query
    }
}

impl From<types::UpdateBotInlineQuery> for InlineQuery {
    fn from(raw: types::UpdateBotInlineQuery) -> Self {
        Self {
            query_id: raw.query_id,
            user_id: raw.user_id,
            offset: raw.offset,
            peer: raw.peer_type,
            geo: raw.geo,
            query: raw.query,
        }
    }
}

impl fmt::Debug for InlineQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineQuery")
            .field("query_id", &self.query_id)
            .field("user_id", &self.user_id)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
