//! What a user has chosen: notifications, privacy and other settings. The sandbox keeps them; those on
//! who sees the number, and when the user was online, it heeds.

use std::collections::BTreeMap;

use layer_tl_types::{Serializable, enums, types};

/// So many exceptions a user may make; more are not kept.
const MOST: usize = 1000;

/// The settings of a user.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Preferences {
    /// By the bytes of what they are for.
    #[serde(with = "crate::world::kept::tl_map")]
    notify: BTreeMap<Vec<u8>, types::PeerNotifySettings>,
    #[serde(with = "crate::world::kept::tl_map")]
    privacy: BTreeMap<Vec<u8>, Vec<enums::PrivacyRule>>,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) global: types::GlobalPrivacySettings,
    #[serde(with = "crate::world::kept::tl")]
    pub(crate) reactions: types::ReactionsNotifySettings,
    pub(crate) sensitive: bool,
    /// After so many days of silence the account would be deleted.
    pub(crate) ttl_days: i32,
    pub(crate) sign_up_silent: bool,
    pub(crate) top_peers_off: bool,
}

/// Who wants to see something of a user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewer {
    pub(crate) id: i64,
    /// The user has it among its contacts.
    pub(crate) is_contact: bool,
    pub(crate) is_bot: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        let sound = enums::NotificationSound::Default;
        Self {
            notify: BTreeMap::new(),
            privacy: BTreeMap::new(),
            global: types::GlobalPrivacySettings::default(),
            reactions: types::ReactionsNotifySettings::new(sound, true),
            sensitive: false,
            ttl_days: 365,
            sign_up_silent: false,
            top_peers_off: false,
        }
    }
}

impl Preferences {
    /// How the user is told of news from a peer or a kind of peers.
    pub(crate) fn notify(&self, peer: &enums::NotifyPeer) -> types::PeerNotifySettings {
        self.notify.get(&peer.to_bytes()).cloned().unwrap_or_default()
    }

    /// Changes what is given of it, and returns how it is then.
    pub(crate) fn set_notify(
        &mut self,
        peer: &enums::NotifyPeer,
        new: types::InputPeerNotifySettings,
    ) -> types::PeerNotifySettings {
        let mut known = self.notify(peer);
        let keep = |new: Option<bool>, old: &mut Option<bool>| *old = new.or(*old);
        keep(new.show_previews, &mut known.show_previews);
        keep(new.silent, &mut known.silent);
        keep(new.stories_muted, &mut known.stories_muted);
        keep(new.stories_hide_sender, &mut known.stories_hide_sender);
        known.mute_until = new.mute_until.or(known.mute_until);
        if let Some(sound) = new.sound {
            for old in [&mut known.ios_sound, &mut known.android_sound, &mut known.other_sound] {
                *old = Some(sound.clone());
            }
        }
        let key = peer.to_bytes();
        if self.notify.len() < MOST || self.notify.contains_key(&key) {
            self.notify.insert(key, known.clone());
        }
        known
    }

    /// Forgets all that was said about notifications.
    pub(crate) fn reset_notify(&mut self) {
        self.notify.clear();
    }

    /// Who may see or do something. As long as nothing else is said, contacts see the number, and
    /// everybody all else.
    pub(crate) fn privacy(&self, key: &enums::PrivacyKey) -> Vec<enums::PrivacyRule> {
        let usual = || match key {
            enums::PrivacyKey::PhoneNumber => vec![
                enums::PrivacyRule::PrivacyValueAllowContacts,
                enums::PrivacyRule::PrivacyValueDisallowAll,
            ],
            _ => vec![enums::PrivacyRule::PrivacyValueAllowAll],
        };
        self.privacy.get(&key.to_bytes()).cloned().unwrap_or_else(usual)
    }

    /// Whether somebody may see something; the first rule that speaks of them decides.
    pub(crate) fn lets_see(&self, key: &enums::PrivacyKey, viewer: Viewer) -> bool {
        use enums::PrivacyRule as Rule;
        let says = |rule: &Rule| match rule {
            Rule::PrivacyValueAllowAll => Some(true),
            Rule::PrivacyValueDisallowAll => Some(false),
            Rule::PrivacyValueAllowContacts => viewer.is_contact.then_some(true),
            Rule::PrivacyValueDisallowContacts => viewer.is_contact.then_some(false),
            Rule::PrivacyValueAllowUsers(rule) => rule.users.contains(&viewer.id).then_some(true),
            Rule::PrivacyValueDisallowUsers(rule) => {
                rule.users.contains(&viewer.id).then_some(false)
            }
            Rule::PrivacyValueAllowBots => viewer.is_bot.then_some(true),
            Rule::PrivacyValueDisallowBots => viewer.is_bot.then_some(false),
            // Nobody is a close friend or pays, and who is in which chat is not looked at.
            Rule::PrivacyValueAllowCloseFriends
            | Rule::PrivacyValueAllowPremium
            | Rule::PrivacyValueAllowChatParticipants(_)
            | Rule::PrivacyValueDisallowChatParticipants(_) => None,
        };
        self.privacy(key).iter().find_map(says).unwrap_or(false)
    }

    /// Says who may see or do something.
    pub(crate) fn set_privacy(&mut self, key: &enums::PrivacyKey, rules: Vec<enums::PrivacyRule>) {
        self.privacy.insert(key.to_bytes(), rules);
    }
}
