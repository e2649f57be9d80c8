//! What kind of run a seed is: which framing and keys, how far and wide the way, and what goes wrong how
//! often. Each run has few kinds of trouble in plenty rather than a little of everything.

use std::time::Duration;

use layer_mtproto::wire::framing::{FramingKind, Tag};

use crate::dice::{Dice, Purpose};
use crate::fault::Kind;
use crate::pipe::Route;

/// One run's circumstances.
#[derive(Clone, Debug)]
pub struct Profile {
    pub framing: FramingKind,
    /// Perfect forward secrecy: how many seconds temporary keys live.
    pub temporary_keys: Option<i32>,
    /// Whether the client begins with a key.
    pub has_key: bool,
    pub route: Route,
    /// How far the client's wall clock is ahead at first, in milliseconds, and which fault that is.
    pub ahead: i64,
    pub clock: Option<Kind>,
    pub calls: u64,
    pub faults: u64,
    /// The longest time between two faults, and between two rounds of calls, in milliseconds.
    pub fault_gap: u64,
    pub call_gap: u64,
    /// How likely each kind of fault is, in the order of [`Kind::ALL`].
    pub weights: Vec<u32>,
    /// Whether the run ends with the loss of the permanent key.
    pub key_dies: bool,
    /// How long the steps of an exchange take to compute, at most, in milliseconds.
    pub slow_work: u64,
}

/// Runs without calls in between, for salts to expire.
pub const PAUSE: [u64; 2] = [3600, 3 * 3600];

impl Profile {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Purpose::Profile);
        let mut framing = framing(&mut dice);
        if std::env::var_os("SIM_CLEAR").is_some() {
            framing = FramingKind::Intermediate;
        }
        let temporary_keys = dice.one_in(5).then(|| dice.pick(&[3600, 3 * 3600, 24 * 3600]));
        let has_key = !dice.one_in(12);
        let (ahead, clock) = clock(&mut dice);
        let key_dies = dice.one_in(6);
        let weights = Kind::ALL.iter().map(|kind| weight(*kind, &mut dice)).collect();
        let mut profile = Self {
            framing,
            temporary_keys,
            has_key,
            route: Route {
                latency: dice.time(1..=400),
                jitter: dice.time(0..=200),
                bytes_per_second: dice.any_size(20_000..=10_000_000),
            },
            ahead,
            clock,
            calls: dice.among(50..=80),
            faults: dice.among(20..=40),
            fault_gap: dice.pick(&[2_000, 10_000, 30_000]),
            call_gap: dice.pick(&[2_000, 10_000, 30_000]),
            weights,
            key_dies,
            slow_work: dice.pick(&[0, 0, 50, 3_000]),
        };
        profile.leave_out_the_impossible();
        profile
    }

    /// Packets can be told apart in some framings only, and temporary keys are not always there.
    fn leave_out_the_impossible(&mut self) {
        let clear = matches!(
            self.framing,
            FramingKind::Abridged | FramingKind::Intermediate | FramingKind::Padded
        );
        for (weight, kind) in self.weights.iter_mut().zip(Kind::ALL) {
            let impossible = match kind {
                Kind::Lost | Kind::Doubled | Kind::Reordered => !clear,
                Kind::NotFound | Kind::Flood | Kind::WrongDc => !clear,
                Kind::TemporaryForgotten => self.temporary_keys.is_none(),
                _ => false,
            };
            if impossible {
                *weight = 0;
            }
        }
    }
}

/// How likely a kind is in one run; in many runs it does not occur at all.
fn weight(kind: Kind, dice: &mut Dice) -> u32 {
    let usual = match kind {
        // These are no deeds of the script: they are how a run begins or ends, or what answers are like.
        Kind::ClockMinutes | Kind::ClockHours | Kind::ClockDays => return 0,
        Kind::PermanentForgotten | Kind::Huge | Kind::Split => return 0,
        // Hours of pings each.
        Kind::SaltsExpired => 1,
        // Each costs a key exchange, milliseconds of real time.
        Kind::NotFound | Kind::Corrupted | Kind::TemporaryForgotten => 1,
        // These always can be done; others wait for a link that is there.
        Kind::ClockForward | Kind::ClockBack | Kind::Suspended => 2,
        _ => 4,
    };
    match dice.among(0..=3) {
        0 => 0,
        1 | 2 => usual,
        _ => 3 * usual,
    }
}

fn framing(dice: &mut Dice) -> FramingKind {
    let obfuscated = |inner| FramingKind::Obfuscated { inner, secret: None, dc: 2 };
    match dice.among(0..=11) {
        0..=5 => FramingKind::Intermediate,
        6 | 7 => FramingKind::Abridged,
        8 => FramingKind::Padded,
        9 => FramingKind::Full,
        _ => obfuscated(dice.pick(&[Tag::Abridged, Tag::Intermediate, Tag::Padded])),
    }
}

fn clock(dice: &mut Dice) -> (i64, Option<Kind>) {
    const MINUTE: u64 = 60_000;
    let (kind, range) = match dice.among(0..=3) {
        0 => return (0, None),
        1 => (Kind::ClockMinutes, MINUTE..=59 * MINUTE),
        2 => (Kind::ClockHours, 60 * MINUTE..=23 * 60 * MINUTE),
        _ => (Kind::ClockDays, 24 * 60 * MINUTE..=30 * 24 * 60 * MINUTE),
    };
    let ahead = dice.among(range) as i64;
    (if dice.one_in(2) { ahead } else { -ahead }, Some(kind))
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Route { latency, jitter, bytes_per_second } = self.route;
        write!(f, "{:?}, ", self.framing)?;
        if let Some(seconds) = self.temporary_keys {
            write!(f, "temporary keys for {seconds} s, ")?;
        }
        let key = if self.has_key { "a saved key" } else { "no key yet" };
        write!(
            f,
            "{key}, {latency:?} away give or take {jitter:?}, {bytes_per_second} bytes a second, \
             the client's clock {:?} {}",
            Duration::from_millis(self.ahead.unsigned_abs()),
            if self.ahead < 0 { "behind" } else { "ahead" },
        )
    }
}
