//! What the program is called with.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use layer_crypto::rsa::PublicKey;
use layer_mtproto::connection::{Config, Init};
use layer_mtproto::exchange;
use layer_wire::framing::{FramingKind, Tag};

use crate::failure::Failure;

/// Agrees a key with a Telegram server, asks it for help.getConfig, and prints each step with its
/// time.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Talk to a server of its own, in a thread on 127.0.0.1.
    #[arg(long, required_unless_present = "addr", conflicts_with = "addr")]
    pub(crate) loopback: bool,
    /// Talk to the server at HOST:PORT. Its RSA key must be given too.
    #[arg(long, value_name = "HOST:PORT", requires = "key")]
    pub(crate) addr: Option<String>,
    /// The server's RSA public key, as PEM [default with --loopback: the right one]
    #[arg(long, value_name = "PEM-FILE")]
    key: Option<PathBuf>,
    /// The data centre: its id, plus 10000 for a test one, negated for a media-only one.
    #[arg(
        long,
        default_value_t = 2,
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(i16).range(-19_999..20_000)
    )]
    dc: i16,
    /// How packets lie in the stream.
    #[arg(long, default_value_t = Transport::Abridged)]
    pub(crate) transport: Transport,
    /// Perfect forward secrecy: a permanent key is agreed, then a temporary one that lives so long
    /// and is bound to it; help.getConfig goes under the temporary one.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i32).range(1..))]
    temp: Option<i32>,
    /// The api_id to introduce itself with. Telegram's servers want a real one from
    /// my.telegram.org.
    #[arg(long, default_value_t = 1)]
    api_id: i32,
    /// How long to wait for the connection and for each answer.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..3600)
    )]
    timeout: u64,
}

/// How packets lie in the stream.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// One byte of length for short packets.
    Abridged,
    /// Four bytes of length.
    Intermediate,
    /// Four bytes of length and a random tail.
    Padded,
    /// Length, number and checksum.
    Full,
    /// Intermediate under AES-CTR.
    Obfuscated,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Abridged => "abridged",
            Self::Intermediate => "intermediate",
            Self::Padded => "padded",
            Self::Full => "full",
            Self::Obfuscated => "obfuscated",
        })
    }
}

impl Arguments {
    /// How to speak, and with whom. `own_key` is the key of the server that was brought along.
    pub(crate) fn connection(&self, own_key: Option<PublicKey>) -> Result<Config, Failure> {
        let given = self.key.as_deref().map(read_key).transpose()?;
        let keys = given.or(own_key).into_iter().collect();
        let mut init = Init::new(self.api_id);
        init.device_model = "layer-connect".to_owned();
        init.app_version = env!("CARGO_PKG_VERSION").to_owned();
        let mut config = Config::new(exchange::Config::new(keys, self.dc.into()), init);
        config.framing = self.framing();
        config.temporary_keys = self.temp;
        config.silence = self.timeout();
        Ok(config)
    }

    /// The framing that the transport names.
    fn framing(&self) -> FramingKind {
        match self.transport {
            Transport::Abridged => FramingKind::Abridged,
            Transport::Intermediate => FramingKind::Intermediate,
            Transport::Padded => FramingKind::Padded,
            Transport::Full => FramingKind::Full,
            Transport::Obfuscated => {
                FramingKind::Obfuscated { inner: Tag::Intermediate, secret: None, dc: self.dc }
            }
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// The data centre that a server of our own is to be.
    pub(crate) fn own_dc(&self) -> i32 {
        i32::from(self.dc).abs() % 10_000
    }
}

fn read_key(path: &Path) -> Result<PublicKey, Failure> {
    let pem = fs::read_to_string(path)
        .map_err(|error| Failure::KeyFile { path: path.to_owned(), error })?;
    PublicKey::from_pem(&pem).map_err(|error| Failure::Key { path: path.to_owned(), error })
}
