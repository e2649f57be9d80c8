//! Sealed packets: opened, given to a [`Turn`], and its answers sealed. And sessions whose time has
//! come without a packet.

use std::sync::Arc;

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Side};
use layer_wire::framing::Encoder;
use rand_core::CryptoRng;

use super::turn::Turn;
use super::{Connection, Fault, MOST_OUTPUT, packets};
use crate::router::Caller;
use crate::session::Session;
use crate::{Now, World};

/// Sessions that one connection serves at a time; clients have one or two.
const MOST_SESSIONS: usize = 16;

impl Connection {
    /// A sealed packet.
    pub(super) fn sealed(
        &mut self,
        packet: &mut [u8],
        quick_ack: bool,
        encoder: &mut Encoder,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Fault> {
        let key_id = envelope::key_id(packet).unwrap_or_default();
        let unknown = Fault::UnknownKey { key_id };
        let apart = world.settings.apart();
        let known = world.keys.get_mut(key_id, now.unix());
        let known = known.filter(|known| !apart || known.dc == Some(self.dc)).ok_or(unknown)?;
        let key = known.key.clone();
        let whole = envelope::without_tail(packet.len());
        let (packet, _) = packet.split_at_mut_checked(whole).unwrap_or_default();
        let opened = envelope::open(&key, Side::Client, packet)?;
        if quick_ack {
            let sent = encoder.quick_ack(opened.quick_ack, rng, &mut self.out);
            debug_assert!(sent.is_ok(), "the framing let the client ask");
        }
        let header = opened.header;
        let salt = known.salts.current(now.unix(), rng);
        let good_salt = known.salts.accepts(header.salt, now.unix());
        self.attach(key_id, header.session_id);
        let body = opened.body_of(packet);
        let ids = (key_id, header.session_id);
        self.turn(ids, (key, salt), encoder, now, world, rng, |turn| {
            turn.packet(&header, body, good_salt)
        })
    }

    /// Remembers a session that this connection speaks in; the one before the last few is forgotten.
    fn attach(&mut self, key_id: i64, session_id: i64) {
        let ids = (key_id, session_id);
        if !self.sessions.contains(&ids) {
            if self.sessions.len() >= MOST_SESSIONS {
                self.sessions.pop_front();
            }
            self.sessions.push_back(ids);
        }
    }

    /// The sessions that speak through this connection.
    pub(super) fn own_sessions<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = ((i64, i64), &'a Session)> {
        let known = self.sessions.iter().filter_map(|ids| {
            let session = world.sessions.get(ids.0, ids.1)?;
            Some((*ids, session))
        });
        known.filter(|(_, session)| session.connection.is_some() && session.connection == self.id)
    }

    /// Sends what is due in the sessions, as far as what was sent before has been taken.
    pub(super) fn send_due(
        &mut self,
        encoder: &mut Encoder,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) {
        let sessions = self.own_sessions(world);
        let due = sessions
            .filter(|(_, session)| session.next_due().is_some_and(|due| due <= now.monotonic));
        let due: Vec<_> = due.map(|(ids, _)| ids).collect();
        for ids in due {
            if self.out.len() < MOST_OUTPUT {
                let Some(known) = world.keys.get_mut(ids.0, now.unix()) else {
                    // An expired key's sessions are of no use.
                    world.sessions.destroy_all(ids.0);
                    continue;
                };
                let voice = (known.key.clone(), known.salts.current(now.unix(), rng));
                // Nothing has come, so nothing too long.
                let _ = self.turn(ids, voice, encoder, now, world, rng, |_| ());
            }
        }
    }

    /// One turn of a session, and what it sends under its key with the current salt.
    #[allow(clippy::too_many_arguments, reason = "all that a connection touches, and what it does")]
    fn turn(
        &mut self,
        (key_id, session_id): (i64, i64),
        (key, salt): (Arc<AuthKey>, i64),
        encoder: &mut Encoder,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
        act: impl FnOnce(&mut Turn<'_>),
    ) -> Result<(), Fault> {
        // Media-only data centres are named by the negated id.
        let named = world.keys.get(key_id, now.unix()).and_then(|known| known.dc);
        let dc = named.map_or(self.dc, i32::wrapping_abs);
        let caller = Caller::new(key_id, session_id, dc, now);
        let connection = *self.id.get_or_insert_with(|| world.next_connection());
        let mut turn = Turn::new(caller, (salt, connection), self.disconnect_at, world, rng);
        act(&mut turn);
        let outcome = turn.end();
        self.disconnect_at = outcome.disconnect_at;
        for message in outcome.packets {
            packets::seal(&message, (salt, session_id), &key, encoder, rng, &mut self.out);
        }
        if outcome.too_many { Err(Fault::TooMany) } else { Ok(()) }
    }
}
