//! One seed from its beginning to its end: trouble, then none any more, then quiet; and what must hold.

use std::time::Duration;

use crate::call::{Question, Wanted};
use crate::fault::Tally;
use crate::pipe::Cutting;
use crate::run::Run;
use crate::user::{End, Wish};

/// Trouble ends after so long at the latest, whatever the script has brought about.
const LONGEST_TROUBLE: Duration = Duration::from_secs(2 * 86_400);
/// When nothing goes wrong any more, every call must end within this time: the longest answer takes three
/// minutes, a dead link and a lost message are noticed within one each, and a dial waits half a minute.
const PATIENCE: Duration = Duration::from_secs(3600);
/// After so long nothing is left in any table.
const REST: Duration = Duration::from_secs(600);
/// What has come just then, of a key that is renewed, is acknowledged within so long.
const ACKNOWLEDGED: Duration = Duration::from_secs(40);
/// How long it must then stay quiet.
const QUIET: Duration = Duration::from_secs(3600);

/// No simulated call or answer is longer, with all that goes around it.
const MOST_CALL: usize = 700 << 10;
/// The longest packet of the server: a container that is full, with what stands around it.
const MOST_PACKET: usize = (1 << 20) + (4 << 10);
/// Under so many identifiers a call may have been sent, as often as it may have been refused, and once more for
/// each memory of its session that is lost.
const MOST_NAMES: usize = 32;

/// What came of a seed.
#[derive(Default)]
pub struct Outcome {
    pub faults: Tally,
    pub calls: u64,
    pub repeated: u64,
    pub failed: u64,
    pub time: Duration,
    pub wrong: Option<String>,
}

/// Runs a seed.
pub fn run(seed: u64, told: bool) -> Outcome {
    let mut run = Run::new(seed, told);
    run.trouble();
    run.heal();
    run.rest();
    let ends = || run.user.calls.values().filter_map(|made| made.end.as_ref());
    Outcome {
        calls: run.user.calls.len() as u64,
        repeated: ends().filter(|end| **end == End::Answered { maybe_repeated: true }).count()
            as u64,
        failed: ends().filter(|end| matches!(end, End::Failed(_))).count() as u64,
        time: run.clock.at(),
        wrong: run.wrong,
        faults: run.story.faults.clone(),
    }
}

impl Run {
    fn trouble(&mut self) {
        let done = |run: &Self| run.user.left == 0 && run.deeds() >= run.script.goal;
        if !self.go_on(LONGEST_TROUBLE, done) {
            self.wrong(|| "the script did not come to its end".to_owned());
        }
        if self.profile.key_dies && self.wrong.is_none() {
            // Whatever key it is, it has to be there.
            self.go_on(self.clock.at() + PATIENCE, |run| {
                run.client.permanent_key(&run.clock).is_some()
            });
            self.forget_permanent_key();
        }
    }

    fn heal(&mut self) {
        self.troubled = false;
        self.server.world.faults = layer_sandbox::faults::Faults::default();
        for link in self.links.values_mut() {
            link.heal();
            link.cut(Cutting::Whole);
        }
        self.story.tell("script", || "is done: from now on nothing goes wrong");
        let wanted = Wanted::Object { words: 3, compressible: false };
        let number = self.user.calls.len() as u64;
        let delay = Duration::ZERO;
        let question = Question { number, wanted, delay, words: 1, compressible: false };
        self.call(Wish { question, once: false, after: None });
        self.pump_client();
        let until = self.clock.at() + PATIENCE;
        let done = |run: &Self| run.user.open() == 0 && (!run.key_forgotten || run.client.dead);
        if !self.go_on(until, done) {
            let open = self.user.calls.iter().filter(|(_, made)| made.end.is_none());
            let open: Vec<u64> = open.map(|(number, _)| *number).collect();
            self.wrong(|| format!("calls without an end, an hour after all trouble: {open:?}"));
        }
    }

    fn rest(&mut self) {
        self.go_on(self.clock.at() + REST, |_| false);
        if self.client.machine.footprint().acks > 0 {
            self.go_on(self.clock.at() + ACKNOWLEDGED, |_| false);
        }
        self.check_pushes();
        self.check_tables();
        let sends = self.client.sends;
        self.go_on(self.clock.at() + QUIET, |_| false);
        self.check_quiet(self.client.sends - sends);
    }

    /// Each push has come, unless its loss was told.
    fn check_pushes(&mut self) {
        if self.client.dead {
            return;
        }
        // What was sent in a session that the client had left by then is lost, too. That it left was told.
        let session = self.server.ledger().caller.map(|caller| caller.session_id);
        let pushes = self.script.pushes.iter().enumerate().skip(self.pushes_missed_below);
        let pushes = pushes.filter(|(_, pushed_in)| Some(**pushed_in) == session);
        let missed = pushes.map(|(number, _)| number as u64);
        let missed: Vec<u64> =
            missed.filter(|number| !self.user.pushes.contains_key(number)).collect();
        if !missed.is_empty() {
            self.wrong(|| format!("pushes {missed:?} never came, and nobody was told"));
        }
    }

    /// Nothing is left in any table of either side but what stands in the comments here.
    fn check_tables(&mut self) {
        let holds = self.client.machine.footprint();
        let left = [holds.calls, holds.queued, holds.msg_ids, holds.call_bytes, holds.acks];
        let left = left.iter().chain([&holds.events, &holds.received]).sum::<usize>();
        // A ping may be under way, and the packet of the last one is remembered until the next pong.
        if left > 0 || holds.requests > 1 || holds.packets > 3 {
            self.wrong(|| format!("the client still holds {holds:?}"));
        }
        let caller = self.server.ledger().caller.filter(|_| !self.client.dead);
        let session = caller
            .and_then(|caller| self.server.world.sessions.get(caller.key_id, caller.session_id));
        let Some(holds) = session.map(|session| session.footprint()) else { return };
        if holds.kept + holds.kept_bytes + holds.calls + holds.acks + holds.pushes > 0 {
            self.wrong(|| format!("the server still holds {holds:?}"));
        }
    }

    /// An hour in which nothing is wanted has a ping each minute, salts now and then, and with temporary keys
    /// a new one.
    fn check_quiet(&mut self, sends: u64) {
        let pings = QUIET.as_secs() / 60;
        let most = if self.client.dead { 0 } else { pings + 15 };
        if sends > most {
            self.wrong(|| format!("{sends} packets in a quiet hour, expected at most {most}"));
        }
        // The permanent key is never lost by what happens on the way.
        let key = self.client.permanent_key(&self.clock);
        if key.is_none() && !self.client.dead {
            self.wrong(|| "the client has no key".to_owned());
        }
        // No loops: what is sent is bounded by what happens, by the time that passes, and by the links.
        let happened = self.user.calls.len() as u64 + self.story.faults.total();
        let passed = self.clock.at().as_secs() / 45;
        let most = 8 * (happened + self.client.dials) + passed;
        if self.client.sends > most {
            let sends = self.client.sends;
            self.wrong(|| format!("{sends} packets in all, expected at most {most}"));
        }
    }
}

/// What the client may hold at any time: in packets and requests what it documents, and of calls no more than
/// are open.
pub fn is_within_bounds(run: &Run) -> bool {
    let holds = run.client.machine.footprint();
    let open = run.user.open();
    holds.calls <= open
        && holds.call_bytes <= open * MOST_CALL
        && holds.msg_ids <= open * (MOST_NAMES + run.breaks as usize)
        && holds.packets <= 1024
        && holds.requests <= 2 * 1024
        && holds.received <= MOST_PACKET
        && holds.events == 0
}
