//! Obfuscation: 64 random bytes carry the keys of two AES-CTR streams, and all else goes through
//! them.
//!
//! The bytes also hold the framing inside and the data centre that a proxy shall dial. A proxy's
//! secret is mixed into the keys. Specification: mtproto/mtproto-transports, "Transport
//! obfuscation".

use std::fmt;

use layer_crypto::aes_ctr::AesCtr256;
use layer_crypto::hash::sha256;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Layout, abridged, intermediate, padded};

/// Bytes before the first frame.
pub(super) const INIT: usize = 64;

/// The framing inside an obfuscated stream, as its 64 opening bytes name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// `efefefef`.
    Abridged,
    /// `eeeeeeee`.
    Intermediate,
    /// `dddddddd`.
    Padded,
}

impl Tag {
    const ALL: [Self; 3] = [Self::Abridged, Self::Intermediate, Self::Padded];

    /// The four bytes of the tag.
    pub fn bytes(self) -> [u8; 4] {
        match self {
            Self::Abridged => [0xef; 4],
            Self::Intermediate => intermediate::PREAMBLE,
            Self::Padded => padded::PREAMBLE,
        }
    }

    /// The tag of these four bytes, if they are one.
    pub fn from_bytes(bytes: [u8; 4]) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.bytes() == bytes)
    }

    pub(super) fn layout(self) -> Layout {
        match self {
            Self::Abridged => Layout::Abridged,
            Self::Intermediate => Layout::Intermediate,
            Self::Padded => Layout::Padded,
        }
    }
}

/// The 16 bytes shared with an MTProxy, without the prefix that names the framing.
///
/// Wiped when dropped, compared in constant time, not shown by `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ProxySecret([u8; 16]);

impl From<[u8; 16]> for ProxySecret {
    fn from(secret: [u8; 16]) -> Self {
        Self(secret)
    }
}

impl PartialEq for ProxySecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ProxySecret {}

impl fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxySecret(..)")
    }
}

/// First words that other protocols begin with, and so may not begin an obfuscated stream.
const RESERVED: [[u8; 4]; 7] =
    [*b"HEAD", *b"POST", *b"GET ", *b"OPTI", TLS_HELLO, intermediate::PREAMBLE, padded::PREAMBLE];

/// How a TLS client hello of 512 bytes begins.
pub(super) const TLS_HELLO: [u8; 4] = [0x16, 3, 1, 2];

/// 64 random bytes that can't be taken for the opening of anything else. Drawn anew until they fit,
/// never altered; all but one draw in 250 fit, and a source that never fits is none.
pub(super) fn draw_init(rng: &mut dyn CryptoRng) -> [u8; INIT] {
    let mut init = [0; INIT];
    loop {
        rng.fill_bytes(&mut init);
        if !is_reserved(&init) {
            return init;
        }
    }
}

fn is_reserved(init: &[u8; INIT]) -> bool {
    init.starts_with(&abridged::PREAMBLE)
        || RESERVED.iter().any(|word| init.starts_with(word))
        // Reads as the full framing's frame number 0.
        || init.iter().skip(4).take(4).all(|&byte| byte == 0)
}

/// A client's opening and its two streams.
pub(super) struct Opening {
    pub(super) preamble: [u8; INIT],
    pub(super) sending: AesCtr256,
    pub(super) receiving: AesCtr256,
}

/// Opens a stream with the given 64 random bytes; their last eight are replaced.
pub(super) fn open(
    mut init: [u8; INIT],
    tag: Tag,
    secret: Option<&ProxySecret>,
    dc: i16,
) -> Opening {
    let [a, b, c, d] = tag.bytes();
    let [e, f] = dc.to_le_bytes();
    if let Some(named) = init.last_chunk_mut::<8>() {
        let [.., g, h] = *named;
        *named = [a, b, c, d, e, f, g, h];
    }
    let (mut sending, receiving) = (stream(&init, secret), stream(&reversed(&init), secret));
    // The keys themselves are sent as they are, and the rest as the cipher makes it.
    let mut preamble = init;
    sending.apply(&mut preamble);
    for (sent, clear) in preamble.iter_mut().zip(init).take(56) {
        *sent = clear;
    }
    Opening { preamble, sending, receiving }
}

/// What a server reads in a client's opening, and its two streams.
pub(super) struct Arrival {
    pub(super) tag: Tag,
    pub(super) dc: i16,
    pub(super) sending: AesCtr256,
    pub(super) receiving: AesCtr256,
}

/// Reads a client's 64 bytes; nothing if no tag comes out under this secret.
pub(super) fn accept(init: &[u8; INIT], secret: Option<&ProxySecret>) -> Option<Arrival> {
    let (mut receiving, sending) = (stream(init, secret), stream(&reversed(init), secret));
    let mut clear = *init;
    receiving.apply(&mut clear);
    let [a, b, c, d, e, f, _, _] = *clear.last_chunk()?;
    let tag = Tag::from_bytes([a, b, c, d])?;
    Some(Arrival { tag, dc: i16::from_le_bytes([e, f]), sending, receiving })
}

/// The stream whose key and iv lie behind the first eight bytes of `init`.
fn stream(init: &[u8; INIT], secret: Option<&ProxySecret>) -> AesCtr256 {
    let mut key = Zeroizing::new([0; 32]);
    let mut iv = [0; 16];
    let mut bytes = init.iter().skip(8);
    for (into, &byte) in key.iter_mut().chain(&mut iv).zip(&mut bytes) {
        *into = byte;
    }
    if let Some(ProxySecret(secret)) = secret {
        *key = sha256(&[key.as_slice(), secret]);
    }
    AesCtr256::new(&key, &iv)
}

fn reversed(init: &[u8; INIT]) -> [u8; INIT] {
    let mut reversed = *init;
    reversed.reverse();
    reversed
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;

    use hex_literal::hex;
    use rand_core::{TryCryptoRng, TryRng};

    use super::*;

    /// Hands out prepared draws.
    struct Script(VecDeque<[u8; INIT]>);

    impl TryRng for Script {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("only whole draws")
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("only whole draws")
        }
        fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
            into.copy_from_slice(&self.0.pop_front().unwrap());
            Ok(())
        }
    }

    impl TryCryptoRng for Script {}

    fn last_eight(init: [u8; 64], tag: Tag, secret: Option<[u8; 16]>, dc: i16) -> [u8; 8] {
        let secret = secret.map(ProxySecret);
        let opening = open(init, tag, secret.as_ref(), dc);
        assert_eq!(opening.preamble[..56], init[..56]);
        let arrival = accept(&opening.preamble, secret.as_ref()).unwrap();
        assert_eq!((arrival.tag, arrival.dc), (tag, dc));
        *opening.preamble.last_chunk().unwrap()
    }

    #[test]
    fn published_openings_come_out() {
        use Tag::{Intermediate, Padded};
        let ones = [0xff; 64];
        assert_eq!(last_eight(ones, Intermediate, None, -1), hex!("fce8ab2203db2bff"));
        let zero = Some([0; 16]);
        assert_eq!(last_eight(ones, Intermediate, zero, 1), hex!("ecec4cbda8bb188b"));
        assert_eq!(last_eight(ones, Intermediate, zero, 10001), hex!("ecec4cbdb89c188b"));
        assert_eq!(last_eight(ones, Intermediate, zero, -1), hex!("ecec4cbd5644188b"));
        let secret = Some([0xaa; 16]);
        assert_eq!(last_eight([0x61; 64], Padded, secret, 2), hex!("ab4162424f66fddc"));
    }

    #[test]
    fn published_streams_go_on_behind_the_opening() {
        let init = hex!(
            "f5768f50b731260a46be1027c2eeaa39350624f0b6da59eba56c81fe4510c2e0"
            "b61d3dd323ee02388633e3837a0c1c24fa6f29ccd724be6f416ff7b026f6cce6"
        );
        let secret = hex!("8a96ef6e42a18c21837580cd1c91c5a8");
        assert_eq!(last_eight(init, Tag::Padded, Some(secret), 2), hex!("bea2dde16dc59dd2"));

        let secret = ProxySecret(secret);
        let mut opening = open(init, Tag::Padded, Some(&secret), 2);
        let (mut sent, mut received) = (*b"abcd", *b"abcd");
        opening.sending.apply(&mut sent);
        opening.receiving.apply(&mut received);
        assert_eq!(sent, hex!("ca7a8226"));
        assert_eq!(received, hex!("8f711982"));

        let mut arrival = accept(&opening.preamble, Some(&secret)).unwrap();
        arrival.receiving.apply(&mut sent);
        arrival.sending.apply(&mut received);
        assert_eq!(&sent, b"abcd");
        // What encrypted "abcd" on the client decrypts to it on the client too: counter mode.
        assert_eq!(&received, b"abcd");
    }

    #[test]
    fn data_centres_are_signed_and_little_endian() {
        for (dc, bytes) in [(-4, hex!("fcff")), (10002, hex!("1227")), (-10002, hex!("eed8"))] {
            let preamble = open([0x61; 64], Tag::Abridged, None, dc).preamble;
            let mut clear = preamble;
            stream(&preamble, None).apply(&mut clear);
            assert_eq!(clear[56..62], [&[0xef; 4][..], &bytes].concat());
            assert_eq!(accept(&preamble, None).unwrap().dc, dc);
        }
    }

    #[test]
    fn reserved_openings_are_drawn_again_and_not_altered() {
        let good = [0x61; INIT];
        let mut draws = VecDeque::new();
        let mut reserved = |at: usize, bytes: &[u8]| {
            let mut draw = good;
            draw[at..at + bytes.len()].copy_from_slice(bytes);
            draws.push_back(draw);
        };
        reserved(0, &[0xef]);
        for word in [
            0x4441_4548,
            0x5453_4f50,
            0x2054_4547,
            0x4954_504f,
            0xeeee_eeee,
            0xdddd_dddd,
            0x0201_0316,
        ] {
            reserved(0, &u32::to_le_bytes(word));
        }
        reserved(4, &[0; 4]);
        draws.push_back(good);
        let mut rng = Script(draws);
        assert_eq!(draw_init(&mut rng), good);
        assert!(rng.0.is_empty());
    }

    #[test]
    fn what_is_nearly_reserved_is_kept() {
        for (at, bytes) in [
            (1, &[0xef; 63][..]),
            (0, &[0xee, 0xee, 0xee, 0xed]),
            (0, b"GET/"),
            (4, &[0; 3]),
            (5, &[0; 59]),
        ] {
            let mut draw = [0x61; INIT];
            draw[at..at + bytes.len()].copy_from_slice(bytes);
            assert_eq!(draw_init(&mut Script([draw].into())), draw);
        }
    }

    #[test]
    fn a_wrong_secret_finds_no_tag() {
        let preamble = open([0x61; 64], Tag::Padded, Some(&ProxySecret([1; 16])), 2).preamble;
        assert!(accept(&preamble, None).is_none());
        assert!(accept(&preamble, Some(&ProxySecret([2; 16]))).is_none());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", ProxySecret([0x41; 16])), "ProxySecret(..)");
    }
}
