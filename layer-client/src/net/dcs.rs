//! The links to all data centres: one for each purpose, opened when it is first wanted, once, however
//! many ask at the same time. The login is carried over from home before anything is asked elsewhere.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use layer_crypto::rsa::PublicKey;
use layer_mtproto::connection::{self, Connection, Init, Saved};
use layer_mtproto::exchange;
use layer_mtproto::wire::framing::{FramingKind, Tag};
use layer_tl_types::{enums, functions, types};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::addresses::{self, News};
use super::cdn::{self, Cdns};
use super::clock::Backoff;
use super::dial::BoxFuture;
use super::driver::{self, Parts};
use super::hub::LinkHub;
use super::link::Link;
use crate::InvocationError;
use crate::client::Inner;
use crate::config::{Config, ConfigError, Proxy, TransportKind};
use crate::invoke::Route;
use crate::session::{Change, DcEntry};

/// How often a login is exported anew for one import, because it was not taken.
const MOST_EXPORTS: u32 = 3;
/// So long it is tried to have keys destroyed that nobody wants any more.
const DESTROYING: Duration = Duration::from_secs(10);
/// What is added to the number of a test data centre.
const TEST: i32 = 10_000;

/// What a link is for. Files don't stand in the way of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    Main,
    /// One of several, so that parts come side by side.
    Files(u8),
    /// The same to a CDN, which is told nothing and of which nothing else is heard.
    Cdn(u8),
}

/// All links.
pub(crate) struct Dcs {
    /// The data centre at home.
    home: AtomicI32,
    state: Mutex<State>,
    pub(super) cdns: Cdns,
}

struct State {
    closed: bool,
    /// It is being asked where the data centres are.
    is_asking: bool,
    links: BTreeMap<(i32, Purpose), Arc<OnceCell<Link>>>,
    /// Set where the login was imported, or is known to be there.
    logins: BTreeMap<i32, Login>,
}

/// Whether the user is logged in at a data centre: found out once. Another takes its place when it
/// turns out not to be so any more.
pub(crate) type Login = Arc<OnceCell<()>>;

impl Dcs {
    pub(crate) fn new(home: i32) -> Self {
        let (links, logins) = (BTreeMap::new(), BTreeMap::new());
        let state = State { closed: false, is_asking: false, links, logins };
        Self { home: home.into(), state: Mutex::new(state), cdns: Cdns::default() }
    }

    /// The data centre at home.
    pub(crate) fn home(&self) -> i32 {
        self.home.load(Ordering::Relaxed)
    }

    /// Ends all links, and opens none any more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let links = std::mem::take(&mut state.links);
        drop(state);
        links.values().filter_map(|link| link.get()).for_each(Link::close);
    }

    /// Dials at once wherever a dialling is waited for.
    pub(crate) fn redial(&self) {
        self.state().links.values().filter_map(|link| link.get()).for_each(Link::redial);
    }

    /// Ends the links to a data centre; the next who asks gets a new one.
    pub(crate) fn drop_links(&self, dc: i32) {
        let mut state = self.state();
        state.links.retain(|(of, _), link| {
            if *of == dc
                && let Some(link) = link.get()
            {
                link.close();
            }
            *of != dc
        });
        state.logins.remove(&dc);
    }

    /// Ends one link. Where another has taken its place, that stays.
    pub(super) fn drop_link(&self, dc: i32, purpose: Purpose, link: &Link) {
        link.close();
        let mut state = self.state();
        let is_it = |known: &Arc<OnceCell<Link>>| known.get().is_some_and(|it| it.is_same(link));
        if state.links.get(&(dc, purpose)).is_some_and(is_it) {
            state.links.remove(&(dc, purpose));
        }
    }

    /// Nobody is known to be logged in anywhere but at home.
    pub(crate) fn forget_logins(&self) {
        self.state().logins.clear();
    }

    /// It has turned out that nobody is logged in there. What was found out since stays.
    pub(crate) fn forget_login(&self, dc: i32, login: &Login) {
        let mut state = self.state();
        if state.logins.get(&dc).is_some_and(|known| Arc::ptr_eq(known, login)) {
            state.logins.remove(&dc);
        }
    }

    fn link(&self, dc: i32, purpose: Purpose) -> Result<Arc<OnceCell<Link>>, InvocationError> {
        let mut state = self.state();
        if state.closed {
            return Err(InvocationError::Dropped);
        }
        let link = state.links.entry((dc, purpose)).or_default();
        // One whose key has died, or whose task was killed.
        if link.get().is_some_and(Link::is_closed) {
            *link = Arc::default();
        }
        Ok(Arc::clone(link))
    }

    /// The link, if it is there already.
    pub(crate) fn open_link(&self, dc: i32, purpose: Purpose) -> Option<Link> {
        let state = self.state();
        let link = state.links.get(&(dc, purpose))?.get()?;
        Some(link.clone()).filter(|link| !link.is_closed())
    }

    fn login(&self, dc: i32, is_known: bool) -> Login {
        let mut state = self.state();
        let new =
            || Arc::new(if is_known { OnceCell::new_with(Some(())) } else { OnceCell::new() });
        Arc::clone(state.logins.entry(dc).or_insert_with(new))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The link to a data centre. May be dropped midway; who else waits for it opens it then.
    pub(crate) async fn link(
        self: &Arc<Self>,
        dc: i32,
        purpose: Purpose,
    ) -> Result<Link, InvocationError> {
        let link = self.dcs.link(dc, purpose)?;
        Ok(link.get_or_try_init(|| self.open(dc, purpose)).await?.clone())
    }

    fn open(
        self: &Arc<Self>,
        dc: i32,
        purpose: Purpose,
    ) -> BoxFuture<'_, Result<Link, InvocationError>> {
        Box::pin(async move {
            let is_cdn = matches!(purpose, Purpose::Cdn(_));
            let saved = || if is_cdn { self.dcs.cdns.agreed(dc) } else { self.saved_key(dc) };
            // One key serves all links to a data centre, so one of them agrees it.
            let first = if is_cdn { Purpose::Cdn(0) } else { Purpose::Main };
            if purpose != first && saved().is_none() {
                self.link(dc, first).await?.ready().await?;
            }
            let key = Arc::new(AtomicI64::default());
            let hub = LinkHub::new(Arc::clone(self), dc, purpose, Arc::clone(&key));
            if hub.addresses().is_empty() {
                self.refresh_addresses(Some(dc)).await?;
                if hub.addresses().is_empty() {
                    return Err(InvocationError::UnknownDc(dc));
                }
            }
            let keys = if is_cdn { self.cdn_keys(dc).await? } else { self.config.public_keys()? };
            let mut config = connection_config(&self.config, keys, dc)?;
            if is_cdn {
                config.init = cdn::nobody(config.init);
                config.temporary_keys = None;
            }
            let (now, mut rng) = (self.seams.clock.now(), self.seams.rng());
            let saved = saved();
            key.store(saved.as_ref().map_or(0, |saved| saved.auth_key.id()), Ordering::Relaxed);
            let (link, driver) = driver::open(Parts {
                connection: Connection::new(config, saved, now, &mut rng),
                dial: Arc::clone(&self.seams.dial),
                hub: Arc::new(hub),
                key,
                clock: self.seams.clock.clone(),
                rng: Box::new(rng),
                blocking: Arc::clone(&self.seams.blocking),
                backoff: Backoff {
                    first: self.config.reconnect_first,
                    last: self.config.reconnect_longest,
                },
                call_timeout: self.config.rpc_timeout,
            });
            (self.seams.spawn)(Box::pin(driver));
            if self.is_closing() {
                link.close();
            }
            Ok(link)
        })
    }

    /// The key that was agreed with a data centre.
    pub(crate) fn saved_key(&self, dc: i32) -> Option<Saved> {
        let saved = |entry: &DcEntry| {
            let auth_key = entry.auth_key.clone()?;
            let (salts, time_offset) = (entry.salts.clone(), entry.time_offset);
            Some(Saved { auth_key, salts, time_offset })
        };
        self.saver.read(|session| session.dc(dc).and_then(saved))
    }

    /// The key of this id is worth nothing any more: it is kept aside, and the next link agrees
    /// another. Where another is used by now, that stays.
    pub(crate) fn give_up_key(&self, dc: i32, key: i64, reason: &str) {
        let date = self.seams.clock.now().wall.as_secs();
        let date = i64::try_from(date).unwrap_or(i64::MAX);
        let mut is_used = false;
        self.saver.change(|session| {
            let used = session.dc(dc).and_then(|entry| entry.auth_key.as_ref());
            is_used = used.is_some_and(|used| used.id() == key);
            let change = Change::KeySetAside { dc, date, reason: reason.to_owned() };
            if is_used { vec![change] } else { Vec::new() }
        });
        if !is_used {
            return;
        }
        self.dcs.drop_links(dc);
        if dc == self.dcs.home() {
            self.logged_out();
        }
    }

    /// Lets the servers destroy all keys, as far as they can be reached in time, and ends the links:
    /// whoever finds a session that was signed out finds nothing that opens anything.
    pub(crate) async fn destroy_keys(self: &Arc<Self>) {
        let with_key = |entry: &&DcEntry| entry.auth_key.is_some();
        let dcs: Vec<i32> = self
            .saver
            .read(|session| session.dcs.iter().filter(with_key).map(|entry| entry.id).collect());
        let destroying: Vec<_> = dcs.iter().map(|dc| Box::pin(self.destroy_key(*dc))).collect();
        if timeout(DESTROYING, all(destroying)).await.is_err() {
            tracing::debug!("not all keys could be destroyed in time");
        }
        dcs.into_iter().for_each(|dc| self.dcs.drop_links(dc));
    }

    async fn destroy_key(self: &Arc<Self>, dc: i32) {
        let is_destroyed = match self.link(dc, Purpose::Main).await {
            Ok(link) => link.destroy_key().await,
            Err(_) => false,
        };
        tracing::debug!(dc, is_destroyed, "the key");
    }

    /// Whether somebody is logged in.
    pub(crate) fn is_logged_in(&self) -> bool {
        self.saver.read(|session| session.user.is_some())
    }

    /// Sees to it that the user is logged in at a data centre as at home, if anybody is. Says how it
    /// is known, for [`Dcs::forget_login`].
    pub(crate) async fn carry_login(
        self: &Arc<Self>,
        dc: i32,
    ) -> Result<Option<Login>, InvocationError> {
        if dc == self.dcs.home() || !self.is_logged_in() {
            return Ok(None);
        }
        let is_known = |entry: &DcEntry| entry.is_authorized;
        let is_known = self.saver.read(|session| session.dc(dc).is_some_and(is_known));
        let login = self.dcs.login(dc, is_known);
        login.get_or_try_init(|| self.import(dc)).await?;
        Ok(Some(login))
    }

    /// Carries the login over.
    fn import(self: &Arc<Self>, dc: i32) -> BoxFuture<'_, Result<(), InvocationError>> {
        Box::pin(async move {
            let mut exports = 0;
            loop {
                exports += 1;
                let export = functions::auth::ExportAuthorization { dc_id: dc };
                let enums::auth::ExportedAuthorization::Authorization(exported) =
                    self.invoke_by(Route::home(), &export).await?;
                let types::auth::ExportedAuthorization { id, bytes } = exported;
                let import = functions::auth::ImportAuthorization { id, bytes };
                match self.invoke_by(Route::plain(dc), &import).await {
                    Ok(_) => break,
                    Err(error) if exports >= MOST_EXPORTS || !is_stale(&error) => {
                        return Err(error);
                    }
                    Err(error) => tracing::debug!(%error, dc, "the exported login is not taken"),
                }
            }
            self.set_authorized(dc, true);
            Ok(())
        })
    }

    /// Writes down whether the user is logged in at a data centre.
    pub(crate) fn set_authorized(&self, dc: i32, is_authorized: bool) {
        self.saver.change(|session| {
            let mut entry = session.dc(dc).cloned().unwrap_or_else(|| DcEntry::new(dc));
            if entry.is_authorized == is_authorized {
                return Vec::new();
            }
            entry.is_authorized = is_authorized;
            vec![Change::Dc(Box::new(entry))]
        });
    }

    /// The server says that home is elsewhere.
    pub(crate) async fn move_home(self: &Arc<Self>, dc: i32) -> Result<(), InvocationError> {
        // Not to where nobody is, nor without the login.
        self.link(dc, Purpose::Main).await?.ready().await?;
        self.carry_login(dc).await?;
        tracing::debug!(dc, "home moves");
        self.dcs.home.store(dc, Ordering::Relaxed);
        self.saver.change(|_| vec![Change::HomeDc(dc)]);
        Ok(())
    }

    /// Takes what the server says by itself of where the data centres are.
    pub(super) fn moved(self: &Arc<Self>, object: &[u8]) {
        match addresses::news(object) {
            Some(News::Told(options)) => {
                self.saver.change(|session| addresses::changes(session, &options));
            }
            Some(News::Ask) => {
                if std::mem::replace(&mut self.dcs.state().is_asking, true) {
                    return;
                }
                let inner = Arc::clone(self);
                self.spawn(async move {
                    if let Err(error) = inner.refresh_addresses(None).await {
                        tracing::debug!(%error, "help.getConfig");
                    }
                    inner.dcs.state().is_asking = false;
                });
            }
            None => {}
        }
    }

    /// Asks where the data centres are: at home, or, if home itself is to be found, where it all
    /// begins.
    pub(crate) async fn refresh_addresses(
        self: &Arc<Self>,
        wanted: Option<i32>,
    ) -> Result<(), InvocationError> {
        let home = self.dcs.home();
        let route = match wanted {
            Some(dc) if dc == self.config.dc_id => return Err(InvocationError::UnknownDc(dc)),
            Some(dc) if dc == home => Route::plain(self.config.dc_id),
            _ => Route::plain(home),
        };
        let enums::Config::Config(told) =
            self.invoke_by(route, &functions::help::GetConfig {}).await?;
        self.saver.change(|session| addresses::changes(session, &told.dc_options));
        Ok(())
    }
}

/// Waits for all of them at once.
async fn all<F: Future<Output = ()> + Unpin>(mut futures: Vec<F>) {
    poll_fn(|context| {
        futures.retain_mut(|future| Pin::new(future).poll(context).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Whether a login that is exported anew may be taken.
fn is_stale(error: &InvocationError) -> bool {
    ["AUTH_BYTES_INVALID", "AUTH_KEY_*", "DC_ID_INVALID"].iter().any(|name| error.is(name))
}

fn connection_config(
    config: &Config,
    keys: Vec<PublicKey>,
    dc: i32,
) -> Result<connection::Config, ConfigError> {
    let number = if config.test_dcs { dc.saturating_add(TEST) } else { dc };
    let mut init: Init = config.init();
    if let Some(Proxy::MtProxy { address, .. }) = &config.proxy
        && let Some((host, port)) = address.rsplit_once(':')
    {
        let port = port.parse().map_err(|_| ConfigError::Address(address.clone()))?;
        let address = host.to_owned();
        init.proxy = Some(types::InputClientProxy { address, port }.into());
    }
    let mut made = connection::Config::new(exchange::Config::new(keys, number), init);
    made.framing = framing(config, number);
    made.silence = config.connect_timeout;
    made.temporary_keys =
        config.temporary_keys.map(|lifetime| i32::try_from(lifetime.as_secs()).unwrap_or(i32::MAX));
    Ok(made)
}

fn framing(config: &Config, number: i32) -> FramingKind {
    let dc = i16::try_from(number).unwrap_or(i16::MAX);
    if let Some(Proxy::MtProxy { secret, padded, .. }) = &config.proxy {
        let inner = if *padded { Tag::Padded } else { Tag::Intermediate };
        return FramingKind::Obfuscated { inner, secret: Some((*secret).into()), dc };
    }
    match &config.transport {
        TransportKind::Abridged => FramingKind::Abridged,
        TransportKind::Intermediate => FramingKind::Intermediate,
        TransportKind::PaddedIntermediate => FramingKind::Padded,
        TransportKind::Full => FramingKind::Full,
        TransportKind::Obfuscated { secret } => {
            let secret = secret.map(Into::into);
            FramingKind::Obfuscated { inner: Tag::Intermediate, secret, dc }
        }
    }
}
