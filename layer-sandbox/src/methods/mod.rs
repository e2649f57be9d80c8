//! What answers queries: one file for each family, a function for each method, and here the table of all.
//!
//! A new method is a line in the table and a function in its family's file,
//! `fn(&mut World, &Caller, functions::x::Y) -> Result<answer of Y, RpcError>`. What the line says before
//! the method is who may ask it, as [`Access`] has it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use layer_tl_types::{Cursor, Deserializable, Identifiable, RemoteCall, Serializable, functions};

use crate::World;
use crate::dialect;
use crate::router::{Caller, RpcError};

mod account;
mod auth;
mod bots;
mod channels;
mod contacts;
mod help;
mod langpack;
mod messages;
mod nothing;
mod photos;
mod updates;
mod upload;
mod users;

/// Who may ask a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Also who is not logged in.
    Anyone,
    /// Who is logged in, a person or a bot.
    Both,
    /// People only.
    User,
    /// Bots only.
    Bot,
}

/// A line of the table.
pub(crate) struct Method {
    /// The constructor id of the query.
    pub(crate) id: u32,
    /// As the generated types call it, `help::GetConfig`.
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    /// Reads the query, which begins after its id, runs it, and writes the boxed answer.
    pub(crate) run: fn(&mut World, &Caller, Cursor<'_>) -> Result<Vec<u8>, RpcError>,
}

impl Method {
    /// Whether a data centre answers it that is not the account's own, to who was carried over to it.
    pub(crate) fn is_for_guests(&self) -> bool {
        const FAMILIES: [&str; 5] = ["auth", "help", "langpack", "stats", "upload"];
        // Inline messages lie where their ids say.
        const INLINE: [&str; 3] =
            ["EditInlineBotMessage", "SetInlineGameScore", "GetInlineGameHighScores"];
        let (family, method) = self.name.split_once("::").unwrap_or_default();
        FAMILIES.contains(&family) || INLINE.contains(&method)
    }
}

/// The method of a constructor id, if there is one.
pub(crate) fn find(id: u32) -> Option<&'static Method> {
    static BY_ID: LazyLock<BTreeMap<u32, &'static Method>> =
        LazyLock::new(|| TABLE.iter().map(|method| (method.id, method)).collect());
    BY_ID.get(&id).copied()
}

/// Reads the query, runs its handler and writes the answer, all of the types that belong together.
fn answer<Q: RemoteCall + Deserializable + Identifiable>(
    world: &mut World,
    caller: &Caller,
    mut query: Cursor<'_>,
    handler: fn(&mut World, &Caller, Q) -> Result<Q::Return, RpcError>,
) -> Result<Vec<u8>, RpcError>
where
    Q::Return: Serializable,
{
    let rest = query.remaining();
    let query = Q::deserialize(&mut query).or_else(|_| {
        let asked = [&Q::CONSTRUCTOR_ID.to_le_bytes(), rest].concat();
        let reworded = dialect::reworded(&asked).unwrap_or_default();
        let reworded = reworded.get(4..).unwrap_or_default();
        Q::deserialize(&mut Cursor::new(reworded)).map_err(|_| RpcError::unreadable())
    })?;
    Ok(handler(world, caller, query)?.to_bytes())
}

macro_rules! table {
    ($($access:ident $space:ident::$method:ident => $handler:path,)*) => {
        /// All methods.
        static TABLE: &[Method] = &[$(Method {
            id: functions::$space::$method::CONSTRUCTOR_ID,
            name: concat!(stringify!($space), "::", stringify!($method)),
            access: Access::$access,
            run: |world, caller, query| {
                answer::<functions::$space::$method>(world, caller, query, $handler)
            },
        }),*];
    };
}

table! {
    Anyone account::DeleteAccount => account::phone::delete_account,
    Anyone account::GetPassword => account::password::get_password,
    Anyone account::SendVerifyEmailCode => account::email::send_verify_email_code,
    Anyone account::VerifyEmail => account::email::verify_email,
    User account::CancelPasswordEmail => account::password::cancel_password_email,
    User account::ChangePhone => account::phone::change_phone,
    User account::CheckUsername => account::profile::check_free,
    User account::ConfirmPasswordEmail => account::password::confirm_password_email,
    User account::DeclinePasswordReset => account::password::decline_password_reset,
    User account::GetAccountTtl => account::settings::get_account_ttl,
    User account::GetAllSecureValues => nothing::none,
    User account::GetAuthorizations => account::sessions::get_authorizations,
    User account::GetAutoSaveSettings => nothing::auto_save,
    User account::GetChatThemes => nothing::themes,
    Both account::GetConnectedBots => nothing::connected_bots,
    User account::GetContactSignUpNotification => account::settings::get_contact_sign_up_notification,
    User account::GetContentSettings => account::settings::get_content_settings,
    Both account::GetDefaultBackgroundEmojis => nothing::emoji,
    User account::GetDefaultEmojiStatuses => nothing::emoji_statuses,
    User account::GetDefaultGroupPhotoEmojis => nothing::emoji,
    User account::GetDefaultProfilePhotoEmojis => nothing::emoji,
    User account::GetGlobalPrivacySettings => account::settings::get_global_privacy_settings,
    User account::GetNotifyExceptions => nothing::updates,
    User account::GetNotifySettings => account::settings::get_notify_settings,
    Both account::GetPasskeys => nothing::passkeys,
    User account::GetPasswordSettings => account::password::get_password_settings,
    User account::GetPrivacy => account::settings::get_privacy,
    Both account::GetReactionsNotifySettings => account::settings::get_reactions_notify_settings,
    User account::GetRecentEmojiStatuses => nothing::emoji_statuses,
    User account::GetSavedRingtones => nothing::ringtones,
    User account::GetThemes => nothing::themes,
    User account::GetWallPapers => nothing::wallpapers,
    User account::GetWebAuthorizations => nothing::web_authorizations,
    User account::RegisterDevice => account::settings::register_device,
    User account::ResendPasswordEmail => account::password::resend_password_email,
    User account::ResetAuthorization => account::sessions::reset_authorization,
    User account::ResetNotifySettings => account::settings::reset_notify_settings,
    User account::ResetPassword => account::password::reset_password,
    User account::ResetWebAuthorizations => nothing::yes,
    User account::SendChangePhoneCode => account::phone::send_change_phone_code,
    User account::SetAccountTtl => account::settings::set_account_ttl,
    User account::SetAuthorizationTtl => account::sessions::set_authorization_ttl,
    User account::SetContactSignUpNotification => account::settings::set_contact_sign_up_notification,
    User account::SetContentSettings => account::settings::set_content_settings,
    User account::SetGlobalPrivacySettings => account::settings::set_global_privacy_settings,
    User account::SetPrivacy => account::settings::set_privacy,
    Both account::SetReactionsNotifySettings => account::settings::set_reactions_notify_settings,
    User account::UnregisterDevice => nothing::yes,
    User account::UpdateDeviceLocked => nothing::yes,
    User account::UpdateNotifySettings => account::settings::update_notify_settings,
    User account::UpdatePasswordSettings => account::password::update_password_settings,
    User account::UpdateProfile => account::profile::update_profile,
    User account::UpdateStatus => account::profile::update_status,
    User account::UpdateUsername => account::profile::update_username,

    Anyone auth::CancelCode => auth::code::cancel_code,
    Anyone auth::CheckPaidAuth => auth::code::check_paid_auth,
    Anyone auth::CheckPassword => auth::password::check_password,
    Anyone auth::CheckRecoveryPassword => auth::password::check_recovery_password,
    Anyone auth::ExportLoginToken => auth::qr::export_login_token,
    Anyone auth::ImportAuthorization => auth::session::import_authorization,
    Anyone auth::ImportBotAuthorization => auth::bot::import_bot_authorization,
    Anyone auth::ImportLoginToken => auth::qr::import_login_token,
    Anyone auth::LogOut => auth::session::log_out,
    Anyone auth::RecoverPassword => auth::password::recover_password,
    Anyone auth::ReportMissingCode => auth::code::report_missing_code,
    Anyone auth::RequestPasswordRecovery => auth::password::request_password_recovery,
    Anyone auth::ResendCode => auth::code::resend_code,
    Anyone auth::ResetLoginEmail => auth::code::reset_login_email,
    Anyone auth::SendCode => auth::code::send_code,
    Anyone auth::SignIn => auth::code::sign_in,
    Anyone auth::SignUp => auth::code::sign_up,
    User auth::AcceptLoginToken => auth::qr::accept_login_token,
    Both auth::DropTempAuthKeys => auth::session::drop_temp_auth_keys,
    Both auth::ExportAuthorization => auth::session::export_authorization,
    User auth::ResetAuthorizations => auth::session::reset_authorizations,

    Bot bots::GetBotCommands => bots::get_bot_commands,
    Both bots::GetBotInfo => bots::get_bot_info,
    Bot bots::ResetBotCommands => bots::reset_bot_commands,
    Bot bots::SetBotCommands => bots::set_bot_commands,
    Bot bots::SetBotInfo => bots::set_bot_info,

    User contacts::AcceptContact => contacts::accept_contact,
    User contacts::AddContact => contacts::add_contact,
    User contacts::Block => contacts::block,
    User contacts::DeleteByPhones => contacts::delete_by_phones,
    User contacts::DeleteContacts => contacts::delete_contacts,
    Both contacts::GetBirthdays => nothing::birthdays,
    User contacts::GetBlocked => contacts::get_blocked,
    User contacts::GetContacts => contacts::get_contacts,
    User contacts::GetSaved => nothing::none,
    User contacts::GetStatuses => contacts::get_statuses,
    User contacts::GetTopPeers => contacts::get_top_peers,
    User contacts::ImportContacts => contacts::import_contacts,
    User contacts::ResetSaved => nothing::yes,
    User contacts::ResetTopPeerRating => nothing::yes,
    User contacts::ResolvePhone => contacts::resolve_phone,
    Both contacts::ResolveUsername => contacts::resolve_username,
    User contacts::Search => contacts::search,
    User contacts::ToggleTopPeers => contacts::toggle_top_peers,
    User contacts::Unblock => contacts::unblock,

    Anyone help::GetAppConfig => help::get_app_config,
    Anyone help::GetCdnConfig => help::get_cdn_config,
    Anyone help::GetConfig => help::get_config,
    Anyone help::GetCountriesList => help::get_countries_list,
    Anyone help::GetNearestDc => help::get_nearest_dc,
    User help::AcceptTermsOfService => nothing::yes,
    User help::DismissSuggestion => nothing::yes,
    User help::GetAppUpdate => help::get_app_update,
    User help::GetDeepLinkInfo => help::get_deep_link_info,
    User help::GetInviteText => help::get_invite_text,
    Both help::GetPeerColors => help::get_peer_colors,
    Both help::GetPeerProfileColors => help::get_peer_profile_colors,
    User help::GetPromoData => help::get_promo_data,
    User help::GetSupport => help::get_support,
    User help::GetSupportName => help::get_support_name,
    User help::GetTermsOfServiceUpdate => help::get_terms_of_service_update,
    Both help::GetTimezonesList => help::get_timezones_list,
    User help::GetUserInfo => help::get_user_info,
    User help::HidePromoData => nothing::yes,
    User help::SaveAppLog => nothing::yes,
    Bot help::SetBotUpdatesStatus => nothing::yes,

    Anyone langpack::GetDifference => langpack::get_difference,
    Anyone langpack::GetLangPack => langpack::get_lang_pack,
    Anyone langpack::GetLanguage => langpack::get_language,
    Anyone langpack::GetLanguages => langpack::get_languages,
    Anyone langpack::GetStrings => langpack::get_strings,

    User messages::GetAllStickers => nothing::stickers,
    User messages::GetAttachMenuBots => nothing::menu_bots,
    Both messages::GetAvailableEffects => nothing::effects,
    User messages::GetAvailableReactions => nothing::available_reactions,
    Both messages::GetDefaultHistoryTtl => nothing::history_ttl,
    Both messages::GetDefaultTagReactions => nothing::reactions,
    User messages::GetDialogFilters => nothing::folders,
    Both messages::GetEmojiGroups => nothing::emoji_groups,
    Both messages::GetEmojiStatusGroups => nothing::emoji_groups,
    User messages::GetEmojiStickers => nothing::stickers,
    User messages::GetFavedStickers => nothing::faved_stickers,
    User messages::GetFeaturedEmojiStickers => nothing::featured_stickers,
    User messages::GetFeaturedStickers => nothing::featured_stickers,
    User messages::GetMaskStickers => nothing::stickers,
    Both messages::GetQuickReplies => nothing::quick_replies,
    User messages::GetRecentReactions => nothing::reactions,
    User messages::GetRecentStickers => nothing::recent_stickers,
    User messages::GetSavedGifs => nothing::gifs,
    Both messages::GetSponsoredMessages => nothing::sponsored_messages,
    Both messages::GetStickerSet => nothing::sticker_set,
    User messages::GetSuggestedDialogFilters => nothing::none,
    User messages::GetTopReactions => nothing::reactions,

    User photos::DeletePhotos => photos::delete_photos,
    Both photos::GetUserPhotos => photos::get_user_photos,
    Both photos::UpdateProfilePhoto => photos::update_profile_photo,
    Both photos::UploadProfilePhoto => photos::upload_profile_photo,

    User channels::CheckUsername => channels::check_username,
    User channels::CreateChannel => channels::create_channel,
    User channels::DeleteChannel => channels::delete_channel,
    User channels::DeleteHistory => channels::delete_history,
    Both channels::DeleteMessages => channels::delete_messages,
    User channels::DeleteParticipantHistory => messages::rights::delete_participant_history,
    Both channels::EditAdmin => channels::members::edit_admin,
    Both channels::EditBanned => channels::members::edit_banned,
    Both channels::EditPhoto => channels::edit_photo,
    Both channels::EditTitle => channels::edit_title,
    Both channels::GetChannels => channels::get_channels,
    Both channels::GetFullChannel => channels::get_full_channel,
    Both channels::GetMessages => channels::get_messages,
    Both channels::GetParticipant => channels::members::get_participant,
    Both channels::GetParticipants => channels::members::get_participants,
    User channels::InviteToChannel => channels::members::invite_to_channel,
    User channels::JoinChannel => channels::members::join_channel,
    Both channels::LeaveChannel => channels::members::leave_channel,
    User channels::ReadHistory => channels::read_history,
    User channels::ReadMessageContents => channels::read_message_contents,
    User channels::UpdateUsername => channels::update_username,

    User messages::AddChatUser => messages::groups::add_chat_user,
    User messages::CheckChatInvite => messages::links::check_chat_invite,
    User messages::CreateChat => messages::groups::create_chat,
    User messages::DeleteExportedChatInvite => messages::links::delete_exported_chat_invite,
    User messages::DeleteRevokedExportedChatInvites => messages::links::delete_revoked_exported_chat_invites,
    Both messages::DeleteChatUser => messages::groups::delete_chat_user,
    User messages::DeleteHistory => messages::delete::delete_history,
    Both messages::DeleteMessages => messages::delete::delete_messages,
    User messages::DeleteScheduledMessages => messages::lists::delete_scheduled_messages,
    Both messages::EditChatAbout => messages::rights::edit_chat_about,
    User messages::EditChatAdmin => messages::groups::edit_chat_admin,
    Both messages::EditChatDefaultBannedRights => messages::rights::edit_chat_default_banned_rights,
    Both messages::EditChatPhoto => messages::groups::edit_chat_photo,
    Both messages::EditChatTitle => messages::groups::edit_chat_title,
    Both messages::EditExportedChatInvite => messages::links::edit_exported_chat_invite,
    User messages::GetAdminsWithInvites => messages::links::get_admins_with_invites,
    User messages::GetChatInviteImporters => messages::links::get_chat_invite_importers,
    User messages::GetExportedChatInvite => messages::links::get_exported_chat_invite,
    User messages::GetExportedChatInvites => messages::links::get_exported_chat_invites,
    User messages::HideAllChatJoinRequests => messages::links::hide_all_chat_join_requests,
    Both messages::HideChatJoinRequest => messages::links::hide_chat_join_request,
    Bot messages::EditInlineBotMessage => messages::inline::edit_inline_bot_message,
    Both messages::EditMessage => messages::send::edit_message,
    Both messages::ExportChatInvite => messages::links::export_chat_invite,
    Both messages::ForwardMessages => messages::marks::forward_messages,
    User messages::GetBotCallbackAnswer => messages::callbacks::get_bot_callback_answer,
    Both messages::GetChats => messages::groups::get_chats,
    User messages::GetDialogs => messages::dialogs::get_dialogs,
    Both messages::GetFullChat => messages::groups::get_full_chat,
    User messages::GetHistory => messages::history::get_history,
    User messages::GetInlineBotResults => messages::inline::get_inline_bot_results,
    Both messages::GetMessages => messages::history::get_messages,
    User messages::GetMessageReactionsList => messages::marks::get_message_reactions_list,
    User messages::GetMessagesReactions => messages::marks::get_messages_reactions,
    User messages::GetMessagesViews => messages::marks::get_messages_views,
    User messages::GetPeerDialogs => messages::dialogs::get_peer_dialogs,
    User messages::GetPollResults => messages::polls::get_poll_results,
    User messages::GetPollVotes => messages::polls::get_poll_votes,
    User messages::GetPinnedDialogs => messages::dialogs::get_pinned_dialogs,
    User messages::GetScheduledHistory => messages::lists::get_scheduled_history,
    User messages::GetScheduledMessages => messages::lists::get_scheduled_messages,
    User messages::GetSearchCounters => messages::history::get_search_counters,
    User messages::GetUnreadMentions => messages::read::get_unread_mentions,
    User messages::ImportChatInvite => messages::links::import_chat_invite,
    User messages::MarkDialogUnread => messages::lists::mark_dialog_unread,
    User messages::MigrateChat => messages::groups::migrate_chat,
    User messages::ReadHistory => messages::read::read_history,
    User messages::ReadMentions => messages::read::read_mentions,
    User messages::ReadMessageContents => messages::read::read_message_contents,
    User messages::SaveDraft => messages::lists::save_draft,
    User messages::Search => messages::history::search,
    User messages::SearchGlobal => messages::global::search_global,
    User messages::SendInlineBotResult => messages::inline::send_inline_bot_result,
    Both messages::SendMessage => messages::send::send_message,
    Both messages::SendMedia => messages::media::send_media,
    Both messages::SendMultiMedia => messages::media::send_multi_media,
    User messages::SendReaction => messages::marks::send_reaction,
    User messages::SendVote => messages::polls::send_vote,
    User messages::SendScheduledMessages => messages::lists::send_scheduled_messages,
    Bot messages::SetBotCallbackAnswer => messages::callbacks::set_bot_callback_answer,
    Bot messages::SetInlineBotResults => messages::inline::set_inline_bot_results,
    Both messages::SetTyping => messages::marks::set_typing,
    User messages::StartBot => messages::inline::start_bot,
    User messages::ToggleDialogPin => messages::lists::toggle_dialog_pin,
    Both messages::UnpinAllMessages => messages::marks::unpin_all_messages,
    Both messages::UpdatePinnedMessage => messages::marks::update_pinned_message,
    Both messages::UploadMedia => messages::media::upload_media,

    Both updates::GetChannelDifference => updates::get_channel_difference,
    Both updates::GetDifference => updates::get_difference,
    Both updates::GetState => updates::get_state,

    Anyone upload::GetCdnFile => upload::get_cdn_file,
    Both upload::GetCdnFileHashes => upload::get_cdn_file_hashes,
    Both upload::GetFile => upload::get_file,
    Both upload::GetFileHashes => upload::get_file_hashes,
    Both upload::ReuploadCdnFile => upload::reupload_cdn_file,
    Both upload::SaveBigFilePart => upload::save_big_file_part,
    Both upload::SaveFilePart => upload::save_file_part,

    Both users::GetFullUser => users::get_full_user,
    Both users::GetRequirementsToContact => users::get_requirements_to_contact,
    Both users::GetUsers => users::get_users,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("../../../layer-tl-types/tl/api.tl");
    const ACCESS: &str = include_str!("../../../layer-tl-types/tl/method-access.tsv");

    /// The schema's name of a method.
    fn schema_name(id: u32) -> &'static str {
        let id = format!("#{id:x} ");
        let mut lines = SCHEMA.lines().map(|line| line.replacen("#0", "#", 4));
        let at = lines.position(|line| line.contains(&id)).unwrap();
        SCHEMA.lines().nth(at).unwrap().split('#').next().unwrap()
    }

    #[test]
    fn a_method_is_listed_once_and_lets_in_whom_it_should() {
        for method in TABLE {
            let same = TABLE.iter().filter(|other| other.id == method.id);
            assert_eq!(same.count(), 1, "{}", method.name);
            let name = schema_name(method.id);
            let mut lines = ACCESS.lines().filter_map(|line| line.split_once('\t'));
            let listed = lines.find(|(listed, _)| *listed == name).map(|(_, who)| who);
            let allowed: &[Access] = match listed {
                Some("user") => &[Access::User, Access::Anyone],
                Some("bot") => &[Access::Bot],
                // The list does not have all methods that only bots may ask.
                _ => &[Access::Both, Access::Bot, Access::Anyone],
            };
            assert!(allowed.contains(&method.access), "{name}");
        }
    }
}
