//! Which functions may be run twice, should a fault leave open whether the server has run them: those
//! that only read, those by whose `random_id` the server knows them again, and those that do nothing
//! the second time. What spends money or starts something else is run once, whatever it is called.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// What is to be known of a function to call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Empty if the schema does not know it.
    pub(crate) name: &'static str,
    /// Whether it may be sent again by itself.
    pub(crate) may_repeat: bool,
    /// Whether it is about the contents of files.
    pub(crate) is_file: bool,
}

impl Manner {
    /// Of the function with this id. It is looked up once in each thread.
    pub(crate) fn of(function: u32) -> Self {
        thread_local! {
            static KNOWN: RefCell<BTreeMap<u32, Manner>> = const { RefCell::new(BTreeMap::new()) };
        }
        KNOWN.with_borrow_mut(|known| match known.get(&function) {
            Some(manner) => *manner,
            None => {
                let Some(name) = layer_tl_types::name_for_id(function) else {
                    return Self { name: "", may_repeat: false, is_file: false };
                };
                let is_file = name.starts_with("upload.");
                // Not more than the schema has.
                *known.entry(function).or_insert(Self { name, may_repeat: may(name), is_file })
            }
        })
    }
}

/// Whether a function of this name may be sent again by itself.
fn may(name: &str) -> bool {
    if ONCE.iter().any(|(once, _)| *once == name) {
        return false;
    }
    let method = name.rsplit('.').next().unwrap_or(name);
    // As names of the schema go: `getHistory`, not `getaway`.
    let is_verb = |verb: &&&str| {
        let rest = method.strip_prefix(**verb);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    READS.iter().any(|verb| is_verb(&verb))
        || WITH_RANDOM_ID.contains(&name)
        || NOTHING_MORE.iter().any(|(again, _)| *again == name)
}

/// What functions that only read begin with.
const READS: [&str; 5] = ["get", "search", "check", "resolve", "export"];

/// Functions with a `random_id`.
const WITH_RANDOM_ID: [&str; 19] = [
    "ephemeral.sendMessage",
    "messages.createForumTopic",
    "messages.forwardMessages",
    "messages.requestEncryption",
    "messages.sendEncrypted",
    "messages.sendEncryptedFile",
    "messages.sendEncryptedService",
    "messages.sendInlineBotResult",
    "messages.sendMedia",
    "messages.sendMessage",
    // In each of its media.
    "messages.sendMultiMedia",
    "messages.sendQuickReplyMessages",
    "messages.sendScreenshotNotification",
    "messages.sendWebViewData",
    "messages.startBot",
    "phone.createConferenceCall",
    "phone.createGroupCall",
    "phone.requestCall",
    "stories.sendStory",
];

/// Functions that do nothing more when they are run again, and why.
const NOTHING_MORE: [(&str, &str); 17] = [
    ("account.updateStatus", "sets what it names"),
    ("account.registerDevice", "sets what it names"),
    ("auth.cancelCode", "what is cancelled stays so"),
    ("auth.importBotAuthorization", "whoever is logged in stays so"),
    ("channels.readHistory", "what is read stays so"),
    ("channels.readMessageContents", "what is read stays so"),
    ("messages.readDiscussion", "what is read stays so"),
    ("messages.readEncryptedHistory", "what is read stays so"),
    ("messages.readHistory", "the difference tells what the lost answer told"),
    ("messages.receivedMessages", "what is received stays so"),
    ("messages.saveDraft", "sets what it names"),
    ("messages.setEncryptedTyping", "sets what it names"),
    ("messages.setTyping", "sets what it names"),
    ("ping", "has no effect"),
    ("upload.reuploadCdnFile", "what has been brought to a CDN is there"),
    ("upload.saveBigFilePart", "puts the same bytes into the same place"),
    ("upload.saveFilePart", "puts the same bytes into the same place"),
];

/// Functions that look as if they could be repeated, and why they are not.
const ONCE: [(&str, &str); 12] = [
    ("account.getTmpPassword", "its proof of the password is good for once"),
    ("auth.checkPassword", "its proof of the password is good for once"),
    ("auth.checkPaidAuth", "it asks for a payment"),
    ("messages.clickSponsoredMessage", "it is counted"),
    ("messages.getBotCallbackAnswer", "it presses the button: the bot would act twice"),
    ("messages.reportSponsoredMessage", "it is counted"),
    ("messages.sendPaidReaction", "it spends money"),
    ("messages.viewSponsoredMessage", "it is counted"),
    ("payments.sendStarGiftOffer", "it spends money"),
    ("phone.sendGroupCallMessage", "it may spend money"),
    ("stories.startLive", "it may be on the air twice"),
    ("wallet.sendTransfer", "it spends money"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("../../layer-tl-types/tl/api.tl");

    /// The functions' lines, with their names.
    fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
        let functions = SCHEMA.split_once("---functions---").unwrap().1;
        functions.lines().filter_map(|line| Some((line.split_once('#')?.0, line)))
    }

    #[test]
    fn reads_and_what_carries_a_random_id_may_be_repeated_and_the_rest_may_not() {
        for name in
            ["messages.getHistory", "help.getConfig", "messages.sendMessage", "upload.getFile"]
        {
            assert!(may(name), "{name}");
        }
        for name in [
            "auth.sendCode",
            "auth.signIn",
            "messages.getBotCallbackAnswer",
            "messages.editMessage",
            "payments.sendStarsForm",
            "channels.createChannel",
            "getaway.x",
            "",
        ] {
            assert!(!may(name), "{name}");
        }
    }

    #[test]
    fn every_function_with_a_random_id_is_known_and_every_name_is_the_schemas() {
        for (name, line) in functions() {
            let is_known = WITH_RANDOM_ID.contains(&name) || ONCE.iter().any(|(n, _)| *n == name);
            let is_long = line.contains(" random_id:");
            assert!(!is_long || is_known, "{line}");
        }
        let tables = NOTHING_MORE.iter().chain(&ONCE).map(|(name, _)| *name);
        for name in tables.chain(WITH_RANDOM_ID).filter(|name| *name != "ping") {
            assert!(functions().any(|(known, _)| known == name), "{name} is not in the schema");
        }
    }
}
