//! Buttons: below a message, and in place of the keyboard.

use layer_tl_types::enums::{ButtonType, InlineButtonType, ReplyMarkup};
use layer_tl_types::{enums, types};

/// Buttons below a message.
///
/// ```
/// use layer_client::types::{Button, InlineKeyboard};
///
/// let keyboard = InlineKeyboard::new()
///     .row([Button::callback("Yes", "yes"), Button::callback("No", "no")])
///     .row([Button::url("Why?", "https://example.com")]);
/// # assert!(matches!(keyboard.into(), layer_client::tl::enums::ReplyMarkup::ReplyInlineMarkup(m) if m.rows.len() == 2));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InlineKeyboard {
    rows: Vec<enums::KeyboardInlineButtonRow>,
}

impl InlineKeyboard {
    /// Without buttons yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another row, below those before.
    pub fn row(mut self, buttons: impl IntoIterator<Item = InlineButton>) -> Self {
        let buttons = buttons.into_iter().map(|button| button.0.into()).collect();
        self.rows.push(types::KeyboardInlineButtonRow { buttons }.into());
        self
    }
}

impl From<InlineKeyboard> for ReplyMarkup {
    fn from(keyboard: InlineKeyboard) -> Self {
        types::ReplyInlineMarkup::new(keyboard.rows).into()
    }
}

/// Buttons in place of the other's keyboard; most of them write their text.
///
/// ```
/// use layer_client::types::{Button, ReplyKeyboard};
///
/// let keyboard = ReplyKeyboard::new()
///     .row([Button::text("Tea"), Button::text("Coffee")])
///     .row([Button::request_phone("Call me")])
///     .resize()
///     .single_use();
/// # assert!(matches!(keyboard.into(), layer_client::tl::enums::ReplyMarkup::ReplyKeyboardMarkup(m) if m.resize));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyKeyboard {
    markup: types::ReplyKeyboardMarkup,
}

impl ReplyKeyboard {
    /// Without buttons yet.
    pub fn new() -> Self {
        Self { markup: types::ReplyKeyboardMarkup::new(Vec::new()) }
    }

    /// Another row, below those before.
    pub fn row(mut self, buttons: impl IntoIterator<Item = ReplyButton>) -> Self {
        let buttons = buttons.into_iter().map(|button| button.0.into()).collect();
        self.markup.rows.push(types::KeyboardButtonRow { buttons }.into());
        self
    }

    /// As low as its buttons allow.
    pub fn resize(mut self) -> Self {
        self.markup.resize = true;
        self
    }

    /// Goes away when a button was pressed.
    pub fn single_use(mut self) -> Self {
        self.markup.single_use = true;
        self
    }

    /// Only for those whom the message mentions or answers.
    pub fn selective(mut self) -> Self {
        self.markup.selective = true;
        self
    }

    /// Stays when the other keyboard is shown.
    pub fn persistent(mut self) -> Self {
        self.markup.persistent = true;
        self
    }

    /// Shown in the field for text while it is empty.
    pub fn placeholder(mut self, text: impl Into<String>) -> Self {
        self.markup.placeholder = Some(text.into());
        self
    }

    /// Takes a keyboard away that was shown before.
    pub fn hide() -> ReplyMarkup {
        types::ReplyKeyboardHide::new().into()
    }

    /// Asks for an answer to the message.
    pub fn force_reply() -> ReplyMarkup {
        types::ReplyKeyboardForceReply::new().into()
    }
}

impl Default for ReplyKeyboard {
    fn default() -> Self {
        Self::new()
    }
}

impl From<ReplyKeyboard> for ReplyMarkup {
    fn from(keyboard: ReplyKeyboard) -> Self {
        keyboard.markup.into()
    }
}

/// A button of an [`InlineKeyboard`]; made by [`Button`].
#[derive(Debug, Clone, PartialEq)]
pub struct InlineButton(types::KeyboardInlineButton);

/// A button of a [`ReplyKeyboard`]; made by [`Button`].
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyButton(types::KeyboardButton);

impl InlineButton {
    /// In this colour, with this icon.
    pub fn style(mut self, style: impl Into<enums::KeyboardButtonStyle>) -> Self {
        self.0.style = Some(style.into());
        self
    }
}

impl ReplyButton {
    /// In this colour, with this icon.
    pub fn style(mut self, style: impl Into<enums::KeyboardButtonStyle>) -> Self {
        self.0.style = Some(style.into());
        self
    }
}

/// Makes buttons, each with the text that it shows. What an inline keyboard takes and what a reply
/// keyboard takes are two types, so that none lands where it does nothing.
#[derive(Debug)]
pub enum Button {}

impl Button {
    /// Tells the bot, with these data of at most 64 bytes.
    pub fn callback(text: impl Into<String>, data: impl Into<Vec<u8>>) -> InlineButton {
        inline(text, types::InlineButtonTypeCallback::new(data.into()))
    }

    /// Opens a link.
    pub fn url(text: impl Into<String>, url: impl Into<String>) -> InlineButton {
        inline(text, types::InlineButtonTypeUrl { url: url.into() })
    }

    /// Opens a link and tells the site who pressed it, once that was allowed. Through this bot, or the
    /// one that sends it.
    pub fn url_auth(
        text: impl Into<String>,
        url: impl Into<String>,
        bot: Option<enums::InputUser>,
    ) -> InlineButton {
        let mut kind = types::InputInlineButtonTypeUrlAuth::new(url.into());
        kind.bot = bot;
        inline(text, kind)
    }

    /// Begins an inline query in the same chat.
    pub fn switch_inline(text: impl Into<String>, query: impl Into<String>) -> InlineButton {
        let mut kind = types::InlineButtonTypeSwitchInline::new(query.into());
        kind.same_peer = true;
        inline(text, kind)
    }

    /// Begins an inline query in a chat that is chosen first.
    pub fn switch_elsewhere(text: impl Into<String>, query: impl Into<String>) -> InlineButton {
        inline(text, types::InlineButtonTypeSwitchInline::new(query.into()))
    }

    /// Opens a web app.
    pub fn webview(text: impl Into<String>, url: impl Into<String>) -> InlineButton {
        inline(text, types::InlineButtonTypeWebView { url: url.into() })
    }

    /// Starts the game of the message. Must be its first button.
    pub fn game(text: impl Into<String>) -> InlineButton {
        inline(text, InlineButtonType::Game)
    }

    /// Pays the invoice of the message. Must be its first button.
    pub fn buy(text: impl Into<String>) -> InlineButton {
        inline(text, InlineButtonType::Buy)
    }

    /// Copies a text.
    pub fn copy_text(text: impl Into<String>, copied: impl Into<String>) -> InlineButton {
        inline(text, types::InlineButtonTypeCopy { copy_text: copied.into() })
    }

    /// Writes its text.
    pub fn text(text: impl Into<String>) -> ReplyButton {
        reply(text, ButtonType::Default)
    }

    /// Sends the other's phone number, once that was allowed.
    pub fn request_phone(text: impl Into<String>) -> ReplyButton {
        reply(text, ButtonType::RequestPhone)
    }

    /// Sends where the other is, once that was allowed.
    pub fn request_geo(text: impl Into<String>) -> ReplyButton {
        reply(text, ButtonType::RequestGeoLocation)
    }

    /// Lets the other make a poll.
    pub fn request_poll(text: impl Into<String>) -> ReplyButton {
        reply(text, types::ButtonTypeRequestPoll::new())
    }

    /// Lets the other make a quiz.
    pub fn request_quiz(text: impl Into<String>) -> ReplyButton {
        let mut kind = types::ButtonTypeRequestPoll::new();
        kind.quiz = Some(true);
        reply(text, kind)
    }

    /// Opens a web app that is told nothing of the chat.
    pub fn simple_webview(text: impl Into<String>, url: impl Into<String>) -> ReplyButton {
        reply(text, types::ButtonTypeSimpleWebView { url: url.into() })
    }
}

fn inline(text: impl Into<String>, kind: impl Into<InlineButtonType>) -> InlineButton {
    InlineButton(types::KeyboardInlineButton::new(text.into(), kind.into()))
}

fn reply(text: impl Into<String>, kind: impl Into<ButtonType>) -> ReplyButton {
    ReplyButton(types::KeyboardButton::new(text.into(), kind.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_buttons_keep_their_order() {
        let keyboard = InlineKeyboard::new()
            .row([Button::callback("a", "1"), Button::url("b", "https://b")])
            .row([Button::switch_inline("c", "q")]);
        let ReplyMarkup::ReplyInlineMarkup(markup) = keyboard.into() else { panic!() };
        let text = |row: &enums::KeyboardInlineButtonRow| {
            let enums::KeyboardInlineButtonRow::Row(row) = row;
            let text = |button: &enums::KeyboardInlineButton| {
                let enums::KeyboardInlineButton::Button(button) = button;
                button.text.clone()
            };
            row.buttons.iter().map(text).collect::<String>()
        };
        assert_eq!(markup.rows.iter().map(text).collect::<Vec<_>>(), ["ab", "c"]);
    }

    #[test]
    fn here_and_elsewhere_and_polls_and_quizzes_are_told_apart() {
        let same = |button: InlineButton| match button.0.r#type {
            InlineButtonType::SwitchInline(kind) => kind.same_peer,
            _ => panic!(),
        };
        assert!(same(Button::switch_inline("", "")) && !same(Button::switch_elsewhere("", "")));
        let quiz = |button: ReplyButton| match button.0.r#type {
            ButtonType::RequestPoll(kind) => kind.quiz,
            _ => panic!(),
        };
        assert_eq!(quiz(Button::request_quiz("")), Some(true));
        assert_eq!(quiz(Button::request_poll("")), None);
    }
}
