//! `help.*`: what a client asks before anything else.
//!
//! Clients of older layers get the same: `config`, `dcOption` and `nearestDc` have had one constructor from
//! layer 224 to 230, which a test compares with the schemas.

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};

/// Test data centres are named by their id and this.
const TEST: i32 = 10_000;

/// How long clients may keep a config, in seconds.
const CONFIG_LIFE: i32 = 3600;

/// `help.getConfig`: where the data centres are, and limits.
pub(super) fn get_config(
    world: &mut World,
    caller: &Caller,
    _: functions::help::GetConfig,
) -> Result<enums::Config, RpcError> {
    let date = caller.now.unix() as i32;
    let (this_dc, test_mode) = split_dc(caller.dc);
    let mut dcs = world.settings.dcs();
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

/// `help.setBotUpdatesStatus`: a bot tells how many updates it has not looked at yet.
pub(super) fn set_bot_updates_status(
    _: &mut World,
    _: &Caller,
    _: functions::help::SetBotUpdatesStatus,
) -> Result<bool, RpcError> {
    Ok(true)
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
        cdn: false,
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
