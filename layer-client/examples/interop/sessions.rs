//! `session` and `faults`: one session held for ten lifetimes of a salt and through trouble, and what
//! servers do rarely.
//!
//! The client's time leaps with the sandbox's: that by which it measures, not the wall's, so that to it
//! the wall's seems to be set back each time.

use std::collections::BTreeMap;
use std::time::Duration;

use layer_client::tl::{enums, functions};
use layer_client::{Client, InvocationError};
use tokio::task::JoinSet;
use tokio::time::{self, Instant, timeout};

use crate::cast::Stage;
use crate::{Trouble, ensure, same};

const SALT_LIFE: Duration = Duration::from_secs(3600);
/// A salt begins when the one before is half over.
const SALT_STEP: Duration = Duration::from_secs(1800);
const LIFETIMES: i64 = 10;
/// Between two leaps: more than between two pings, and less than the server is patient for.
const LEAP: Duration = Duration::from_secs(65);
/// So long, by the system's clock, something may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server may do, as the commands that make the sandbox do it, and how it is stopped.
const FAULTS: [(&str, &str); 17] = [
    ("refuse 16", ""),
    ("refuse 17", ""),
    ("refuse 18", ""),
    ("refuse 19", ""),
    ("refuse 20", ""),
    ("refuse 32", ""),
    ("refuse 33", ""),
    ("refuse 34", ""),
    ("refuse 35", ""),
    ("refuse 48", ""),
    ("refuse 64", ""),
    ("refuse-containers 1", "refuse-containers 0"),
    ("announce on", "announce off"),
    ("no-containers on", "no-containers off"),
    ("tell-states 1", "tell-states 0"),
    ("ask-resend 1", "ask-resend 0"),
    ("strict-acks on", "strict-acks off"),
];

/// A client of whose calls the sandbox's counts tell.
struct Talk<'a> {
    stage: &'a Stage,
    client: &'a Client,
}

pub(crate) async fn session(stage: &Stage) -> Result<String, Trouble> {
    let player = stage.connect().await?;
    let talk = Talk { stage, client: &player.client };
    let notes = [
        talk.lifetimes().await?,
        talk.stale_salt().await?,
        talk.large_call().await?,
        talk.packed_answers().await?,
        talk.state_requests().await?,
        talk.restart().await?,
        talk.lone_leap().await?,
    ];
    player.leave().await;
    Ok(notes.join("; "))
}

pub(crate) async fn faults(stage: &Stage) -> Result<String, Trouble> {
    for (fault, over) in FAULTS {
        let player = stage.connect().await?;
        let talk = Talk { stage, client: &player.client };
        talk.ask(2).await?;
        let before = talk.counts().await?;
        talk.command(&format!("fault {fault}")).await?;
        // None fails, and none waits for ever.
        let asked = timeout(PATIENCE, talk.ask(4)).await;
        asked
            .map_err(|_| format!("{fault}: no answer"))?
            .map_err(|why| format!("{fault}: {why}"))?;
        let counts = talk.counts().await?;
        if over.is_empty() {
            let counted = match fault.replace("refuse ", "bad_") {
                salt if salt == "bad_48" => "bad_salts".to_owned(),
                other => other,
            };
            ensure(counts.more(&before, &counted) >= 1, || format!("{fault}: not refused"))?;
        } else {
            talk.command(&format!("fault {over}")).await?;
        }
        talk.ask(3).await?;
        player.leave().await;
    }
    Ok(format!("{} faults; fails by none, hangs by none", FAULTS.len()))
}

/// What the sandbox has counted.
struct Counts(BTreeMap<String, i64>);

impl Counts {
    fn of(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn more(&self, before: &Self, name: &str) -> i64 {
        self.of(name) - before.of(name)
    }
}

impl Talk<'_> {
    async fn command(&self, line: &str) -> Result<(), Trouble> {
        self.stage.control.command(line).await.map(drop)
    }

    async fn counts(&self) -> Result<Counts, Trouble> {
        Ok(Counts(self.stage.control.stats().await?))
    }

    /// So many calls at once, each answered as it should be.
    async fn ask(&self, count: usize) -> Result<(), Trouble> {
        let mut calls = JoinSet::new();
        for _ in 0..count {
            let client = self.client.clone();
            calls.spawn(async move { client.invoke(&functions::help::GetNearestDc {}).await });
        }
        while let Some(answer) = calls.join_next().await {
            let enums::NearestDc::Dc(nearest) = answer??;
            same("this_dc", nearest.this_dc, 2)?;
        }
        Ok(())
    }

    /// Both clocks go so far ahead.
    async fn leap(&self, by: Duration) -> Result<(), Trouble> {
        self.command(&format!("advance {}", by.as_secs())).await?;
        time::pause();
        time::advance(Duration::from_secs(by.as_secs())).await;
        time::resume();
        Ok(())
    }

    async fn lifetimes(&self) -> Result<String, Trouble> {
        // The key was agreed a little before now, and its first salt began then.
        let begun = Instant::now();
        self.ask(1).await?;
        let before = self.counts().await?;
        let mut leaps = 0;
        for half_hour in 1..=2 * LIFETIMES {
            let boundary = begun + SALT_STEP * u32::try_from(half_hour)?;
            loop {
                let left = boundary.saturating_duration_since(Instant::now());
                if left > LEAP {
                    leaps += 1;
                    let pings = self.counts().await?.of("pings");
                    self.leap(LEAP).await?;
                    while self.counts().await?.of("pings") == pings {}
                } else if left > Duration::from_millis(3500) {
                    self.leap(left - Duration::from_secs(2)).await?;
                } else {
                    break;
                }
                // Its answer comes behind that to the ping.
                self.ask(1).await?;
            }
            // No ping falls due in these four seconds: a call is the first to notice a salt's end.
            self.leap(Duration::from_secs(4)).await?;
            self.ask(5).await?;
        }
        let counts = self.counts().await?;
        let more = |name| counts.more(&before, name);
        let hours = begun.elapsed().as_secs() / SALT_LIFE.as_secs();
        same("lifetimes", i64::try_from(hours)?, LIFETIMES)?;
        let salts = more("salts") + 1;
        ensure(salts >= LIFETIMES, || format!("{salts} salts in {LIFETIMES} lifetimes"))?;
        same("sessions", counts.of("sessions"), before.of("sessions"))?;
        ensure(more("pings") * 2 > leaps, || format!("{} pings", more("pings")))?;
        ensure(more("containers") >= LIFETIMES, || "hardly a container".to_owned())?;
        ensure(more("sent_containers") >= LIFETIMES, || "hardly one for the client".to_owned())?;
        same("bad_server_salt", more("bad_salts"), 0)?;
        Ok(format!(
            "{LIFETIMES} lifetimes: salts {salts}, bad_server_salt 0, get_future_salts {}, pings {}, \
             acks {}, containers {}, largest {}, sent {}, queries {}",
            more("salt_requests"),
            more("pings"),
            more("acks"),
            more("containers"),
            counts.of("largest_container"),
            more("sent_containers"),
            more("queries"),
        ))
    }

    async fn stale_salt(&self) -> Result<String, Trouble> {
        let before = self.counts().await?;
        self.command("stale-salts").await?;
        self.ask(3).await?;
        let counts = self.counts().await?;
        let refused = counts.more(&before, "bad_salts");
        ensure(refused >= 1, || "no bad_server_salt".to_owned())?;
        ensure(counts.more(&before, "salts") >= 1, || "the new salt was not used".to_owned())?;
        Ok(format!("stale salt: bad_server_salt {refused}"))
    }

    async fn large_call(&self) -> Result<String, Trouble> {
        let before = self.counts().await?;
        let large = functions::help::GetAppUpdate { source: "x".repeat(4096) };
        match self.client.invoke(&large).await {
            Err(InvocationError::Rpc(error)) => same("the error's code", error.code, 401)?,
            other => return Err(format!("answered {:?}", other.map(drop)).into()),
        }
        same("packed", self.counts().await?.more(&before, "packed"), 1)?;
        Ok("large call: packed 1".to_owned())
    }

    async fn packed_answers(&self) -> Result<String, Trouble> {
        let before = self.counts().await?;
        self.command("fault gzip-answers on").await?;
        self.ask(4).await?;
        // This one gets smaller.
        self.client.invoke(&functions::help::GetConfig {}).await?;
        self.command("fault gzip-answers off").await?;
        let packed = self.counts().await?.more(&before, "packed_answers");
        ensure(packed >= 1, || "no answer was packed".to_owned())?;
        Ok(format!("packed answers: {packed}"))
    }

    async fn state_requests(&self) -> Result<String, Trouble> {
        let before = self.counts().await?;
        self.command("fault ask-states 1").await?;
        self.ask(3).await?;
        self.ask(3).await?;
        same("states told", self.counts().await?.more(&before, "state_infos"), 1)?;
        Ok("state requests: answered 1".to_owned())
    }

    async fn restart(&self) -> Result<String, Trouble> {
        let before = self.counts().await?;
        self.command("restart").await?;
        self.ask(3).await?;
        let counts = self.counts().await?;
        let sessions = counts.more(&before, "sessions");
        ensure(sessions >= 1, || "no new session after the restart".to_owned())?;
        same("new keys after the restart", counts.more(&before, "keys"), 0)?;
        Ok(format!("restart: new_session_created {sessions}"))
    }

    /// The sandbox's clocks leap, and ours don't.
    async fn lone_leap(&self) -> Result<String, Trouble> {
        let before = self.counts().await?;
        self.command("advance 3600").await?;
        let asked = timeout(PATIENCE, self.ask(1)).await;
        asked.map_err(|_| "lone leap: no answer")??;
        let counts = self.counts().await?;
        let (low, salts) = (counts.more(&before, "bad_16"), counts.more(&before, "bad_salts"));
        Ok(format!("lone leap: calls go through, code 16 {low}, bad_server_salt {salts}"))
    }
}
