//! The two things that are asked of the server: a key, and its configuration.

use getrandom::SysRng;
use layer_crypto::dh::KnownPrimes;
use layer_mtproto::exchange::{Agreed, Config, Exchange, Step, WorkKind};
use layer_mtproto::query::Query;
use layer_tl_types::{Deserializable, LAYER, Serializable, enums, functions};
use rand_core::UnwrapErr;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::link::Link;
use crate::steps::Steps;

/// Agrees a key.
pub(crate) fn agree(
    link: &mut Link,
    config: Config,
    clock: &Clock,
    steps: &mut Steps,
) -> Result<Agreed, Failure> {
    let rng = &mut UnwrapErr(SysRng);
    let mut awaiting = "";
    let mut step = Exchange::begin(config, KnownPrimes::new(), clock.now(), rng);
    let agreed = loop {
        step = match step {
            Step::Send { exchange, packet } => {
                awaiting = exchange.awaited();
                link.send(&packet)?;
                Step::Read(exchange)
            }
            Step::Read(exchange) => {
                let packet = link.receive(awaiting)?;
                let step = exchange.handle_packet(&packet, clock.now(), rng)?;
                if !matches!(step, Step::Read(_)) {
                    steps.done(request(awaiting), "answered");
                }
                step
            }
            Step::Work(work) => {
                let name = match work.kind() {
                    WorkKind::Factorisation => "factorisation",
                    WorkKind::KeyComputation => "DH",
                };
                let next = work.run(clock.now(), rng)?;
                steps.done(name, "");
                next
            }
            Step::Done { agreed, .. } => break agreed,
        };
    };
    steps.fact("key id", &format!("{:016x}", agreed.auth_key.id()));
    steps.fact("salt", &format!("{:016x}", agreed.first_salt));
    steps.fact("time offset", &format!("{:+} s", agreed.time_offset));
    if let Some(expires_at) = agreed.expires_at {
        steps.fact("expires", &format!("{expires_at} (unix time)"));
    }
    Ok(agreed)
}

/// The request that is answered by what was awaited.
fn request(awaited: &str) -> &'static str {
    match awaited {
        "resPQ" => "req_pq",
        "server_DH_params_ok" => "req_DH_params",
        _ => "set_client_DH_params",
    }
}

/// Asks for the configuration under the key.
pub(crate) fn config(
    link: &mut Link,
    agreed: &Agreed,
    api_id: i32,
    clock: &Clock,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let rng = &mut UnwrapErr(SysRng);
    let (mut query, packet) = Query::begin(agreed, get_config(api_id), clock.now(), rng)?;
    link.send(&packet)?;
    let answer = loop {
        let mut packet = link.receive("the answer to help.getConfig")?;
        let progress = query.handle_packet(&mut packet, clock.now(), rng)?;
        for packet in progress.send {
            link.send(&packet)?;
        }
        if let Some(answer) = progress.answer {
            break answer;
        }
    };
    let enums::Config::Config(config) = enums::Config::from_bytes(&answer)?;
    let (this_dc, options, date) = (config.this_dc, config.dc_options.len(), config.date);
    steps.done("config", &format!("this_dc {this_dc}, {options} dc options, date {date}"));
    Ok(())
}

fn get_config(api_id: i32) -> Vec<u8> {
    let query = functions::InitConnection::new(
        api_id,
        "layer-connect".to_owned(),
        std::env::consts::OS.to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
        "en".to_owned(),
        String::new(),
        "en".to_owned(),
        functions::help::GetConfig {},
    );
    functions::InvokeWithLayer { layer: LAYER, query }.to_bytes()
}
