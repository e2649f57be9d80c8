//! The steps of the tour: each is run, timed, and shown with a mark.

use std::time::{Duration, Instant};

use layer_sandbox::{Reply, RpcError, Sandbox};
use serde_json::json;

use super::Trouble;
use crate::failure::Failure;
use crate::output::line;

/// No step takes longer on any machine.
const MOST_TIME: Duration = Duration::from_secs(30);

/// Runs steps, until one fails.
pub(super) struct Steps<'a> {
    sandbox: &'a Sandbox,
    /// The step in which the sandbox is to fail.
    fault: Option<&'a str>,
    json: bool,
    started: Instant,
    run: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn begin(
        sandbox: &'a Sandbox,
        fault: Option<&'a str>,
        json: bool,
    ) -> Result<Self, Failure> {
        let address = sandbox.address(sandbox.home()).to_string();
        let text = || format!("layer: a Telegram in this process, at {address}\n");
        line(json, || json!({"address": address}), text)?;
        Ok(Self { sandbox, fault, json, started: Instant::now(), run: 0 })
    }

    /// Runs a step, which says what it has shown and gives what later steps need.
    pub(super) async fn run<T>(
        &mut self,
        name: &'static str,
        step: impl Future<Output = Result<(T, String), Trouble>>,
    ) -> Result<T, Failure> {
        if self.fault == Some(name) {
            let refuse = || Reply::Now(Err(RpcError::new(400, "SANDBOX_IS_BROKEN")));
            self.sandbox.world().intercept(move |_, _| Some(refuse()));
        }
        let started = Instant::now();
        let ended = tokio::time::timeout(MOST_TIME, step).await.unwrap_or_else(|_| {
            Err(Trouble::Unexpected(format!("nothing came of it within {MOST_TIME:?}")))
        });
        let time = Millis(started.elapsed());
        match ended {
            Ok((value, shown)) => {
                self.run += 1;
                self.show(name, &time, Some(&shown))?;
                Ok(value)
            }
            Err(trouble) => {
                self.show(name, &time, None)?;
                Err(Failure::Step { name, trouble })
            }
        }
    }

    fn show(&self, name: &str, time: &Millis, shown: Option<&str>) -> Result<(), Failure> {
        let value =
            || json!({"step": name, "ok": shown.is_some(), "ms": time.number(), "shown": shown});
        line(self.json, value, || match shown {
            Some(shown) => format!("  ✓ {name:<34} {:>8}   {shown}", time.text()),
            None => format!("  ✗ {name:<34} {:>8}", time.text()),
        })
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        let (run, time) = (self.run, Millis(self.started.elapsed()));
        let value = || json!({"steps": run, "ms": time.number()});
        line(self.json, value, || format!("\n  {run} steps in {}", time.text()))
    }
}

struct Millis(Duration);

impl Millis {
    /// In tenths.
    fn number(&self) -> f64 {
        (self.0.as_secs_f64() * 1e4).round() / 10.0
    }

    fn text(&self) -> String {
        format!("{:.1} ms", self.number())
    }
}
