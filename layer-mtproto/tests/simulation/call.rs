//! Calls that can be recognised: what the client asks, and what it must be answered, both made from the
//! call's number.

use std::time::Duration;

/// The function of a simulated call, which no schema knows.
const CALL: u32 = 0x51aa_ca11;
/// The object that answers it.
const ANSWER: u32 = 0x51aa_0a15;
/// The object that the server sends unasked.
const PUSH: u32 = 0x51aa_9054;

/// Bytes before what fills a question up.
const HEAD: usize = 28;

/// What a call is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An object of so many words behind its head.
    Object { words: u32, compressible: bool },
    /// An error of this code.
    Error(i32),
}

/// All that a question says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    pub number: u64,
    pub wanted: Wanted,
    pub delay: Duration,
    /// Words that fill it up.
    pub words: u32,
    pub compressible: bool,
}

impl Question {
    /// The function as the client sends it.
    pub fn write(&self) -> Vec<u8> {
        let (kind, size) = match self.wanted {
            Wanted::Object { words, compressible } => (u32::from(compressible), words),
            Wanted::Error(code) => (2, code as u32),
        };
        let mut bytes = Vec::with_capacity(HEAD + self.words as usize * 4);
        bytes.extend(CALL.to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend((kind | u32::from(self.compressible) << 8).to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend((self.delay.as_millis() as u32).to_le_bytes());
        bytes.extend(self.words.to_le_bytes());
        fill(self.number, self.words, self.compressible, &mut bytes);
        bytes
    }

    /// Reads a function; `None` if it is another one, an error if it is not as it was written.
    pub fn read(bytes: &[u8]) -> Option<Result<Self, String>> {
        let words: Vec<u32> =
            bytes.chunks_exact(4).take(HEAD / 4).map(|word| long(word) as u32).collect();
        if words.first() != Some(&CALL) {
            return None;
        }
        let &[_, low, high, kinds, size, delay, len] = words.as_slice() else {
            return Some(Err(format!("a question of {} bytes", bytes.len())));
        };
        let question = Self {
            number: u64::from(low) | u64::from(high) << 32,
            wanted: match kinds & 0xff {
                2 => Wanted::Error(size as i32),
                kind => Wanted::Object { words: size, compressible: kind == 1 },
            },
            delay: Duration::from_millis(delay.into()),
            words: len,
            compressible: kinds >> 8 == 1,
        };
        if question.len() != bytes.len() || question.write() != bytes {
            return Some(Err(format!("call {} has been altered on its way", question.number)));
        }
        Some(Ok(question))
    }

    pub fn len(&self) -> usize {
        HEAD + self.words as usize * 4
    }

    /// What must come back: an object, or an error's code and name.
    pub fn answer(&self) -> Result<Vec<u8>, (i32, String)> {
        match self.wanted {
            Wanted::Object { words, compressible } => {
                let mut bytes = Vec::with_capacity(12 + words as usize * 4);
                bytes.extend(ANSWER.to_le_bytes());
                bytes.extend(self.number.to_le_bytes());
                fill(!self.number, words, compressible, &mut bytes);
                Ok(bytes)
            }
            Wanted::Error(code) => Err((code, format!("SIMULATED_{}", self.number))),
        }
    }

    /// How long the answer is.
    pub fn answer_len(&self) -> usize {
        match self.wanted {
            Wanted::Object { words, .. } => 12 + words as usize * 4,
            Wanted::Error(_) => 0,
        }
    }
}

/// What the server sends unasked, by its number.
pub fn push(number: u64, words: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(PUSH.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    fill(number, words, number.is_multiple_of(2), &mut bytes);
    bytes
}

/// The number of what the server sent unasked, if it is as it was sent.
pub fn read_push(bytes: &[u8]) -> Option<u64> {
    let number = long(bytes.get(4..12)?);
    let words = u32::try_from((bytes.len() - 12) / 4).ok()?;
    (bytes == push(number, words)).then_some(number)
}

/// What an object of ours is, for the story.
pub fn describe(object: &[u8]) -> Option<String> {
    let id = long(object.get(..4)?) as u32;
    let number = || Some(long(object.get(4..12)?));
    match id {
        CALL => Some(format!("call {}", number()?)),
        ANSWER => Some(format!("answer {}", number()?)),
        PUSH => Some(format!("push {}", number()?)),
        _ => None,
    }
}

/// Up to eight bytes as a number.
fn long(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Words that look random, or all alike; different for each number.
fn fill(number: u64, words: u32, compressible: bool, bytes: &mut Vec<u8>) {
    let mut state = number;
    for _ in 0..words {
        let word = if compressible {
            number as u32
        } else {
            // splitmix64
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) as u32
        };
        bytes.extend(word.to_le_bytes());
    }
}

#[test]
fn a_question_is_read_as_it_was_written_and_its_alteration_seen() {
    let object = Wanted::Object { words: 5, compressible: true };
    for (wanted, compressible) in [(object, false), (Wanted::Error(-503), true)] {
        let delay = Duration::from_millis(1500);
        let question = Question { number: 1 << 33 | 7, wanted, delay, words: 9, compressible };
        let mut bytes = question.write();
        assert_eq!(bytes.len(), question.len());
        assert_eq!(Question::read(&bytes), Some(Ok(question)));
        assert_eq!(describe(&bytes).unwrap(), "call 8589934599");
        bytes[40] ^= 1;
        assert!(Question::read(&bytes).unwrap().is_err());
    }
    assert_eq!(Question::read(&[0; 40]), None);
}

#[test]
fn a_push_is_recognised_whole() {
    let mut bytes = push(12, 7);
    assert_eq!(read_push(&bytes), Some(12));
    bytes[30] ^= 1;
    assert_eq!(read_push(&bytes), None);
}
