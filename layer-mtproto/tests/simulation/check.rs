//! One seed from its beginning to its end: trouble, then none any more, then quiet; and what must hold.

use std::time::Duration;

use crate::call::{Question, Wanted};
use crate::fault::Tally;
use crate::pipe::Cutting;
use crate::run::Run;
use crate::user::{End, Wish};

/// Trouble ends after so long at the latest, whatever the script has brought about.
const LONGEST_TROUBLE: Duration = Duration::from_secs(7 * 86_400);
/// When nothing goes wrong any more, every call must end within this time: the longest answer takes three
/// minutes, a dead link and a lost message are noticed within one each, and a dial waits half a minute.
const PATIENCE: Duration = Duration::from_secs(3600);
/// After so long nothing is left in any table.
const REST: Duration = Duration::from_secs(600);
/// How long it must then stay quiet.
const QUIET: Duration = Duration::from_secs(3600);

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
        let came = |number: &u64| self.user.pushes.contains_key(number);
        let missed: Vec<u64> =
            (self.pushes_missed_below..self.script.pushes).filter(|number| !came(number)).collect();
        if !missed.is_empty() {
            self.wrong(|| format!("pushes {missed:?} never came, and nobody was told"));
        }
    }

    fn check_tables(&mut self) {}

    fn check_quiet(&mut self, _sends: u64) {}
}
