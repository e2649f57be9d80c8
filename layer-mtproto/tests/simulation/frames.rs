//! Where packets lie in a stream in the clear, for whoever sits between the two ends.

use layer_mtproto::wire::framing::FramingKind;

/// Who is to get a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    Server,
    Client,
}

/// A framing that hides nothing. What it holds of a stream is not a whole frame yet.
#[derive(Debug)]
pub struct Frames {
    abridged: bool,
    towards: Towards,
    /// Bytes of the opening that are still to come.
    opening: usize,
    held: Vec<u8>,
}

/// What comes whole out of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// A piece of the opening bytes.
    Opening(Vec<u8>),
    /// A frame; the packet in it begins at this index.
    Frame(Vec<u8>, usize),
}

impl Frames {
    /// For a stream of this framing, unless it can't be looked into or frames can't be left out of it.
    pub fn new(kind: &FramingKind, towards: Towards) -> Option<Self> {
        let (abridged, opening) = match kind {
            FramingKind::Abridged => (true, 1),
            FramingKind::Intermediate | FramingKind::Padded => (false, 4),
            _ => return None,
        };
        let opening = if towards == Towards::Server { opening } else { 0 };
        Some(Self { abridged, towards, opening, held: Vec::new() })
    }

    /// Takes bytes of the stream and gives out what is whole.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Part> {
        self.held.extend_from_slice(bytes);
        let mut parts = Vec::new();
        if self.opening > 0 {
            let opening = self.held.drain(..self.opening.min(self.held.len())).collect::<Vec<_>>();
            self.opening -= opening.len();
            parts.push(Part::Opening(opening));
        }
        let mut from = 0;
        while let Some((head, len)) = self.head(&self.held[from..])
            && let Some(frame) = self.held.get(from..from + head + len)
        {
            parts.push(Part::Frame(frame.to_vec(), head));
            from += head + len;
        }
        self.held.drain(..from);
        parts
    }

    /// Whether the stream is between two frames.
    pub fn is_between(&self) -> bool {
        self.held.is_empty() && self.opening == 0
    }

    /// A frame around a few bytes.
    pub fn frame(&self, packet: &[u8]) -> Vec<u8> {
        let head = if self.abridged {
            vec![(packet.len() / 4) as u8]
        } else {
            (packet.len() as u32).to_le_bytes().to_vec()
        };
        [head, packet.to_vec()].concat()
    }

    /// How long the head is that stands here, and what belongs to it.
    fn head(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let asks_or_answers = |mark: bool| mark && self.towards == Towards::Client;
        if self.abridged {
            let first = *bytes.first()?;
            if asks_or_answers(first & 0x80 != 0) {
                return Some((0, 4));
            }
            let short = first & 0x7f;
            if short != 0x7f {
                return Some((1, usize::from(short) * 4));
            }
            let word = u32::from_le_bytes(*bytes.first_chunk()?);
            return Some((4, (word >> 8) as usize * 4));
        }
        let word = u32::from_le_bytes(*bytes.first_chunk()?);
        if asks_or_answers(word >> 31 == 1) {
            return Some((0, 4));
        }
        Some((4, (word & 0x7fff_ffff) as usize))
    }
}

#[test]
fn frames_come_whole_however_the_stream_is_cut() {
    use rand_core::SeedableRng;
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(3);
    for kind in [FramingKind::Abridged, FramingKind::Intermediate, FramingKind::Padded] {
        let (mut encoder, _) = kind.client(&mut rng);
        let mut stream = Vec::new();
        let packets = [vec![1; 72], vec![2; 504], vec![3; 508], vec![4; 4000]];
        for packet in &packets {
            encoder.encode(packet, packet.len() == 504, &mut rng, &mut stream).unwrap();
        }
        for step in [1, 7, 100_000] {
            let mut frames = Frames::new(&kind, Towards::Server).unwrap();
            let parts: Vec<Part> =
                stream.chunks(step).flat_map(|bytes| frames.feed(bytes)).collect();
            let mut told = Vec::new();
            let mut found = Vec::new();
            for part in parts {
                match part {
                    Part::Opening(bytes) => told.extend(bytes),
                    Part::Frame(bytes, head) => {
                        found.push(bytes[head]);
                        told.extend(bytes);
                    }
                }
            }
            assert_eq!(found, [1, 2, 3, 4]);
            assert_eq!(told, stream);
            assert!(frames.is_between());
        }
    }
    assert!(Frames::new(&FramingKind::Full, Towards::Client).is_none());
}
