//! CDN data centres: strangers that give out enciphered files. Home tells by which RSA keys they are
//! known. The keys that are agreed with them open nothing, so they live as long as the client and are
//! never saved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use layer_crypto::rsa::PublicKey;
use layer_mtproto::connection::{Init, Lost, Saved};
use layer_mtproto::exchange::ExchangeError;
use layer_tl_types::{RemoteCall, enums, functions};
use tokio::sync::OnceCell;

use super::dcs::Purpose;
use crate::InvocationError;
use crate::client::Inner;
use crate::invoke::Route;

/// So many keys there are at most.
const MOST_KEYS: usize = 100;

/// What is known of CDNs.
#[derive(Default)]
pub(super) struct Cdns {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    told: Told,
    /// The keys that were agreed.
    agreed: BTreeMap<i32, Saved>,
    /// Those that have given something else than the file.
    liars: BTreeSet<i32>,
}

/// By which keys each is known, once home has been asked.
type Told = Arc<OnceCell<Vec<(i32, PublicKey)>>>;

impl Cdns {
    /// The key that was agreed with one of them.
    pub(super) fn agreed(&self, dc: i32) -> Option<Saved> {
        self.state().agreed.get(&dc).cloned()
    }

    pub(super) fn agree(&self, dc: i32, saved: Saved) {
        self.state().agreed.insert(dc, saved);
    }

    /// It does not know this key any more. Where another was agreed meanwhile, that stays.
    pub(super) fn give_up(&self, dc: i32, key: i64) {
        let mut state = self.state();
        if state.agreed.get(&dc).is_some_and(|saved| saved.auth_key.id() == key) {
            state.agreed.remove(&dc);
        }
    }

    fn told(&self) -> Told {
        Arc::clone(&self.state().told)
    }

    /// What was told is out of date. What was asked for since stays.
    fn forget(&self, told: &Told) {
        let mut state = self.state();
        if Arc::ptr_eq(&state.told, told) {
            state.told = Told::default();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Calls a function of a CDN.
    ///
    /// # Errors
    /// Any; also where another link would wait and try again, for the file can be had elsewhere.
    pub(crate) async fn call_cdn<R: RemoteCall>(
        self: &Arc<Self>,
        dc: i32,
        lane: u8,
        request: &R,
    ) -> Result<R::Return, InvocationError> {
        if self.dcs.cdns.agreed(dc).is_none() {
            self.reach_cdn(dc).await?;
        }
        self.invoke_by(Route::cdn(dc, lane), request).await
    }

    /// A CDN has given something else than the file: nothing is asked of it any more.
    pub(crate) fn distrust_cdn(&self, dc: i32) {
        self.dcs.cdns.state().liars.insert(dc);
    }

    pub(crate) fn trusts_cdn(&self, dc: i32) -> bool {
        !self.dcs.cdns.state().liars.contains(&dc)
    }

    /// Agrees a key with a CDN.
    async fn reach_cdn(self: &Arc<Self>, dc: i32) -> Result<(), InvocationError> {
        for is_last in [false, true] {
            let told = self.dcs.cdns.told();
            let error = match self.link(dc, Purpose::Cdn(0)).await {
                Ok(link) => match link.ready().await {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        // Nobody waits for it to come back.
                        self.dcs.drop_link(dc, Purpose::Cdn(0), &link);
                        error
                    }
                },
                Err(error) => error,
            };
            if is_last || !is_unknown(&error) {
                return Err(error);
            }
            tracing::debug!(dc, %error, "which CDNs there are is asked for again");
            self.dcs.cdns.forget(&told);
        }
        Err(InvocationError::UnknownDc(dc))
    }

    /// By which keys a CDN is known.
    pub(super) async fn cdn_keys(
        self: &Arc<Self>,
        dc: i32,
    ) -> Result<Vec<PublicKey>, InvocationError> {
        let told = self.dcs.cdns.told();
        let all = told.get_or_try_init(|| self.ask_cdn_keys()).await?;
        let keys: Vec<_> =
            all.iter().filter(|(of, _)| *of == dc).map(|(_, key)| key.clone()).collect();
        if keys.is_empty() { Err(InvocationError::UnknownDc(dc)) } else { Ok(keys) }
    }

    async fn ask_cdn_keys(self: &Arc<Self>) -> Result<Vec<(i32, PublicKey)>, InvocationError> {
        let enums::CdnConfig::Config(told) =
            self.invoke_by(Route::home(), &functions::help::GetCdnConfig {}).await?;
        let key = |enums::CdnPublicKey::Key(told): &enums::CdnPublicKey| {
            // One that can't be read is as good as none.
            Some((told.dc_id, PublicKey::from_pem(&told.public_key).ok()?))
        };
        Ok(told.public_keys.iter().filter_map(key).take(MOST_KEYS).collect())
    }
}

/// Whether home may know better by now.
fn is_unknown(error: &InvocationError) -> bool {
    matches!(
        error,
        InvocationError::UnknownDc(_)
            | InvocationError::Link(Lost::Exchange(ExchangeError::UnknownKeys { .. }))
    )
}

/// What is said to a CDN: nothing of us but the program's number and version.
pub(super) fn nobody(init: Init) -> Init {
    let mut nobody = Init::new(init.api_id);
    nobody.app_version = init.app_version;
    (nobody.device_model, nobody.system_version) = ("n/a".to_owned(), "n/a".to_owned());
    nobody.proxy = init.proxy;
    nobody
}
