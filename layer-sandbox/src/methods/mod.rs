//! What answers queries: one file for each family, a function for each method, and here the table of all.
//!
//! A new method is a line in the table and a function in its family's file,
//! `fn(&mut World, &Caller, functions::x::Y) -> Result<answer of Y, RpcError>`. What the line says before
//! the method is who may ask it, as [`Access`] has it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use layer_tl_types::{Cursor, Deserializable, Identifiable, RemoteCall, Serializable, functions};

use crate::World;
use crate::router::{Caller, RpcError};

mod account;
mod auth;
mod contacts;
mod help;
mod messages;
mod updates;
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
fn answer<Q: RemoteCall + Deserializable>(
    world: &mut World,
    caller: &Caller,
    mut query: Cursor<'_>,
    handler: fn(&mut World, &Caller, Q) -> Result<Q::Return, RpcError>,
) -> Result<Vec<u8>, RpcError>
where
    Q::Return: Serializable,
{
    let query = Q::deserialize(&mut query).map_err(|_| RpcError::unreadable())?;
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
    Anyone account::GetPassword => account::password::get_password,
    Anyone account::SendVerifyEmailCode => account::email::send_verify_email_code,
    Anyone account::VerifyEmail => account::email::verify_email,
    User account::CancelPasswordEmail => account::password::cancel_password_email,
    User account::ConfirmPasswordEmail => account::password::confirm_password_email,
    User account::DeclinePasswordReset => account::password::decline_password_reset,
    User account::GetAuthorizations => account::sessions::get_authorizations,
    User account::GetPasswordSettings => account::password::get_password_settings,
    User account::ResendPasswordEmail => account::password::resend_password_email,
    User account::ResetAuthorization => account::sessions::reset_authorization,
    User account::ResetPassword => account::password::reset_password,
    User account::SetAuthorizationTtl => account::sessions::set_authorization_ttl,
    User account::UpdatePasswordSettings => account::password::update_password_settings,

    Anyone auth::CancelCode => auth::code::cancel_code,
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

    User contacts::GetContacts => contacts::get_contacts,

    Anyone help::GetConfig => help::get_config,
    Anyone help::GetNearestDc => help::get_nearest_dc,
    Bot help::SetBotUpdatesStatus => help::set_bot_updates_status,

    User messages::DeleteHistory => messages::delete::delete_history,
    Both messages::DeleteMessages => messages::delete::delete_messages,
    Both messages::EditMessage => messages::send::edit_message,
    User messages::GetDialogs => messages::dialogs::get_dialogs,
    User messages::GetHistory => messages::history::get_history,
    Both messages::GetMessages => messages::history::get_messages,
    User messages::GetPeerDialogs => messages::dialogs::get_peer_dialogs,
    User messages::GetPinnedDialogs => messages::dialogs::get_pinned_dialogs,
    User messages::GetUnreadMentions => messages::read::get_unread_mentions,
    User messages::ReadHistory => messages::read::read_history,
    User messages::ReadMentions => messages::read::read_mentions,
    User messages::ReadMessageContents => messages::read::read_message_contents,
    User messages::Search => messages::history::search,
    Both messages::SendMessage => messages::send::send_message,
    Both updates::GetChannelDifference => updates::get_channel_difference,
    Both updates::GetDifference => updates::get_difference,
    Both updates::GetState => updates::get_state,

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
