//! A fuzzer's input, read as a list of choices and pieces of bytes.
//!
//! Every read succeeds: an input that is used up is followed by zeros. So each input means something, and a
//! small change of it is a small change of what it means.

/// What is left of an input.
#[derive(Clone, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of it.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// `len` bytes, or as many as there are.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A piece whose length stands before it, in two bytes.
    pub fn piece(&mut self) -> &'a [u8] {
        let len = self.word();
        self.take(len)
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    pub fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    /// A number of two bytes.
    pub fn word(&mut self) -> usize {
        u16::from_le_bytes(self.array()).into()
    }

    pub fn int(&mut self) -> i32 {
        i32::from_le_bytes(self.array())
    }

    pub fn long(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }

    /// A number below `most`, which is at most 256.
    pub fn below(&mut self, most: usize) -> usize {
        usize::from(self.byte()) % most
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Damages `bytes` in up to seven places, or in none.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(8) {
            let at = self.word() % (bytes.len() + 1);
            match self.below(6) {
                0 => bytes.insert(at, self.byte()),
                1 => bytes.truncate(at),
                2 => bytes.extend_from_slice(self.piece()),
                3 => {
                    let word = self.array::<4>();
                    overwrite(bytes, at, &word);
                }
                4 => {
                    let copied =
                        bytes.iter().copied().skip(self.word()).take(16).collect::<Vec<_>>();
                    overwrite(bytes, at, &copied);
                }
                _ => overwrite(bytes, at, &[self.byte()]),
            }
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (to, from) in bytes.iter_mut().skip(at).zip(with) {
        *to = *from;
    }
}
