//! The same bot with grammers-client, after its own example; its session is kept in memory, for the
//! one in a file brings a database.

use std::sync::Arc;

use grammers_client::Client;
use grammers_client::update::Update;
use grammers_mtsender::{SenderPool, UpdatesConfiguration};
use grammers_session::storages::MemorySession;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let token = std::env::args().nth(1).ok_or("the bot's token is missing")?;
    let session = Arc::new(MemorySession::default());
    let SenderPool { runner, updates, handle } = SenderPool::new(session, 1);
    let client = Client::new(handle);
    tokio::spawn(runner.run());
    client.bot_sign_in(&token, "hash").await?;
    let catch_up = UpdatesConfiguration { catch_up: true };
    let mut updates = client.stream_updates(updates, catch_up).await?;
    loop {
        match updates.next().await? {
            Update::NewMessage(message) if !message.outgoing() => {
                if let Some(peer) = message.peer() {
                    if let Some(peer) = peer.to_ref().await? {
                        client.send_message(peer, message.text()).await?;
                    }
                }
            }
            _ => {}
        }
    }
}
