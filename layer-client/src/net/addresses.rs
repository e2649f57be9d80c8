//! Where data centres are: as the server told last, and as Telegram publishes it.

use std::net::{IpAddr, SocketAddr};

use layer_tl_types::{Deserializable, Identifiable, enums, types};

use super::dcs::Purpose;
use crate::config::{Config, TransportKind};
use crate::session::{Change, DcAddress, DcEntry, SavedSession};

/// Telegram's production data centres at port 443, first IPv4, then IPv6.
const PRODUCTION: [(i32, &[&str]); 5] = [
    (1, &["149.154.175.50", "2001:b28:f23d:f001::a"]),
    (2, &["149.154.167.51", "95.161.76.100", "2001:67c:4e8:f002::a"]),
    (3, &["149.154.175.100", "2001:b28:f23d:f003::a"]),
    (4, &["149.154.167.91", "2001:67c:4e8:f004::a"]),
    (5, &["149.154.171.5", "91.108.56.191", "2001:b28:f23f:f005::a"]),
];
/// Its test data centres.
const TEST: [(i32, &[&str]); 3] = [
    (1, &["149.154.175.10", "2001:b28:f23d:f001::e"]),
    (2, &["149.154.167.40", "2001:67c:4e8:f002::e"]),
    (3, &["149.154.175.117", "2001:b28:f23d:f003::e"]),
];
const PORT: u16 = 443;
/// No data centre has more; a server that tells more is not to fill our memory.
const MOST_TOLD: usize = 32;
/// All of them together have no more.
const MOST_OPTIONS: usize = 1000;
/// Numbers of data centres that can be.
const IDS: std::ops::RangeInclusive<i32> = 1..=1000;

/// Where to dial for a data centre, best first, IPv6 in brackets. Files go where only files go, if
/// there is such a place. A CDN is where the server has told that there is one.
pub(super) fn of(
    config: &Config,
    session: &SavedSession,
    dc: i32,
    purpose: Purpose,
) -> Vec<String> {
    let is_cdn = matches!(purpose, Purpose::Cdn(_));
    if let Some(address) = config.dc_addr.as_ref().filter(|_| dc == config.dc_id && !is_cdn) {
        return vec![address.clone()];
    }
    let told: Vec<&DcAddress> = session
        .dc(dc)
        .into_iter()
        .flat_map(|entry| &entry.addresses)
        .filter(|address| address.cdn == is_cdn && is_for_us(config, address))
        .collect();
    let is_for_files = |address: &&&DcAddress| address.media_only;
    let files = matches!(purpose, Purpose::Files(_));
    let only_files = files && told.iter().any(|address| address.media_only);
    let mut found: Vec<&DcAddress> =
        told.iter().filter(|address| is_for_files(address) == only_files).copied().collect();
    let proxied = config.proxy().is_some();
    // The order that the server gives is kept otherwise.
    found.sort_by_key(|address| (proxied && !address.is_static, address.addr.is_ipv6()));
    let mut addresses: Vec<String> = found.iter().map(|address| address.addr.to_string()).collect();
    // Should all that was told be out of date.
    if config.dc_addr.is_none() && !only_files && !is_cdn {
        for address in published(config.test_dcs, dc) {
            let text = address.to_string();
            if (address.is_ipv4() || config.allow_ipv6) && !addresses.contains(&text) {
                addresses.push(text);
            }
        }
    }
    addresses
}

fn is_for_us(config: &Config, address: &DcAddress) -> bool {
    let is_hidden = matches!(config.transport, TransportKind::Obfuscated { .. });
    address.secret.is_none()
        && (config.allow_ipv6 || address.addr.is_ipv4())
        && (is_hidden || !address.obfuscated_only)
}

fn published(test: bool, dc: i32) -> impl Iterator<Item = SocketAddr> {
    let all = if test { &TEST[..] } else { &PRODUCTION[..] };
    let known = all.iter().filter(move |(id, _)| *id == dc).flat_map(|(_, hosts)| *hosts);
    known.filter_map(|host| Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, PORT)))
}

/// What changes in a session by what the server tells. A data centre of which it says nothing stays
/// as it is.
pub(super) fn changes(session: &SavedSession, options: &[enums::DcOption]) -> Vec<Change> {
    let mut told: Vec<(i32, Vec<DcAddress>)> = Vec::new();
    for enums::DcOption::Option(option) in options.iter().take(MOST_OPTIONS) {
        let Some(address) = address(option) else { continue };
        match told.iter_mut().find(|(id, _)| *id == option.id) {
            Some((_, addresses)) if addresses.len() < MOST_TOLD => addresses.push(address),
            Some(_) => {}
            None => told.push((option.id, vec![address])),
        }
    }
    let changed = |(id, addresses): (i32, Vec<DcAddress>)| {
        let mut entry = session.dc(id).cloned().unwrap_or_else(|| DcEntry::new(id));
        let is_new = entry.addresses != addresses;
        entry.addresses = addresses;
        is_new.then(|| Change::Dc(Box::new(entry)))
    };
    told.into_iter().filter_map(changed).collect()
}

/// What an object that the server has pushed says of addresses.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    /// These data centres are there (`updateDcOptions`).
    Told(Vec<enums::DcOption>),
    /// It is to be asked for (`updateConfig`).
    Ask,
}

/// Looks for such news; `None` in all but a few objects, which are read for it.
pub(super) fn news(object: &[u8]) -> Option<News> {
    let ids = [types::UpdateDcOptions::CONSTRUCTOR_ID, types::UpdateConfig::CONSTRUCTOR_ID];
    let ids = ids.map(u32::to_le_bytes);
    if !object.chunks_exact(4).any(|word| ids.iter().any(|id| id == word)) {
        return None;
    }
    let updates = match enums::Updates::from_bytes(object).ok()? {
        enums::Updates::UpdateShort(short) => vec![short.update],
        enums::Updates::Updates(all) => all.updates,
        enums::Updates::Combined(all) => all.updates,
        _ => Vec::new(),
    };
    updates.into_iter().find_map(|update| match update {
        enums::Update::DcOptions(update) => Some(News::Told(update.dc_options)),
        enums::Update::Config => Some(News::Ask),
        _ => None,
    })
}

fn address(option: &types::DcOption) -> Option<DcAddress> {
    let ip: IpAddr = option.ip_address.parse().ok()?;
    let port = u16::try_from(option.port).ok().filter(|port| *port != 0)?;
    if !IDS.contains(&option.id) {
        return None;
    }
    let mut address = DcAddress::new(SocketAddr::new(ip, port));
    address.media_only = option.media_only;
    address.cdn = option.cdn;
    address.is_static = option.r#static;
    address.obfuscated_only = option.tcpo_only;
    address.this_port_only = option.this_port_only;
    address.secret = option.secret.clone();
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(id: i32, ip: &str, port: i32) -> types::DcOption {
        types::DcOption {
            ipv6: ip.contains(':'),
            media_only: false,
            tcpo_only: false,
            cdn: false,
            r#static: false,
            this_port_only: false,
            id,
            ip_address: ip.to_owned(),
            port,
            secret: None,
        }
    }

    fn told(options: impl IntoIterator<Item = types::DcOption>) -> SavedSession {
        let mut session = SavedSession::default();
        let options: Vec<_> = options.into_iter().map(enums::DcOption::from).collect();
        for change in changes(&session.clone(), &options) {
            session.apply(&change);
        }
        assert_eq!(changes(&session, &options), [], "nothing new");
        session
    }

    fn own_server() -> Config {
        Config { dc_addr: Some("localhost:1".to_owned()), ..Config::default() }
    }

    #[test]
    fn ipv6_is_bracketed_and_kept_beside_ipv4() {
        let session = told([option(4, "2001:db8::1", 443), option(4, "10.0.0.4", 443)]);
        assert_eq!(of(&own_server(), &session, 4, Purpose::Main), ["10.0.0.4:443"]);
        let both = Config { allow_ipv6: true, ..own_server() };
        assert_eq!(of(&both, &session, 4, Purpose::Main), ["10.0.0.4:443", "[2001:db8::1]:443"]);
    }

    #[test]
    fn flags_say_what_an_address_is_for() {
        let cdn = types::DcOption { cdn: true, ..option(4, "10.0.0.1", 1) };
        let files = types::DcOption { media_only: true, ..option(4, "10.0.0.2", 2) };
        let hidden = types::DcOption { tcpo_only: true, ..option(4, "10.0.0.3", 3) };
        let secret = types::DcOption { secret: Some(vec![1; 16]), ..option(4, "10.0.0.4", 4) };
        let fixed = types::DcOption { r#static: true, ..option(4, "10.0.0.6", 6) };
        let session = told([cdn, files, hidden, secret, option(4, "10.0.0.5", 5), fixed]);
        let config = own_server();
        assert_eq!(of(&config, &session, 4, Purpose::Main), ["10.0.0.5:5", "10.0.0.6:6"]);
        assert_eq!(of(&config, &session, 4, Purpose::Files(1)), ["10.0.0.2:2"]);
        let transport = TransportKind::Obfuscated { secret: None };
        let config = Config { transport, ..own_server() };
        assert_eq!(of(&config, &session, 4, Purpose::Main).len(), 3);
        let socks5 = Some(crate::Socks5Config::new("localhost:2"));
        let config = Config { socks5, ..own_server() };
        assert_eq!(
            of(&config, &session, 4, Purpose::Main)[0],
            "10.0.0.6:6",
            "what does not change"
        );
    }

    #[test]
    fn what_is_configured_stands_for_its_data_centre_and_no_published_one_is_dialled() {
        let session = told([option(2, "10.0.0.2", 443)]);
        assert_eq!(of(&own_server(), &session, 2, Purpose::Main), ["localhost:1"]);
        assert!(of(&own_server(), &session, 1, Purpose::Main).is_empty());
    }

    #[test]
    fn published_addresses_come_after_those_that_were_told() {
        let session = told([option(2, "10.0.0.2", 443)]);
        let config = Config::default();
        let expected = ["10.0.0.2:443", "149.154.167.51:443", "95.161.76.100:443"];
        assert_eq!(of(&config, &session, 2, Purpose::Main), expected);
        let test = Config { test_dcs: true, allow_ipv6: true, ..config };
        let expected = ["149.154.175.10:443", "[2001:b28:f23d:f001::e]:443"];
        assert_eq!(of(&test, &session, 1, Purpose::Main), expected);
        assert!(of(&test, &session, 5, Purpose::Main).is_empty());
    }

    #[test]
    fn nonsense_is_not_remembered() {
        let wrong =
            [(0, "10.0.0.1", 1), (-2, "10.0.0.1", 1), (2, "ten", 1), (2, "10.0.0.1", 65536)];
        let wrong = wrong.into_iter().map(|(id, ip, port)| option(id, ip, port));
        assert_eq!(told(wrong.chain([option(2, "10.0.0.1", 0)])), SavedSession::default());
        let many = told((0..1000).map(|port| option(2, "10.0.0.1", port + 1)));
        assert_eq!(many.dc(2).unwrap().addresses.len(), MOST_TOLD);
    }
}
