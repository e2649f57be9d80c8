//! `talk`: two accounts that write to each other, and hear it.

use layer_client::PeerRef;
use layer_client::tl::enums;
use layer_client::types::Message;
use layer_client::update::Update;

use crate::cast::{Player, Stage, raw, user_peer};
use crate::{Trouble, ensure, same};

const ANNAS: &str = "+10000000001";
const BENS: &str = "+10000000002";
/// So many texts more make more than one page.
const MORE: usize = 25;

pub(crate) async fn talk(stage: &Stage) -> Result<String, Trouble> {
    let anna = stage.user("Anna", ANNAS).await?;
    let ben = stage.user("Ben", BENS).await?;
    let (to_ben, to_anna) = (anna.knows(BENS).await?, ben.knows(ANNAS).await?);
    let mut two = Two { anna, ben, to_ben, to_anna, said: Vec::new() };

    let hello = two.write_and_answer().await?;
    two.type_and_read().await?;
    two.edit_and_react(&hello).await?;
    two.pin(&hello).await?;
    two.forward().await?;
    two.delete().await?;
    two.have_a_history().await?;
    two.search().await?;
    let texts = two.said.len();
    two.anna.leave().await;
    two.ben.leave().await;
    Ok(format!(
        "reply, typing, read, edit, reaction, pin, forward, delete, history of {texts}, search"
    ))
}

struct Two {
    anna: Player,
    ben: Player,
    /// How each names the other.
    to_ben: PeerRef,
    to_anna: PeerRef,
    /// The texts of their conversation, oldest first.
    said: Vec<String>,
}

impl Two {
    /// Texts in order, and an answer; gives Anna's first.
    async fn write_and_answer(&mut self) -> Result<Message, Trouble> {
        let hello = self.anna.client.send_message(&self.to_ben, "Hello, Ben").await?;
        self.anna.client.send_message(&self.to_ben, "Are you there?").await?;
        let heard = self.ben.hears_text("Hello, Ben").await?;
        same("who wrote", heard.peer_id(), Some(&user_peer(self.anna.id)))?;
        self.ben.hears_text("Are you there?").await?;

        let answer = heard.reply("Hello, Anna").await?;
        same("what Ben answers", answer.reply_to_message_id(), Some(heard.id()))?;
        let answer = self.anna.hears_text("Hello, Anna").await?;
        same("what is answered", answer.reply_to_message_id(), Some(hello.id()))?;
        self.said = ["Hello, Ben", "Are you there?", "Hello, Anna"].map(str::to_owned).to_vec();
        Ok(hello)
    }

    async fn type_and_read(&mut self) -> Result<(), Trouble> {
        let typing = self.ben.client.typing(&self.to_anna).await?;
        let action = |update| match update {
            Update::ChatAction(action) => Some(action),
            _ => None,
        };
        let action = self.anna.hears("that Ben types", action).await?;
        same("who types", &action.sender, &user_peer(self.ben.id))?;
        let is_typing = matches!(action.action, enums::SendMessageAction::SendMessageTypingAction);
        ensure(is_typing, || format!("not typing: {:?}", action.action))?;
        typing.end().await;

        let last = self.anna.client.send_message(&self.to_ben, "Read this").await?;
        self.said.push("Read this".to_owned());
        self.ben.hears_text("Read this").await?;
        same("unread before", self.unread().await?, 3)?;
        self.ben.client.mark_as_read(&self.to_anna).await?;
        let read = |update| match raw(update) {
            Some(enums::Update::ReadHistoryOutbox(read)) => Some(read),
            _ => None,
        };
        let read = self.anna.hears("that Ben has read", read).await?;
        same("who has read", &read.peer, &user_peer(self.ben.id))?;
        same("up to where", read.max_id, last.id())?;
        same("unread after", self.unread().await?, 0)
    }

    /// How much Ben has not read.
    async fn unread(&self) -> Result<i32, Trouble> {
        let dialogs = self.ben.client.get_dialogs(10).await?;
        let dialog = dialogs.iter().find(|dialog| dialog.peer() == &user_peer(self.anna.id));
        Ok(dialog.ok_or("no dialog with Anna")?.unread_count())
    }

    async fn edit_and_react(&mut self, hello: &Message) -> Result<(), Trouble> {
        hello.edit("Hello, dear Ben").await?;
        if let Some(first) = self.said.first_mut() {
            "Hello, dear Ben".clone_into(first);
        }
        let edited = self.ben.hears_edit("Hello, dear Ben").await?;
        let his = self.ben.client.get_messages_by_id(&self.to_anna, &[edited.id()]).await?;
        let date = his.first().and_then(|found| found.as_ref()?.edit_date());
        ensure(date.is_some(), || "an edit without a date in the history".to_owned())?;

        let reacted = |update| match raw(update) {
            Some(enums::Update::MessageReactions(told)) => {
                let enums::MessageReactions::Reactions(all) = told.reactions;
                let count = |enums::ReactionCount::Count(one): &enums::ReactionCount| one.count;
                Some((told.msg_id, all.results.iter().map(count).sum()))
            }
            _ => None,
        };
        for (emoji, count) in [(vec!["👍"], 1), (vec![], 0)] {
            self.ben.client.send_reaction(&self.to_anna, edited.id(), emoji).await?;
            let told = self.anna.hears("Ben's reaction", reacted).await?;
            same("the reactions", told, (hello.id(), count))?;
            let hers = self.anna.client.get_messages_by_id(&self.to_ben, &[hello.id()]).await?;
            let found = hers.into_iter().next().flatten().ok_or("the message is gone")?;
            same("the reactions on it", found.reaction_count(), count)?;
        }
        Ok(())
    }

    async fn pin(&mut self, hello: &Message) -> Result<(), Trouble> {
        let pinned = |update| match raw(update) {
            Some(enums::Update::PinnedMessages(pinned)) => Some(pinned),
            _ => None,
        };
        hello.pin().await?;
        let told = self.ben.hears("the pin", pinned).await?;
        let found = self.ben.client.get_pinned_message(&self.to_anna).await?;
        let found = found.ok_or("nothing is pinned")?;
        same("what is pinned", (told.pinned, told.messages), (true, vec![found.id()]))?;
        same("what it says", found.text(), Some("Hello, dear Ben"))?;
        hello.unpin().await?;
        let told = self.ben.hears("the end of the pin", pinned).await?;
        ensure(!told.pinned, || "still pinned".to_owned())?;
        let found = self.ben.client.get_pinned_message(&self.to_anna).await?;
        ensure(found.is_none(), || "still pinned".to_owned())
    }

    /// Into Ben's saved messages, where it names Anna.
    async fn forward(&mut self) -> Result<(), Trouble> {
        let found = self.ben.client.search(&self.to_anna, "dear").collect().await?;
        let found = found.first().ok_or("Ben does not find it")?;
        let saved = self.ben.client.forward_messages("me", &[found.id()], &self.to_anna).await?;
        let saved = saved.first().ok_or("nothing was forwarded")?;
        same("what is saved", saved.text(), Some("Hello, dear Ben"))?;
        let header = saved.forward_header().ok_or("not said to be forwarded")?;
        same("from whom", header.from_id.as_ref(), Some(&user_peer(self.anna.id)))
    }

    async fn delete(&mut self) -> Result<(), Trouble> {
        let sent = self.anna.client.send_message(&self.to_ben, "Not this").await?;
        let heard = self.ben.hears_text("Not this").await?;
        sent.delete().await?;
        let gone = |update| match update {
            Update::MessageDeleted(gone) => Some(gone.message_ids),
            _ => None,
        };
        same("what is gone", self.ben.hears("the deletion", gone).await?, vec![heard.id()])?;
        let his = self.ben.client.get_messages_by_id(&self.to_anna, &[heard.id()]).await?;
        let hers = self.anna.client.get_messages_by_id(&self.to_ben, &[sent.id()]).await?;
        let left = his.iter().chain(&hers).flatten().count();
        same("how many still have it", left, 0)
    }

    /// Many texts more: both read all of them, page by page, and list each other.
    async fn have_a_history(&mut self) -> Result<(), Trouble> {
        for number in 0..MORE {
            let text = format!("Text {number}");
            self.anna.client.send_message(&self.to_ben, text.as_str()).await?;
            self.ben.hears_text(&text).await?;
            self.said.push(text);
        }
        for (player, peer) in [(&self.anna, &self.to_ben), (&self.ben, &self.to_anna)] {
            same("the history", self.history(player, peer).await?, self.said.clone())?;
        }
        // That something was pinned counts too.
        same("unread", self.unread().await?, i32::try_from(MORE + 1)?)?;
        let (anna, ben) = (&self.anna, &self.ben);
        for (player, other, name) in [(anna, ben, "Somebody"), (ben, anna, "Somebody")] {
            let dialogs = player.client.get_dialogs(10).await?;
            let dialog = dialogs.iter().find(|dialog| dialog.peer() == &user_peer(other.id));
            let dialog = dialog.ok_or("no dialog with the other")?;
            same("the dialog's name", dialog.name().as_str(), name)?;
            let last = dialog.last_message().and_then(Message::text);
            same("its last message", last, self.said.last().map(String::as_str))?;
        }
        Ok(())
    }

    /// The texts that somebody reads, oldest first, ten to a page.
    async fn history(&self, player: &Player, peer: &PeerRef) -> Result<Vec<String>, Trouble> {
        let mut texts = Vec::new();
        let mut offset = 0;
        loop {
            let mut page = player.client.iter_messages(peer).limit(10).offset_id(offset);
            let mut count = 0;
            while let Some(message) = page.next().await? {
                (offset, count) = (message.id(), count + 1);
                // That something was pinned is told without a text.
                texts.extend(message.text().map(str::to_owned));
            }
            if count == 0 {
                texts.reverse();
                return Ok(texts);
            }
        }
    }

    async fn search(&self) -> Result<(), Trouble> {
        let found = self.anna.client.search(&self.to_ben, "dear").collect().await?;
        let texts: Vec<_> = found.iter().map(Message::text).collect();
        same("what is found", texts, vec![Some("Hello, dear Ben")])?;
        let found = self.anna.client.search_global("read this").collect().await?;
        let texts: Vec<_> = found.iter().map(Message::text).collect();
        same("what is found anywhere", texts, vec![Some("Read this")])
    }
}
