//! Time: the simulation's own, and what each side's clocks show of it.
//!
//! The server's clocks are right. The client's wall clock may be wrong and may jump; its monotonic one
//! stands still while the client is suspended.

use std::time::Duration;

use layer_sandbox::Now as ServerNow;

use layer_mtproto::Now as ClientNow;

/// What the server's calendar shows when a run begins, in unix seconds.
const START: u64 = 1_800_000_000;
/// What the server's monotonic clock shows then: it has nothing to do with the client's.
const SERVER_UPTIME: Duration = Duration::from_secs(1_000_000);

/// All clocks of a run.
#[derive(Debug, Default)]
pub struct Clock {
    /// Since the run began.
    at: Duration,
    /// How far the client's wall clock is ahead, in milliseconds.
    ahead: i64,
    /// How long the client has been suspended in all.
    slept: Duration,
    /// The client is suspended until then.
    asleep_until: Option<Duration>,
}

impl Clock {
    /// The simulation's time.
    pub fn at(&self) -> Duration {
        self.at
    }

    /// Goes on to a moment; never back.
    pub fn go_to(&mut self, at: Duration) {
        self.at = self.at.max(at);
    }

    pub fn server(&self) -> ServerNow {
        ServerNow { monotonic: SERVER_UPTIME + self.at, wall: Duration::from_secs(START) + self.at }
    }

    pub fn client(&self) -> ClientNow {
        let wall = i128::from(START) * 1_000_000_000 + self.at.as_nanos() as i128;
        let wall = wall + i128::from(self.ahead) * 1_000_000;
        // The client is not asked for the time while it is suspended.
        ClientNow {
            monotonic: self.at.saturating_sub(self.slept),
            wall: Duration::from_nanos(wall.clamp(0, i128::from(u64::MAX)) as u64),
        }
    }

    /// When the client's monotonic clock shows `deadline`.
    pub fn when_client_shows(&self, deadline: Duration) -> Duration {
        deadline.saturating_add(self.slept)
    }

    /// When the server's monotonic clock shows `deadline`.
    pub fn when_server_shows(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(SERVER_UPTIME)
    }

    /// The client's wall clock jumps by so many milliseconds.
    pub fn jump(&mut self, milliseconds: i64) {
        self.ahead += milliseconds;
    }

    /// How far the client's wall clock is ahead, in milliseconds.
    pub fn ahead(&self) -> i64 {
        self.ahead
    }

    /// Suspends the client for a while, unless it is already.
    pub fn suspend(&mut self, time: Duration) {
        self.asleep_until.get_or_insert(self.at + time);
        if self.asleep_until == Some(self.at + time) {
            self.slept += time;
        }
    }

    /// When the client wakes, if it is suspended.
    pub fn asleep_until(&self) -> Option<Duration> {
        self.asleep_until
    }

    /// The client is awake again; its time has come.
    pub fn wake(&mut self) {
        self.asleep_until = None;
    }
}

#[test]
fn a_suspended_client_misses_monotonic_time_and_no_wall_time() {
    let mut clock = Clock::default();
    clock.go_to(Duration::from_secs(10));
    let before = clock.client();
    clock.suspend(Duration::from_secs(100));
    clock.go_to(Duration::from_secs(110));
    clock.wake();
    let after = clock.client();
    assert_eq!(after.monotonic, before.monotonic);
    assert_eq!(after.wall, before.wall + Duration::from_secs(100));
    clock.go_to(Duration::from_secs(111));
    assert_eq!(clock.client().monotonic, Duration::from_secs(11));
    assert_eq!(clock.when_client_shows(Duration::from_secs(11)), clock.at());
    assert_eq!(clock.when_server_shows(clock.server().monotonic), clock.at());
}

#[test]
fn a_jump_moves_the_clients_wall_clock_only() {
    let mut clock = Clock::default();
    let (client, server) = (clock.client(), clock.server());
    clock.jump(-5_000);
    assert_eq!(clock.client().wall, client.wall - Duration::from_secs(5));
    assert_eq!((clock.client().monotonic, clock.server()), (client.monotonic, server));
}
