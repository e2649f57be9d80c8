//! `login`, `logout`, `whoami`.

use layer_client::tl::types::User;
use layer_client::{Client, CodeKind, LoginToken, PasswordToken, SignInError};
use serde_json::{Value, json};

use crate::account::connected;
use crate::arguments::{Account, Login};
use crate::failure::Failure;
use crate::input::{ask, ask_hidden};
use crate::output::{line, note, one_line};

/// How often a code or a password may be mistyped.
const TRIES: u32 = 3;

pub(crate) async fn login(login: &Login, json: bool) -> Result<(), Failure> {
    let me = connected(login.account.config()?, async |client| {
        if client.is_authorized().await? {
            note("already logged in; `layer logout` first to be somebody else");
        } else if let Some(token) = &login.bot_token {
            client.bot_sign_in(token).await?;
        } else {
            by_code(client, login).await?;
        }
        Ok(client.get_me().await?)
    });
    // Told when it is saved, so that nobody believes in a login that is lost.
    tell(&me.await?, json)
}

pub(crate) async fn logout(account: &Account, json: bool) -> Result<(), Failure> {
    account.logged_in(async |client| Ok(client.sign_out().await?)).await?;
    line(json, || json!({"logged_out": true}), || "logged out".to_owned())
}

pub(crate) async fn whoami(account: &Account, json: bool) -> Result<(), Failure> {
    let me = account.logged_in(async |client| Ok(client.get_me().await?)).await?;
    tell(&me, json)
}

async fn by_code(client: &Client, login: &Login) -> Result<(), Failure> {
    let phone = match &login.phone {
        Some(phone) => phone.clone(),
        None => ask("phone number, with the country's code: ")?.ok_or(Failure::NoAnswer)?,
    };
    let token = client.request_login_code(&phone).await?;
    match token.kind() {
        CodeKind::EmailRequired => return Err(Failure::EmailRequired),
        // Nothing to be asked for: it says at once what is wrong, if anything is.
        CodeKind::SignedIn { .. } | CodeKind::Payment { .. } => {
            client.sign_in(&token, "").await?;
            return Ok(());
        }
        kind => note(how_it_comes(kind)),
    }
    match with_code(client, &token, login.code.as_deref()).await {
        Err(Failure::SignIn(SignInError::PasswordRequired(token))) => {
            by_password(client, *token).await
        }
        Err(Failure::SignIn(SignInError::SignUpRequired)) if login.name.is_some() => {
            let name = login.name.as_deref().unwrap_or_default().trim();
            let (first, last) = name.split_once(' ').unwrap_or((name, ""));
            client.sign_up(&token, first, last.trim_start()).await?;
            Ok(())
        }
        done => done,
    }
}

async fn with_code(
    client: &Client,
    token: &LoginToken,
    known: Option<&str>,
) -> Result<(), Failure> {
    let mut wrong = Failure::NoAnswer;
    for _ in 0..TRIES {
        let answer = match known {
            Some(code) => Some(code.to_owned()),
            None => ask("code: ")?,
        };
        // Who says no more is told what was wrong with what he said before.
        let Some(code) = answer else { break };
        match client.sign_in(token, &code).await {
            Ok(_) => return Ok(()),
            Err(error @ SignInError::InvalidCode) if known.is_none() => {
                note(&error);
                wrong = error.into();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(wrong)
}

async fn by_password(client: &Client, mut token: PasswordToken) -> Result<(), Failure> {
    let hint = token.hint().map_or_else(String::new, |hint| format!(" (hint: {})", one_line(hint)));
    let question = format!("password of two-step verification{hint}: ");
    for tries in 1.. {
        let Some(password) = ask_hidden(&question)? else {
            let is_first = tries == 1;
            let wrong = SignInError::WrongPassword(Box::new(token));
            return Err(if is_first { Failure::NoAnswer } else { wrong.into() });
        };
        match client.check_password(token, password).await {
            Ok(_) => break,
            Err(SignInError::WrongPassword(again)) if tries < TRIES => {
                note("the password is wrong");
                token = *again;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn how_it_comes(kind: &CodeKind) -> String {
    match kind {
        CodeKind::App { length } => {
            format!("a code of {length} digits was sent to your other devices")
        }
        CodeKind::Sms { length } => format!("a code of {length} digits comes by SMS"),
        CodeKind::Call { length } => format!("a call tells a code of {length} digits"),
        CodeKind::FlashCall { pattern } => {
            format!("a call comes from {}: the code is the whole number", one_line(pattern))
        }
        CodeKind::MissedCall { prefix, length } => {
            let prefix = one_line(prefix);
            format!("a call comes from {prefix}…: the code is its last {length} digits")
        }
        CodeKind::Email { pattern, length, .. } => {
            format!("a code of {length} digits was sent to {}", one_line(pattern))
        }
        CodeKind::Fragment { url, .. } => format!("the code is shown at {}", one_line(url)),
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
        let username = me.username.as_deref().map(one_line);
        let username = username.map_or_else(String::new, |name| format!(" @{name}"));
        let kind = if me.bot { "bot" } else { "user" };
        format!("{}{username}, {kind} {}", one_line(&name), me.id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_of_a_code_can_not_leave_its_line() {
        let kinds = [
            CodeKind::FlashCall { pattern: "+1\n".to_owned() },
            CodeKind::MissedCall { prefix: "+1\n".to_owned(), length: 5 },
            CodeKind::Email {
                pattern: "a\n".to_owned(),
                length: 6,
                reset_after: None,
                reset_pending: None,
            },
            CodeKind::Fragment { url: "https://fragment.com\n".to_owned(), length: 5 },
        ];
        for kind in kinds {
            assert!(!how_it_comes(&kind).contains('\n'), "{kind:?}");
        }
    }
}
