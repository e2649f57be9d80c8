//! `sandbox`: a Telegram on this machine.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use layer_sandbox::Sandbox;

use crate::arguments;
use crate::failure::Failure;

/// The data centre that clients begin with.
const HOME: i32 = 2;
/// How long to wait for a code before looking whether the program is to end.
const LOOK: Duration = Duration::from_secs(3600);

pub(crate) async fn run(wanted: arguments::Sandbox) -> Result<(), Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wanted.port));
    let builder = Sandbox::builder().home(HOME).address(HOME, address);
    let builder = match &wanted.folder {
        Some(folder) => builder.folder(folder),
        None => builder,
    };
    let sandbox = builder.start().await?;
    println!("address  {}", sandbox.address(HOME));
    let mut phones = Vec::new();
    for user in &wanted.user {
        let (name, phone) = pair(user, "--user", "Alice:+10000000001")?;
        sandbox.user_with_phone(name, phone).await;
        println!("user     {name}, {phone}");
        phones.push(phone.to_owned());
    }
    for bot in &wanted.bot {
        let (name, username) = pair(bot, "--bot", "Echo:echo_bot")?;
        println!("bot      {name}, token {}", sandbox.bot(name, username).await.token());
    }
    println!("\nspeak to it with --sandbox {}; Ctrl-C ends it", sandbox.address(HOME));
    let mut told = BTreeMap::new();
    loop {
        tokio::select! {
            // None was asked for in all that time.
            new = sandbox.until(LOOK, |world| new_code(world, &told)) => if let Some((phone, code)) = new {
                println!("code     {code} for {phone}");
                told.insert(phone, code);
            },
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// A login code that has not been told.
fn new_code(
    world: &layer_sandbox::World,
    told: &BTreeMap<String, String>,
) -> Option<(String, String)> {
    let phones = world.accounts.iter().filter_map(|user| user.phone.clone());
    let codes = phones.filter_map(|phone| world.code_for(&phone).map(|code| (phone, code)));
    codes.into_iter().find(|(phone, code)| told.get(phone) != Some(code))
}

fn pair<'a>(text: &'a str, option: &str, example: &str) -> Result<(&'a str, &'a str), Failure> {
    text.split_once(':').filter(|(one, other)| !one.is_empty() && !other.is_empty()).ok_or_else(
        || {
            Failure::Usage(format!(
                "{option} is two words with a colon between, as {example}; not {text:?}"
            ))
        },
    )
}
