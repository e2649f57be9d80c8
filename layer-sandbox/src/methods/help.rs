//! `help.*`: what a client asks before anything else.
//!
//! Clients of older layers get the same: `config`, `dcOption` and `nearestDc` have had one constructor from
//! layer 224 to 230, which a test compares with the schemas.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::TELEGRAM;

/// Test data centres are named by their id and this.
const TEST: i32 = 10_000;

/// How long clients may keep a config, in seconds.
const CONFIG_LIFE: i32 = 3600;

/// Hashes by which clients tell what they have.
const APP_CONFIG: i32 = 1;
const PEER_COLORS: i32 = 2;
const COUNTRIES: i32 = 3;
const TIMEZONES: i32 = 4;

/// What clients read in the app's config.
const LIMITS: [(&str, f64); 6] = [
    ("about_length_limit_default", 70.0),
    ("caption_length_limit_default", 1024.0),
    ("channels_limit_default", 500.0),
    ("dialogs_pinned_limit_default", 5.0),
    ("dialogs_folder_pinned_limit_default", 100.0),
    ("reactions_user_max_default", 1.0),
];

/// `help.getConfig`: where the data centres are, and limits.
pub(super) fn get_config(
    world: &mut World,
    caller: &Caller,
    _: functions::help::GetConfig,
) -> Result<enums::Config, RpcError> {
    let date = caller.now.unix() as i32;
    let (this_dc, test_mode) = split_dc(caller.dc);
    let mut dcs = world.settings.dcs();
    dcs.extend(world.settings.cdn.as_ref().map(|cdn| cdn.dc));
    if !dcs.contains(&this_dc) {
        dcs.push(this_dc);
    }
    let config = types::Config {
        default_p2p_contacts: true,
        revoke_pm_inbox: true,
        date,
        expires: date.saturating_add(CONFIG_LIFE),
        test_mode,
        this_dc,
        dc_options: dcs.into_iter().map(|dc| dc_option(world, dc)).collect(),
        // There is none to fall back upon: a client of a sandbox shall stay in it.
        dc_txt_domain_name: String::new(),
        chat_size_max: 200,
        megagroup_size_max: 200_000,
        forwarded_count_max: 100,
        online_update_period_ms: 210_000,
        offline_blur_timeout_ms: 5_000,
        offline_idle_timeout_ms: 30_000,
        online_cloud_timeout_ms: 300_000,
        notify_cloud_delay_ms: 30_000,
        notify_default_delay_ms: 1_500,
        push_chat_period_ms: 60_000,
        push_chat_limit: 2,
        edit_time_limit: 172_800,
        revoke_time_limit: i32::MAX,
        revoke_pm_time_limit: i32::MAX,
        rating_e_decay: 2_419_200,
        stickers_recent_limit: 200,
        channels_read_media_period: 604_800,
        call_receive_timeout_ms: 20_000,
        call_ring_timeout_ms: 90_000,
        call_connect_timeout_ms: 30_000,
        call_packet_timeout_ms: 10_000,
        me_url_prefix: "https://t.me/".into(),
        caption_length_max: 1024,
        message_length_max: 4096,
        webfile_dc_id: 4,
        preload_featured_stickers: false,
        blocked_mode: false,
        force_try_ipv6: false,
        tmp_sessions: None,
        autoupdate_url_prefix: None,
        gif_search_username: Some("gif".into()),
        venue_search_username: Some("foursquare".into()),
        img_search_username: Some("bing".into()),
        static_maps_provider: Some("telegram".into()),
        suggested_lang_code: None,
        lang_pack_version: None,
        base_lang_pack_version: None,
        reactions_default: None,
        autologin_token: None,
    };
    Ok(config.into())
}

/// `help.getNearestDc`: the one that was dialled.
pub(super) fn get_nearest_dc(
    _: &mut World,
    caller: &Caller,
    _: functions::help::GetNearestDc,
) -> Result<enums::NearestDc, RpcError> {
    let (this_dc, _) = split_dc(caller.dc);
    let country = "ZZ".into();
    Ok(types::NearestDc { country, this_dc, nearest_dc: this_dc }.into())
}

/// `help.getAppConfig`: limits and such, unless the client has them.
pub(super) fn get_app_config(
    _: &mut World,
    _: &Caller,
    query: functions::help::GetAppConfig,
) -> Result<enums::help::AppConfig, RpcError> {
    if query.hash == APP_CONFIG {
        return Ok(enums::help::AppConfig::NotModified);
    }
    let value = |(key, value): &(&str, f64)| {
        let value = types::JsonNumber { value: *value }.into();
        types::JsonObjectValue { key: (*key).into(), value }.into()
    };
    let config = types::JsonObject { value: LIMITS.iter().map(value).collect() }.into();
    Ok(types::help::AppConfig { hash: APP_CONFIG, config }.into())
}

/// `help.getTermsOfServiceUpdate`: they stay as they are.
pub(super) fn get_terms_of_service_update(
    _: &mut World,
    caller: &Caller,
    _: functions::help::GetTermsOfServiceUpdate,
) -> Result<enums::help::TermsOfServiceUpdate, RpcError> {
    Ok(types::help::TermsOfServiceUpdateEmpty { expires: in_an_hour(caller) }.into())
}

/// `help.getPromoData`: nothing is promoted.
pub(super) fn get_promo_data(
    _: &mut World,
    caller: &Caller,
    _: functions::help::GetPromoData,
) -> Result<enums::help::PromoData, RpcError> {
    Ok(types::help::PromoDataEmpty { expires: in_an_hour(caller) }.into())
}

/// `help.getPeerColors`: those that every client knows, by their numbers.
pub(super) fn get_peer_colors(
    _: &mut World,
    _: &Caller,
    query: functions::help::GetPeerColors,
) -> Result<enums::help::PeerColors, RpcError> {
    Ok(peer_colors(query.hash))
}

/// `help.getPeerProfileColors`: the same.
pub(super) fn get_peer_profile_colors(
    _: &mut World,
    _: &Caller,
    query: functions::help::GetPeerProfileColors,
) -> Result<enums::help::PeerColors, RpcError> {
    Ok(peer_colors(query.hash))
}

fn peer_colors(hash: i32) -> enums::help::PeerColors {
    if hash == PEER_COLORS {
        return enums::help::PeerColors::NotModified;
    }
    let color = |id| types::help::PeerColorOption::new(id).into();
    types::help::PeerColors { hash: PEER_COLORS, colors: (0..7).map(color).collect() }.into()
}

/// `help.getCountriesList`: one, whose numbers tests have.
pub(super) fn get_countries_list(
    _: &mut World,
    _: &Caller,
    query: functions::help::GetCountriesList,
) -> Result<enums::help::CountriesList, RpcError> {
    if query.hash == COUNTRIES {
        return Ok(enums::help::CountriesList::NotModified);
    }
    let codes = vec![types::help::CountryCode::new("999".into()).into()];
    let country = types::help::Country::new("XX".into(), "Sandbox".into(), codes);
    Ok(types::help::CountriesList { countries: vec![country.into()], hash: COUNTRIES }.into())
}

/// `help.getTimezonesList`: the one that needs no list.
pub(super) fn get_timezones_list(
    _: &mut World,
    _: &Caller,
    query: functions::help::GetTimezonesList,
) -> Result<enums::help::TimezonesList, RpcError> {
    if query.hash == TIMEZONES {
        return Ok(enums::help::TimezonesList::NotModified);
    }
    let utc = types::Timezone { id: "Etc/UTC".into(), name: "UTC".into(), utc_offset: 0 };
    Ok(types::help::TimezonesList { timezones: vec![utc.into()], hash: TIMEZONES }.into())
}

/// `help.getSupport`: Telegram's own account.
pub(super) fn get_support(
    world: &mut World,
    caller: &Caller,
    _: functions::help::GetSupport,
) -> Result<enums::help::Support, RpcError> {
    let user = world.user(caller.user()?, TELEGRAM);
    Ok(types::help::Support { phone_number: "42777".into(), user }.into())
}

/// `help.getSupportName`.
pub(super) fn get_support_name(
    _: &mut World,
    _: &Caller,
    _: functions::help::GetSupportName,
) -> Result<enums::help::SupportName, RpcError> {
    Ok(types::help::SupportName { name: "Telegram".into() }.into())
}

/// `help.getInviteText`.
pub(super) fn get_invite_text(
    _: &mut World,
    _: &Caller,
    _: functions::help::GetInviteText,
) -> Result<enums::help::InviteText, RpcError> {
    Ok(types::help::InviteText { message: "Come and play in the sandbox.".into() }.into())
}

/// `help.getAppUpdate`: clients are as new as they are.
pub(super) fn get_app_update(
    _: &mut World,
    _: &Caller,
    _: functions::help::GetAppUpdate,
) -> Result<enums::help::AppUpdate, RpcError> {
    Ok(enums::help::AppUpdate::NoAppUpdate)
}

/// `help.getCdnConfig`: the key of the CDN, if there is one.
pub(super) fn get_cdn_config(
    world: &mut World,
    _: &Caller,
    _: functions::help::GetCdnConfig,
) -> Result<enums::CdnConfig, RpcError> {
    let key = world.settings.cdn.iter().map(|cdn| {
        types::CdnPublicKey { dc_id: cdn.dc, public_key: cdn.key.public().to_pem() }.into()
    });
    Ok(types::CdnConfig { public_keys: key.collect() }.into())
}

/// `help.getDeepLinkInfo`: nothing is known of links.
pub(super) fn get_deep_link_info(
    _: &mut World,
    _: &Caller,
    _: functions::help::GetDeepLinkInfo,
) -> Result<enums::help::DeepLinkInfo, RpcError> {
    Ok(enums::help::DeepLinkInfo::Empty)
}

/// `help.getUserInfo`: nobody notes anything about users.
pub(super) fn get_user_info(
    _: &mut World,
    _: &Caller,
    _: functions::help::GetUserInfo,
) -> Result<enums::help::UserInfo, RpcError> {
    Ok(enums::help::UserInfo::Empty)
}

fn in_an_hour(caller: &Caller) -> i32 {
    (caller.now.unix() as i32).saturating_add(CONFIG_LIFE)
}

/// The plain id of a data centre, and whether it is a test one.
fn split_dc(dc: i32) -> (i32, bool) {
    if dc > TEST { (dc - TEST, true) } else { (dc, false) }
}

fn dc_option(world: &World, id: i32) -> enums::DcOption {
    let address = world.settings.address_of(id);
    types::DcOption {
        ipv6: address.is_ipv6(),
        media_only: false,
        tcpo_only: false,
        cdn: world.settings.cdn.as_ref().is_some_and(|cdn| cdn.dc == id),
        r#static: true,
        this_port_only: true,
        id,
        ip_address: address.ip().to_string(),
        port: address.port().into(),
        secret: None,
    }
    .into()
}

#[cfg(test)]
mod tests {
    /// Layers 225, 226 and 228 lie between those that are here.
    #[test]
    fn clients_of_older_layers_know_the_same_constructors() {
        let layers = [
            include_str!("../../../layer-tl-types/tl/older/api-224.tl"),
            include_str!("../../../layer-tl-types/tl/older/api-227.tl"),
            include_str!("../../../layer-tl-types/tl/older/api-229.tl"),
            include_str!("../../../layer-tl-types/tl/api.tl"),
        ];
        for name in ["config", "dcOption", "nearestDc", "help.getConfig", "help.getNearestDc"] {
            let line = |layer: &'static str| {
                layer.lines().find(|line| line.starts_with(&format!("{name}#"))).unwrap()
            };
            let lines = layers.map(line);
            assert!(lines.iter().all(|line| *line == lines[0]), "{name}: {lines:?}");
        }
    }
}
