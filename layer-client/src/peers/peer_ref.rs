//! All the ways in which a user of the library names a peer.

use std::fmt;

use layer_tl_types::enums::{self, InputPeer};
use layer_tl_types::types;

use super::{UnknownPeer, link, seen};
use crate::session::{PeerKey, PeerKind};
use crate::types::Message;

/// A peer as you name it; methods take `impl Into<PeerRef>`.
///
/// | from | means |
/// |---|---|
/// | `"me"`, `"self"` | who is logged in |
/// | `"@name"`, `"name"` | a username |
/// | `"+1 555 0100"` | a phone number; without the `+` it would be an id |
/// | `"https://t.me/name"`, `"t.me/name/12"`, `"tg://resolve?domain=name"` | a username |
/// | `"t.me/c/123/4"` | the channel 123, which must be known |
/// | `i64` and `"-1001234567890"` | an id as the Bot API has it: users positive, groups negative, channels below -1000000000000 |
/// | [`&Message`](Message) | the chat that it stands in |
/// | [`enums::Peer`], [`PeerKey`] | an id with its kind, which must be known |
/// | [`enums::InputPeer`], [`enums::User`], [`enums::Chat`] | what the server said |
///
/// Making one never fails and asks nobody. What can't be read, an invite link for one, is an error
/// of the method that gets it.
///
/// ```
/// use layer_client::PeerRef;
///
/// assert_eq!(PeerRef::from("https://t.me/durov"), PeerRef::from("@durov"));
/// assert_eq!(PeerRef::from("-1000000000005"), PeerRef::from(-1_000_000_000_005));
/// assert_ne!(PeerRef::from("+15550100"), PeerRef::from(15_550_100));
/// ```
#[derive(Clone, PartialEq)]
pub struct PeerRef(Reference);

/// What it comes down to.
#[derive(Clone, PartialEq)]
pub(crate) enum Reference {
    Me,
    /// Without `@`.
    Username(String),
    /// In digits.
    Phone(String),
    Key(PeerKey),
    Input(InputPeer),
    Unknown(UnknownPeer),
}

impl PeerRef {
    pub(crate) fn into_reference(self) -> Reference {
        self.0
    }
}

/// Shows no phone number.
impl fmt::Debug for PeerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reference::Me => f.write_str("PeerRef(me)"),
            Reference::Username(name) => write!(f, "PeerRef(@{name})"),
            Reference::Phone(_) => f.write_str("PeerRef(a phone number)"),
            Reference::Key(key) => write!(f, "PeerRef({:?} {})", key.kind, key.id),
            Reference::Input(peer) => write!(f, "PeerRef({peer:?})"),
            Reference::Unknown(error) => write!(f, "PeerRef({error})"),
        }
    }
}

impl From<&str> for PeerRef {
    fn from(text: &str) -> Self {
        Self(read(text.trim()))
    }
}

impl From<String> for PeerRef {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for PeerRef {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&PeerRef> for PeerRef {
    fn from(peer: &PeerRef) -> Self {
        peer.clone()
    }
}

/// An id as the Bot API has it.
impl From<i64> for PeerRef {
    fn from(id: i64) -> Self {
        Self(of_bot_api(id))
    }
}

impl From<PeerKey> for PeerRef {
    fn from(key: PeerKey) -> Self {
        Self(Reference::Key(key))
    }
}

impl From<&enums::Peer> for PeerRef {
    fn from(peer: &enums::Peer) -> Self {
        seen::key(peer).into()
    }
}

impl From<enums::Peer> for PeerRef {
    fn from(peer: enums::Peer) -> Self {
        seen::key(&peer).into()
    }
}

/// The chat that the message stands in.
impl From<&Message> for PeerRef {
    fn from(message: &Message) -> Self {
        let nowhere = || Self(unreadable("the message is gone, nobody knows from where"));
        message.peer_id().map_or_else(nowhere, Self::from)
    }
}

impl From<InputPeer> for PeerRef {
    fn from(peer: InputPeer) -> Self {
        Self(match peer {
            InputPeer::Empty => unreadable("it is empty"),
            peer => Reference::Input(peer),
        })
    }
}

impl From<&InputPeer> for PeerRef {
    fn from(peer: &InputPeer) -> Self {
        peer.clone().into()
    }
}

impl From<enums::InputUser> for PeerRef {
    fn from(user: enums::InputUser) -> Self {
        match user {
            enums::InputUser::Empty => InputPeer::Empty,
            enums::InputUser::UserSelf => InputPeer::PeerSelf,
            enums::InputUser::User(types::InputUser { user_id, access_hash }) => {
                types::InputPeerUser { user_id, access_hash }.into()
            }
            enums::InputUser::FromMessage(seen) => {
                let types::InputUserFromMessage { peer, msg_id, user_id } = seen;
                types::InputPeerUserFromMessage { peer, msg_id, user_id }.into()
            }
        }
        .into()
    }
}

impl From<enums::InputChannel> for PeerRef {
    fn from(channel: enums::InputChannel) -> Self {
        match channel {
            enums::InputChannel::Empty => InputPeer::Empty,
            enums::InputChannel::Channel(types::InputChannel { channel_id, access_hash }) => {
                types::InputPeerChannel { channel_id, access_hash }.into()
            }
            enums::InputChannel::FromMessage(seen) => {
                let types::InputChannelFromMessage { peer, msg_id, channel_id } = seen;
                types::InputPeerChannelFromMessage { peer, msg_id, channel_id }.into()
            }
        }
        .into()
    }
}

/// By its own access hash if it came in full; otherwise it must be known.
impl From<&enums::User> for PeerRef {
    fn from(user: &enums::User) -> Self {
        let (id, full) = match user {
            enums::User::Empty(user) => (user.id, None),
            enums::User::User(user) if user.is_self => (user.id, Some(InputPeer::PeerSelf)),
            enums::User::User(user) => {
                let hash = user.access_hash.filter(|_| !user.min);
                let full = |access_hash| types::InputPeerUser { user_id: user.id, access_hash };
                (user.id, hash.map(|hash| full(hash).into()))
            }
        };
        let key = PeerKey { kind: PeerKind::User, id };
        full.map_or(key.into(), Self::from)
    }
}

/// By its own access hash if it came in full; otherwise it must be known.
impl From<&enums::Chat> for PeerRef {
    fn from(chat: &enums::Chat) -> Self {
        let (kind, id, hash) = match chat {
            enums::Chat::Empty(chat) => (PeerKind::Chat, chat.id, None),
            enums::Chat::Chat(chat) => (PeerKind::Chat, chat.id, None),
            enums::Chat::Forbidden(chat) => (PeerKind::Chat, chat.id, None),
            enums::Chat::Channel(channel) => {
                let hash = channel.access_hash.filter(|_| !channel.min);
                (PeerKind::Channel, channel.id, hash)
            }
            enums::Chat::ChannelForbidden(channel) => {
                (PeerKind::Channel, channel.id, Some(channel.access_hash))
            }
            enums::Chat::Community(community) => {
                let hash = community.access_hash.filter(|_| !community.min);
                (PeerKind::Channel, community.id, hash)
            }
            enums::Chat::CommunityForbidden(community) => {
                (PeerKind::Channel, community.id, community.access_hash)
            }
        };
        match hash {
            Some(access_hash) => {
                InputPeer::from(types::InputPeerChannel { channel_id: id, access_hash }).into()
            }
            None => PeerKey { kind, id }.into(),
        }
    }
}

fn read(text: &str) -> Reference {
    if text.eq_ignore_ascii_case("me") || text.eq_ignore_ascii_case("self") {
        return Reference::Me;
    }
    if let Some(name) = text.strip_prefix('@') {
        return username(name);
    }
    if let Some(number) = text.strip_prefix('+') {
        return phone(number);
    }
    if let Some(reference) = link::read(text) {
        return reference;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_or_else(|_| unreadable("no id is so long"), of_bot_api);
    }
    username(text)
}

/// Users are positive; groups negative; channels -1000000000000 and the negative of their id, with a
/// gap for the ids of secret chats, which no method takes.
pub(super) fn of_bot_api(id: i64) -> Reference {
    const LARGEST_USER: i64 = (1 << 40) - 1;
    const CHANNELS: i64 = -1_000_000_000_000;
    const SECRET: i64 = -2_000_000_000_000;
    const SMALLEST: i64 = -4_000_000_000_000;
    let secret = (SECRET + i64::from(i32::MIN))..=(SECRET + i64::from(i32::MAX));
    let (kind, id) = match id {
        1..=LARGEST_USER => (PeerKind::User, id),
        id if secret.contains(&id) => return unreadable("it is the id of a secret chat"),
        SMALLEST..CHANNELS => (PeerKind::Channel, CHANNELS - id),
        id if CHANNELS < id && id < 0 => (PeerKind::Chat, -id),
        _ => return unreadable("no peer has such an id"),
    };
    Reference::Key(PeerKey { kind, id })
}

pub(super) fn username(name: &str) -> Reference {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if begins && name.len() <= 32 && name.bytes().all(is_letter) {
        return Reference::Username(name.to_owned());
    }
    unreadable("a username is a latin letter and up to 31 letters, digits and underscores")
}

pub(super) fn phone(number: &str) -> Reference {
    let is_between = |byte: u8| b" -().".contains(&byte);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let is_clean = number.bytes().all(|byte| byte.is_ascii_digit() || is_between(byte));
    if is_clean && (5..=20).contains(&digits.len()) {
        return Reference::Phone(digits);
    }
    unreadable("a phone number is a + and 5 to 20 digits")
}

pub(super) fn unreadable(why: &'static str) -> Reference {
    Reference::Unknown(UnknownPeer::Unreadable(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: PeerKind, id: i64) -> PeerRef {
        PeerKey { kind, id }.into()
    }

    #[test]
    fn me_is_me_in_any_case_and_a_username_only_behind_an_at() {
        assert!(PeerRef::from("me").0 == Reference::Me);
        assert!(PeerRef::from(" Self ").0 == Reference::Me);
        assert!(PeerRef::from("@me").0 == Reference::Username("me".to_owned()));
    }

    #[test]
    fn a_phone_number_is_not_a_user_id() {
        assert!(PeerRef::from("+1 (555) 01-00.7").0 == Reference::Phone("155501007".to_owned()));
        assert_eq!(PeerRef::from("155501007"), key(PeerKind::User, 155_501_007));
        for text in ["+", "+1", "+1234a", "+123456789012345678901", "+-----"] {
            assert!(matches!(PeerRef::from(text).0, Reference::Unknown(_)), "{text}");
        }
        assert!(!format!("{:?}", PeerRef::from("+15550100")).contains("5550"));
    }

    #[test]
    fn ids_are_the_bot_apis() {
        let cases = [
            (1, PeerKind::User, 1),
            (1_099_511_627_775, PeerKind::User, 1_099_511_627_775),
            (-1, PeerKind::Chat, 1),
            (-999_999_999_999, PeerKind::Chat, 999_999_999_999),
            (-1_000_000_000_001, PeerKind::Channel, 1),
            (-1_001_234_567_890, PeerKind::Channel, 1_234_567_890),
            (-1_997_852_516_352, PeerKind::Channel, 997_852_516_352),
            (-2_002_147_483_649, PeerKind::Channel, 1_002_147_483_649),
        ];
        for (id, kind, bare) in cases {
            assert_eq!(PeerRef::from(id), key(kind, bare), "{id}");
            assert_eq!(PeerRef::from(id.to_string()), key(kind, bare), "{id}");
        }
        let none = [0, -1_000_000_000_000, -2_000_000_000_000, 1 << 40, i64::MIN, i64::MAX];
        for id in none {
            assert!(matches!(PeerRef::from(id).0, Reference::Unknown(_)), "{id}");
        }
        let long = PeerRef::from("99999999999999999999999");
        assert!(matches!(long.0, Reference::Unknown(_)));
    }

    #[test]
    fn what_is_no_username_is_refused_without_asking() {
        for text in ["", "@", "@a b", "@1abc", "a-b", "Привет", "@a\u{0}", &"a".repeat(33)] {
            assert!(matches!(PeerRef::from(text).0, Reference::Unknown(_)), "{text:?}");
        }
        assert!(PeerRef::from("gif").0 == Reference::Username("gif".to_owned()));
    }

    #[test]
    fn a_min_object_is_a_key_and_a_full_one_is_named_by_its_hash() {
        let mut user = types::User::new(7);
        user.access_hash = Some(70);
        let full = InputPeer::from(types::InputPeerUser { user_id: 7, access_hash: 70 });
        assert_eq!(PeerRef::from(&enums::User::from(user.clone())), PeerRef::from(full));
        user.min = true;
        assert_eq!(PeerRef::from(&enums::User::from(user)), key(PeerKind::User, 7));
    }
}
