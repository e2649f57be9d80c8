//! `config`: a fresh key over the framing, and what the server says of itself.

use std::net::{IpAddr, SocketAddr};

use layer_client::tl::{enums, functions};

use crate::cast::Stage;
use crate::{Trouble, ensure, same};

/// The data centre that the sandbox plays.
const DC: i32 = 2;

/// `help.getConfig` twice: inside `initConnection`, and bare.
pub(crate) async fn config(stage: &Stage) -> Result<String, Trouble> {
    let player = stage.connect().await?;
    let mut told = Vec::new();
    for _ in 0..2 {
        let enums::Config::Config(config) =
            player.client.invoke(&functions::help::GetConfig {}).await?;
        same("this_dc", config.this_dc, DC)?;
        let here: SocketAddr = stage.address.parse()?;
        let mut is_told = false;
        for enums::DcOption::Option(option) in &config.dc_options {
            let ip: IpAddr = option.ip_address.parse()?;
            ensure(ip.is_loopback(), || format!("dc_options lead to {ip}"))?;
            let there = (ip, i32::from(here.port()));
            is_told |= option.id == DC && there == (here.ip(), option.port);
        }
        ensure(is_told, || format!("dc_options lack {DC} at {here}"))?;
        told.push(config.dc_options.len());
    }
    same("the options of both answers", told.first(), told.last())?;
    let stats = stage.control.stats().await?;
    let keys = stats.get("keys").copied().unwrap_or_default();
    player.leave().await;
    Ok(format!("this_dc {DC}, dc options {}, keys {keys}", told.len()))
}
