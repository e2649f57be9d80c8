//! `login`, `logout`, `whoami`.

use std::io::{self, BufRead, IsTerminal, Write};

use layer_client::tl::types::User;
use layer_client::{Client, CodeKind, LoginToken, SignInError};
use serde_json::{Value, json};

use crate::account::Connected;
use crate::arguments::{Account, Login};
use crate::failure::Failure;
use crate::output::{line, one_line};

/// How often a code or a password may be mistyped.
const TRIES: u32 = 3;

pub(crate) async fn login(account: &Account, login: &Login, json: bool) -> Result<(), Failure> {
    let Connected { client, .. } = &*Box::new(account.connect().await?);
    if client.is_authorized().await? {
        eprintln!("already logged in; `layer logout` first to be somebody else");
    } else {
        match &login.bot_token {
            Some(token) => drop(client.bot_sign_in(token).await?),
            None => by_code(client, login).await?,
        }
    }
    client.save_session().await?;
    tell(&client.get_me().await?, json)
}

pub(crate) async fn logout(account: &Account, json: bool) -> Result<(), Failure> {
    let connected = account.log_on(false).await?;
    connected.client.sign_out().await?;
    line(json, || json!({"logged_out": true}), || "logged out".to_owned())?;
    connected.close().await
}

pub(crate) async fn whoami(account: &Account, json: bool) -> Result<(), Failure> {
    let connected = account.log_on(false).await?;
    tell(&connected.client.get_me().await?, json)?;
    connected.close().await
}

async fn by_code(client: &Client, login: &Login) -> Result<(), Failure> {
    let phone = match &login.phone {
        Some(phone) => phone.clone(),
        None => ask("phone number, with the country's code: ")?,
    };
    let token = client.request_login_code(&phone).await?;
    eprintln!("{}", how_it_comes(&token));
    for tries in 1.. {
        let code = match &login.code {
            Some(code) => code.clone(),
            None => ask("code: ")?,
        };
        match client.sign_in(&token, &code).await {
            Ok(_) => break,
            Err(SignInError::PasswordRequired(token)) => return by_password(client, *token).await,
            Err(error @ SignInError::InvalidCode) if tries < TRIES && login.code.is_none() => {
                eprintln!("{error}");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn by_password(
    client: &Client,
    mut token: layer_client::PasswordToken,
) -> Result<(), Failure> {
    for tries in 1.. {
        let hint =
            token.hint().map_or_else(String::new, |hint| format!(" (hint: {})", one_line(hint)));
        let password = ask_hidden(&format!("password of two-step verification{hint}: "))?;
        match client.check_password(token, password).await {
            Ok(_) => break,
            Err(SignInError::WrongPassword(again)) if tries < TRIES => {
                eprintln!("the password is wrong");
                token = *again;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn how_it_comes(token: &LoginToken) -> String {
    match token.kind() {
        CodeKind::App { length } => {
            format!("a code of {length} digits was sent to your other devices")
        }
        CodeKind::Sms { length } => format!("a code of {length} digits comes by SMS"),
        CodeKind::Call { length } => format!("a call tells a code of {length} digits"),
        CodeKind::FlashCall { pattern } => {
            format!("a call comes from {pattern}: the code is the whole number")
        }
        CodeKind::MissedCall { prefix, length } => {
            format!("a call comes from {prefix}…: the code is its last {length} digits")
        }
        CodeKind::Email { pattern, length, .. } => {
            format!("a code of {length} digits was sent to {pattern}")
        }
        CodeKind::Fragment { url, .. } => format!("the code is shown at {url}"),
        CodeKind::SmsWord { .. } => "a word comes by SMS".to_owned(),
        CodeKind::SmsPhrase { .. } => "some words come by SMS".to_owned(),
        _ => "a code was sent".to_owned(),
    }
}

fn tell(me: &User, json: bool) -> Result<(), Failure> {
    let names = [&me.first_name, &me.last_name].into_iter().flatten();
    let name = names.map(String::as_str).collect::<Vec<_>>().join(" ");
    let value =
        || -> Value { json!({"id": me.id, "name": name, "username": me.username, "bot": me.bot}) };
    line(json, value, || {
        let username = me.username.as_ref().map_or_else(String::new, |name| format!(" @{name}"));
        let kind = if me.bot { "bot" } else { "user" };
        format!("{}{username}, {kind} {}", one_line(&name), me.id)
    })
}

/// A line from whoever sits there.
fn ask(question: &str) -> Result<String, Failure> {
    eprint!("{question}");
    io::stderr().flush().map_err(Failure::Output)?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer).map_err(Failure::Input)?;
    if read == 0 {
        return Err(Failure::Input(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(answer.trim().to_owned())
}

/// The same, not shown where it is typed.
fn ask_hidden(question: &str) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(question).map_err(Failure::Input);
    }
    ask(question)
}
