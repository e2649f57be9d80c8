//! What is agreed, with whom, and in which words.

use layer_crypto::rsa::PublicKey;

/// What a client brings along to a key exchange.
///
/// ```
/// use layer_crypto::rsa::TELEGRAM_PRODUCTION;
/// use layer_mtproto::exchange::{Config, Lifetime};
/// let mut config = Config::new(vec![TELEGRAM_PRODUCTION], 2);
/// config.lifetime = Lifetime::Temporary { expires_in: 24 * 3600 };
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The RSA keys that we trust, in order of preference. The first that the server offers is
    /// used.
    pub server_keys: Vec<PublicKey>,
    /// The data centre, as it is written in `p_q_inner_data_dc`: its id; plus 10000 for a test data
    /// centre; the whole negated for a media-only one (media of test data centre 2: -10002). For a
    /// CDN data centre its id. Servers refuse (-444) a number that is not theirs.
    pub dc: i32,
    /// How long the key is to live; [`Lifetime::Permanent`] at first.
    pub lifetime: Lifetime,
    /// Which inner data goes out; [`InnerData::WithDc`] at first.
    pub inner_data: InnerData,
}

impl Config {
    /// A permanent key with data centre `dc`, in the modern form.
    pub fn new(server_keys: Vec<PublicKey>, dc: i32) -> Self {
        Self { server_keys, dc, lifetime: Lifetime::Permanent, inner_data: InnerData::WithDc }
    }
}

/// How long a key lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Until it is destroyed.
    Permanent,
    /// For perfect forward secrecy, to be bound to a permanent key.
    Temporary {
        /// Seconds from now on.
        expires_in: i32,
    },
}

/// The form of `p_q_inner_data`. The padding is always RSA_PAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InnerData {
    /// `p_q_inner_data_dc` or `p_q_inner_data_temp_dc`: the server sees whether it is the one that
    /// was meant. What Telegram documents.
    WithDc,
    /// `p_q_inner_data` or `p_q_inner_data_temp`, for servers that know no other.
    WithoutDc,
}
