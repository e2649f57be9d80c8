//! The steps of the tour: each is run, timed, and shown with a mark.

use std::time::{Duration, Instant};

use layer_sandbox::{Reply, RpcError, Sandbox};

use super::Trouble;
use crate::failure::Failure;

/// Longer takes no step on any machine.
const MOST_TIME: Duration = Duration::from_secs(30);

/// Runs steps, until one fails.
pub(super) struct Steps<'a> {
    sandbox: &'a Sandbox,
    /// The step in which the sandbox is to fail.
    fault: Option<&'a str>,
    started: Instant,
    run: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn new(sandbox: &'a Sandbox, fault: Option<&'a str>) -> Self {
        Self { sandbox, fault, started: Instant::now(), run: 0 }
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
        let ended = tokio::time::timeout(MOST_TIME, step).await;
        let time = millis(started.elapsed());
        let trouble = match ended {
            Ok(Ok((value, shown))) => {
                println!("  ✓ {name:<34} {time:>8}   {shown}");
                self.run += 1;
                return Ok(value);
            }
            Ok(Err(trouble)) => trouble,
            Err(_) => Trouble::Unexpected(format!("nothing came of it within {MOST_TIME:?}")),
        };
        println!("  ✗ {name:<34} {time:>8}");
        Err(Failure::Step { name, trouble })
    }

    pub(super) fn end(self) {
        println!("\n  {} steps in {}", self.run, millis(self.started.elapsed()));
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
