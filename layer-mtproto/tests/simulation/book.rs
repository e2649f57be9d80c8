//! The book on every call and push: what was asked for, what was done, what was told, and whether that may
//! be.

use layer_mtproto::connection::{Call, CallError, CallId, Failure};

use crate::call::Question;
use crate::fault::Kind;
use crate::run::Run;
use crate::server::{Execution, News};
use crate::story::size;
use crate::user::{End, Made, Wish};

/// Answers from here on are huge, in bytes.
const HUGE: usize = 128 << 10;

impl Run {
    /// The user does what is due.
    pub fn use_it(&mut self) {
        let now = self.clock.at();
        for number in self.user.cancelled(now) {
            self.cancel(number);
        }
        for wish in self.user.wishes(now) {
            self.call(wish);
        }
        self.pump_client();
    }

    pub fn call(&mut self, wish: Wish) {
        let mut call = Call::new(wish.question.write());
        if wish.once {
            call = call.once();
        }
        let after = wish.after.and_then(|number| self.user.calls.get(&number));
        if let Some(after) = after {
            call = call.after(after.id);
        }
        let now = self.clock.at();
        match self.client.machine.call(call, self.clock.client()) {
            Ok(id) => {
                self.story.tell("user", || tell_wish(&wish));
                self.user.made(wish, id, (self.known_memory, self.breaks), now);
            }
            Err(CallError::KeyDead) if self.client.dead => {}
            Err(error) => self.wrong(|| format!("call {}: {error}", wish.question.number)),
        }
    }

    fn cancel(&mut self, number: u64) {
        let Some(made) = self.user.calls.get_mut(&number) else { return };
        if made.end.is_some() {
            return;
        }
        made.end = Some(End::Cancelled);
        let was_open = self.client.machine.cancel(made.id, self.clock.client());
        self.story.tell("user", || format!("gives call {number} up"));
        if !was_open {
            self.wrong(|| format!("call {number} had ended, and nobody was told"));
        }
    }

    /// A call that the client says has ended, which it may say once.
    fn ended(&mut self, id: CallId, end: End) -> Option<(u64, Vec<Execution>)> {
        let known = self.user.number(id);
        let Some(number) = known else {
            self.wrong(|| format!("{id:?} was never made"));
            return None;
        };
        self.story.tell("client", || format!("call {number}: {end:?}"));
        let made = self.user.calls.get_mut(&number)?;
        if let Some(before) = made.end.replace(end) {
            self.wrong(|| format!("call {number} ends again, after {before:?}"));
            return None;
        }
        let executions = self.server.ledger().executions.get(&number).cloned();
        Some((number, executions.unwrap_or_default()))
    }

    pub fn answered(
        &mut self,
        id: CallId,
        result: Result<Vec<u8>, (i32, String)>,
        maybe_repeated: bool,
    ) {
        let end = End::Answered { maybe_repeated };
        let Some((number, executions)) = self.ended(id, end) else { return };
        let made = &self.user.calls[&number];
        let last = executions.last().map_or(0, |execution| execution.memory);
        let wrong = if made.question.answer() != result {
            Some(format!("not what was asked for, but {}", tell_result(&result)))
        } else if executions.is_empty() {
            Some("nobody has executed it".to_owned())
        } else if executions.len() > 1 && !maybe_repeated && !self.news_may_be_late() {
            Some(format!("it was executed {} times, and nobody is told", executions.len()))
        } else if made.once && maybe_repeated {
            Some("it was to be executed once, and may have been repeated".to_owned())
        } else if maybe_repeated && !self.is_in_doubt(made) {
            Some("it may have been repeated, and the server has forgotten nothing".to_owned())
        } else {
            None
        };
        if !self.news_may_be_late() {
            self.known_memory = self.known_memory.max(Some(last));
        }
        if let Some(wrong) = wrong {
            self.wrong(|| format!("answer to call {number}: {wrong}"));
        }
    }

    pub fn failed(&mut self, id: CallId, reason: &Failure) {
        let end = End::Failed(reason.to_string());
        let Some((number, _)) = self.ended(id, end) else { return };
        let made = &self.user.calls[&number];
        let justified = match reason {
            Failure::Unknown => made.once && self.is_in_doubt(made),
            Failure::KeyDead => self.key_forgotten,
            Failure::Refused { .. } => self.refusals() >= 10,
            _ => false,
        };
        if !justified {
            self.wrong(|| format!("call {number} fails without a reason: {reason}"));
        }
    }

    /// Whether the protocol gives the client no means to know what the server has run of a call: the memory of
    /// it is lost, or the client could not tell whether there had been one, or it had to leave the session.
    fn is_in_doubt(&self, made: &Made) -> bool {
        let forgotten = made.memory.is_none_or(|memory| memory < self.server.memory);
        let faults = &self.story.faults;
        let clocks = [Kind::ClockMinutes, Kind::ClockHours, Kind::ClockDays, Kind::ClockForward]
            .into_iter()
            .chain([Kind::ClockBack, Kind::Suspended]);
        // Identifiers that were too high, and keys that are renewed, put an end to a session.
        let had_to_leave = self.profile.temporary_keys.is_some()
            || clocks.map(|kind| faults.of(kind)).sum::<u64>() > 0;
        forgotten || (had_to_leave && made.breaks < self.breaks)
    }

    /// Whether the server's word that it has forgotten a session, which it says first of all, may come behind
    /// what it has said later: nothing but the order of a stream tells a client that it comes first.
    fn news_may_be_late(&self) -> bool {
        let link = self.client.link.and_then(|id| self.links.get(&id));
        link.is_some_and(|link| link.down.is_out_of_order)
    }

    /// How often the server may have refused one and the same message.
    fn refusals(&self) -> u64 {
        let refusing = [Kind::ContainerRefused, Kind::SaltStale, Kind::SaltsExpired];
        refusing.map(|kind| self.story.faults.of(kind)).iter().sum()
    }

    /// Writes down what the server has executed.
    pub fn read_ledger(&mut self) {
        let news = std::mem::take(&mut self.server.ledger().news);
        for news in news {
            match news {
                News::Executed(question, execution) => self.executed(&question, execution),
                News::Altered(why) => self.wrong(|| why),
            }
        }
    }

    fn executed(&mut self, question: &Question, execution: Execution) {
        let number = question.number;
        self.story.tell("server", || {
            let answer = match question.answer() {
                Ok(object) => size(object.len()),
                Err((code, _)) => format!("error {code}"),
            };
            let delay = question.delay;
            format!("executes call {number}, to be answered with {answer} in {delay:?}")
        });
        if question.answer_len() >= HUGE {
            self.story.fault(Kind::Huge, "server", || size(question.answer_len()));
        }
        if self.server.world.faults.gzip_answers && question.answer_len() > 600 {
            self.story.fault(Kind::Gzipped, "server", || format!("answer {number}"));
        }
        self.sessions.insert(execution.session_id);
        if self.sessions.len() as u64 > self.breaks + 1 {
            self.wrong(|| "the session is another one, and nobody is told".to_owned());
        }
        if self.server.world.faults.announce {
            self.story.fault(Kind::DetailedInfo, "server", || format!("for answer {number}"));
        }
        let Some(made) = self.user.calls.get(&number) else {
            return self.wrong(|| format!("call {number} was never made"));
        };
        let ledger = self.server.ledger();
        let executions = &ledger.executions[&number];
        let before = &executions[..executions.len() - 1];
        let after = made.after.and_then(|after| Some((after, self.user.calls.get(&after)?)));
        let overtaken = |before: &Execution| before.overtaken_by(&execution);
        let wrong = if made.once && !before.iter().all(overtaken) {
            Some("is executed twice, and was to be executed once".to_owned())
        } else if before.iter().any(|before| {
            // Under another identifier it may have gone out anew when a memory was lost, while what was lost
            // for the client was still on its way. The answer must say so.
            before.remembers(&execution)
                && (before.msg_id == execution.msg_id || made.breaks == self.breaks)
        }) {
            Some("is executed twice, and the server has forgotten nothing in between".to_owned())
        } else if let Some((after, made)) = after
            && made.end.is_none()
            && !ledger.executions.contains_key(&after)
        {
            Some(format!("is executed before call {after}, after which it was to come"))
        } else {
            None
        };
        drop(ledger);
        if let Some(wrong) = wrong {
            self.wrong(|| format!("call {number} {wrong}"));
        }
    }

    pub fn pushed(&mut self, number: u64) {
        self.story.tell("client", || format!("hands out push {number}"));
        let times = self.user.pushes.entry(number).or_default();
        *times += 1;
        if *times > 1 {
            self.wrong(|| format!("push {number} is handed out again"));
        }
    }
}

fn tell_wish(wish: &Wish) -> String {
    let Question { number, .. } = wish.question;
    let len = size(wish.question.len());
    let once = if wish.once { ", once" } else { "" };
    let after = wish.after.map_or_else(String::new, |after| format!(", after call {after}"));
    format!("makes call {number} of {len}{once}{after}")
}

fn tell_result(result: &Result<Vec<u8>, (i32, String)>) -> String {
    match result {
        Ok(object) => crate::call::describe(object).unwrap_or_else(|| size(object.len())),
        Err((code, name)) => format!("{code} {name}"),
    }
}
