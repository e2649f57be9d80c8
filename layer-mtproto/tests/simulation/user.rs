//! The user: makes calls of every kind, cancels some, and keeps the book on what came of them.

use std::collections::BTreeMap;
use std::time::Duration;

use layer_mtproto::connection::CallId;

use crate::call::{Question, Wanted};
use crate::dice::{Dice, Purpose};

/// Words of the largest questions and answers.
const HUGE_WORDS: u64 = 150 << 10;

pub struct User {
    dice: Dice,
    /// So many calls are still to be made.
    pub left: u64,
    /// When the next ones are made.
    pub next_at: Duration,
    gap: u64,
    /// All calls that were made, by their numbers.
    pub calls: BTreeMap<u64, Made>,
    numbers: BTreeMap<CallId, u64>,
    /// When which call is to be given up.
    cancels: BTreeMap<(Duration, u64), ()>,
    /// What the server sent unasked: how often each came.
    pub pushes: BTreeMap<u64, u32>,
}

/// A call that was made.
pub struct Made {
    pub question: Question,
    pub id: CallId,
    pub once: bool,
    /// It is to be run after this one.
    pub after: Option<u64>,
    /// What the client knew then of how often the server has lost its memory, if it knew.
    pub memory: Option<u64>,
    /// How often it had said that the thread is broken.
    pub breaks: u64,
    pub end: Option<End>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Answered { maybe_repeated: bool },
    Failed(String),
    Cancelled,
}

/// A call to be made.
pub struct Wish {
    pub question: Question,
    pub once: bool,
    pub after: Option<u64>,
}

impl User {
    pub fn new(seed: u64, calls: u64, gap: u64) -> Self {
        Self {
            dice: Dice::new(seed, Purpose::User),
            left: calls,
            next_at: Duration::ZERO,
            gap,
            calls: BTreeMap::new(),
            numbers: BTreeMap::new(),
            cancels: BTreeMap::new(),
            pushes: BTreeMap::new(),
        }
    }

    /// When the user wants something.
    pub fn next(&self) -> Option<Duration> {
        let next_call = (self.left > 0).then_some(self.next_at);
        let next_cancel = self.cancels.first_key_value().map(|((at, _), ())| *at);
        next_call.into_iter().chain(next_cancel).min()
    }

    /// The calls to be made now.
    pub fn wishes(&mut self, now: Duration) -> Vec<Wish> {
        if self.left == 0 || self.next_at > now {
            return Vec::new();
        }
        self.next_at = now + Duration::from_millis(self.dice.among(0..=self.gap));
        let count = if self.dice.one_in(3) { self.dice.among(2..=8) } else { 1 };
        let count = count.min(self.left);
        self.left -= count;
        let first = self.calls.len() as u64;
        (first..first + count).map(|number| self.wish(number)).collect()
    }

    fn wish(&mut self, number: u64) -> Wish {
        let dice = &mut self.dice;
        let most = |dice: &mut Dice, seldom| match dice.one_in(seldom) {
            true => HUGE_WORDS,
            false => 500,
        };
        let question_most = most(dice, 30);
        let answer_most = most(dice, 20);
        let wanted = if dice.one_in(10) {
            Wanted::Error(dice.pick(&[400, 403, 406, 420, 500]))
        } else {
            let words = dice.any_size(0..=answer_most) as u32;
            Wanted::Object { words, compressible: dice.one_in(2) }
        };
        let delay = match dice.among(0..=3) {
            0 | 1 => Duration::ZERO,
            2 => dice.time(0..=5_000),
            _ => dice.time(0..=180_000),
        };
        let words = dice.any_size(0..=question_most) as u32;
        let compressible = dice.one_in(2);
        let question = Question { number, wanted, delay, words, compressible };
        let after = (number > 0 && dice.one_in(5))
            .then(|| dice.among(number.saturating_sub(5)..=number - 1));
        Wish { question, once: dice.one_in(3), after }
    }

    /// A call has been made; perhaps it will be given up.
    pub fn made(&mut self, wish: Wish, id: CallId, known: (Option<u64>, u64), now: Duration) {
        let Wish { question, once, after } = wish;
        let number = question.number;
        let (memory, breaks) = known;
        if self.dice.one_in(8) {
            let at = now + self.dice.time(0..=20_000);
            self.cancels.insert((at, number), ());
        }
        self.numbers.insert(id, number);
        let made = Made { question, id, once, after, memory, breaks, end: None };
        self.calls.insert(number, made);
    }

    /// The calls to be given up now.
    pub fn cancelled(&mut self, now: Duration) -> Vec<u64> {
        let later = self.cancels.split_off(&(now + Duration::from_nanos(1), 0));
        let due = std::mem::replace(&mut self.cancels, later);
        due.into_keys().map(|(_, number)| number).collect()
    }

    pub fn number(&self, id: CallId) -> Option<u64> {
        self.numbers.get(&id).copied()
    }

    /// How many calls have neither answer nor other end.
    pub fn open(&self) -> usize {
        self.calls.values().filter(|made| made.end.is_none()).count()
    }

    /// Waits for a while before more calls.
    pub fn pause(&mut self, until: Duration) {
        self.next_at = self.next_at.max(until);
    }
}
