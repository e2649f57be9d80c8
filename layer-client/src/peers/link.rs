//! Links to peers: `t.me/name`, `name.t.me`, `tg://resolve?domain=name` and their like.

use super::UnknownPeer;
use super::peer_ref::{Reference, phone, unreadable, username};
use crate::session::{PeerKey, PeerKind};

/// Where Telegram's links live.
const HOSTS: [&str; 3] = ["t.me", "telegram.me", "telegram.dog"];

/// First parts of a path that are no usernames.
const NO_USERNAMES: [&str; 28] = [
    "addemoji",
    "addlist",
    "addstickers",
    "addstyle",
    "addtheme",
    "auction",
    "bg",
    "boost",
    "call",
    "confirmphone",
    "contact",
    "giftcode",
    "invoice",
    "iv",
    "login",
    "m",
    "msg",
    "newbot",
    "nft",
    "oauth",
    "proxy",
    "setlanguage",
    "share",
    "socks",
    "stars",
    "stargift",
    "w",
    "web",
];

/// What a link leads to; nothing if it is no link at all.
pub(super) fn read(text: &str) -> Option<Reference> {
    if let Some(rest) = strip_prefix(text, "tg:") {
        return Some(of_tg(rest.trim_start_matches('/')));
    }
    let after_scheme = strip_prefix(text, "https://").or_else(|| strip_prefix(text, "http://"));
    let rest = after_scheme.unwrap_or(text);
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = strip_prefix(host, "www.").unwrap_or(host);
    if HOSTS.iter().any(|known| host.eq_ignore_ascii_case(known)) {
        return Some(of_path(path));
    }
    if let Some(at) = host.len().checked_sub(".t.me".len())
        && let Some((name, end)) = host.split_at_checked(at)
        && end.eq_ignore_ascii_case(".t.me")
    {
        return Some(name_in_link(name));
    }
    after_scheme.map(|_| unreadable("it is a link to another site"))
}

/// The hash in an invite link, or the text itself if it is such a hash.
pub(crate) fn invite_hash(text: &str) -> Option<&str> {
    let text = text.trim();
    let hash = if let Some(rest) = strip_prefix(text, "tg:") {
        query_value(rest.split_once('?')?.1, "invite")?
    } else if let Some(at) = text.find("/joinchat/") {
        text.get(at + "/joinchat/".len()..)?
    } else if let Some(at) = text.rfind("/+") {
        text.get(at + "/+".len()..)?
    } else {
        text.strip_prefix('+').unwrap_or(text)
    };
    let hash = hash.split(['/', '?', '#', '&']).next()?;
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (!hash.is_empty() && hash.len() <= 64 && hash.bytes().all(is_letter)).then_some(hash)
}

fn of_tg(rest: &str) -> Reference {
    let (action, query) = rest.split_once('?').unwrap_or((rest, ""));
    let value = |name| query_value(query, name);
    let number = |name| value(name).and_then(|value| value.parse().ok()).filter(|id| *id > 0);
    match action.trim_end_matches('/') {
        "resolve" => match (value("domain"), value("phone")) {
            (Some(name), _) => name_in_link(name),
            (None, Some(number)) => phone(number.trim_start_matches("%2B").trim_start_matches('+')),
            (None, None) => unreadable("the link names nobody"),
        },
        "user" => number("id").map_or(unreadable("the link names nobody"), |id| {
            Reference::Key(PeerKey { kind: PeerKind::User, id })
        }),
        "privatepost" => number("channel").map_or(unreadable("the link names nobody"), channel),
        "join" => Reference::Unknown(UnknownPeer::InviteLink),
        _ => unreadable("the link leads to no peer"),
    }
}

fn of_path(path: &str) -> Reference {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let Some(first) = parts.next() else { return unreadable("the link names nobody") };
    let invited = first.strip_prefix('+').or_else(|| strip_prefix(first, "%2B"));
    if let Some(rest) = invited.or_else(|| strip_prefix(first, "%20")) {
        // Only digits are a phone number, all else invites.
        return match phone(rest) {
            number @ Reference::Phone(_) => number,
            _ => Reference::Unknown(UnknownPeer::InviteLink),
        };
    }
    match first {
        "joinchat" => Reference::Unknown(UnknownPeer::InviteLink),
        "c" => {
            let id = parts.next().and_then(|id| id.parse().ok()).filter(|id| *id > 0);
            id.map_or(unreadable("the link names nobody"), channel)
        }
        "s" => parts.next().map_or(unreadable("the link names nobody"), name_in_link),
        name => name_in_link(name),
    }
}

fn name_in_link(name: &str) -> Reference {
    if NO_USERNAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return unreadable("the link leads to no peer");
    }
    username(name.strip_prefix('@').unwrap_or(name))
}

fn channel(id: i64) -> Reference {
    Reference::Key(PeerKey { kind: PeerKind::Channel, id })
}

fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split(['&', '#'])
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

/// In any case, as schemes and hosts are written.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Option<Reference> {
        Some(Reference::Username(name.to_owned()))
    }

    #[test]
    fn links_to_usernames_are_read_in_all_their_forms() {
        let links = [
            "https://t.me/durov",
            "http://t.me/durov/",
            "HTTPS://T.me/durov?start=x",
            "t.me/durov/123?comment=4",
            "www.telegram.me/durov",
            "telegram.dog/s/durov",
            "https://durov.t.me",
            "durov.t.me/5",
            "tg://resolve?domain=durov",
            "tg:resolve?post=1&domain=durov",
            "https://t.me/@durov#x",
        ];
        for link in links {
            assert!(read(link) == name("durov"), "{link}");
        }
    }

    #[test]
    fn a_private_link_names_its_channel_and_an_invitation_nobody() {
        assert!(read("https://t.me/c/123/4") == Some(channel(123)));
        assert!(read("tg://privatepost?channel=123&post=4") == Some(channel(123)));
        let user = PeerKey { kind: PeerKind::User, id: 9 };
        assert!(read("tg://user?id=9") == Some(Reference::Key(user)));
        for link in ["https://t.me/+AbC-_123", "t.me/joinchat/AbC", "tg://join?invite=AbC"] {
            assert!(read(link) == Some(Reference::Unknown(UnknownPeer::InviteLink)), "{link}");
        }
    }

    #[test]
    fn a_number_behind_a_plus_is_a_phone_number() {
        let number = Some(Reference::Phone("15550100".to_owned()));
        assert!(read("https://t.me/+15550100") == number);
        assert!(read("tg://resolve?phone=15550100") == number);
    }

    #[test]
    fn links_to_anything_else_are_told_apart_from_texts() {
        let links = [
            "https://example.com/durov",
            "https://t.me/",
            "t.me/addstickers/x",
            "tg://settings",
            "tg:",
            "https://t.me/c/x",
            "https://t.me/c/-5",
            "https://web.t.me",
            "https://é.t.me",
            "tg://resolve?domain=",
            "tg://user?id=abc",
            "https://",
        ];
        for link in links {
            assert!(matches!(read(link), Some(Reference::Unknown(_))), "{link}");
        }
        for text in ["durov", "", "t.meow/x", "example.com/durov", "éé.me", "ét.me"] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_hash_of_an_invitation_is_found() {
        let links = [
            "https://t.me/+AbC-_1",
            "t.me/joinchat/AbC-_1?x=1",
            "tg://join?invite=AbC-_1",
            "AbC-_1",
            "+AbC-_1",
            "https://t.me/+AbC-_1/",
        ];
        for link in links {
            assert_eq!(invite_hash(link), Some("AbC-_1"), "{link}");
        }
        for link in ["", "https://t.me/durov", "t.me/+", "tg://join", "a b", "https://t.me/+é"] {
            assert_eq!(invite_hash(link), None, "{link}");
        }
    }
}
