//! Questions whose honest answer is that there is nothing, or that it is done: clients ask many of them
//! right after a login. Each function serves all methods with its answer.

use layer_tl_types::{enums, types};

use crate::World;
use crate::router::{Caller, RpcError};

macro_rules! nothing {
    ($($(#[$doc:meta])* $name:ident: $answer:ty = $value:expr;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name<Q>(_: &mut World, _: &Caller, _: Q) -> Result<$answer, RpcError> {
            Ok($value)
        }
    )*};
}

/// An empty list.
pub(super) fn none<Q, T>(_: &mut World, _: &Caller, _: Q) -> Result<Vec<T>, RpcError> {
    Ok(Vec::new())
}

nothing! {
    /// Done, or taken.
    yes: bool = true;
    /// No bots in the menu.
    menu_bots: enums::AttachMenuBots =
        types::AttachMenuBots { hash: 0, bots: vec![], users: vec![] }.into();
    /// No folders.
    folders: enums::messages::DialogFilters = types::messages::DialogFilters::new(vec![]).into();
    /// No reactions, recent ones or others.
    reactions: enums::messages::Reactions =
        types::messages::Reactions { hash: 0, reactions: vec![] }.into();
    /// No reactions to choose from beyond plain emoji.
    available_reactions: enums::messages::AvailableReactions =
        types::messages::AvailableReactions { hash: 0, reactions: vec![] }.into();
    /// No effects.
    effects: enums::messages::AvailableEffects =
        types::messages::AvailableEffects { hash: 0, effects: vec![], documents: vec![] }.into();
    /// No stickers.
    stickers: enums::messages::AllStickers =
        types::messages::AllStickers { hash: 0, sets: vec![] }.into();
    /// No stickers, featured.
    featured_stickers: enums::messages::FeaturedStickers =
        types::messages::FeaturedStickers::new(0, 0, vec![], vec![]).into();
    /// No stickers, favourite.
    faved_stickers: enums::messages::FavedStickers =
        types::messages::FavedStickers { hash: 0, packs: vec![], stickers: vec![] }.into();
    /// No stickers, recent.
    recent_stickers: enums::messages::RecentStickers =
        types::messages::RecentStickers { hash: 0, packs: vec![], stickers: vec![], dates: vec![] }
            .into();
    /// No animations.
    gifs: enums::messages::SavedGifs =
        types::messages::SavedGifs { hash: 0, gifs: vec![] }.into();
    /// No groups of emoji.
    emoji_groups: enums::messages::EmojiGroups =
        types::messages::EmojiGroups { hash: 0, groups: vec![] }.into();
    /// No emoji.
    emoji: enums::EmojiList = types::EmojiList { hash: 0, document_id: vec![] }.into();
    /// No statuses.
    emoji_statuses: enums::account::EmojiStatuses =
        types::account::EmojiStatuses { hash: 0, statuses: vec![] }.into();
    /// No quick replies.
    quick_replies: enums::messages::QuickReplies = types::messages::QuickReplies {
        quick_replies: vec![],
        messages: vec![],
        chats: vec![],
        users: vec![],
    }
    .into();
    /// No themes.
    themes: enums::account::Themes = types::account::Themes { hash: 0, themes: vec![] }.into();
    /// No wallpapers.
    wallpapers: enums::account::WallPapers =
        types::account::WallPapers { hash: 0, wallpapers: vec![] }.into();
    /// No ringtones.
    ringtones: enums::account::SavedRingtones =
        types::account::SavedRingtones { hash: 0, ringtones: vec![] }.into();
    /// Nobody logged in to a web site.
    web_authorizations: enums::account::WebAuthorizations =
        types::account::WebAuthorizations { authorizations: vec![], users: vec![] }.into();
    /// No passkeys.
    passkeys: enums::account::Passkeys = types::account::Passkeys { passkeys: vec![] }.into();
    /// No business bots.
    connected_bots: enums::account::ConnectedBots =
        types::account::ConnectedBots { connected_bots: vec![], users: vec![] }.into();
    /// Nothing is saved by itself.
    auto_save: enums::account::AutoSaveSettings = {
        let none = || types::AutoSaveSettings::default().into();
        types::account::AutoSaveSettings {
            users_settings: none(),
            chats_settings: none(),
            broadcasts_settings: none(),
            exceptions: vec![],
            chats: vec![],
            users: vec![],
        }
        .into()
    };
    /// Nothing that has happened.
    updates: enums::Updates =
        types::Updates { updates: vec![], users: vec![], chats: vec![], date: 0, seq: 0 }.into();
    /// No birthdays.
    birthdays: enums::contacts::ContactBirthdays =
        types::contacts::ContactBirthdays { contacts: vec![], users: vec![] }.into();
    /// Messages are kept for ever.
    history_ttl: enums::DefaultHistoryTtl = types::DefaultHistoryTtl { period: 0 }.into();
    /// Nothing is advertised.
    sponsored_messages: enums::messages::SponsoredMessages =
        enums::messages::SponsoredMessages::Empty;
}

/// There is no such set of stickers.
pub(super) fn sticker_set<Q>(
    _: &mut World,
    _: &Caller,
    _: Q,
) -> Result<enums::messages::StickerSet, RpcError> {
    Err(RpcError::new(406, "STICKERSET_INVALID"))
}
