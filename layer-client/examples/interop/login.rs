//! `login`: signing up, by code, with a password, by a QR code; sessions, and the end of some.

use layer_client::tl::{enums, functions, types};
use layer_client::{CodeKind, PasswordError, PasswordToken, QrState, SignInError};

use crate::cast::{Player, Stage};
use crate::{Trouble, ensure, same};

const PHONE: &str = "+10000000001";
const PASSWORD: &str = "correct horse";

pub(crate) async fn login(stage: &Stage) -> Result<String, Trouble> {
    let mut anna = stage.connect().await?;
    signs_up(stage, &mut anna).await?;
    logs_out(&anna).await?;
    let anna = by_code(stage, anna).await?;
    let second = with_a_password(stage, &anna).await?;
    let third = without_it(stage, &anna).await?;
    let fourth = by_qr(stage, &anna).await?;
    same("sessions", sessions(&anna).await?, (4, 1))?;
    logs_out(&fourth).await?;
    same("sessions after one has ended", sessions(&anna).await?, (3, 1))?;
    for player in [anna, second, third, fourth] {
        player.leave().await;
    }
    Ok("sign-up, code, 2FA set, checked and removed, QR, sessions, log out".to_owned())
}

/// A number that nobody has gets an account, after a wrong code.
async fn signs_up(stage: &Stage, anna: &mut Player) -> Result<(), Trouble> {
    ensure(!anna.client.is_authorized().await?, || "logged in before any login".to_owned())?;
    let token = anna.client.request_login_code(PHONE).await?;
    let code = stage.code(PHONE).await?;
    let refused = anna.client.sign_in(&token, wrong(&code)).await;
    ensure(matches!(refused, Err(SignInError::InvalidCode)), || {
        format!("a wrong code: {refused:?}")
    })?;
    let asked = anna.client.sign_in(&token, &code).await;
    ensure(matches!(asked, Err(SignInError::SignUpRequired)), || {
        format!("a new number: {asked:?}")
    })?;
    anna.client.sign_up(&token, "Anna", "Onym").await?;
    let me = anna.client.get_me().await?;
    let known = (me.first_name.as_deref(), me.last_name.as_deref(), me.phone.as_deref());
    same("who she is", known, (Some("Anna"), Some("Onym"), PHONE.strip_prefix('+')))?;
    ensure(me.id > 0, || format!("her id is {}", me.id))?;
    anna.id = me.id;
    Ok(())
}

/// It is answered, and nothing goes on under that login.
async fn logs_out(player: &Player) -> Result<(), Trouble> {
    ensure(player.client.sign_out().await?, || "was not logged in".to_owned())?;
    let refused = player.client.invoke(&functions::updates::GetState {}).await.err();
    ensure(refused.as_ref().is_some_and(|error| error.is("AUTH_KEY_UNREGISTERED")), || {
        format!("after logging out: {refused:?}")
    })?;
    ensure(!player.client.is_authorized().await?, || "logged in after logging out".to_owned())
}

/// The same account again: on the client that was logged in without a code, by the token that the
/// server gave out at the end; on a new one by code, after a wrong one.
async fn by_code(stage: &Stage, anna: Player) -> Result<Player, Trouble> {
    let token = anna.client.request_login_code(PHONE).await?;
    same("the code", token.kind(), &CodeKind::SignedIn { name: "Anna Onym".to_owned() })?;
    same("her id", anna.client.get_me().await?.id, anna.id)?;
    logs_out(&anna).await?;

    let mut again = stage.connect().await?;
    let token = again.client.request_login_code(PHONE).await?;
    let code = stage.code(PHONE).await?;
    let refused = again.client.sign_in(&token, wrong(&code)).await;
    ensure(matches!(refused, Err(SignInError::InvalidCode)), || {
        format!("a wrong code: {refused:?}")
    })?;
    again.client.sign_in(&token, &code).await?;
    again.id = again.client.get_me().await?.id;
    same("her id", again.id, anna.id)?;
    anna.leave().await;
    Ok(again)
}

/// A password set, asked for by a second client's login, and refused once.
async fn with_a_password(stage: &Stage, anna: &Player) -> Result<Player, Trouble> {
    anna.client.set_password(PASSWORD, "horse", None).await?;
    let second = stage.connect().await?;
    let token = match stage.sign_in(&second, PHONE).await {
        Err(SignInError::PasswordRequired(token)) => token,
        other => return Err(format!("with a password set: {other:?}").into()),
    };
    same("the hint", token.hint(), Some("horse"))?;
    let token: PasswordToken = match second.client.check_password(*token, "wrong").await {
        Err(SignInError::WrongPassword(token)) => *token,
        other => return Err(format!("a wrong password: {other:?}").into()),
    };
    second.client.check_password(token, PASSWORD).await?;
    same("the second's id", second.client.get_me().await?.id, anna.id)?;
    Ok(second)
}

/// The password is removed by whoever knows it, and a third client needs none.
async fn without_it(stage: &Stage, anna: &Player) -> Result<Player, Trouble> {
    let refused = anna.client.remove_password("wrong").await;
    ensure(matches!(refused, Err(PasswordError::Wrong)), || {
        format!("removed by a wrong password: {refused:?}")
    })?;
    anna.client.remove_password(PASSWORD).await?;
    let third = stage.connect().await?;
    stage.sign_in(&third, PHONE).await?;
    same("the third's id", third.client.get_me().await?.id, anna.id)?;
    Ok(third)
}

/// A fourth client shows a code, and the first accepts it.
async fn by_qr(stage: &Stage, anna: &Player) -> Result<Player, Trouble> {
    let mut fourth = stage.connect().await?;
    let mut login = fourth.client.qr_login().await?;
    let accepted = anna.client.accept_qr_login(&login.url()).await?;
    ensure(!accepted.current, || "the session accepted is one's own".to_owned())?;
    // `wait` asks again when it is told, or after half a minute: that would be too late.
    let told = tokio::time::timeout(std::time::Duration::from_secs(5), login.wait()).await;
    let state = told.map_err(|_| "it is not told that its code was accepted")??;
    same("the QR login", state, QrState::SignedIn("Anna Onym".to_owned()))?;
    fourth.id = fourth.client.get_me().await?.id;
    same("the fourth's id", fourth.id, anna.id)?;
    Ok(fourth)
}

/// How many there are, and how many of them are the one that asks.
async fn sessions(player: &Player) -> Result<(usize, usize), Trouble> {
    let request = functions::account::GetAuthorizations {};
    let enums::account::Authorizations::Authorizations(all) =
        player.client.invoke(&request).await?;
    let unboxed = |enums::Authorization::Authorization(one)| *one;
    let all: Vec<types::Authorization> = all.authorizations.into_iter().map(unboxed).collect();
    Ok((all.len(), all.iter().filter(|session| session.current).count()))
}

fn wrong(code: &str) -> &'static str {
    if code.starts_with('1') { "22222" } else { "11111" }
}
