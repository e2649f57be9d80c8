//! Sealed packets: opened, given to a [`Turn`], and its answers sealed.

use layer_crypto::envelope::{self, Side};
use layer_wire::framing::Encoder;
use rand_core::CryptoRng;

use super::outbox;
use super::turn::Turn;
use super::{Connection, Fault};
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
        let known = world.keys.get_mut(key_id, now.unix()).ok_or(unknown)?;
        let key = known.key.clone();
        let whole = envelope::without_tail(packet.len());
        let (packet, _) = packet.split_at_mut_checked(whole).unwrap_or_default();
        let opened = envelope::open(&key, Side::Client, packet)?;
        if quick_ack {
            let sent = encoder.quick_ack(opened.quick_ack, rng, &mut self.out);
            debug_assert!(sent.is_ok(), "the framing let the client ask");
        }

        let session_id = opened.header.session_id;
        let salt = known.salts.current(now.unix(), rng);
        let good_salt = known.salts.accepts(opened.header.salt, now.unix());
        // Media-only data centres are named by the negated id.
        let dc = known.dc.map_or(self.dc, i32::wrapping_abs);
        let caller = Caller { key_id, session_id, msg_id: opened.header.msg_id, dc, now };
        let connection = *self.id.get_or_insert_with(|| world.next_connection());
        self.attach(key_id, session_id);
        let mut turn = Turn::new(caller, (salt, connection), self.disconnect_at, world, rng);
        turn.packet(&opened.header, opened.body_of(packet), good_salt);
        let (messages, disconnect_at) = turn.end();

        self.disconnect_at = disconnect_at;
        for message in outbox::packets(&messages, || world.next_container_id(now)) {
            outbox::seal(&message, (salt, session_id), &key, encoder, rng, &mut self.out);
        }
        Ok(())
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

    /// The sessions that this connection spoke in last.
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

    /// Sends what is due in the sessions.
    pub(super) fn send_due(
        &mut self,
        encoder: &mut Encoder,
        now: Now,
        world: &mut World,
        rng: &mut dyn CryptoRng,
    ) {
        let is_due = |session: &Session| session.next_due().is_some_and(|due| due <= now.monotonic);
        let due: Vec<_> = self
            .own_sessions(world)
            .filter(|(_, session)| is_due(session))
            .map(|(ids, _)| ids)
            .collect();
        for (key_id, session_id) in due {
            let Some(known) = world.keys.get_mut(key_id, now.unix()) else { continue };
            let key = known.key.clone();
            let salt = known.salts.current(now.unix(), rng);
            let dc = known.dc.map_or(self.dc, i32::wrapping_abs);
            let caller = Caller { key_id, session_id, msg_id: 0, dc, now };
            let connection = self.id.unwrap_or_default();
            let mut turn = Turn::new(caller, (salt, connection), self.disconnect_at, world, rng);
            turn.due();
            let (messages, _) = turn.end();
            for message in outbox::packets(&messages, || world.next_container_id(now)) {
                outbox::seal(&message, (salt, session_id), &key, encoder, rng, &mut self.out);
            }
        }
    }
}
