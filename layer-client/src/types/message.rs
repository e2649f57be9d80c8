//! A message, as it arrives and as it was sent.

use std::fmt;

use layer_tl_types::{enums, types};

use super::{Document, Photo};
use crate::client::{Client, WeakClient};
use crate::{InvocationError, Origin, parsers};

/// A message: one that arrived, was found in a history, or was just sent.
///
/// `Debug` shows no text.
///
/// ```
/// use layer_client::{tl, types::Message};
///
/// let peer = tl::types::PeerUser { user_id: 4711 }.into();
/// let raw = tl::types::Message::new(7, peer, 1_700_000_000, "Hello".to_owned());
/// let message = Message::from(tl::enums::Message::from(raw));
/// assert_eq!((message.id(), message.text()), (7, Some("Hello")));
/// assert_eq!(message.sender_id(), message.peer_id());
/// ```
#[derive(Clone)]
pub struct Message {
    raw: enums::Message,
    /// By which it is acted upon: that of the client which it was handed out by.
    client: Option<WeakClient>,
}

/// One that no client has handed out: it can be looked at, and not acted upon.
impl From<enums::Message> for Message {
    fn from(raw: enums::Message) -> Self {
        Self { raw, client: None }
    }
}

/// Compares what they say, not whose they are.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl Message {
    /// One that a client hands out.
    pub(crate) fn of(raw: enums::Message, client: Option<&WeakClient>) -> Self {
        if let Some(client) = client {
            client.saw(&raw);
        }
        Self { raw, client: client.cloned() }
    }

    /// Its number in its chat: in a channel or supergroup the channel's own, elsewhere one of the
    /// account's.
    pub fn id(&self) -> i32 {
        match &self.raw {
            enums::Message::Message(message) => message.id,
            enums::Message::Service(message) => message.id,
            enums::Message::Empty(message) => message.id,
        }
    }

    /// The text, or the caption of what is sent with it. `None` if there is none.
    pub fn text(&self) -> Option<&str> {
        self.full().map(|message| message.message.as_str()).filter(|text| !text.is_empty())
    }

    /// The chat that it stands in: the other user, the group or the channel. `None` only for a
    /// message that is gone.
    pub fn peer_id(&self) -> Option<&enums::Peer> {
        match &self.raw {
            enums::Message::Message(message) => Some(&message.peer_id),
            enums::Message::Service(message) => Some(&message.peer_id),
            enums::Message::Empty(message) => message.peer_id.as_ref(),
        }
    }

    /// Who has sent it: a user, or a chat that speaks for itself. Of one's own messages in private
    /// chats the server may not tell: then `None`.
    pub fn sender_id(&self) -> Option<&enums::Peer> {
        let from = match &self.raw {
            enums::Message::Message(message) => message.from_id.as_ref(),
            enums::Message::Service(message) => message.from_id.as_ref(),
            enums::Message::Empty(_) => return None,
        };
        // Whose chat it is has sent it, where nobody is named: posts of a channel, private chats.
        from.or_else(|| self.peer_id().filter(|_| !self.outgoing() || self.post()))
    }

    /// Whether it is one's own.
    pub fn outgoing(&self) -> bool {
        self.both(|message| message.out, |service| service.out)
    }

    /// When it was sent, in unix seconds of the server.
    pub fn date(&self) -> i32 {
        self.both(|message| message.date, |service| service.date)
    }

    /// When it was last edited, in unix seconds of the server.
    pub fn edit_date(&self) -> Option<i32> {
        self.full().and_then(|message| message.edit_date)
    }

    /// Whether it mentions us, or answers one of ours.
    pub fn mentioned(&self) -> bool {
        self.both(|message| message.mentioned, |service| service.mentioned)
    }

    /// Whether it came without a notification.
    pub fn silent(&self) -> bool {
        self.both(|message| message.silent, |service| service.silent)
    }

    /// Whether it is a channel's post.
    pub fn post(&self) -> bool {
        self.both(|message| message.post, |service| service.post)
    }

    /// Whether it is pinned.
    pub fn pinned(&self) -> bool {
        self.full().is_some_and(|message| message.pinned)
    }

    /// The message that it answers, in the same chat unless the header says otherwise.
    pub fn reply_to_message_id(&self) -> Option<i32> {
        let reply = match &self.raw {
            enums::Message::Message(message) => message.reply_to.as_ref(),
            enums::Message::Service(message) => message.reply_to.as_ref(),
            enums::Message::Empty(_) => None,
        };
        match reply? {
            enums::MessageReplyHeader::Header(header) => header.reply_to_msg_id,
            enums::MessageReplyHeader::MessageReplyStoryHeader(_) => None,
        }
    }

    /// What is sent with it: a photo, a document, a place, …
    pub fn media(&self) -> Option<&enums::MessageMedia> {
        self.full().and_then(|message| message.media.as_ref())
    }

    /// The photo that is sent with it, or stands in the preview of its link.
    pub fn photo(&self) -> Option<Photo> {
        let photo = match self.media()? {
            enums::MessageMedia::Photo(media) => media.photo.as_ref()?,
            enums::MessageMedia::WebPage(media) => page(&media.webpage)?.photo.as_ref()?,
            _ => return None,
        };
        match photo {
            enums::Photo::Photo(photo) => Some(Photo::seen(photo.clone(), self.origin())),
            enums::Photo::Empty(_) => None,
        }
    }

    /// The file that is sent with it, or stands in the preview of its link.
    pub fn document(&self) -> Option<Document> {
        let document = match self.media()? {
            enums::MessageMedia::Document(media) => media.document.as_ref()?,
            enums::MessageMedia::WebPage(media) => page(&media.webpage)?.document.as_ref()?,
            _ => return None,
        };
        match document {
            enums::Document::Document(document) => {
                Some(Document::seen((**document).clone(), self.origin()))
            }
            enums::Document::Empty(_) => None,
        }
    }

    /// Where its files are looked for again.
    fn origin(&self) -> Option<Origin> {
        let peer = self.peer_id().cloned()?;
        Some(Origin::Message { peer, id: self.id() })
    }

    /// What is bold, a link and so on in the text. Offsets count UTF-16 units.
    pub fn entities(&self) -> &[enums::MessageEntity] {
        self.full().and_then(|message| message.entities.as_deref()).unwrap_or_default()
    }

    /// The album that it belongs to.
    pub fn grouped_id(&self) -> Option<i64> {
        self.full().and_then(|message| message.grouped_id)
    }

    /// The inline bot through which it was sent.
    pub fn via_bot_id(&self) -> Option<i64> {
        self.full().and_then(|message| message.via_bot_id)
    }

    /// Its buttons.
    pub fn reply_markup(&self) -> Option<&enums::ReplyMarkup> {
        self.full().and_then(|message| message.reply_markup.as_ref())
    }

    /// Where it comes from, if it was forwarded.
    pub fn forward_header(&self) -> Option<&types::MessageFwdHeader> {
        match self.full()?.fwd_from.as_ref()? {
            enums::MessageFwdHeader::Header(header) => Some(header),
        }
    }

    /// How many reactions it has.
    pub fn reaction_count(&self) -> i32 {
        let reactions = match &self.raw {
            enums::Message::Message(message) => message.reactions.as_ref(),
            enums::Message::Service(message) => message.reactions.as_ref(),
            enums::Message::Empty(_) => None,
        };
        let Some(enums::MessageReactions::Reactions(reactions)) = reactions else { return 0 };
        let counts = reactions.results.iter().map(|enums::ReactionCount::Count(it)| it.count);
        counts.fold(0, i32::saturating_add)
    }

    /// How often a channel's post was seen.
    pub fn view_count(&self) -> Option<i32> {
        self.full().and_then(|message| message.views)
    }

    /// The text in Markdown, as [`parsers`] has it; what the server finds by itself, such as hashtags,
    /// is not marked. `None` if there is none.
    pub fn markdown_text(&self) -> Option<String> {
        self.text().map(|text| parsers::generate_markdown(text, &self.marked()))
    }

    /// The text in HTML, as [`parsers`] has it; what the server finds by itself is not marked. `None`
    /// if there is none.
    pub fn html_text(&self) -> Option<String> {
        self.text().map(|text| parsers::generate_html(text, &self.marked()))
    }

    /// What happened, if it is not a message that somebody wrote: somebody joined, a title changed.
    pub fn action(&self) -> Option<&enums::MessageAction> {
        match &self.raw {
            enums::Message::Service(message) => Some(&message.action),
            _ => None,
        }
    }

    /// The whole message as Telegram has it.
    pub fn raw(&self) -> &enums::Message {
        &self.raw
    }

    /// The whole message as Telegram has it.
    pub fn into_raw(self) -> enums::Message {
        self.raw
    }

    /// The client that handed it out.
    pub(crate) fn client(&self) -> Result<Client, InvocationError> {
        let client = self.client.as_ref().and_then(WeakClient::upgrade);
        client.ok_or(InvocationError::Dropped)
    }

    /// The entities that somebody has marked; the server finds links, hashtags and the like again.
    fn marked(&self) -> Vec<enums::MessageEntity> {
        let entities = self.entities().iter();
        entities.filter(|entity| !parsers::is_found_by_server(entity)).cloned().collect()
    }

    fn full(&self) -> Option<&types::Message> {
        match &self.raw {
            enums::Message::Message(message) => Some(message),
            _ => None,
        }
    }

    /// A field that messages and service messages share.
    fn both<T: Default>(
        &self,
        message: impl FnOnce(&types::Message) -> T,
        service: impl FnOnce(&types::MessageService) -> T,
    ) -> T {
        match &self.raw {
            enums::Message::Message(it) => message(it),
            enums::Message::Service(it) => service(it),
            enums::Message::Empty(_) => T::default(),
        }
    }
}

fn page(page: &enums::WebPage) -> Option<&types::WebPage> {
    match page {
        enums::WebPage::Page(page) => Some(page),
        _ => None,
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id())
            .field("peer_id", &self.peer_id())
            .field("outgoing", &self.outgoing())
            .field("date", &self.date())
            .field("has_text", &self.text().is_some())
            .field("has_media", &self.media().is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> types::Message {
        types::Message::new(7, types::PeerUser { user_id: 4 }.into(), 1000, text.to_owned())
    }

    #[test]
    fn debug_shows_no_text() {
        let shown = format!("{:?}", Message::from(enums::Message::from(message("hunter2"))));
        assert!(shown.contains("has_text: true") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn who_sent_it_is_the_chat_where_nobody_is_named_and_not_for_ones_own() {
        let user: enums::Peer = types::PeerUser { user_id: 4 }.into();
        let channel: enums::Peer = types::PeerChannel { channel_id: 5 }.into();
        let sender =
            |raw: types::Message| Message::from(enums::Message::from(raw)).sender_id().cloned();
        assert_eq!(sender(message("")), Some(user.clone()));
        assert_eq!(sender(types::Message { out: true, ..message("") }), None);
        let post =
            types::Message { out: true, post: true, peer_id: channel.clone(), ..message("") };
        assert_eq!(sender(post), Some(channel.clone()));
        let group = types::Message { from_id: Some(user.clone()), peer_id: channel, ..message("") };
        assert_eq!(sender(group), Some(user));
    }

    #[test]
    fn a_service_message_and_one_that_is_gone_have_what_they_have() {
        let action = enums::MessageAction::PinMessage;
        let peer_id: enums::Peer = types::PeerChat { chat_id: 3 }.into();
        let service = types::MessageService::new(9, peer_id.clone(), 50, action.clone());
        let service = Message::from(enums::Message::from(service));
        assert_eq!((service.id(), service.date(), service.text()), (9, 50, None));
        assert_eq!((service.peer_id(), service.action()), (Some(&peer_id), Some(&action)));
        let gone =
            Message::from(enums::Message::from(types::MessageEmpty { id: 2, peer_id: None }));
        assert_eq!((gone.id(), gone.peer_id(), gone.sender_id()), (2, None, None));
        assert_eq!((gone.reaction_count(), gone.entities().len()), (0, 0));
    }

    #[test]
    fn the_text_is_told_in_markdown_and_html() {
        let bold = types::MessageEntityBold { offset: 0, length: 3 };
        // The server has found this one, and will find it again.
        let found = types::MessageEntityMention { offset: 4, length: 3 };
        let entities = Some(vec![bold.into(), found.into()]);
        let raw = types::Message { entities, ..message("Hey you") };
        let message = Message::from(enums::Message::from(raw));
        assert_eq!(message.markdown_text().as_deref(), Some("*Hey* you"));
        assert_eq!(message.html_text().as_deref(), Some("<b>Hey</b> you"));
    }

    #[test]
    fn reactions_are_counted_together() {
        let reaction = || types::ReactionEmoji { emoticon: "👍".to_owned() }.into();
        let results = [3, 4].map(|count| types::ReactionCount::new(reaction(), count).into());
        let reactions = types::MessageReactions::new(results.to_vec()).into();
        let raw = types::Message { reactions: Some(reactions), ..message("") };
        assert_eq!(Message::from(enums::Message::from(raw)).reaction_count(), 7);
    }
}
