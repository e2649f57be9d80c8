//! By what a message is known that was sent through an inline query.

use layer_tl_types::enums::InputBotInlineMessageId;

/// A message that was sent through an inline query: it belongs to a data centre, and is edited there.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineMessageId(InputBotInlineMessageId);

impl InlineMessageId {
    /// The data centre that has the message.
    pub fn dc_id(&self) -> i32 {
        match &self.0 {
            InputBotInlineMessageId::Id(id) => id.dc_id,
            InputBotInlineMessageId::InputBotInlineMessageId64(id) => id.dc_id,
        }
    }

    /// As Telegram has it.
    pub fn raw(&self) -> &InputBotInlineMessageId {
        &self.0
    }
}

impl From<InputBotInlineMessageId> for InlineMessageId {
    fn from(raw: InputBotInlineMessageId) -> Self {
        Self(raw)
    }
}

impl From<&InputBotInlineMessageId> for InlineMessageId {
    fn from(raw: &InputBotInlineMessageId) -> Self {
        Self(raw.clone())
    }
}

impl From<InlineMessageId> for InputBotInlineMessageId {
    fn from(id: InlineMessageId) -> Self {
        id.0
    }
}
