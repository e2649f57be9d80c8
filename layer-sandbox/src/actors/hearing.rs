//! What actors wait for.

use layer_tl_types::enums;

use super::{Actor, ActorError, Message, Press};

impl Actor {
    /// The next message that has come, or comes, from whom this one has written to last; in a group from
    /// anybody there. Each message is given out once. May be dropped midway.
    ///
    /// # Errors
    /// If none comes in time, with what came instead.
    pub async fn expect_reply(&self) -> Result<Message, ActorError> {
        let last = *self.last();
        let last = last.ok_or_else(|| ActorError::NobodyAsked(self.name.clone()))?;
        let is_reply = move |message: &Message| message.peer == last;
        self.expect_new(is_reply, "a reply from whom it has written to").await
    }

    /// The next message of somebody else that has come, or comes, and of which this is so. Those of
    /// which it is not stay to be expected. May be dropped midway.
    ///
    /// # Errors
    /// If none comes in time, with what came instead.
    pub async fn expect_message(
        &self,
        wanted: impl FnMut(&Message) -> bool,
    ) -> Result<Message, ActorError> {
        self.expect_new(wanted, "a message that is as expected").await
    }

    async fn expect_new(
        &self,
        mut wanted: impl FnMut(&Message) -> bool,
        what: &str,
    ) -> Result<Message, ActorError> {
        let look = |update: &enums::Update| {
            let message = Message::in_new(self.id, update)?;
            (!message.out && wanted(&message)).then_some(message)
        };
        self.expect(look, what).await
    }

    /// The next message that was edited, or is, as it is then. May be dropped midway.
    ///
    /// # Errors
    /// If none is in time, with what came instead.
    pub async fn expect_edit(&self) -> Result<Message, ActorError> {
        self.expect(|update| Message::in_edit(self.id, update), "a message to be edited").await
    }

    /// The next press of one of a bot's buttons. May be dropped midway.
    ///
    /// # Errors
    /// If none comes in time, with what came instead.
    pub async fn expect_press(&self) -> Result<Press, ActorError> {
        self.expect(Press::in_update, "a button to be pressed").await
    }

    /// The next update that has come, or comes, and of which this makes something. May be dropped
    /// midway.
    ///
    /// # Errors
    /// If none comes in time, with what came instead.
    pub async fn expect_update<T>(
        &self,
        look: impl FnMut(&enums::Update) -> Option<T>,
    ) -> Result<T, ActorError> {
        self.expect(look, "an update that is as expected").await
    }

    /// All messages of others that have come and that nobody has taken yet; does not wait.
    pub async fn heard(&self) -> Vec<Message> {
        self.shared.act(|hall| {
            let take = || {
                let look = |update: &enums::Update| Message::in_new(self.id, update);
                hall.world.take_heard(self.id, look)
            };
            std::iter::from_fn(take).filter(|message| !message.out).collect()
        })
    }

    async fn expect<T>(
        &self,
        mut look: impl FnMut(&enums::Update) -> Option<T>,
        what: &str,
    ) -> Result<T, ActorError> {
        let id = self.id;
        let found =
            self.shared.wait_for(self.patience, |world| world.take_heard(id, &mut look)).await;
        found.ok_or_else(|| self.nothing(what))
    }

    pub(super) fn nothing(&self, wanted: &str) -> ActorError {
        let hall = self.shared.hall();
        let heard = hall.world.heard(self.id).map(|update| self.in_words(update)).collect();
        let (name, wanted) = (self.name.clone(), wanted.to_owned());
        ActorError::Nothing { name, wanted, patience: self.patience, heard }
    }

    fn in_words(&self, update: &enums::Update) -> String {
        let (what, message) = match Message::in_new(self.id, update) {
            Some(message) => ("message", Some(message)),
            None => ("edited message", Message::in_edit(self.id, update)),
        };
        match message {
            Some(Message { from, text, .. }) => format!("{what} from {from:?}: {text}"),
            None => {
                let name = format!("{update:?}");
                name.split([' ', '(']).next().unwrap_or_default().to_owned()
            }
        }
    }
}
