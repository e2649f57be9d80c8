//! `bad_msg_notification`: a message was not taken, nor anything in it.

use layer_tl_types::types;
use rand_core::CryptoRng;

use super::super::requests::Request;
use super::super::session::Session;
use super::super::{Connection, Event, Lost};
use crate::Now;
use crate::calls::State;
use crate::ids;

/// The identifier is too low, or too high: our clock is wrong.
const TOO_LOW: i32 = 16;
const TOO_HIGH: i32 = 17;
/// Too old to know whether it had been received.
const TOO_OLD: i32 = 20;
/// Something was wrong with a container.
const CONTAINER: i32 = 64;
/// How far before its time a server takes a message, in seconds, and as much again for the way.
const SURELY_TOO_HIGH: i64 = 90;

impl Connection {
    pub(super) fn bad_msg_notification(
        &mut self,
        bad: &types::BadMsgNotification,
        msg_id: i64,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        let code = bad.error_code;
        if code == TOO_OLD && self.calls.sent_in(bad.bad_msg_id).is_some() {
            self.too_old(bad.bad_msg_id, code);
            return Ok(());
        }
        let members = self.packets.take(bad.bad_msg_id);
        if members.is_empty() {
            return Ok(());
        }
        if code == TOO_LOW || code == TOO_HIGH {
            self.clock.set(msg_id, now);
            self.events.push_back(Event::Learnt);
        }
        match code {
            TOO_HIGH => {
                self.refused(members, code, now)?;
                self.take_back_what_is_too_high(now);
                // Identifiers must be lower now, which they may be in a new session only.
                if self.ids.begin_anew(self.clock.time(now)) {
                    self.leave_parked(rng);
                }
                self.begin_anew(rng);
                Ok(())
            }
            CONTAINER => {
                if let Some(link) = &mut self.link {
                    link.singly = true;
                }
                self.refused(members, code, now)
            }
            // Low bits, a container's identifier used twice, sequence numbers: the two ends disagree
            // about the session itself.
            18 | 19 | 32..=35 => {
                self.refused(members, code, now)?;
                self.begin_anew(rng);
                Ok(())
            }
            _ => self.refused(members, code, now),
        }
    }

    /// The server has refused, or will, all messages that are as far ahead as the one that it has
    /// named: they have not been run.
    fn take_back_what_is_too_high(&mut self, now: Now) {
        let limit = self.clock.seconds(now) + SURELY_TOO_HIGH;
        let refused = self.calls.which(|entry| {
            let sent = entry.message.as_ref().filter(|_| entry.state != State::Arrived);
            sent.is_some_and(|sent| ids::seconds(sent.msg_id) > limit)
        });
        for call in refused {
            self.not_run(call);
        }
    }

    /// The session that was put aside may have had higher identifiers: it is over, too.
    fn leave_parked(&mut self, rng: &mut dyn CryptoRng) {
        let Some(parked) = self.parked.take() else { return };
        let session = Session::new(parked.salts.clone(), self.links, rng);
        let verifying = std::mem::replace(&mut self.session, parked);
        self.leave_session(session);
        self.parked = Some(std::mem::replace(&mut self.session, verifying));
    }

    fn begin_anew(&mut self, rng: &mut dyn CryptoRng) {
        let before = self.session.id;
        let session = Session::new(self.session.salts.clone(), self.links, rng);
        self.leave_session(session);
        self.requests.push(Request::DestroySession(before));
        if self.is_binding() {
            // It names the session, and nothing else goes before it.
            self.requests.push(Request::Bind);
        }
    }
}
