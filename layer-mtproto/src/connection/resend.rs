//! What becomes of calls when a message is refused, a link is lost, or a session is over.
//!
//! A server knows a message again by its identifier, within one session and as long as it remembers.
//! So a call is sent again under the *same* identifier wherever the server may have it, and under a
//! new one only where it can't have run it: the message was refused when it was sent first. What
//! lies between (the server's memory is gone) can't be known, and the call's answer says so, or the
//! call fails if it was to be run [once](crate::connection::Call::once).

use super::link::LOOK_EVERY;
use super::packets::{Member, What};
use super::requests::Request;
use super::session::Session;
use super::{Connection, Event, Failure, Lost};
use crate::Now;
use crate::acks::Acks;
use crate::calls::{CallId, State};

/// How often one call's message may be refused.
const MOST_REFUSALS: u32 = 10;
/// How many messages may be refused in a row on one link.
const MOST_IN_A_ROW: u32 = 50;
/// Sessions that are over and may still be heard of.
const MOST_FORMER: usize = 8;
/// How long a call may be without a sign from the server until it is asked, in seconds. It is looked for
/// such calls every ten, so each is asked about within 25.
const PATIENCE: u64 = 15;
/// How long a call that has arrived may be without an answer.
const PATIENCE_WITH_ARRIVED: u64 = 60;

impl Connection {
    /// The link is gone, and with it what was on the way.
    pub(super) fn drop_link(&mut self) {
        if self.link.take().is_none() {
            return;
        }
        self.decoder = None;
        self.work = None;
        self.forget_what_was_sent();
        self.session.acks.hurry();
        if self.unpark() {
            self.keys.drop_temporary();
        }
        // Those that were about to go out again are no surer than those that have.
        let sent = |state| matches!(state, State::Sent | State::Again);
        for call in self.calls.which(|entry| sent(entry.state)) {
            if self.calls.get(call).is_some_and(|entry| entry.once) {
                self.calls.hold(call, State::Unsure);
            } else {
                self.calls.enqueue(call, State::Again);
            }
        }
    }

    /// A new link is open: those calls that must not run twice are asked about before they are sent
    /// again. The server is also asked for a message that it must know: if it doesn't, it has
    /// forgotten the others too.
    pub(super) fn ask_about_unsure_calls(&mut self) {
        let unsure = self.calls.which(|entry| entry.state == State::Unsure);
        let sent = unsure.into_iter().filter_map(|call| self.calls.get(call)?.message.as_ref());
        let msg_ids: Vec<_> = sent.map(|sent| sent.msg_id).collect();
        self.ask_about(&msg_ids);
    }

    /// With the witness, no more at once than one message lists.
    pub(super) fn ask_about(&mut self, msg_ids: &[i64]) {
        let witness = self.session.witness;
        for msg_ids in msg_ids.chunks(Acks::MOST - 1) {
            self.requests.push(Request::States { msg_ids: msg_ids.to_vec(), witness });
        }
    }

    /// Asks the server about calls of which nothing has been heard for long.
    pub(super) fn look_after_calls(&mut self, now: Now) {
        if !self.is_open() {
            return;
        }
        let mut msg_ids = Vec::new();
        for call in self.calls.which(|_| true) {
            let Some(entry) = self.calls.get_mut(call) else { continue };
            let patience = match entry.state {
                State::Sent | State::Unsure => PATIENCE,
                State::Arrived => PATIENCE_WITH_ARRIVED,
                State::Queued | State::Again => continue,
            };
            let silent_for = now.monotonic.saturating_sub(entry.looked_at).as_secs();
            if silent_for >= patience
                && let Some(sent) = &entry.message
            {
                entry.looked_at = now.monotonic;
                msg_ids.push(sent.msg_id);
            }
        }
        self.ask_about(&msg_ids);
        // If calls wait and nothing is heard, the other end may be gone: it is not left until the
        // next ping to find out.
        let waits = self.calls.iter().any(|entry| entry.state == State::Sent);
        if let Some(link) = &mut self.link
            && waits
            && link.heard_at + LOOK_EVERY <= now.monotonic
        {
            link.ping_at = link.ping_at.min(now.monotonic);
        }
    }

    /// The server has refused a message, which may have held others. What is in it goes out anew.
    pub(super) fn refused(
        &mut self,
        members: Vec<Member>,
        code: i32,
        now: Now,
    ) -> Result<(), Lost> {
        let latest = members.iter().map(|member| member.msg_id).max();
        for member in members {
            match member.what {
                What::Call(call) => self.call_refused(call, &member, code),
                What::Request => {
                    let request = self.requests.take(member.msg_id);
                    if request == Some(Request::Ping)
                        && let Some(link) = &mut self.link
                    {
                        link.pinged_at = None;
                        link.ping_at = now.monotonic;
                    } else if let Some(request) = request {
                        self.requests.push(request);
                    }
                }
                What::Acks(ids) => {
                    ids.into_iter().for_each(|id| self.session.acks.add(id, 0, now.monotonic));
                    self.session.acks.hurry();
                }
                What::Reply => {}
            }
        }
        let Some(link) = &mut self.link else { return Ok(()) };
        // What was under way together is refused together, and is one refusal.
        if latest > link.refused_until {
            link.refused_until = Some(self.ids.last());
            link.refusals += 1;
        }
        if link.refusals > MOST_IN_A_ROW { Err(Lost::Refused { code }) } else { Ok(()) }
    }

    fn call_refused(&mut self, call: CallId, member: &Member, code: i32) {
        // What the server has acknowledged it has; then it is a copy of it that is refused. And what
        // goes out anew does so already.
        let present = |entry: &crate::calls::Entry| {
            !matches!(entry.state, State::Arrived | State::Queued)
                && entry.message.as_ref().is_some_and(|sent| sent.msg_id == member.msg_id)
        };
        if !self.calls.get(call).is_some_and(present) || !self.may_go_again(call, code) {
            return;
        }
        if member.first {
            self.not_run(call);
        } else {
            // Refused this time: what became of it before is still to be found out.
            self.calls.enqueue(call, State::Again);
        }
    }

    /// The server refuses a message as so old that it can't tell whether it had it before.
    pub(super) fn too_old(&mut self, msg_id: i64, code: i32) {
        let Some(call) = self.calls.sent_in(msg_id) else { return };
        let entry = self.calls.get(call).and_then(|entry| entry.message.as_ref());
        // What has gone out under another identifier since then is under way already.
        if entry.is_some_and(|sent| sent.msg_id == msg_id) && self.may_go_again(call, code) {
            self.fate_unknown(call);
        }
    }

    /// Counts a refusal. Returns whether the call may go out again: if not, it has failed.
    fn may_go_again(&mut self, call: CallId, code: i32) -> bool {
        let Some(entry) = self.calls.get_mut(call) else { return false };
        entry.refusals += 1;
        let may = entry.refusals <= MOST_REFUSALS;
        if !may {
            self.fail(call, Failure::Refused { code });
        }
        may
    }

    /// The server has not run a call: it goes out under a new identifier.
    pub(super) fn not_run(&mut self, call: CallId) {
        if let Some(entry) = self.calls.get_mut(call) {
            entry.exposed = None;
            self.calls.enqueue(call, State::Queued);
        }
    }

    /// The server has not run the call but said that it wants it in another form; `waits_here` if
    /// that is after others have been answered.
    pub(super) fn sent_in_vain(&mut self, call: CallId, code: i32, waits_here: bool) {
        let Some(entry) = self.calls.get_mut(call) else { return };
        entry.waits_here |= waits_here;
        if self.may_go_again(call, code) {
            self.not_run(call);
        }
    }

    /// Nobody can tell any more whether the server has run a call.
    pub(super) fn fate_unknown(&mut self, call: CallId) {
        let Some(entry) = self.calls.get_mut(call) else { return };
        if entry.once {
            self.fail(call, Failure::Unknown);
        } else {
            entry.maybe_repeated = true;
            self.calls.enqueue(call, State::Queued);
        }
    }

    /// Nothing of what was sent is answered any more. A new session begins with a ping.
    pub(super) fn forget_what_was_sent(&mut self) {
        self.requests.forget();
        self.packets.clear();
        self.replies.clear();
        self.wanted.clear();
        if let Some(link) = &mut self.link {
            link.pinged_at = None;
            link.ping_at = link.heard_at;
            link.refused_until = None;
        }
    }

    /// Our session is over, and another takes its place. What the server may have run in it can't be
    /// asked about any more.
    pub(super) fn leave_session(&mut self, session: Session) {
        let before = std::mem::replace(&mut self.session, session);
        self.former.push_back(before.id);
        if self.former.len() > MOST_FORMER {
            self.former.pop_front();
        }
        self.forget_what_was_sent();
        if self.parked.is_some() {
            // Nothing was called in a session that only verifies the permanent key.
            return;
        }
        for call in self.calls.which(|entry| entry.exposed.is_some()) {
            self.fate_unknown(call);
        }
        self.events.push_back(Event::UpdatesMissed);
    }

    /// The server remembers nothing of our session from before `first_msg_id`, the first packet that
    /// it has taken in it.
    pub(super) fn session_begun(&mut self, first_msg_id: i64, instance: i64) {
        if self.session.instance == Some(instance) {
            return;
        }
        let forgotten = self.session.instance.replace(instance).is_some();
        self.session.is_initialised = false;
        if self.parked.is_some() {
            // Nothing was called in a session that only verifies the permanent key.
            return;
        }
        if forgotten || self.session.began_on < self.links {
            self.events.push_back(Event::UpdatesMissed);
        }
        // The first may be one that was sent again under an old identifier.
        let sent = self.calls.iter().filter_map(|entry| entry.message.as_ref());
        let first = sent.filter(|sent| [sent.msg_id, sent.outer].contains(&first_msg_id));
        let is_known = self.packets.since(first_msg_id, first.map(|sent| sent.turn).max());
        for call in self.calls.which(|entry| entry.exposed.is_some()) {
            let Some(entry) = self.calls.get_mut(call) else { continue };
            let Some(sent) = &entry.message else { continue };
            if !is_known(sent.outer, sent.turn) {
                // An earlier session of the server, of which we were not told, may have had it.
                self.fate_unknown(call);
            } else if entry.state != State::Unsure && !entry.once {
                // This server session has it. If it went out before, an earlier one may have, too.
                // What is unsure is asked about, and may have been sent when this one had begun.
                let earlier = forgotten || entry.exposed.is_some_and(|link| link < self.links);
                entry.maybe_repeated |= entry.resent && earlier;
            }
        }
    }

    /// What the server says of one of our messages, as in `msgs_state_info`; and whether it has shown
    /// that it remembers what it had before, if it was tried.
    pub(super) fn state_told(&mut self, msg_id: i64, state: u8, remembers: Option<bool>, now: Now) {
        let Some(call) = self.calls.sent_in(msg_id) else { return };
        let Some(entry) = self.calls.get_mut(call) else { return };
        let present = entry.message.as_ref().is_some_and(|sent| sent.msg_id == msg_id);
        // What went over this link only has hardly met a server that has forgotten it since.
        let remembers = remembers.unwrap_or(entry.exposed == Some(self.links));
        if !present || matches!(entry.state, State::Queued | State::Again) {
            return;
        }
        let was_asked_before = entry.state == State::Arrived;
        let once = entry.once;
        entry.looked_at = now.monotonic;
        match state & 7 {
            // Not received, by a server that would remember: the message was lost on the way.
            2 if remembers => {
                // So it has not been run: what may have run it begins with this link.
                entry.exposed = Some(self.links);
                self.calls.enqueue(call, State::Again);
            }
            2 if !entry.once => self.calls.enqueue(call, State::Again),
            3 => self.not_run(call),
            4 => {
                self.calls.hold(call, State::Arrived);
                // Answered, and the answer doesn't come: the message is known again, unless it is
                // forgotten until then.
                if state & 64 != 0 && was_asked_before && !once {
                    self.calls.enqueue(call, State::Again);
                }
            }
            _ => self.fate_unknown(call),
        }
    }

    /// The server has a message.
    pub(super) fn arrived(&mut self, msg_id: i64) {
        let Some(call) = self.calls.sent_in(msg_id) else { return };
        let entry = self.calls.get(call);
        let sent = entry.is_some_and(|entry| {
            entry.message.as_ref().is_some_and(|sent| sent.msg_id == msg_id)
                && matches!(entry.state, State::Sent | State::Unsure)
        });
        if sent {
            self.calls.hold(call, State::Arrived);
        }
    }

    pub(super) fn fail(&mut self, call: CallId, reason: Failure) {
        if self.calls.remove(call).is_some() {
            self.events.push_back(Event::Failed { call, reason });
        }
    }
}
