//! What a message offers to download, and under which name it may lie here.

use layer_client::types::Message;
use layer_client::{Downloadable, FileLocation};

/// A longer name is cut: a folder's entries have 255 bytes, and a download needs some of them.
const LONGEST_NAME: usize = 200;

/// The photo or file of a message.
pub(crate) struct Offered {
    pub(crate) file: FileLocation,
    /// Its name, which leads into no other folder, is not hidden, and harms no terminal.
    pub(crate) name: String,
    pub(crate) mime: String,
    pub(crate) bytes: Option<u64>,
}

impl Offered {
    /// `None` if it has neither.
    pub(crate) fn by(message: &Message) -> Option<Self> {
        if let Some(document) = message.document() {
            let name = document.name().and_then(harmless);
            return Some(Self {
                file: FileLocation::from(&document),
                name: name.unwrap_or_else(|| format!("file_{}", document.id())),
                mime: document.mime_type().to_owned(),
                bytes: document.size(),
            });
        }
        let photo = message.photo()?;
        Some(Self {
            file: FileLocation::from(&photo),
            name: format!("photo_{}.jpg", photo.id()),
            // Whatever was sent, Telegram keeps photos so.
            mime: "image/jpeg".to_owned(),
            bytes: photo.size(),
        })
    }
}

/// The name that somebody gave a file, made fit for any folder; `None` if nothing is left of it.
fn harmless(name: &str) -> Option<String> {
    // Without its folders, of whatever system they are.
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_odd = |char: char| {
        let turns = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || char.is_control() || "<>:\"|?*".contains(char)
    };
    let name: String = last.chars().map(|char| if is_odd(char) { '_' } else { char }).collect();
    let name = name.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    Some(cut(name)).filter(|name| !name.is_empty())
}

/// The name, no longer than it may be, with its ending.
fn cut(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let (stem, ending) = match name.rfind('.') {
        Some(dot) if name.len() - dot <= 20 => name.split_at(dot),
        _ => (name, ""),
    };
    let end = stem.floor_char_boundary(LONGEST_NAME - ending.len());
    format!("{}{ending}", stem.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else_and_hides_nothing() {
        for (name, expected) in [
            ("bread.txt", Some("bread.txt")),
            ("Брот 🍞.tar.gz", Some("Брот 🍞.tar.gz")),
            ("../../.ssh/authorized_keys", Some("authorized_keys")),
            ("C:\\Windows\\a.exe", Some("a.exe")),
            (".bashrc", Some("bashrc")),
            ("a\n\u{1b}[2J\u{202e}txt.exe", Some("a__[2J_txt.exe")),
            ("con:aux?.txt. ", Some("con_aux_.txt")),
            ("-", Some("-")),
            ("..", None),
            ("a/", None),
            ("", None),
        ] {
            assert_eq!(harmless(name).as_deref(), expected, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_ending() {
        let long = harmless(&format!("{}.flac", "é".repeat(300))).unwrap();
        assert!(long.len() <= LONGEST_NAME && long.ends_with("é.flac"), "{long}");
        let endless = harmless(&format!("a.{}", "b".repeat(300))).unwrap();
        assert_eq!(endless.len(), LONGEST_NAME);
    }
}
