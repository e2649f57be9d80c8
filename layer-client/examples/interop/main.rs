//! Our own client in the table of other people's: `interop/README.md` says what each scenario demands.
//!
//! It takes the arguments of their scripts and prints the same row. In the scenario `across` another
//! client takes part, whose script it starts and drives.
#![allow(clippy::print_stdout, reason = "the row is what it is for")]
#![allow(clippy::indexing_slicing, reason = "what a JSON value lacks is null")]

mod across;
mod arguments;
mod bot;
mod cast;
mod config;
mod control;
mod cut;
mod files;
mod group;
mod login;
mod partner;
mod sessions;
mod talk;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use arguments::Arguments;
use cast::Stage;
use layer_client::tl;
use partner::Partner;

/// As long as any script may take.
const PER_ROW: Duration = Duration::from_secs(60);

/// What went wrong, in words.
type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Fails unless what is demanded is so.
fn ensure(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), Trouble> {
    if is_so { Ok(()) } else { Err(otherwise().into()) }
}

/// Fails unless both are the same.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: T, ought: T) -> Result<(), Trouble> {
    ensure(is == ought, || format!("{what}: {is:?}, not {ought:?}"))
}

// On one thread, for on others a client's time can't leap.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(64);
        }
    };
    let mut row = Row {
        client: "layer".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        layer: tl::LAYER.to_string(),
        since: Instant::now(),
    };
    let outcome = run(&arguments, &mut row).await;
    let (result, detail) = match &outcome {
        Ok(detail) => ("ok", detail.clone()),
        Err(trouble) => ("failed", trouble.to_string()),
    };
    let Row { client, version, layer, since } = row;
    let Arguments { scenario, framing, .. } = &arguments;
    let seconds = format!("{:.1}", since.elapsed().as_secs_f64());
    let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    let columns =
        [&client, &version, &layer, framing, scenario, result, &seconds, &detail].join("\t");
    println!("row\t{columns}");
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Of whom the row tells, and since when.
struct Row {
    client: String,
    version: String,
    layer: String,
    since: Instant,
}

async fn run(arguments: &Arguments, row: &mut Row) -> Result<String, Trouble> {
    // The sandbox takes commands from one at a time: before the partner's script asks for it too.
    let stage = Stage::new(arguments).await?;
    let mut partner = match &arguments.partner {
        Some((client, ..)) => {
            row.client.clone_from(client);
            let mut partner = Partner::start(arguments)?;
            // Until it says so it is being loaded, which does not count.
            (row.version, row.layer) = partner.hello().await?;
            row.since = Instant::now();
            Some(partner)
        }
        None => None,
    };
    let detail = tokio::select! {
        detail = play(&arguments.scenario, &stage, partner.as_mut()) => detail?,
        () = too_long() => return Err(format!("not done after {PER_ROW:?}").into()),
    };
    if let Some(partner) = partner {
        partner.leave().await?;
    }
    Ok(detail)
}

/// Ends when a row has taken too long, by the system's clock.
async fn too_long() {
    let (sender, is_over) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(PER_ROW);
        // Whoever waited may be done.
        let _ = sender.send(());
    });
    let _ = is_over.await;
}

async fn play(
    scenario: &str,
    stage: &Stage,
    partner: Option<&mut Partner>,
) -> Result<String, Trouble> {
    match (scenario, partner) {
        ("across", Some(partner)) => across::across(stage, partner).await,
        ("config", None) => config::config(stage).await,
        ("session", None) => sessions::session(stage).await,
        ("faults", None) => sessions::faults(stage).await,
        ("login", None) => login::login(stage).await,
        ("talk", None) => talk::talk(stage).await,
        ("group", None) => group::group(stage).await,
        ("bot", None) => bot::bot(stage).await,
        ("files", None) => files::files(stage).await,
        ("cut", None) => cut::cut(stage).await,
        (other, partner) => {
            let who = if partner.is_some() { "with a partner" } else { "alone" };
            Err(format!("there is no scenario {other} {who}").into())
        }
    }
}
