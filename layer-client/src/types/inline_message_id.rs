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

#[cfg(test)]
mod tests {
    use layer_tl_types::types;

    use super::*;

    #[test]
    fn both_kinds_say_their_data_centre() {
        let old = types::InputBotInlineMessageId { dc_id: 2, id: 1, access_hash: 3 };
        let old = InputBotInlineMessageId::from(old);
        let new = types::InputBotInlineMessageId64 { dc_id: 4, owner_id: 9, id: 1, access_hash: 3 };
        let new = InputBotInlineMessageId::from(new);
        assert_eq!(InlineMessageId::from(&old).dc_id(), 2);
        assert_eq!(InlineMessageId::from(new.clone()).dc_id(), 4);
        assert_eq!(InlineMessageId::from(new.clone()).raw(), &new);
    }
}
