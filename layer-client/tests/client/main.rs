//! Whole clients over loopback sockets: every framing and proxy, and everything that can be wrong
//! before a server is reached.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod failures;
mod links;
mod promises;
#[allow(dead_code, reason = "shared with the tests of sessions")]
#[path = "../session/samples.rs"]
mod samples;
#[allow(dead_code, reason = "shared with the tests of sessions")]
#[path = "../session/sim_disk.rs"]
mod sim_disk;

use std::sync::Arc;

use layer_client::Config;
use layer_client::session::InMemoryBackend;
use layer_sandbox::Sandbox;

/// What a client of this sandbox is configured with.
fn config(sandbox: &Sandbox) -> Config {
    Config {
        api_id: 1,
        api_hash: "hash".to_owned(),
        dc_addr: Some(sandbox.address(2).to_string()),
        server_keys: vec![sandbox.public_key_pem()],
        session_backend: Some(Arc::new(InMemoryBackend::default())),
        ..Config::default()
    }
}
