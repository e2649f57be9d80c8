//! Settings of an account: kept, told to the user's other sessions, and given back.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Preferences;

/// So many users and chats are named in the rules of one thing.
const MOST_NAMED: usize = 1000;

/// `account.getNotifySettings`.
pub(crate) fn get_notify_settings(
    world: &mut World,
    caller: &Caller,
    query: functions::account::GetNotifySettings,
) -> Result<enums::PeerNotifySettings, RpcError> {
    let user = caller.user()?;
    let peer = notify_peer(world, user, &query.peer)?;
    let settings = read(world, user, |preferences| preferences.notify(&peer));
    Ok(enums::PeerNotifySettings::Settings(Box::new(settings)))
}

/// `account.updateNotifySettings`: what is given of it.
pub(crate) fn update_notify_settings(
    world: &mut World,
    caller: &Caller,
    query: functions::account::UpdateNotifySettings,
) -> Result<bool, RpcError> {
    let user = caller.user()?;
    let peer = notify_peer(world, user, &query.peer)?;
    let enums::InputPeerNotifySettings::Settings(new) = query.settings;
    let settings = write(world, user, |preferences| preferences.set_notify(&peer, new))?;
    let notify_settings = enums::PeerNotifySettings::Settings(Box::new(settings));
    let update = types::UpdateNotifySettings { peer, notify_settings };
    world.notify(user, update.into(), caller.now.unix());
    Ok(true)
}

/// `account.resetNotifySettings`.
pub(crate) fn reset_notify_settings(
    world: &mut World,
    caller: &Caller,
    _: functions::account::ResetNotifySettings,
) -> Result<bool, RpcError> {
    write(world, caller.user()?, Preferences::reset_notify)?;
    Ok(true)
}

/// `account.getPrivacy`.
pub(crate) fn get_privacy(
    world: &mut World,
    caller: &Caller,
    query: functions::account::GetPrivacy,
) -> Result<enums::account::PrivacyRules, RpcError> {
    let (user, key) = (caller.user()?, privacy_key(&query.key));
    let rules = read(world, user, |preferences| preferences.privacy(&key));
    Ok(rules_and_users(world, user, rules))
}

/// `account.setPrivacy`.
pub(crate) fn set_privacy(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SetPrivacy,
) -> Result<enums::account::PrivacyRules, RpcError> {
    let (user, key) = (caller.user()?, privacy_key(&query.key));
    if query.rules.is_empty() {
        return Err(RpcError::new(400, "PRIVACY_VALUE_INVALID"));
    }
    let named = |rule: &enums::InputPrivacyRule| match rule {
        enums::InputPrivacyRule::InputPrivacyValueAllowUsers(rule) => rule.users.len(),
        enums::InputPrivacyRule::InputPrivacyValueDisallowUsers(rule) => rule.users.len(),
        enums::InputPrivacyRule::InputPrivacyValueAllowChatParticipants(rule) => rule.chats.len(),
        enums::InputPrivacyRule::InputPrivacyValueDisallowChatParticipants(rule) => {
            rule.chats.len()
        }
        _ => 1,
    };
    if query.rules.iter().map(named).sum::<usize>() > MOST_NAMED {
        return Err(RpcError::new(400, "PRIVACY_TOO_LONG"));
    }
    let rules: Result<Vec<_>, _> =
        query.rules.iter().map(|rule| privacy_rule(world, user, rule)).collect();
    let rules = rules?;
    write(world, user, |preferences| preferences.set_privacy(&key, rules.clone()))?;
    let update = types::UpdatePrivacy { key, rules: rules.clone() };
    world.notify(user, update.into(), caller.now.unix());
    Ok(rules_and_users(world, user, rules))
}

/// `account.getGlobalPrivacySettings`.
pub(crate) fn get_global_privacy_settings(
    world: &mut World,
    caller: &Caller,
    _: functions::account::GetGlobalPrivacySettings,
) -> Result<enums::GlobalPrivacySettings, RpcError> {
    Ok(read(world, caller.user()?, |preferences| preferences.global.clone()).into())
}

/// `account.setGlobalPrivacySettings`.
pub(crate) fn set_global_privacy_settings(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SetGlobalPrivacySettings,
) -> Result<enums::GlobalPrivacySettings, RpcError> {
    let enums::GlobalPrivacySettings::Settings(new) = query.settings;
    write(world, caller.user()?, |preferences| preferences.global = new.clone())?;
    Ok(new.into())
}

/// `account.getReactionsNotifySettings`.
pub(crate) fn get_reactions_notify_settings(
    world: &mut World,
    caller: &Caller,
    _: functions::account::GetReactionsNotifySettings,
) -> Result<enums::ReactionsNotifySettings, RpcError> {
    Ok(read(world, caller.user()?, |preferences| preferences.reactions.clone()).into())
}

/// `account.setReactionsNotifySettings`.
pub(crate) fn set_reactions_notify_settings(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SetReactionsNotifySettings,
) -> Result<enums::ReactionsNotifySettings, RpcError> {
    let enums::ReactionsNotifySettings::Settings(new) = query.settings;
    write(world, caller.user()?, |preferences| preferences.reactions = new.clone())?;
    Ok(new.into())
}

/// `account.getContentSettings`.
pub(crate) fn get_content_settings(
    world: &mut World,
    caller: &Caller,
    _: functions::account::GetContentSettings,
) -> Result<enums::account::ContentSettings, RpcError> {
    let sensitive_enabled = read(world, caller.user()?, |preferences| preferences.sensitive);
    Ok(types::account::ContentSettings { sensitive_enabled, sensitive_can_change: true }.into())
}

/// `account.setContentSettings`.
pub(crate) fn set_content_settings(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SetContentSettings,
) -> Result<bool, RpcError> {
    let sensitive = query.sensitive_enabled;
    write(world, caller.user()?, |preferences| preferences.sensitive = sensitive)?;
    Ok(true)
}

/// `account.getAccountTTL`.
pub(crate) fn get_account_ttl(
    world: &mut World,
    caller: &Caller,
    _: functions::account::GetAccountTtl,
) -> Result<enums::AccountDaysTtl, RpcError> {
    let days = read(world, caller.user()?, |preferences| preferences.ttl_days);
    Ok(types::AccountDaysTtl { days }.into())
}

/// `account.setAccountTTL`.
pub(crate) fn set_account_ttl(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SetAccountTtl,
) -> Result<bool, RpcError> {
    let enums::AccountDaysTtl::Ttl(types::AccountDaysTtl { days }) = query.ttl;
    if !(30..=730).contains(&days) {
        return Err(RpcError::new(400, "TTL_DAYS_INVALID"));
    }
    write(world, caller.user()?, |preferences| preferences.ttl_days = days)?;
    Ok(true)
}

/// `account.getContactSignUpNotification`: whether the user is not told of contacts who join.
pub(crate) fn get_contact_sign_up_notification(
    world: &mut World,
    caller: &Caller,
    _: functions::account::GetContactSignUpNotification,
) -> Result<bool, RpcError> {
    Ok(read(world, caller.user()?, |preferences| preferences.sign_up_silent))
}

/// `account.setContactSignUpNotification`.
pub(crate) fn set_contact_sign_up_notification(
    world: &mut World,
    caller: &Caller,
    query: functions::account::SetContactSignUpNotification,
) -> Result<bool, RpcError> {
    write(world, caller.user()?, |preferences| preferences.sign_up_silent = query.silent)?;
    Ok(true)
}

/// `account.registerDevice`: no notification is ever sent there.
pub(crate) fn register_device(
    _: &mut World,
    _: &Caller,
    query: functions::account::RegisterDevice,
) -> Result<bool, RpcError> {
    if query.token.is_empty() {
        return Err(RpcError::new(400, "TOKEN_EMPTY"));
    }
    if !(1..=13).contains(&query.token_type) {
        return Err(RpcError::new(400, "TOKEN_TYPE_INVALID"));
    }
    Ok(true)
}

/// What a user has chosen.
fn read<T>(world: &World, user: i64, of: impl FnOnce(&Preferences) -> T) -> T {
    match world.accounts.get(user) {
        Some(user) => of(&user.preferences),
        None => of(&Preferences::default()),
    }
}

fn write<T>(
    world: &mut World,
    user: i64,
    change: impl FnOnce(&mut Preferences) -> T,
) -> Result<T, RpcError> {
    let user = world.accounts.get_mut(user);
    let user = user.ok_or_else(|| RpcError::new(400, "USER_ID_INVALID"))?;
    Ok(change(&mut user.preferences))
}

fn rules_and_users(
    world: &World,
    viewer: i64,
    rules: Vec<enums::PrivacyRule>,
) -> enums::account::PrivacyRules {
    let named = rules.iter().flat_map(|rule| match rule {
        enums::PrivacyRule::PrivacyValueAllowUsers(rule) => rule.users.as_slice(),
        enums::PrivacyRule::PrivacyValueDisallowUsers(rule) => rule.users.as_slice(),
        _ => &[],
    });
    let users = world.users(viewer, named.copied());
    types::account::PrivacyRules { rules, chats: Vec::new(), users }.into()
}

/// For what settings are asked, as answers have it. Chats are named by their ids alone.
fn notify_peer(
    world: &World,
    viewer: i64,
    peer: &enums::InputNotifyPeer,
) -> Result<enums::NotifyPeer, RpcError> {
    use enums::InputNotifyPeer as In;
    Ok(match peer {
        In::Peer(peer) => {
            let peer = plain_peer(world, viewer, &peer.peer)?;
            types::NotifyPeer { peer }.into()
        }
        In::InputNotifyUsers => enums::NotifyPeer::NotifyUsers,
        In::InputNotifyChats => enums::NotifyPeer::NotifyChats,
        In::InputNotifyBroadcasts => enums::NotifyPeer::NotifyBroadcasts,
        In::InputNotifyForumTopic(topic) => {
            let (peer, top_msg_id) = (plain_peer(world, viewer, &topic.peer)?, topic.top_msg_id);
            types::NotifyForumTopic { peer, top_msg_id }.into()
        }
        In::InputNotifyCommunity(_) => return Err(RpcError::new(400, "PEER_ID_INVALID")),
    })
}

fn plain_peer(
    world: &World,
    viewer: i64,
    peer: &enums::InputPeer,
) -> Result<enums::Peer, RpcError> {
    Ok(match peer {
        enums::InputPeer::Chat(chat) => types::PeerChat { chat_id: chat.chat_id }.into(),
        enums::InputPeer::Channel(channel) => {
            types::PeerChannel { channel_id: channel.channel_id }.into()
        }
        enums::InputPeer::ChannelFromMessage(channel) => {
            types::PeerChannel { channel_id: channel.channel_id }.into()
        }
        _ => types::PeerUser { user_id: world.user_of_peer(viewer, peer)? }.into(),
    })
}

fn privacy_key(key: &enums::InputPrivacyKey) -> enums::PrivacyKey {
    macro_rules! same {
        ($($name:ident)*) => {
            match key { $(enums::InputPrivacyKey::$name => enums::PrivacyKey::$name,)* }
        };
    }
    same!(
        StatusTimestamp ChatInvite PhoneCall PhoneP2P Forwards ProfilePhoto PhoneNumber AddedByPhone
        VoiceMessages About Birthday StarGiftsAutoSave NoPaidMessages SavedMusic
    )
}

fn privacy_rule(
    world: &World,
    viewer: i64,
    rule: &enums::InputPrivacyRule,
) -> Result<enums::PrivacyRule, RpcError> {
    use enums::{InputPrivacyRule as In, PrivacyRule as Out};
    let ids = |users: &[enums::InputUser]| -> Result<Vec<i64>, RpcError> {
        users.iter().map(|user| world.user_id(viewer, user)).collect()
    };
    Ok(match rule {
        In::InputPrivacyValueAllowContacts => Out::PrivacyValueAllowContacts,
        In::InputPrivacyValueAllowAll => Out::PrivacyValueAllowAll,
        In::InputPrivacyValueAllowUsers(rule) => {
            types::PrivacyValueAllowUsers { users: ids(&rule.users)? }.into()
        }
        In::InputPrivacyValueDisallowContacts => Out::PrivacyValueDisallowContacts,
        In::InputPrivacyValueDisallowAll => Out::PrivacyValueDisallowAll,
        In::InputPrivacyValueDisallowUsers(rule) => {
            types::PrivacyValueDisallowUsers { users: ids(&rule.users)? }.into()
        }
        In::InputPrivacyValueAllowChatParticipants(rule) => {
            types::PrivacyValueAllowChatParticipants { chats: rule.chats.clone() }.into()
        }
        In::InputPrivacyValueDisallowChatParticipants(rule) => {
            types::PrivacyValueDisallowChatParticipants { chats: rule.chats.clone() }.into()
        }
        In::InputPrivacyValueAllowCloseFriends => Out::PrivacyValueAllowCloseFriends,
        In::InputPrivacyValueAllowPremium => Out::PrivacyValueAllowPremium,
        In::InputPrivacyValueAllowBots => Out::PrivacyValueAllowBots,
        In::InputPrivacyValueDisallowBots => Out::PrivacyValueDisallowBots,
    })
}
