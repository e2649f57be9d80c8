//! A bot that echoes, with layer-client; `cargo xtask bench --size` builds it.

use layer_client::update::Update;
use layer_client::{Client, Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = std::env::args().nth(1).ok_or("the bot's token is missing")?;
    let config = Config { api_id: 1, api_hash: "hash".into(), ..Config::default() };
    let (client, _shutdown) = Client::connect(config).await?;
    client.bot_sign_in(&token).await?;
    let mut updates = client.stream_updates();
    while let Some(update) = updates.next().await {
        match update {
            Update::NewMessage(message) if !message.outgoing() => {
                if let Some(peer) = message.peer_id() {
                    let text = message.text().unwrap_or_default();
                    client.send_message_to_peer(peer.clone(), text).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
