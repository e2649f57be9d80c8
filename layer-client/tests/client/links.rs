//! Links as they should be.

use std::sync::Arc;
use std::time::Duration;

use layer_client::session::InMemoryBackend;
use layer_client::tl::functions;
use layer_client::{Client, Config, Proxy, Socks5Config, TransportKind};
use layer_sandbox::Sandbox;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::config;

async fn logs_in(config: Config, token: &str) {
    let (client, shutdown) = Client::connect(config).await.unwrap();
    assert_eq!(client.bot_sign_in(token).await.unwrap(), "Echo");
    let config = client.invoke_on_dc(4, &functions::help::GetConfig {}).await.unwrap();
    let layer_client::tl::enums::Config::Config(config) = config;
    assert_eq!(config.this_dc, 4);
    shutdown.cancel();
    shutdown.closed().await;
}

#[tokio::test]
async fn a_bot_logs_in_in_every_framing_and_with_temporary_keys() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, token) = sandbox.world().add_bot("Echo", "echo_bot");
    let kinds = [
        TransportKind::Abridged,
        TransportKind::Intermediate,
        TransportKind::PaddedIntermediate,
        TransportKind::Full,
        TransportKind::Obfuscated { secret: None },
    ];
    for transport in kinds {
        logs_in(Config { transport, ..config(&sandbox) }, &token).await;
    }
    let temporary_keys = Some(Duration::from_secs(24 * 3600));
    logs_in(Config { temporary_keys, ..config(&sandbox) }, &token).await;
}

#[tokio::test]
async fn a_session_string_goes_on_elsewhere() {
    let sandbox = Sandbox::start().await.unwrap();
    let (bot, token) = sandbox.world().add_bot("Echo", "echo_bot");
    let (client, shutdown) = Client::connect(config(&sandbox)).await.unwrap();
    client.bot_sign_in(&token).await.unwrap();
    let text = client.export_session_string().await.unwrap();
    shutdown.cancel();
    shutdown.closed().await;
    let (client, _shutdown) = Client::with_string_session(&text).await.unwrap();
    assert_eq!(client.get_me().await.unwrap().id, bot);
    let keys = sandbox.world().keys.len();
    let builder = Client::builder().string_session(&text).unwrap().device_model("another");
    let (client, _shutdown) = builder.connect().await.unwrap();
    assert_eq!(client.get_me().await.unwrap().id, bot);
    assert_eq!(sandbox.world().keys.len(), keys, "under the same key");
}

#[tokio::test]
async fn an_mtproxy_leads_to_every_data_centre() {
    let secret = [0x5a; 16];
    let sandbox = Sandbox::builder().proxy_secret(secret.into()).start().await.unwrap();
    let (_, token) = sandbox.world().add_bot("Echo", "echo_bot");
    for padded in [false, true] {
        let address = sandbox.address(2).to_string();
        let proxy = Some(Proxy::MtProxy { address, secret, padded });
        logs_in(Config { proxy, ..config(&sandbox) }, &token).await;
    }
}

/// A proxy that takes whoever comes to where they want, of one kind or the other.
async fn proxy(listener: TcpListener, is_socks: bool) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let target = if is_socks {
                let mut greeting = [0; 3];
                stream.read_exact(&mut greeting).await.unwrap();
                stream.write_all(&[5, 0]).await.unwrap();
                let mut request = [0; 10];
                stream.read_exact(&mut request).await.unwrap();
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                let port = u16::from_be_bytes([request[8], request[9]]);
                format!("{}.{}.{}.{}:{port}", request[4], request[5], request[6], request[7])
            } else {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned()
            };
            let mut server = TcpStream::connect(target).await.unwrap();
            // Either may end it.
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        });
    }
}

#[tokio::test]
async fn socks5_and_http_proxies_lead_to_every_data_centre() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, token) = sandbox.world().add_bot("Echo", "echo_bot");
    for is_socks in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let proxy = tokio::spawn(proxy(listener, is_socks));
        let mut config = config(&sandbox);
        if is_socks {
            config.socks5 = Some(Socks5Config::new(address));
        } else {
            config.proxy = Some(Proxy::HttpConnect { address, auth: None });
        }
        config.session_backend = Some(Arc::new(InMemoryBackend::default()));
        logs_in(config, &token).await;
        proxy.abort();
    }
}
