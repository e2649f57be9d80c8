//! What can go wrong, and how often it has.

use std::fmt;

macro_rules! kinds {
    ($($kind:ident $name:literal,)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($kind,)* }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// In words, for the table.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    Cut "bytes cut anywhere",
    Lost "packet lost",
    Doubled "packet doubled",
    Reordered "packet reordered",
    Corrupted "bit flipped",
    SaltStale "salts stale",
    SaltsExpired "salts expired",
    ClockMinutes "clock off by minutes",
    ClockHours "clock off by hours",
    ClockDays "clock off by days",
    ClockForward "clock jumps forward",
    ClockBack "clock jumps back",
    Suspended "client suspended",
    NotFound "-404",
    Flood "-429",
    WrongDc "-444",
    LinkLost "link lost at any byte",
    HalfOpen "link half-open",
    Restarted "server restarted",
    SessionForgotten "session forgotten",
    PermanentForgotten "permanent key forgotten",
    TemporaryForgotten "temporary key forgotten",
    ContainerRefused "container refused",
    Huge "answer huge",
    Gzipped "answer gzipped",
    Split "answer split",
    DetailedInfo "detailed info for an answer",
    StateAsked "states asked by the server",
}

/// How many faults of each kind have taken effect.
#[derive(Clone, Debug)]
pub struct Tally([u64; Kind::ALL.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; Kind::ALL.len()])
    }
}

impl Tally {
    pub fn count(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }

    pub fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }
}

/// One `count name` in each line.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in Kind::ALL {
            writeln!(f, "fault {} {}", self.of(*kind), kind.name())?;
        }
        Ok(())
    }
}

#[test]
fn faults_are_counted_by_kind() {
    let mut tally = Tally::default();
    tally.count(Kind::Lost);
    tally.count(Kind::Lost);
    let mut sum = Tally::default();
    sum.count(Kind::Split);
    sum.add(&tally);
    assert_eq!((sum.of(Kind::Lost), sum.of(Kind::Split), sum.total()), (2, 1, 3));
    assert!(sum.to_string().contains("fault 2 packet lost\n"));
}
