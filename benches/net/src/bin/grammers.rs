//! grammers-client, measured.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::io::Cursor;
use std::net::{SocketAddr, SocketAddrV6};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use grammers_client::Client;
use grammers_client::message::InputMessage;
use grammers_client::update::Update;
use grammers_mtsender::{ConnectionParams, SenderPool, UpdatesConfiguration};
use grammers_session::SessionData;
use grammers_session::storages::MemorySession;
use grammers_session::types::{DcOption, PeerId, PeerInfo};
use grammers_session::updates::UpdatesLike;
use grammers_tl_types::functions::help::GetNearestDc;
use layer_net_benches::{MIB, Meter, PATIENCE, Result, Task, noise, private_memory, ready, report};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// The data centre that the sandbox is.
const DC: i32 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let task = Task::read()?;
    match task.scenario.as_str() {
        "calls" => calls(&task).await,
        "connect" => connections(&task).await,
        "updates" => updates(&task).await,
        "echo" => echo(&task).await,
        "files" => files(&task).await,
        "idle" => idle(&task).await,
        // Its server keys are Telegram's, and fixed.
        "agree" => Err("can't agree a key with another server".into()),
        _ => Err("no such scenario".into()),
    }
}

/// A client with its task.
struct Running {
    client: Client,
    updates: mpsc::Receiver<UpdatesLike>,
    pool: JoinHandle<()>,
}

/// A session whose data centres are all the sandbox: no other is ever dialled.
fn session(task: &Task) -> Result<Arc<MemorySession>> {
    let SocketAddr::V4(ipv4) = task.address else { return Err("IPv4 is expected".into()) };
    let ipv6 = SocketAddrV6::new(ipv4.ip().to_ipv6_mapped(), ipv4.port(), 0, 0);
    let option = |id| (id, DcOption { id, ipv4, ipv6, auth_key: Some(task.auth_key) });
    let is_bot = task.scenario == "echo";
    let me = PeerInfo::User { id: task.user, auth: None, bot: Some(is_bot), is_self: Some(true) };
    let session = SessionData {
        home_dc: DC,
        dc_options: (1..=5).map(option).collect(),
        peer_infos: HashMap::from([(PeerId::self_user(), me)]),
        ..SessionData::default()
    };
    Ok(Arc::new(MemorySession::from(session)))
}

fn connected(task: &Task, session: Arc<MemorySession>) -> Running {
    let mut params = ConnectionParams::default();
    if let Some(size) = NonZeroUsize::new(task.width).filter(|_| task.scenario == "updates") {
        params.updates_channel_capacity = size;
    }
    let SenderPool { runner, handle, updates } = SenderPool::with_configuration(session, 1, params);
    Running { client: Client::new(handle), updates, pool: tokio::spawn(runner.run()) }
}

fn client(task: &Task) -> Result<Running> {
    Ok(connected(task, session(task)?))
}

async fn calls(task: &Task) -> Result<()> {
    let Running { client, .. } = client(task)?;
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

async fn connections(task: &Task) -> Result<()> {
    let session = session(task)?;
    for _ in 0..task.count {
        let meter = Meter::start();
        let Running { client, pool, .. } = connected(task, Arc::clone(&session));
        client.invoke(&GetNearestDc {}).await?;
        meter.report(&task.scenario, 1);
        client.disconnect();
        pool.await?;
    }
    Ok(())
}

async fn updates(task: &Task) -> Result<()> {
    let Running { client, updates, .. } = client(task)?;
    client.invoke(&GetNearestDc {}).await?;
    let configuration = UpdatesConfiguration { catch_up: false };
    let mut updates = client.stream_updates(updates, configuration).await?;
    ready();
    // The first makes the sender known.
    while !matches!(updates.next().await?, Update::NewMessage(_)) {}
    ready();
    let mut came = 0;
    let mut meter = Meter::start();
    let receiving = async {
        while came < task.count {
            if let Update::NewMessage(_) = updates.next().await? {
                if came == 0 {
                    meter = Meter::start();
                }
                came += 1;
            }
        }
        Result::Ok(())
    };
    // If not all of them come, it is told how many did.
    if let Ok(done) = timeout(PATIENCE, receiving).await {
        done?;
    }
    meter.report("updates", came);
    Ok(())
}

async fn echo(task: &Task) -> Result<()> {
    let Running { client, updates, .. } = client(task)?;
    client.invoke(&GetNearestDc {}).await?;
    let configuration = UpdatesConfiguration { catch_up: false };
    let mut updates = client.stream_updates(updates, configuration).await?;
    ready();
    // The first makes the sender known.
    while !matches!(updates.next().await?, Update::NewMessage(_)) {}
    ready();
    let mut came = 0;
    let mut answering = JoinSet::new();
    let mut meter = Meter::start();
    while came < task.count {
        let Update::NewMessage(message) = updates.next().await? else { continue };
        if message.outgoing() {
            continue;
        }
        if came == 0 {
            meter = Meter::start();
        }
        came += 1;
        let client = client.clone();
        answering.spawn(async move {
            // Who wrote comes in a short form, which shows nobody; bots may name users without a hash.
            let peer = message.peer_id().to_ambient_ref();
            client.send_message(peer, message.text()).await?;
            Result::Ok(())
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
    let Running { client, .. } = client(task)?;
    client.invoke(&GetNearestDc {}).await?;
    let bytes = noise(task.count * MIB);
    let meter = Meter::start();
    let name = "noise.bin".to_owned();
    let uploaded = client.upload_stream(&mut Cursor::new(&bytes), bytes.len(), name).await?;
    meter.report("up", bytes.len());
    let me = client.get_me().await?.to_ref().await?.ok_or("nobody is logged in")?;
    let sent = client.send_message(me, InputMessage::new().text("noise").file(uploaded)).await?;
    let media = sent.media().ok_or("no document was sent")?;
    let mut download = client.iter_download(&media);
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
    let first = client(task)?;
    first.client.invoke(&GetNearestDc {}).await?;
    let before = private_memory()?;
    let meter = Meter::start();
    let mut clients = Vec::new();
    for _ in 0..task.count {
        let running = client(task)?;
        running.client.invoke(&GetNearestDc {}).await?;
        clients.push(running);
    }
    sleep(Duration::from_secs(1)).await;
    let (cpu, wall) = meter.seconds();
    report("idle", private_memory()?.saturating_sub(before), cpu, wall);
    drop(clients);
    Ok(())
}
