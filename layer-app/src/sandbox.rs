//! `sandbox`: a Telegram on this machine.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use layer_sandbox::{Sandbox, World};
use serde_json::json;

use crate::arguments;
use crate::failure::Failure;
use crate::output::{line, note, one_line};
use crate::signals::ended;

/// The data centre that clients begin with.
const HOME: i32 = 2;
/// How long one look for a new code lasts; then comes the next.
const LOOK: Duration = Duration::from_secs(3600);

pub(crate) async fn run(wanted: &arguments::Sandbox, json: bool) -> Result<(), Failure> {
    let users: Vec<NewUser> =
        wanted.user.iter().map(|text| user(text)).collect::<Result<_, _>>()?;
    let bots: Vec<_> = wanted.bot.iter().map(|text| bot(text)).collect::<Result<_, _>>()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wanted.port));
    let builder = Sandbox::builder().home(HOME).address(HOME, address);
    let builder = match &wanted.folder {
        Some(folder) => builder.folder(folder),
        None => builder,
    };
    let sandbox = builder.start().await?;
    tell_where(&sandbox, json)?;
    for user in users {
        let actor = sandbox.user_with_phone(user.name, user.phone).await;
        if let Some(password) = user.password {
            actor.set_password(password).await;
        }
        let value = || json!({"user": {"id": actor.id(), "name": user.name, "phone": user.phone}});
        line(json, value, || {
            format!("user     {}, {}", one_line(user.name), one_line(user.phone))
        })?;
    }
    for (name, username) in bots {
        let bot = sandbox.bot(name, username).await;
        let value = || json!({"bot": {"id": bot.id(), "name": name, "token": bot.token()}});
        line(json, value, || format!("bot      {}, token {}", one_line(name), bot.token()))?;
    }
    note(format_args!("speak to it with --sandbox {}; Ctrl-C ends it", sandbox.address(HOME)));
    let served = tokio::select! {
        told = tell_codes(&sandbox, json) => told,
        () = pin!(ended()) => Ok(()),
    };
    sandbox.stop().map_err(|error| Failure::Sandbox(error.into()))?;
    served
}

fn tell_where(sandbox: &Sandbox, json: bool) -> Result<(), Failure> {
    let (home, key) = (sandbox.home(), sandbox.public_key_pem());
    let others = sandbox.data_centres().into_iter().map(|dc| (dc, sandbox.address(dc).to_string()));
    let others: Vec<_> = others.collect();
    if json {
        let addresses: serde_json::Map<_, _> =
            others.into_iter().map(|(dc, address)| (dc.to_string(), address.into())).collect();
        let address = sandbox.address(home).to_string();
        let value = json!({"address": address, "data_centres": addresses, "key": key});
        return line(true, || value, String::new);
    }
    let text = |text: String| line(false, Default::default, || text);
    text(format!("address  {}", sandbox.address(home)))?;
    for (dc, address) in others {
        text(format!("         data centre {dc} at {address}"))?;
    }
    text(format!("key\n{}", key.trim_end()))
}

/// Tells login codes as they are asked for, for ever.
async fn tell_codes(sandbox: &Sandbox, json: bool) -> Result<(), Failure> {
    let mut told = BTreeSet::new();
    loop {
        let new = sandbox.until(LOOK, |world| new_code(world, &told)).await;
        // None was asked for in all that time.
        let Some(Code { hash, phone, code }) = new else { continue };
        let value = || json!({"code": {"phone": phone, "code": code}});
        line(json, value, || format!("code     {code} for {}", one_line(&phone)))?;
        told.retain(|told| sandbox.world().codes().any(|(known, ..)| known == told));
        told.insert(hash);
    }
}

struct Code {
    hash: String,
    phone: String,
    code: String,
}

/// A login code that has not been told.
fn new_code(world: &World, told: &BTreeSet<String>) -> Option<Code> {
    let (hash, phone, code) = world.codes().find(|(hash, ..)| !told.contains(*hash))?;
    Some(Code { hash: hash.to_owned(), phone: phone.to_owned(), code: code.to_owned() })
}

#[derive(Debug, PartialEq)]
struct NewUser<'a> {
    name: &'a str,
    phone: &'a str,
    password: Option<&'a str>,
}

fn user(text: &str) -> Result<NewUser<'_>, Failure> {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(phone), password)
            if !name.is_empty() && phone.contains(|char: char| char.is_ascii_digit()) =>
        {
            Ok(NewUser { name, phone, password: password.filter(|password| !password.is_empty()) })
        }
        _ => Err(Failure::Usage(
            "--user is a name and a phone number with a colon between, and maybe a password, as \
             Alice:+10000000001:secret"
                .to_owned(),
        )),
    }
}

fn bot(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once(':').filter(|(name, username)| !name.is_empty() && !username.is_empty()).ok_or(
        Failure::Usage(
            "--bot is a name and a username with a colon between, as Echo:echo_bot".to_owned(),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_bots_are_words_with_colons_between() {
        let alice = NewUser { name: "Alice", phone: "+1", password: None };
        assert_eq!(user("Alice:+1").unwrap(), alice);
        let alice = NewUser { password: Some("a:b"), ..alice };
        assert_eq!(user("Alice:+1:a:b").unwrap(), alice);
        assert_eq!(bot("Echo:echo_bot").unwrap(), ("Echo", "echo_bot"));
        for text in ["", ":", "Alice", "Alice:", ":+1", "Alice:phone", "Alice:secret:+1"] {
            let error = user(text).unwrap_err().to_string();
            assert!(!error.contains("secret:+1"), "{error}");
        }
        for text in ["", ":", "Echo", "Echo:", ":echo_bot"] {
            assert!(bot(text).is_err(), "{text}");
        }
    }
}
