//! A message that is to be sent.

use std::fmt;

use layer_tl_types::enums::{self, InputMedia, MessageEntity, MessageMedia};
use layer_tl_types::types;

use crate::parsers;
use crate::peers::Peers;
use crate::session::{PeerKey, PeerKind};

/// A message to send, or what an edited one becomes: text, how it looks, and how it is sent. A plain
/// text is one too, by `From`.
///
/// `Debug` shows no text.
///
/// ```
/// use layer_client::types::{Button, InlineKeyboard, InputMessage};
///
/// let keyboard = InlineKeyboard::new().row([Button::callback("Like", "like:7")]);
/// let message = InputMessage::markdown("*Fresh* bread").silent().reply_to(7).keyboard(keyboard);
/// assert_eq!(message.plain_text(), "Fresh bread");
/// let plain: InputMessage = "2 * 3".into();
/// assert_eq!(plain.plain_text(), "2 * 3");
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct InputMessage {
    pub(crate) text: String,
    pub(crate) entities: Vec<MessageEntity>,
    pub(crate) reply_to: Option<i32>,
    pub(crate) topic: Option<i32>,
    pub(crate) silent: bool,
    pub(crate) background: bool,
    pub(crate) clear_draft: bool,
    pub(crate) no_webpage: bool,
    pub(crate) invert_media: bool,
    pub(crate) schedule_date: Option<i32>,
    pub(crate) reply_markup: Option<enums::ReplyMarkup>,
    pub(crate) media: Option<InputMedia>,
}

/// The date that stands for "as soon as the other is online".
const ONCE_ONLINE: i32 = 0x7fff_fffe;

impl InputMessage {
    /// One without text, for what is sent as media alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// One with this text as it is.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// One with formatted text, out of Markdown; see [`parsers`].
    pub fn markdown(text: impl AsRef<str>) -> Self {
        let (text, entities) = parsers::parse_markdown(text.as_ref());
        Self { text, entities, ..Self::default() }
    }

    /// One with formatted text, out of HTML; see [`parsers`].
    pub fn html(text: impl AsRef<str>) -> Self {
        let (text, entities) = parsers::parse_html(text.as_ref());
        Self { text, entities, ..Self::default() }
    }

    /// The text without its formatting.
    pub fn plain_text(&self) -> &str {
        &self.text
    }

    /// How the text is formatted. Offsets count UTF-16 units.
    pub fn entities(mut self, entities: impl Into<Vec<MessageEntity>>) -> Self {
        self.entities = entities.into();
        self
    }

    /// Answers this message of the chat.
    pub fn reply_to(mut self, message_id: impl Into<Option<i32>>) -> Self {
        self.reply_to = message_id.into();
        self
    }

    /// In this topic of a forum, or this thread: the id of its first message.
    pub fn topic(mut self, top_msg_id: impl Into<Option<i32>>) -> Self {
        self.topic = top_msg_id.into();
        self
    }

    /// Without a notification.
    pub fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Sent in the background: nobody is shown as online for it.
    pub fn background(mut self) -> Self {
        self.background = true;
        self
    }

    /// Clears the draft of the chat.
    pub fn clear_draft(mut self) -> Self {
        self.clear_draft = true;
        self
    }

    /// Without a preview of links.
    pub fn no_webpage(mut self) -> Self {
        self.no_webpage = true;
        self
    }

    /// Media below the text instead of above it.
    pub fn invert_media(mut self) -> Self {
        self.invert_media = true;
        self
    }

    /// Sent at this time, in unix seconds.
    pub fn schedule_date(mut self, unix: impl Into<Option<i32>>) -> Self {
        self.schedule_date = unix.into();
        self
    }

    /// Sent as soon as the other is online. Private chats only.
    pub fn schedule_once_online(self) -> Self {
        self.schedule_date(ONCE_ONLINE)
    }

    /// With these buttons, or what else a markup does.
    pub fn reply_markup(mut self, markup: impl Into<enums::ReplyMarkup>) -> Self {
        self.reply_markup = Some(markup.into());
        self
    }

    /// With this keyboard: an [`InlineKeyboard`](super::InlineKeyboard) or a
    /// [`ReplyKeyboard`](super::ReplyKeyboard).
    pub fn keyboard(self, keyboard: impl Into<enums::ReplyMarkup>) -> Self {
        self.reply_markup(keyboard)
    }

    /// With this media; the text is its caption.
    pub fn media(mut self, media: impl Into<InputMedia>) -> Self {
        self.media = Some(media.into());
        self
    }

    /// With the media of another message, which is not uploaded again. Media that can't be sent that
    /// way leave it without: link previews, invoices, giveaways and the like.
    pub fn copy_media(mut self, media: &MessageMedia) -> Self {
        self.media = copied(media);
        self
    }

    /// Without media.
    pub fn clear_media(mut self) -> Self {
        self.media = None;
        self
    }

    /// The entities as a request has them: who is mentioned by his id is named as the server wants it,
    /// and nobody is mentioned who can't be named.
    pub(crate) fn entities_sent(&self, peers: &Peers) -> Option<Vec<MessageEntity>> {
        let named = |entity: &MessageEntity| match entity {
            MessageEntity::MentionName(mention) => {
                let key = PeerKey { kind: PeerKind::User, id: mention.user_id };
                let (offset, length) = (mention.offset, mention.length);
                let user_id = peers.input_user(key).ok()?;
                Some(types::InputMessageEntityMentionName { offset, length, user_id }.into())
            }
            other => Some(other.clone()),
        };
        let named: Vec<_> = self.entities.iter().filter_map(named).collect();
        (!named.is_empty()).then_some(named)
    }

    /// What it answers, as a request has it.
    pub(crate) fn reply_sent(&self) -> Option<enums::InputReplyTo> {
        // In a topic, what answers nothing else answers its first message.
        let mut reply = types::InputReplyToMessage::new(self.reply_to.or(self.topic)?);
        reply.top_msg_id = self.topic;
        Some(reply.into())
    }
}

impl From<&str> for InputMessage {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for InputMessage {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&String> for InputMessage {
    fn from(text: &String) -> Self {
        Self::text(text)
    }
}

impl fmt::Debug for InputMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputMessage")
            .field("text_len", &self.text.len())
            .field("entities", &self.entities.len())
            .field("reply_to", &self.reply_to)
            .field("topic", &self.topic)
            .field("schedule_date", &self.schedule_date)
            .field("has_markup", &self.reply_markup.is_some())
            .field("has_media", &self.media.is_some())
            .finish_non_exhaustive()
    }
}

/// Media of a message, as they are sent again.
pub(crate) fn copied(media: &MessageMedia) -> Option<InputMedia> {
    Some(match media {
        MessageMedia::Photo(media) => {
            let Some(enums::Photo::Photo(photo)) = &media.photo else { return None };
            let id = types::InputPhoto {
                id: photo.id,
                access_hash: photo.access_hash,
                file_reference: photo.file_reference.clone(),
            };
            let mut copy = types::InputMediaPhoto::new(id.into());
            copy.spoiler = media.spoiler;
            copy.into()
        }
        MessageMedia::Document(media) => {
            let Some(enums::Document::Document(document)) = &media.document else { return None };
            let id = types::InputDocument {
                id: document.id,
                access_hash: document.access_hash,
                file_reference: document.file_reference.clone(),
            };
            let mut copy = types::InputMediaDocument::new(id.into());
            copy.spoiler = media.spoiler;
            copy.into()
        }
        MessageMedia::Geo(media) => {
            types::InputMediaGeoPoint { geo_point: point(&media.geo)? }.into()
        }
        MessageMedia::Venue(media) => types::InputMediaVenue {
            geo_point: point(&media.geo)?,
            title: media.title.clone(),
            address: media.address.clone(),
            provider: media.provider.clone(),
            venue_id: media.venue_id.clone(),
            venue_type: media.venue_type.clone(),
        }
        .into(),
        MessageMedia::Contact(media) => types::InputMediaContact {
            phone_number: media.phone_number.clone(),
            first_name: media.first_name.clone(),
            last_name: media.last_name.clone(),
            vcard: media.vcard.clone(),
        }
        .into(),
        MessageMedia::Dice(media) => {
            types::InputMediaDice { emoticon: media.emoticon.clone() }.into()
        }
        _ => return None,
    })
}

fn point(geo: &enums::GeoPoint) -> Option<enums::InputGeoPoint> {
    let enums::GeoPoint::Point(point) = geo else { return None };
    let mut input = types::InputGeoPoint::new(point.lat, point.long);
    input.accuracy_radius = point.accuracy_radius;
    Some(input.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_text() {
        let shown = format!("{:?}", InputMessage::text("hunter2"));
        assert!(shown.contains("text_len: 7") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_topic_is_answered_where_nothing_else_is() {
        let reply = |message: InputMessage| match message.reply_sent() {
            Some(enums::InputReplyTo::Message(reply)) => {
                Some((reply.reply_to_msg_id, reply.top_msg_id))
            }
            _ => None,
        };
        assert_eq!(reply(InputMessage::text("x")), None);
        assert_eq!(reply(InputMessage::text("x").reply_to(5)), Some((5, None)));
        assert_eq!(reply(InputMessage::text("x").topic(7)), Some((7, Some(7))));
        assert_eq!(reply(InputMessage::text("x").topic(7).reply_to(Some(9))), Some((9, Some(7))));
    }

    #[test]
    fn media_are_copied_by_reference_and_taken_away_again() {
        let mut photo = types::Photo::new(1, 2, vec![3], 0, Vec::new(), 2);
        photo.has_stickers = true;
        let mut media = types::MessageMediaPhoto::new();
        (media.photo, media.spoiler) = (Some(photo.into()), true);
        let message = InputMessage::new().copy_media(&media.into());
        let Some(InputMedia::Photo(copy)) = &message.media else { panic!("{message:?}") };
        let enums::InputPhoto::Photo(id) = &copy.id else { panic!("{copy:?}") };
        assert_eq!((id.id, id.access_hash, &id.file_reference[..]), (1, 2, &[3][..]));
        assert!(copy.spoiler && message.clear_media().media.is_none());
        assert!(InputMessage::new().copy_media(&MessageMedia::Unsupported).media.is_none());
    }

    #[test]
    fn once_online_is_a_date_of_its_own() {
        let message = InputMessage::text("x").schedule_once_online();
        assert_eq!(message.schedule_date, Some(0x7fff_fffe));
    }
}
