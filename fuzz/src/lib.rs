//! Coverage-guided fuzzing of everything that reads what a peer sends, on the stable toolchain.
//!
//! `cargo xtask fuzz` runs every target; `README.md` tells how to run one, replay an input and keep it.
//! A target is a function here: it may panic, take too long or too much memory only if there is a bug.
//! Inputs are read by [`Input`]; what is costly (RSA, Diffie-Hellman) is done once and [`recorded`].
#![forbid(unsafe_code)]

pub mod client;
pub mod connection;
pub mod envelope;
pub mod exchange_client;
pub mod exchange_server;
pub mod framing;
mod handshakes;
mod input;
mod machine;
pub mod memory;
pub mod messages;
pub mod pair;
pub mod recorded;
mod sample;
pub mod schema;
mod speech;
pub mod types;

pub use input::Input;

/// Inputs to begin with.
pub type Seeds = Vec<Vec<u8>>;

/// A target's name and what makes its seeds.
pub type Target = (&'static str, fn() -> Seeds);

/// All targets.
pub const TARGETS: &[Target] = &[
    ("client", client::seeds),
    ("connection", connection::seeds),
    ("envelope", envelope::seeds),
    ("exchange_client", exchange_client::seeds),
    ("exchange_server", exchange_server::seeds),
    ("framing", framing::seeds),
    ("messages", messages::seeds),
    ("pair", pair::seeds),
    ("schema", schema::seeds),
    ("types", types::seeds),
];

/// Goes through what a `Debug` prints, and keeps nothing of it.
pub(crate) fn show(value: &dyn std::fmt::Debug) {
    struct Nowhere;
    impl std::fmt::Write for Nowhere {
        fn write_str(&mut self, _: &str) -> std::fmt::Result {
            Ok(())
        }
    }
    assert_eq!(std::fmt::write(&mut Nowhere, format_args!("{value:?}")), Ok(()));
}

/// Goes through an error's message and its `Debug`.
pub(crate) fn show_error(error: &dyn std::error::Error) {
    show(&error);
    show(&format_args!("{error}"));
}
