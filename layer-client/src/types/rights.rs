//! What members of groups and channels may do.

use layer_tl_types::{enums, types};

/// What is taken from a member; [`BanRights::default`] takes nothing.
///
/// ```
/// use layer_client::types::BanRights;
///
/// let for_an_hour = BanRights::mute().until(1_700_003_600);
/// assert_eq!(for_an_hour.raw().until_date, 1_700_003_600);
/// // The field ends in 2038. What lies beyond is for ever, not in the past.
/// assert_eq!(BanRights::ban().until(5_000_000_000).raw().until_date, 0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BanRights(types::ChatBannedRights);

impl BanRights {
    /// Takes nothing; what is taken is said by the other methods.
    pub fn new() -> Self {
        Self(types::ChatBannedRights::new(0))
    }

    /// Takes everything: a banned user is not in the chat and can't come back.
    pub fn ban() -> Self {
        let mut rights = Self::mute();
        rights.0.view_messages = true;
        rights
    }

    /// Takes the right to send anything.
    pub fn mute() -> Self {
        Self::new().send_messages().send_media()
    }

    /// Until this time, in unix seconds. What is past the year 2038 or not after 1970 is for ever,
    /// as is what was never said; so the server takes what is less than 30 seconds or more than 366
    /// days away.
    pub fn until(mut self, unix: i64) -> Self {
        self.0.until_date = i32::try_from(unix).map_or(0, |unix| unix.max(0));
        self
    }

    /// No messages at all.
    pub fn send_messages(mut self) -> Self {
        self.0.send_messages = true;
        self.0.send_plain = true;
        self
    }

    /// No media of any kind.
    pub fn send_media(mut self) -> Self {
        let rights = &mut self.0;
        rights.send_media = true;
        rights.send_photos = true;
        rights.send_videos = true;
        rights.send_roundvideos = true;
        rights.send_audios = true;
        rights.send_voices = true;
        rights.send_docs = true;
        self.send_stickers().send_polls().embed_links()
    }

    /// No stickers, animations, games and inline results.
    pub fn send_stickers(mut self) -> Self {
        let rights = &mut self.0;
        rights.send_stickers = true;
        rights.send_gifs = true;
        rights.send_games = true;
        rights.send_inline = true;
        self
    }

    /// No polls.
    pub fn send_polls(mut self) -> Self {
        self.0.send_polls = true;
        self
    }

    /// No previews of links.
    pub fn embed_links(mut self) -> Self {
        self.0.embed_links = true;
        self
    }

    /// No reactions.
    pub fn send_reactions(mut self) -> Self {
        self.0.send_reactions = true;
        self
    }

    /// No changes to title, photo and the like.
    pub fn change_info(mut self) -> Self {
        self.0.change_info = true;
        self
    }

    /// No inviting of others.
    pub fn invite_users(mut self) -> Self {
        self.0.invite_users = true;
        self
    }

    /// No pinning.
    pub fn pin_messages(mut self) -> Self {
        self.0.pin_messages = true;
        self
    }

    /// No managing of a forum's topics.
    pub fn manage_topics(mut self) -> Self {
        self.0.manage_topics = true;
        self
    }

    /// As Telegram has it.
    pub fn raw(&self) -> &types::ChatBannedRights {
        &self.0
    }
}

impl Default for BanRights {
    fn default() -> Self {
        Self::new()
    }
}

impl From<types::ChatBannedRights> for BanRights {
    fn from(raw: types::ChatBannedRights) -> Self {
        Self(raw)
    }
}

impl From<BanRights> for enums::ChatBannedRights {
    fn from(rights: BanRights) -> Self {
        rights.0.into()
    }
}

/// What an administrator may do; without any of it he is none.
///
/// ```
/// use layer_client::types::AdminRightsBuilder;
///
/// let rights = AdminRightsBuilder::new().delete_messages().pin_messages().rank("Janitor");
/// assert!(rights.raw().delete_messages && !rights.raw().ban_users);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRightsBuilder {
    rights: types::ChatAdminRights,
    pub(crate) rank: Option<String>,
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* pub fn $name(mut self) -> Self { self.rights.$name = true; self })*
    };
}

impl AdminRightsBuilder {
    /// None.
    pub fn new() -> Self {
        Self { rights: types::ChatAdminRights::new(), rank: None }
    }

    /// What is usual: all but naming other administrators and being anonymous.
    pub fn usual() -> Self {
        Self::new()
            .change_info()
            .post_messages()
            .edit_messages()
            .delete_messages()
            .ban_users()
            .invite_users()
            .pin_messages()
            .manage_call()
            .manage_topics()
            .other()
    }

    rights! {
        /// Title, photo and the like.
        change_info;
        /// Writing in a channel.
        post_messages;
        /// Editing what others wrote in a channel.
        edit_messages;
        /// Deleting what others wrote.
        delete_messages;
        /// Banning and muting.
        ban_users;
        /// Inviting.
        invite_users;
        /// Pinning.
        pin_messages;
        /// Naming other administrators.
        add_admins;
        /// Writing as the group.
        anonymous;
        /// Calls and streams.
        manage_call;
        /// What has no name yet; makes an administrator without any other right.
        other;
        /// Topics of a forum.
        manage_topics;
        /// Posting stories.
        post_stories;
        /// Editing stories.
        edit_stories;
        /// Deleting stories.
        delete_stories;
    }

    /// A title beside the name, at most 16 characters.
    pub fn rank(mut self, rank: impl Into<String>) -> Self {
        self.rank = Some(rank.into());
        self
    }

    /// As Telegram has it.
    pub fn raw(&self) -> &types::ChatAdminRights {
        &self.rights
    }

    pub(crate) fn is_none(&self) -> bool {
        self.rights == types::ChatAdminRights::new()
    }
}

impl Default for AdminRightsBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl From<AdminRightsBuilder> for enums::ChatAdminRights {
    fn from(builder: AdminRightsBuilder) -> Self {
        builder.rights.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_does_not_fit_is_for_ever_and_never_wrapped() {
        let until = |unix| BanRights::ban().until(unix).raw().until_date;
        assert_eq!(until(i64::from(i32::MAX)), i32::MAX);
        assert_eq!(until(i64::from(i32::MAX) + 1), 0);
        assert_eq!(until(i64::MAX), 0);
        assert_eq!(until(-5), 0);
        assert_eq!(until(i64::MIN), 0);
    }

    #[test]
    fn a_ban_is_a_mute_that_hides_the_chat() {
        let (ban, mute) = (BanRights::ban(), BanRights::mute());
        assert!(ban.raw().view_messages && ban.raw().send_messages);
        assert!(!mute.raw().view_messages && mute.raw().send_voices && mute.raw().send_plain);
    }
}
