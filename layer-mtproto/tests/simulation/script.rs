//! The faults of a run: which, when, and done to what.

use std::time::Duration;

use crate::dice::{Dice, Purpose};
use crate::fault::Kind;
use crate::frames::Towards;
use crate::pipe::{Cutting, Trick};
use crate::profile::{PAUSE, Profile};
use crate::run::Run;

/// Times that one kind of fault is brought about in a run; those that cost hours of pings are fewer.
const MOST_OF_A_KIND: u64 = 25;
const MOST_PAUSES: u64 = 3;
const MOST_SLEEPS: u64 = 8;
/// More than these a server does not keep for a client that is away.
const MOST_PUSHES: usize = 200;

/// When the next fault comes, and which it may be.
pub struct Script {
    pub dice: Dice,
    weights: Vec<u32>,
    gap: u64,
    pub next_at: Duration,
    /// Faults that the script has to bring about before it is done.
    pub goal: u64,
    /// What the server was to send unasked, each with the session in which.
    pub pushes: Vec<i64>,
}

impl Script {
    pub fn new(seed: u64, profile: &Profile) -> Self {
        let mut dice = Dice::new(seed, Purpose::Script);
        let next_at = dice.time(0..=profile.fault_gap);
        let mut weights = profile.weights.clone();
        // A run without any trouble proves nothing, and these can always be brought about.
        for kind in [Kind::LinkLost, Kind::Restarted] {
            let weight = &mut weights[kind as usize];
            *weight = (*weight).max(1);
        }
        Self {
            dice,
            weights,
            gap: profile.fault_gap,
            next_at,
            goal: profile.faults,
            pushes: Vec::new(),
        }
    }

    fn kind(&mut self) -> Kind {
        Kind::ALL[self.dice.weighed(&self.weights)]
    }
}

impl Run {
    /// Does what the script says is due.
    pub fn act(&mut self) {
        let now = self.clock.at();
        let dice = &mut self.script.dice;
        // Now and then one upon the other.
        let gap = if dice.one_in(5) { 500 } else { self.script.gap };
        self.script.next_at = now + Duration::from_millis(dice.among(0..=gap));
        if self.script.dice.one_in(3) && self.script.pushes.len() < MOST_PUSHES {
            self.push();
        }
        let kind = self.script.kind();
        self.bring_about(kind);
    }

    /// The script's deeds so far. How large answers are is no deed of it.
    pub fn deeds(&self) -> u64 {
        let faults = &self.story.faults;
        let answers = [Kind::Huge, Kind::Gzipped, Kind::Split, Kind::DetailedInfo];
        faults.total() - answers.map(|kind| faults.of(kind)).iter().sum::<u64>()
    }

    fn bring_about(&mut self, kind: Kind) {
        let most = match kind {
            Kind::SaltsExpired => MOST_PAUSES,
            Kind::Suspended => MOST_SLEEPS,
            _ => MOST_OF_A_KIND,
        };
        if self.story.faults.of(kind) >= most {
            return;
        }
        let now = self.clock.at();
        let dice = &mut self.script.dice;
        let link = self.client.link.and_then(|id| self.links.get_mut(&id));
        let link = link.filter(|link| link.is_whole());
        match kind {
            Kind::Lost => self.trick(Trick::Lose),
            Kind::Doubled => self.trick(Trick::Double),
            Kind::Reordered => self.trick(Trick::Delay),
            Kind::Corrupted => self.trick(Trick::Corrupt),
            Kind::Cut => {
                if let Some(link) = link {
                    link.cut(Cutting::Crumbs);
                    self.story.fault(kind, "link", || "in crumbs from now on");
                }
            }
            Kind::LinkLost => {
                let Some(link) = link else { return };
                if dice.one_in(3) {
                    link.lose(now, dice);
                    self.story.fault(kind, "link", || "lost");
                } else {
                    let most = dice.pick(&[200, 5_000, 300_000]);
                    let left = Some(dice.any_size(1..=most));
                    match dice.pick(&[Towards::Server, Towards::Client]) {
                        Towards::Server => link.up.breaks_after = left,
                        Towards::Client => link.down.breaks_after = left,
                    }
                }
            }
            Kind::HalfOpen => {
                let Some(link) = link else { return };
                let (up, down) = dice.pick(&[(true, false), (false, true), (true, true)]);
                link.swallow(up, down);
                self.story.fault(kind, "link", || match (up, down) {
                    (true, false) => "swallows what the client sends",
                    (false, true) => "swallows what the server sends",
                    _ => "swallows everything",
                });
            }
            Kind::NotFound | Kind::Flood | Kind::WrongDc => self.inject(kind),
            Kind::ClockForward | Kind::ClockBack => self.jump(kind),
            Kind::Suspended => {
                if self.clock.asleep_until().is_none() {
                    let time = dice.time(1_000..=1_800_000);
                    self.clock.suspend(time);
                    self.story.fault(kind, "client", || format!("sleeps for {time:?}"));
                }
            }
            Kind::SaltsExpired => {
                let pause = Duration::from_secs(dice.among(PAUSE[0]..=PAUSE[1]));
                self.script.next_at = now + pause;
                self.user.pause(now + pause);
                self.story.fault(kind, "user", || format!("rests for {pause:?}"));
            }
            _ => self.trouble_the_server(kind),
        }
    }

    fn trick(&mut self, trick: Trick) {
        let Some(link) = self.client.link.and_then(|id| self.links.get_mut(&id)) else { return };
        match self.script.dice.pick(&[Towards::Server, Towards::Client]) {
            Towards::Server => link.up.plan(trick),
            Towards::Client => link.down.plan(trick),
        };
    }

    /// Somebody in between says that the server gives up, and perhaps it does.
    fn inject(&mut self, kind: Kind) {
        let code = match kind {
            Kind::NotFound => -404_i32,
            Kind::Flood => -429,
            _ => -444,
        };
        let now = self.clock.at();
        let Some(link) = self.client.link.and_then(|id| self.links.get_mut(&id)) else { return };
        if link.is_whole() && link.down.inject(&code.to_le_bytes(), now, &mut self.dice) {
            let closes = self.script.dice.one_in(2);
            self.story.fault(kind, "  <--", || if closes { "and closed" } else { "and no more" });
            if closes {
                link.server = None;
                link.down.close(now);
            }
        }
    }

    fn jump(&mut self, kind: Kind) {
        let most = self.script.dice.pick(&[10, 400, 7_200, 3 * 86_400]) * 1000;
        let jump = self.script.dice.any_size(1000..=most) as i64;
        let jump = if kind == Kind::ClockForward { jump } else { -jump };
        self.clock.jump(jump);
        let ahead = self.clock.ahead();
        self.story.fault(kind, "client", || {
            format!("its clock jumps by {} s and is {} s ahead", jump / 1000, ahead / 1000)
        });
    }
}
