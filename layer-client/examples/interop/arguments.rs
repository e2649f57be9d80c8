//! What a script is told: the scenario, the framing, and where the sandbox is.

use std::time::Duration;

use layer_client::{Proxy, TransportKind};

/// How the arguments of all scripts look.
const USAGE: &str = "arguments: SCENARIO FRAMING --address HOST:PORT --control HOST:PORT --key FILE \
                     --proxy-secret HEX [--partner CLIENT PROGRAM SCRIPT]";

pub(crate) struct Arguments {
    pub(crate) scenario: String,
    pub(crate) framing: String,
    /// Where the sandbox listens.
    pub(crate) address: String,
    /// Where it takes commands.
    pub(crate) control: String,
    /// The file with its public key.
    pub(crate) key: String,
    /// 32 hexadecimal digits.
    pub(crate) proxy_secret: String,
    /// Who takes part in `across`: his name, his program, and what it is given first.
    pub(crate) partner: Option<(String, String, String)>,
}

impl Arguments {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut words = Vec::new();
        let [mut address, mut control, mut key, mut secret] = [const { None }; 4];
        let mut partner = None;
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let place = match argument.as_str() {
                "--address" => &mut address,
                "--control" => &mut control,
                "--key" => &mut key,
                "--proxy-secret" => &mut secret,
                "--partner" => {
                    let mut next = || arguments.next().ok_or(USAGE);
                    partner = Some((next()?, next()?, next()?));
                    continue;
                }
                _ => {
                    words.push(argument);
                    continue;
                }
            };
            *place = arguments.next();
        }
        let all = (<[String; 2]>::try_from(words), address, control, key, secret);
        let (Ok([scenario, framing]), Some(address), Some(control), Some(key), Some(proxy_secret)) =
            all
        else {
            return Err(USAGE.to_owned());
        };
        Ok(Self { scenario, framing, address, control, key, proxy_secret, partner })
    }
}

/// How packets travel.
pub(crate) struct Framing {
    pub(crate) transport: TransportKind,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) temporary_keys: Option<Duration>,
}

impl Framing {
    /// By the name that it has in the table; with `+pfs` under temporary keys of a day.
    pub(crate) fn named(arguments: &Arguments) -> Result<Self, String> {
        let (name, pfs) = match arguments.framing.strip_suffix("+pfs") {
            Some(name) => (name, true),
            None => (arguments.framing.as_str(), false),
        };
        let secret = u128::from_str_radix(&arguments.proxy_secret, 16);
        let secret = secret.map_err(|_| "--proxy-secret: expected 32 hexadecimal digits")?;
        let secret = secret.to_be_bytes();
        let address = arguments.address.clone();
        let (transport, proxy) = match name {
            "full" => (TransportKind::Full, None),
            "abridged" => (TransportKind::Abridged, None),
            "intermediate" => (TransportKind::Intermediate, None),
            "padded" => (TransportKind::PaddedIntermediate, None),
            "obfuscated-intermediate" => (TransportKind::Obfuscated { secret: None }, None),
            "mtproxy-intermediate" => {
                let proxy = Proxy::MtProxy { address, secret, padded: false };
                (TransportKind::default(), Some(proxy))
            }
            "mtproxy-padded" => {
                let proxy = Proxy::MtProxy { address, secret, padded: true };
                (TransportKind::default(), Some(proxy))
            }
            other => return Err(format!("there is no framing {other}")),
        };
        let temporary_keys = pfs.then_some(Duration::from_secs(86_400));
        Ok(Self { transport, proxy, temporary_keys })
    }
}
