//! layer-client, measured.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

use layer_client::session::{DcEntry, InMemoryBackend, SavedSession, SavedUser};
use layer_client::tl::functions::help::GetNearestDc;
use layer_client::update::Update;
use layer_client::{Client, ShutdownToken};
use layer_crypto::AuthKey;
use layer_net_benches::{MIB, Meter, PATIENCE, Result, Task, noise, private_memory, ready, report};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The data centre that the sandbox is.
const DC: i32 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let task = Task::read()?;
    match task.scenario.as_str() {
        "calls" => calls(&task).await,
        "connect" => connections(&task, true).await,
        "agree" => connections(&task, false).await,
        "updates" => updates(&task).await,
        "echo" => echo(&task).await,
        "files" => files(&task).await,
        "idle" => idle(&task).await,
        _ => Err("no such scenario".into()),
    }
}

/// A session; logged in if it is given the key.
fn session(task: &Task, with_key: bool) -> Arc<InMemoryBackend> {
    let mut session = SavedSession::default();
    if with_key {
        let mut dc = DcEntry::new(DC);
        dc.auth_key = Some(AuthKey::from_bytes(&task.auth_key));
        dc.is_authorized = true;
        session.home_dc = Some(DC);
        session.dcs.push(dc);
        session.user = Some(SavedUser { id: task.user, is_bot: task.scenario == "echo" });
    }
    Arc::new(InMemoryBackend::new(session))
}

async fn connected(task: &Task, session: Arc<InMemoryBackend>) -> Result<(Client, ShutdownToken)> {
    let mut builder = Client::builder()
        .api(1, "hash")
        .dc_id(DC)
        .dc_addr(task.address.to_string())
        .server_key(task.server_key.clone())
        .session_backend(session);
    // As the others: the first call does not wait until something else has been answered.
    builder = builder.await_server(false);
    if task.width > 0 && task.scenario == "updates" {
        builder = builder.update_queue(task.width);
    }
    Ok(builder.connect().await?)
}

/// A client that is logged in.
async fn client(task: &Task) -> Result<(Client, ShutdownToken)> {
    connected(task, session(task, true)).await
}

async fn calls(task: &Task) -> Result<()> {
    let (client, _token) = client(task).await?;
    client.invoke(&GetNearestDc {}).await?;
    let meter = Meter::start();
    let mut callers = JoinSet::new();
    for _ in 0..task.width {
        let (client, calls) = (client.clone(), task.calls_each());
        callers.spawn(async move {
            for _ in 0..calls {
                client.invoke(&GetNearestDc {}).await?;
            }
            Result::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    meter.report("calls", task.calls_each() * task.width);
    Ok(())
}

async fn connections(task: &Task, with_key: bool) -> Result<()> {
    let saved = session(task, true);
    for _ in 0..task.count {
        let session = if with_key { Arc::clone(&saved) } else { session(task, false) };
        let meter = Meter::start();
        let (client, token) = connected(task, session).await?;
        client.invoke(&GetNearestDc {}).await?;
        meter.report(&task.scenario, 1);
        drop(client);
        token.closed().await;
    }
    Ok(())
}

async fn updates(task: &Task) -> Result<()> {
    let (client, _token) = client(task).await?;
    let mut updates = client.stream_updates();
    client.sync_update_state().await?;
    ready();
    // The first makes the sender known.
    while !matches!(updates.next().await, Some(Update::NewMessage(_)) | None) {}
    ready();
    let mut came = 0;
    let mut meter = Meter::start();
    let receiving = async {
        while came < task.count {
            match updates.next().await {
                Some(Update::NewMessage(_)) if came == 0 => (came, meter) = (1, Meter::start()),
                Some(Update::NewMessage(_)) => came += 1,
                Some(_) => {}
                None => break,
            }
        }
    };
    // If not all of them come, it is told how many did.
    let _ = timeout(PATIENCE, receiving).await;
    meter.report("updates", came);
    Ok(())
}

async fn echo(task: &Task) -> Result<()> {
    let (client, _token) = client(task).await?;
    let mut updates = client.stream_updates();
    client.sync_update_state().await?;
    ready();
    // The first makes the sender known.
    while !matches!(updates.next().await, Some(Update::NewMessage(_)) | None) {}
    ready();
    let mut came = 0;
    let mut answering = JoinSet::new();
    let mut meter = Meter::start();
    while came < task.count {
        let Some(update) = updates.next().await else { break };
        let Update::NewMessage(message) = update else { continue };
        if message.outgoing() {
            continue;
        }
        if came == 0 {
            meter = Meter::start();
        }
        came += 1;
        let client = client.clone();
        answering.spawn(async move {
            let text = message.text().unwrap_or_default().to_owned();
            client.send_message(&message, text).await
        });
        while let Some(done) = answering.try_join_next() {
            done??;
        }
    }
    while let Some(done) = answering.join_next().await {
        done??;
    }
    meter.report("echo", came);
    Ok(())
}

async fn files(task: &Task) -> Result<()> {
    let (client, _token) = client(task).await?;
    client.invoke(&GetNearestDc {}).await?;
    let bytes = noise(task.count * MIB);
    let meter = Meter::start();
    let uploaded = client.upload_file(&bytes, "noise.bin", "application/octet-stream").await?;
    meter.report("up", bytes.len());
    let sent = client.send_file("me", uploaded, "noise").await?;
    let document = sent.document().ok_or("no document was sent")?;
    let mut download = client.iter_download(&document);
    let mut came = 0;
    let meter = Meter::start();
    while let Some(piece) = download.next().await? {
        came += piece.len();
    }
    meter.report("down", came);
    if came == bytes.len() { Ok(()) } else { Err("what came is not what was sent".into()) }
}

async fn idle(task: &Task) -> Result<()> {
    // What the first of all brings with it is not the clients'.
    let (first, _token) = client(task).await?;
    first.invoke(&GetNearestDc {}).await?;
    let before = private_memory()?;
    let meter = Meter::start();
    let mut clients = Vec::new();
    for _ in 0..task.count {
        let (client, token) = client(task).await?;
        client.invoke(&GetNearestDc {}).await?;
        clients.push((client, token));
    }
    sleep(Duration::from_secs(1)).await;
    let (cpu, wall) = meter.seconds();
    report("idle", private_memory()?.saturating_sub(before), cpu, wall);
    drop(clients);
    Ok(())
}
