//! A server's recognition of the framing from a connection's first bytes.

use thiserror::Error;

use super::obfuscated::{self, Arrival, INIT, ProxySecret, TLS_HELLO};
use super::{Decoder, Encoder, FramingKind, Layout, MAX_PACKET, Role, Tag, full};

/// What the first bytes of a connection say.
#[derive(Debug)]
pub enum Detection {
    /// Not enough yet: ask again with at least so many bytes more.
    NeedMore(usize),
    /// The framing is known.
    Found(Box<Accepted>),
}

/// A server's side of a connection whose framing is known.
#[derive(Debug)]
pub struct Accepted {
    /// As the client chose it, with the secret that fitted and the data centre it named.
    pub kind: FramingKind,
    /// Frames for the client.
    pub encoder: Encoder,
    /// The client's frames. All bytes that were looked at are fed to it, but for the client's
    /// opening.
    pub decoder: Decoder,
}

/// The client speaks no framing of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DetectError {
    /// An HTTP request.
    #[error("an MTProto framing was expected: this is an HTTP {verb} request")]
    Http {
        /// The verb, or as much of it as is looked at.
        verb: &'static str,
    },
    /// A TLS client hello.
    #[error("an MTProto framing was expected: this is a TLS client hello")]
    Tls,
    /// Nothing that is known, or obfuscated under a secret that is not.
    #[error(
        "an MTProto framing was expected: the first 64 bytes are none, nor obfuscated without a secret \
         or with one of {secrets}"
    )]
    Unknown {
        /// How many secrets were tried.
        secrets: usize,
    },
}

/// Recognises the framing from *all* bytes that came since the connection began, each time it is
/// asked.
///
/// Obfuscated streams are tried without a secret and with each of `secrets`. At most 64 bytes are
/// needed.
///
/// ```
/// use layer_wire::framing::{DetectError, Detection, FramingKind, detect};
///
/// assert!(matches!(detect(&[0xee, 0xee], &[])?, Detection::NeedMore(2)));
/// let Detection::Found(found) = detect(&[0xef, 1], &[])? else { panic!("one byte suffices") };
/// assert_eq!(found.kind, FramingKind::Abridged);
/// assert_eq!(found.decoder.held(), 1);
/// assert_eq!(detect(b"GET /", &[]).unwrap_err(), DetectError::Http { verb: "GET" });
/// # Ok::<(), DetectError>(())
/// ```
///
/// # Errors
/// If the bytes can't be the beginning of any framing; the error names what they are instead, if it
/// is known.
pub fn detect(first: &[u8], secrets: &[ProxySecret]) -> Result<Detection, DetectError> {
    let Some(&byte) = first.first() else {
        return Ok(Detection::NeedMore(1));
    };
    if byte == 0xef {
        return Ok(clear(FramingKind::Abridged, first));
    }
    let Some(word) = first.first_chunk::<4>() else {
        return Ok(Detection::NeedMore(4 - first.len()));
    };
    match Tag::from_bytes(*word) {
        Some(Tag::Intermediate) => return Ok(clear(FramingKind::Intermediate, first)),
        Some(Tag::Padded) => return Ok(clear(FramingKind::Padded, first)),
        _ => {}
    }
    if let Some(error) = foreign(word) {
        return Err(error);
    }
    let Some(head) = first.first_chunk::<8>() else {
        return Ok(Detection::NeedMore(8 - first.len()));
    };
    if is_full(head) {
        return Ok(clear(FramingKind::Full, first));
    }
    let Some((init, rest)) = first.split_first_chunk::<INIT>() else {
        return Ok(Detection::NeedMore(INIT - first.len()));
    };
    let tried = std::iter::once(None).chain(secrets.iter().map(Some));
    for secret in tried {
        if let Some(arrival) = obfuscated::accept(init, secret) {
            return Ok(obfuscated(arrival, secret, rest));
        }
    }
    // A hello of another length than the usual may begin an obfuscated stream, so it is asked last.
    match word {
        [0x16, 3, ..] => Err(DetectError::Tls),
        _ => Err(DetectError::Unknown { secrets: secrets.len() }),
    }
}

fn foreign(word: &[u8; 4]) -> Option<DetectError> {
    match word {
        b"GET " => Some(DetectError::Http { verb: "GET" }),
        b"POST" => Some(DetectError::Http { verb: "POST" }),
        b"HEAD" => Some(DetectError::Http { verb: "HEAD" }),
        b"OPTI" => Some(DetectError::Http { verb: "OPTIONS" }),
        &TLS_HELLO => Some(DetectError::Tls),
        _ => None,
    }
}

/// Frame number 0 of a plausible length.
fn is_full(head: &[u8; 8]) -> bool {
    let [a, b, c, d, seq @ ..] = *head;
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    seq == [0; 4]
        && len.is_multiple_of(4)
        && (full::HEAD + full::TAIL..=full::HEAD + MAX_PACKET + full::TAIL).contains(&len)
}

fn clear(kind: FramingKind, first: &[u8]) -> Detection {
    let layout = kind.layout();
    let (_, rest) = first.split_at_checked(layout.preamble().len()).unwrap_or_default();
    let encoder = Encoder::new(layout, Role::Server, &[], None);
    let mut decoder = Decoder::new(layout, Role::Client, None);
    decoder.feed(rest);
    Detection::Found(Box::new(Accepted { kind, encoder, decoder }))
}

fn obfuscated(arrival: Arrival, secret: Option<&ProxySecret>, rest: &[u8]) -> Detection {
    let Arrival { tag, dc, sending, receiving } = arrival;
    let layout: Layout = tag.layout();
    let kind = FramingKind::Obfuscated { inner: tag, secret: secret.cloned(), dc };
    let encoder = Encoder::new(layout, Role::Server, &[], Some(sending));
    let mut decoder = Decoder::new(layout, Role::Client, Some(receiving));
    decoder.feed(rest);
    Detection::Found(Box::new(Accepted { kind, encoder, decoder }))
}
