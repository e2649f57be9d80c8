//! The one loop around a call: it is serialised once and decoded where it was made. Between lie
//! waits, moves to other data centres, and what has to be done again.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use layer_mtproto::connection::Call;
use layer_tl_types::{Deserializable, Identifiable, RawObject, RemoteCall, functions};
use tokio::time::sleep;

use crate::client::{Client, Inner};
use crate::net::dcs::{Login, Purpose};
use crate::net::link::Link;
use crate::repeat::Manner;
use crate::retry::RetryContext;
use crate::session::Change;
use crate::updates::Asked;
use crate::{InvocationError, RpcError};

/// How often one call is sent to another data centre.
const MOST_MOVES: u32 = 5;
/// How often one call is made again because its link or login was gone.
const MOST_RENEWALS: u32 = 2;

/// Where a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// Home if there is none, wherever that is by then.
    dc: Option<i32>,
    /// Whether the login is carried there first.
    with_login: bool,
    /// Which of the links for files, if it is about files.
    lane: u8,
    /// Whether a call that is sent elsewhere goes there by itself.
    follows: bool,
    /// Whether it goes to a CDN.
    is_cdn: bool,
}

impl Route {
    pub(crate) fn home() -> Self {
        Self { dc: None, with_login: true, lane: 0, follows: true, is_cdn: false }
    }

    pub(crate) fn to(dc: i32) -> Self {
        Self { dc: Some(dc), ..Self::home() }
    }

    /// Over this one of the links for files.
    pub(crate) fn on_lane(self, lane: u8) -> Self {
        Self { lane, ..self }
    }

    /// Where a file is not, who asks is told: the next part is asked for at the right place at once.
    pub(crate) fn staying(self) -> Self {
        Self { follows: false, ..self }
    }

    /// Over this one of the links to a CDN.
    pub(crate) fn cdn(dc: i32, lane: u8) -> Self {
        Self { is_cdn: true, ..Self::plain(dc).on_lane(lane).staying() }
    }

    /// To a data centre at which it does not matter who is logged in.
    pub(crate) fn plain(dc: i32) -> Self {
        Self { dc: Some(dc), with_login: false, ..Self::home() }
    }
}

impl Client {
    /// Calls any function of the layer, at home or wherever the server sends it. Waits that the
    /// server asks for, and faults, are handled as the [`RetryPolicy`](crate::RetryPolicy) says.
    ///
    /// What must not run twice is not sent twice where a fault leaves open whether it ran:
    /// [`InvocationError::Unknown`].
    ///
    /// May be dropped midway: the call is then given up, and the server is told so.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::sync::Arc;
    /// use layer_client::{Client, tl};
    ///
    /// # let sandbox = layer_sandbox::Sandbox::start().await?;
    /// # let session = Arc::new(layer_client::session::InMemoryBackend::default());
    /// # let builder = Client::builder().api(1, "hash").session_backend(session);
    /// # let builder = builder.dc_addr(sandbox.address(2).to_string());
    /// # let builder = builder.server_key(sandbox.public_key_pem());
    /// let (client, _shutdown) = builder.connect().await?;
    /// let request = tl::functions::help::GetNearestDc {};
    /// let tl::enums::NearestDc::Dc(nearest) = client.invoke(&request).await?;
    /// assert_eq!(nearest.this_dc, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Any [`InvocationError`].
    pub async fn invoke<R: RemoteCall>(&self, request: &R) -> Result<R::Return, InvocationError> {
        self.inner.invoke_by(Route::home(), request).await
    }

    /// The same at another data centre than home; the login is carried there first.
    ///
    /// May be dropped midway: the call is then given up, and the server is told so.
    ///
    /// # Errors
    /// As [`Client::invoke`], and [`InvocationError::UnknownDc`].
    pub async fn invoke_on_dc<R: RemoteCall>(
        &self,
        dc_id: i32,
        request: &R,
    ) -> Result<R::Return, InvocationError> {
        self.inner.invoke_by(Route::to(dc_id), request).await
    }
}

impl Inner {
    /// Calls a function, and reads its answer where it is awaited.
    pub(crate) async fn invoke_by<R: RemoteCall>(
        self: &Arc<Self>,
        route: Route,
        request: &R,
    ) -> Result<R::Return, InvocationError> {
        let object = self.call(route, request.to_bytes()).await?;
        Ok(R::Return::from_bytes(&object)?)
    }

    /// Calls a function that is written already.
    pub(crate) async fn call(
        self: &Arc<Self>,
        route: Route,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, InvocationError> {
        let function = body.first_chunk().map_or(0, |id| u32::from_le_bytes(*id));
        let Manner { name, may_repeat, is_file } = Manner::of(function);
        let mut course = Course {
            may_repeat,
            purpose: match is_file {
                _ if route.is_cdn => Purpose::Cdn(route.lane),
                true => Purpose::Files(route.lane),
                false => Purpose::Main,
            },
            dc: route.dc,
            route,
            moves: 0,
            renewals: 0,
            fails: 0,
            slept: Duration::ZERO,
        };
        loop {
            let error = match self.try_once(&course, &body).await {
                Ok(object) => return Ok(object),
                Err(error) => error,
            };
            tracing::debug!(name, %error, "a call has failed");
            self.while_open(self.mend(&mut course, error)).await?;
        }
    }

    async fn try_once(
        self: &Arc<Self>,
        course: &Course,
        body: &[u8],
    ) -> Result<Vec<u8>, InvocationError> {
        let dc = course.dc.unwrap_or_else(|| self.dcs.home());
        // Where nothing is to be waited for first, the link itself tells of the client's end.
        let open = self.dcs.open_link(dc, course.purpose);
        let (login, link) = match open.filter(|_| !self.must_carry(course, dc)) {
            Some(link) => (None, link),
            None => self.while_open(self.login_and_link(course, dc)).await?,
        };
        let mut sent = Vec::with_capacity(body.len() + 4);
        if matches!(course.purpose, Purpose::Files(_)) {
            // Updates come over the other link. The wrapper is its id, and then the query.
            sent.extend(functions::InvokeWithoutUpdates::<RawObject>::CONSTRUCTOR_ID.to_le_bytes());
        }
        sent.extend(body);
        let call = Call::new(sent);
        let call = if course.may_repeat { call } else { call.once() };
        let answered = link.call(Asked::by(body), call).await;
        match answered {
            Ok(answer) => Ok(answer.object),
            // What a stranger says of our logins is nothing.
            Err(error) if course.route.is_cdn => Err(error),
            Err(InvocationError::Rpc(error)) if is_logged_out(&error) => {
                match login {
                    Some(login) => {
                        self.dcs.forget_login(dc, &login);
                        self.set_authorized(dc, false);
                    }
                    None if dc == self.dcs.home() => self.logged_out(),
                    None => {}
                }
                Err(error.into())
            }
            Err(InvocationError::Rpc(error)) if error.is("AUTH_KEY_DUPLICATED") => {
                // Used at two places at once: the server has ended it for good.
                self.give_up_key(dc, link.key(), "used at two places at once");
                Err(error.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the login has to be at this data centre, which is not home.
    fn must_carry(&self, course: &Course, dc: i32) -> bool {
        course.route.with_login && dc != self.dcs.home()
    }

    async fn login_and_link(
        self: &Arc<Self>,
        course: &Course,
        dc: i32,
    ) -> Result<(Option<Login>, Link), InvocationError> {
        let login = if course.route.with_login { self.carry_login(dc).await? } else { None };
        Ok((login, self.link(dc, course.purpose).await?))
    }

    /// Waits for something, unless the client ends meanwhile.
    async fn while_open<T>(
        &self,
        something: impl Future<Output = Result<T, InvocationError>>,
    ) -> Result<T, InvocationError> {
        tokio::select! {
            biased;
            () = self.until_closing() => Err(InvocationError::Dropped),
            done = something => done,
        }
    }

    /// Does what makes another try worth it, or gives the error back.
    async fn mend(
        self: &Arc<Self>,
        course: &mut Course,
        error: InvocationError,
    ) -> Result<(), InvocationError> {
        match &error {
            InvocationError::Rpc(rpc) => {
                if let Some(dc) = rpc.migrate_dc_id().filter(|_| course.route.follows) {
                    return self.migrate(course, dc, error).await;
                }
                // A login elsewhere that is gone is carried over again.
                let is_away = course.dc.is_some_and(|dc| dc != self.dcs.home());
                if is_logged_out(rpc) && is_away && course.route.with_login {
                    return if self.is_logged_in() { course.renew(error) } else { Err(error) };
                }
                if course.fails > 0 && rpc.is("RANDOM_ID_DUPLICATE") {
                    return Err(InvocationError::AnswerLost);
                }
            }
            // The link was ended for its key, not for us.
            InvocationError::Dropped if !self.is_closing() && course.may_repeat => {
                return course.renew(error);
            }
            InvocationError::Dropped if !self.is_closing() => return Err(InvocationError::Unknown),
            InvocationError::KeyDead
                if course.may_repeat && course.dc.is_some_and(|dc| dc != self.dcs.home()) =>
            {
                return course.renew(error);
            }
            InvocationError::Io(_) | InvocationError::Timeout(_) if course.may_repeat => {}
            _ => return Err(error),
        }
        course.fails = course.fails.saturating_add(1);
        let fails = NonZeroU32::new(course.fails).unwrap_or(NonZeroU32::MIN);
        let context = RetryContext { fails, slept: course.slept, error: &error };
        match self.config.retry_policy.should_retry(&context) {
            ControlFlow::Continue(wait) => {
                sleep(wait).await;
                course.slept = course.slept.saturating_add(wait);
                Ok(())
            }
            ControlFlow::Break(()) => Err(error),
        }
    }

    async fn migrate(
        self: &Arc<Self>,
        course: &mut Course,
        dc: i32,
        error: InvocationError,
    ) -> Result<(), InvocationError> {
        let moves_home = !error.is("FILE_MIGRATE") && !error.is("STATS_MIGRATE");
        // Who says where a call goes does not want home to move.
        if course.moves >= MOST_MOVES || (moves_home && course.route.dc.is_some()) {
            return Err(error);
        }
        course.moves += 1;
        if moves_home {
            self.move_home(dc).await?;
        } else {
            course.dc = Some(dc);
        }
        Ok(())
    }

    /// The server says that nobody is logged in under our key at home.
    pub(crate) fn logged_out(&self) {
        if !self.is_logged_in() {
            return;
        }
        tracing::info!("logged out by the server");
        self.forget_user();
    }

    /// Nobody is logged in any more. The keys stay; what was known of peers was for that user alone.
    pub(crate) fn forget_user(&self) {
        self.saver.change(|session| {
            let mut changes = vec![Change::User(None)];
            changes.extend(session.without_account());
            for entry in session.dcs.iter().filter(|entry| entry.is_authorized) {
                let mut entry = entry.clone();
                entry.is_authorized = false;
                changes.push(Change::Dc(Box::new(entry)));
            }
            changes
        });
        self.peers.clear();
        self.dcs.forget_logins();
        if let Some(ears) = self.ears.get() {
            ears.logged_in(false);
        }
    }
}

/// What has become of a call by now.
struct Course {
    route: Route,
    may_repeat: bool,
    purpose: Purpose,
    dc: Option<i32>,
    moves: u32,
    renewals: u32,
    fails: u32,
    slept: Duration,
}

impl Course {
    /// Once more at once, if not too often already.
    fn renew(&mut self, error: InvocationError) -> Result<(), InvocationError> {
        self.renewals += 1;
        if self.renewals > MOST_RENEWALS { Err(error) } else { Ok(()) }
    }
}

/// Whether an error says that nobody is logged in; that a password is wanted says it not.
fn is_logged_out(error: &RpcError) -> bool {
    let gone = [
        "AUTH_KEY_UNREGISTERED",
        "AUTH_KEY_INVALID",
        "SESSION_REVOKED",
        "SESSION_EXPIRED",
        "USER_DEACTIVATED",
        "USER_DEACTIVATED_BAN",
    ];
    error.code == 401 && gone.contains(&error.name.as_str())
}
