//! Drives a connection over a blocking socket until its one call is answered, and prints each step.
//!
//! This is all that a driver does: it tells the machine what has happened, carries out what it says,
//! and waits for bytes no longer than until the machine's next deadline.

use std::time::Duration;

use getrandom::SysRng;
use layer_mtproto::connection::{Call, Config, Connection, Event};
use layer_mtproto::exchange::WorkKind;
use layer_tl_types::{Deserializable, Serializable, enums, functions};
use rand_core::UnwrapErr;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::link::{Link, Received};
use crate::steps::Steps;

const CONFIG: &str = "the answer to help.getConfig";
const BINDING: &str = "the answer to auth.bindTempAuthKey";

pub(crate) struct Driver {
    link: Link,
    connection: Connection,
    clock: Clock,
    rng: UnwrapErr<SysRng>,
    steps: Steps,
    temporary_keys: Option<i32>,
    timeout: Duration,
    /// Keys are agreed and bound.
    is_ready: bool,
    /// What is waited for, and until when, on the monotonic clock.
    awaited: &'static str,
    until: Duration,
}

impl Driver {
    pub(crate) fn new(link: Link, config: Config, timeout: Duration, steps: Steps) -> Self {
        let (clock, mut rng) = (Clock::start(), UnwrapErr(SysRng));
        let temporary_keys = config.temporary_keys;
        let connection = Connection::new(config, None, clock.now(), &mut rng);
        Self {
            link,
            connection,
            clock,
            rng,
            steps,
            temporary_keys,
            timeout,
            is_ready: false,
            awaited: "",
            until: Duration::ZERO,
        }
    }

    /// Agrees a key, or two, and asks for the configuration.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let call = Call::new(functions::help::GetConfig {}.to_bytes());
        self.connection.call(call, self.clock.now())?;
        self.connection.handle_connected(self.clock.now(), &mut self.rng);
        loop {
            while let Some(event) = self.connection.poll_event() {
                if self.happened(event)? {
                    self.steps.total();
                    return Ok(());
                }
            }
            if self.work() {
                continue;
            }
            self.send()?;
            self.wait()?;
        }
    }

    /// Takes an event. Returns whether it was the last that is of interest.
    fn happened(&mut self, event: Event) -> Result<bool, Failure> {
        match event {
            Event::KeyAgreed => self.key_agreed(),
            Event::Ready => {
                self.is_ready = true;
                if let Some(seconds) = self.temporary_keys {
                    self.steps.done("bindTempAuthKey", "answered");
                    self.steps.fact("temporary key", &format!("bound, expires in {seconds} s"));
                }
            }
            Event::Answer { result, .. } => {
                let enums::Config::Config(config) = enums::Config::from_bytes(&result?)?;
                let (this_dc, date) = (config.this_dc, config.date);
                let options = config.dc_options.len();
                let outcome = format!("this_dc {this_dc}, {options} dc options, date {date}");
                self.steps.done("config", &outcome);
                return Ok(true);
            }
            Event::Failed { reason, .. } => return Err(reason.into()),
            Event::LinkLost(lost) => return Err(Failure::lost(lost, self.awaited, self.timeout)),
            // What else a server says is for clients that stay.
            _ => {}
        }
        Ok(false)
    }

    fn key_agreed(&self) {
        let Some(saved) = self.connection.saved(self.clock.now()) else { return };
        self.steps.fact("key id", &format!("{:016x}", saved.auth_key.id()));
        // If there will be a temporary key, its salts count.
        if let Some(salt) = saved.salts.first() {
            self.steps.fact("salt", &format!("{:016x}", salt.salt));
        }
        self.steps.fact("time offset", &format!("{:+} s", saved.time_offset));
    }

    /// Does what is to be computed. Returns whether there was anything.
    fn work(&mut self) -> bool {
        let Some(work) = self.connection.poll_work() else { return false };
        let name = match work.kind() {
            WorkKind::Factorisation => "factorisation",
            WorkKind::KeyComputation => "DH",
        };
        let done = work.run(self.clock.now(), &mut self.rng);
        self.steps.done(name, "");
        self.connection.handle_work(done, self.clock.now(), &mut self.rng);
        // Whatever comes next has its own time.
        self.awaited = "";
        true
    }

    fn send(&mut self) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        self.connection.poll_transmit(self.clock.now(), &mut self.rng, &mut bytes);
        if bytes.is_empty() { Ok(()) } else { self.link.send(&bytes) }
    }

    /// Waits until something comes or is due.
    fn wait(&mut self) -> Result<(), Failure> {
        let in_exchange = self.connection.awaited();
        let awaited = in_exchange.unwrap_or(if self.is_ready { CONFIG } else { BINDING });
        let now = self.clock.now();
        if self.awaited != awaited {
            self.awaited = awaited;
            self.until = now.monotonic + self.timeout;
        }
        let deadline = self.connection.poll_deadline().unwrap_or(self.until);
        if deadline <= now.monotonic {
            self.connection.handle_timeout(now, &mut self.rng);
            return Ok(());
        }
        let patience = deadline.min(self.until).saturating_sub(now.monotonic);
        if patience.is_zero() {
            return Err(Failure::Unanswered { awaited, timeout: self.timeout });
        }
        let mut bytes = [0; 16 << 10];
        match self.link.receive(&mut bytes, patience)? {
            Received::Bytes(len) => {
                let bytes = bytes.get(..len).unwrap_or_default();
                self.connection.handle_bytes(bytes, self.clock.now(), &mut self.rng);
                if let Some(before) = in_exchange
                    && self.connection.awaited() != in_exchange
                {
                    self.steps.done(request(before), "answered");
                }
                Ok(())
            }
            Received::Nothing => Ok(()),
            Received::Closed => Err(Failure::Closed { awaited }),
        }
    }
}

/// The request that is answered by what was awaited.
fn request(awaited: &str) -> &'static str {
    match awaited {
        "resPQ" => "req_pq",
        "server_DH_params_ok" => "req_DH_params",
        _ => "set_client_DH_params",
    }
}
