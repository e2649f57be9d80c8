//! What a link tells its client: keys go into the session, updates to whoever listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use layer_mtproto::connection::Saved;
use layer_tl_types::{Identifiable, types};

use super::addresses;
use super::dcs::Purpose;
use super::dial::{BoxFuture, Target};
use crate::client::{Ears, Inner};
use crate::config::Proxy;
use crate::session::{Change, DcEntry, SessionError};
use crate::updates::Asked;

/// A clock that is off by so many seconds is no news: it is found out again at once.
const CLOCKS_DIFFER: u64 = 5;

/// What the link tells whoever holds all links.
pub(crate) trait Hub: Send + Sync {
    /// Where the server is by now.
    fn target(&self) -> Target;
    /// A permanent key was agreed. Nothing is done under it before it is saved.
    fn key_agreed(&self, saved: Saved) -> BoxFuture<'_, Result<(), SessionError>>;
    /// What a next process had better know of the key: its salts, and the server's clock. May not
    /// wait.
    fn learnt(&self, saved: Saved);
    /// The server does not know the key any more.
    fn key_dead(&self);
    /// Whether that is believed whoever says it, without asking the server. May not wait.
    fn gives_up_easily(&self) -> bool {
        false
    }
    /// The server said something by itself. May not wait.
    fn pushed(&self, object: Vec<u8>);
    /// The server may have said something that did not arrive. May not wait.
    fn updates_missed(&self);
    /// What was asked has this answer, and whoever waits gets it after this. May not wait.
    fn answered(&self, asked: &Asked, object: &[u8]);
}

/// The client, as one of its links sees it. It goes when the link's task ends, so the circle is
/// broken by closing the link.
pub(super) struct LinkHub {
    inner: Arc<Inner>,
    dc: i32,
    purpose: Purpose,
    /// The id of the key under which the link speaks.
    key: Arc<AtomicI64>,
}

impl LinkHub {
    pub(super) fn new(inner: Arc<Inner>, dc: i32, purpose: Purpose, key: Arc<AtomicI64>) -> Self {
        Self { inner, dc, purpose, key }
    }

    /// Where the data centre is by now, best first.
    pub(super) fn addresses(&self) -> Vec<String> {
        let Inner { config, saver, .. } = &*self.inner;
        let mut found = saver.read(|session| addresses::of(config, session, self.dc, self.purpose));
        if matches!(config.proxy, Some(Proxy::MtProxy { .. })) {
            // It finds the data centre by its number.
            found.truncate(1);
        }
        found
    }

    /// Who listens to what comes from home.
    fn ears(&self) -> Option<&dyn Ears> {
        let is_home = self.dc == self.inner.dcs.home() && !self.is_cdn();
        self.inner.ears.get().filter(|_| is_home).map(Box::as_ref)
    }

    fn is_cdn(&self) -> bool {
        matches!(self.purpose, Purpose::Cdn(_))
    }
}

impl Hub for LinkHub {
    fn target(&self) -> Target {
        Target(self.addresses())
    }

    fn key_agreed(&self, saved: Saved) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(async move {
            self.key.store(saved.auth_key.id(), Ordering::Relaxed);
            if self.is_cdn() {
                self.inner.dcs.cdns.agree(self.dc, saved);
                return Ok(());
            }
            self.inner.saver.change(|session| {
                let known = session.dc(self.dc).cloned();
                let mut entry = known.unwrap_or_else(|| DcEntry::new(self.dc));
                entry.auth_key = Some(saved.auth_key);
                entry.salts = saved.salts;
                entry.time_offset = saved.time_offset;
                entry.is_authorized = false;
                vec![Change::Dc(Box::new(entry))]
            });
            self.inner.saver.flush().await
        })
    }

    fn learnt(&self, saved: Saved) {
        if self.is_cdn() {
            return;
        }
        self.inner.saver.change(|session| {
            let known = session.dc(self.dc);
            let is_same = |it: &&DcEntry| it.auth_key.as_ref() == Some(&saved.auth_key);
            let Some(known) = known.filter(is_same) else { return Vec::new() };
            let is_off = known.time_offset.abs_diff(saved.time_offset) > CLOCKS_DIFFER;
            if known.salts == saved.salts && !is_off {
                return Vec::new();
            }
            let mut entry = known.clone();
            (entry.salts, entry.time_offset) = (saved.salts, saved.time_offset);
            vec![Change::Dc(Box::new(entry))]
        });
    }

    fn key_dead(&self) {
        let key = self.key.load(Ordering::Relaxed);
        if self.is_cdn() {
            self.inner.dcs.cdns.give_up(self.dc, key);
        } else {
            self.inner.give_up_key(self.dc, key, "unknown to the server");
        }
    }

    fn gives_up_easily(&self) -> bool {
        // It opens nothing, and a CDN has no way of asking.
        self.is_cdn()
    }

    fn pushed(&self, object: Vec<u8>) {
        if self.purpose != Purpose::Main || self.dc != self.inner.dcs.home() {
            return;
        }
        // It comes to those who are not logged in, to whom no other update comes.
        let token = types::UpdateLoginToken::CONSTRUCTOR_ID.to_le_bytes();
        if !self.inner.is_logged_in() && object.chunks_exact(4).any(|word| word == token) {
            self.inner.login_token.notify_one();
        }
        self.inner.moved(&object);
        if let Some(ears) = self.ears() {
            ears.pushed(object);
        }
    }

    fn updates_missed(&self) {
        if let Some(ears) = self.ears().filter(|_| self.purpose == Purpose::Main) {
            ears.missed();
        }
    }

    fn answered(&self, asked: &Asked, object: &[u8]) {
        if let Some(ears) = self.ears() {
            ears.answered(asked, object);
        }
    }
}
