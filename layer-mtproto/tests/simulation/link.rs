//! One link: two pipes, the server's end, and how its loss is told to either side.

use std::time::Duration;

use layer_mtproto::wire::framing::FramingKind;
use layer_sandbox::Connection;

use crate::dice::Dice;
use crate::frames::Towards;
use crate::pipe::{Cutting, Pipe, Route};

/// A link from the client to the server, or what is left of one.
pub struct Link {
    pub up: Pipe,
    pub down: Pipe,
    /// The server's end, until it has closed or is told that the link is lost.
    pub server: Option<Connection>,
    /// The client's end, until it has closed or is told.
    pub client: bool,
    /// When the ends are told that the link is lost.
    tell_server: Option<Duration>,
    tell_client: Option<Duration>,
    /// When the server may write again.
    pub server_writes_at: Duration,
}

/// What a link has to say when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Up,
    Down,
    TellServer,
    TellClient,
}

impl Link {
    pub fn new(kind: &FramingKind, route: Route, server: Connection) -> Self {
        Self {
            up: Pipe::new(Towards::Server, kind, route),
            down: Pipe::new(Towards::Client, kind, route),
            server: Some(server),
            client: true,
            tell_server: None,
            tell_client: None,
            server_writes_at: Duration::ZERO,
        }
    }

    /// Nothing gets through any more. Each end is told after a while, or, once in four times, only one.
    pub fn lose(&mut self, now: Duration, dice: &mut Dice) {
        self.swallow(true, true);
        let untold = dice.among(0..=7);
        self.tell_client = (untold != 0).then(|| now + dice.time(0..=3_000));
        self.tell_server = (untold != 1).then(|| now + dice.time(0..=3_000));
    }

    /// Whatever is sent this way is gone, and nobody is told.
    pub fn swallow(&mut self, up: bool, down: bool) {
        self.up.swallows |= up;
        self.down.swallows |= down;
    }

    /// Whether both ways are open to both ends.
    pub fn is_whole(&self) -> bool {
        self.client && self.server.is_some() && !self.up.swallows && !self.down.swallows
    }

    /// Bytes arrive in such pieces from now on.
    pub fn cut(&mut self, cutting: Cutting) {
        self.up.cutting = cutting;
        self.down.cutting = cutting;
    }

    /// Nothing more goes wrong by itself.
    pub fn heal(&mut self) {
        self.up.heal();
        self.down.heal();
    }

    /// What comes next here, and when.
    pub fn next(&self) -> Option<(Duration, Due)> {
        let due = [
            (self.up.next(), Due::Up),
            (self.down.next(), Due::Down),
            (self.tell_server, Due::TellServer),
            (self.tell_client, Due::TellClient),
        ];
        let due = due.into_iter().filter_map(|(at, due)| Some((at?, due)));
        due.min_by_key(|(at, due)| (*at, *due as u8))
    }

    /// A telling has been done.
    pub fn told(&mut self, due: Due) {
        match due {
            Due::TellServer => self.tell_server = None,
            Due::TellClient => self.tell_client = None,
            Due::Up | Due::Down => {}
        }
    }

    /// Whether nobody will ever hear of it again.
    pub fn is_over(&self) -> bool {
        !self.client && self.server.is_none()
    }
}
