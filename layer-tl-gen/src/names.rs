//! The schema's names in Rust's spelling.

/// Words that only a raw identifier may spell.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// `sentCode` → `SentCode`, `p_q_inner_data` → `PQInnerData`, `AccountDaysTTL` → `AccountDaysTtl`.
pub(crate) fn class(name: &str) -> String {
    let mut class = String::with_capacity(name.len());
    let mut word_starts = true;
    let mut after_capital = false;
    for c in name.chars() {
        if c == '_' {
            word_starts = true;
            continue;
        }
        if word_starts {
            class.push(c.to_ascii_uppercase());
        } else if after_capital {
            class.push(c.to_ascii_lowercase());
        } else {
            class.push(c);
        }
        after_capital = word_starts || c.is_ascii_uppercase();
        word_starts = false;
    }
    class
}

/// The variant of `constructor` in the enum of its type, both as [`class`] spells them.
pub(crate) fn variant(constructor: &str, ty: &str) -> String {
    let stripped = constructor.strip_prefix(ty).unwrap_or(constructor);
    match stripped {
        "" => last_words(constructor, 1),
        "Self" => last_words(constructor, 2),
        whole_words if whole_words.starts_with(|c: char| c.is_ascii_uppercase()) => {
            whole_words.to_owned()
        }
        _ => constructor.to_owned(),
    }
}

/// The last `count` words of a name in which words begin with a capital.
fn last_words(name: &str, count: usize) -> String {
    let starts = name.char_indices().filter(|(_, c)| c.is_ascii_uppercase()).map(|(at, _)| at);
    let start = starts.rev().nth(count - 1).unwrap_or(0);
    name.get(start..).unwrap_or(name).to_owned()
}

/// A field's name: as it is, raw where Rust has the word for itself.
pub(crate) fn field(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "self" => "is_self".to_owned(),
        "super" | "crate" => format!("{lower}_"),
        word if KEYWORDS.contains(&word) => format!("r#{word}"),
        _ => lower,
    }
}

/// A namespace's module.
pub(crate) fn module(namespace: &str) -> String {
    field(namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_camel_case_with_acronyms_as_words() {
        for (name, expected) in [
            ("peerUser", "PeerUser"),
            ("resPQ", "ResPq"),
            ("p_q_inner_data_dc", "PQInnerDataDc"),
            ("server_DH_params_ok", "ServerDhParamsOk"),
            ("AccountDaysTTL", "AccountDaysTtl"),
            ("inputMediaGeoPoint", "InputMediaGeoPoint"),
            ("ipPort", "IpPort"),
        ] {
            assert_eq!(class(name), expected);
        }
    }

    #[test]
    fn variants_lose_the_name_of_their_type() {
        for (constructor, ty, expected) in [
            ("PeerUser", "Peer", "User"),
            ("User", "User", "User"),
            ("SentCode", "SentCode", "Code"),
            ("InputPeerSelf", "InputPeer", "PeerSelf"),
            ("UpdateShort", "Updates", "UpdateShort"),
            ("Photo2", "Photo", "Photo2"),
            ("Sendtype", "Send", "Sendtype"),
        ] {
            assert_eq!(variant(constructor, ty), expected);
        }
    }

    #[test]
    fn fields_that_are_keywords_are_raw() {
        assert_eq!(field("type"), "r#type");
        assert_eq!(field("self"), "is_self");
        assert_eq!(field("Title"), "title");
    }
}
