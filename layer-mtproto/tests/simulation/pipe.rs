//! One direction of a link: bytes that take their time, in pieces, and whose packets somebody in between may
//! lose, double, delay or alter.

use std::collections::VecDeque;
use std::time::Duration;

use layer_mtproto::wire::framing::FramingKind;

use crate::dice::Dice;
use crate::fault::Kind;
use crate::frames::{Frames, Part, Towards};
use crate::story::{Story, size};

/// How far and how wide the way is.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub latency: Duration,
    /// At most so much more, different each time.
    pub jitter: Duration,
    pub bytes_per_second: u64,
}

/// In which pieces bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cutting {
    /// As they were sent, as far as a receiver reads at once.
    Whole,
    /// As TCP likes it.
    Segments,
    /// Of any size, small ones above all.
    Crumbs,
}

/// What is done to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    Lose,
    Double,
    Delay,
    Corrupt,
}

/// What comes out at the other end.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    Bytes(Vec<u8>),
    /// The sender has closed.
    End,
    /// The link is lost after so many bytes in this direction.
    Broken(u64),
}

/// Bytes on their way.
pub struct Pipe {
    towards: Towards,
    route: Route,
    frames: Option<Frames>,
    coming: VecDeque<Piece>,
    late: Vec<Late>,
    /// When the last byte has left.
    free_at: Duration,
    last_arrival: Duration,
    tricks: VecDeque<Trick>,
    pub cutting: Cutting,
    /// Packets may arrive twice.
    pub may_double: bool,
    /// The other end is gone and nobody says so.
    pub swallows: bool,
    /// A packet has not come in its turn.
    pub is_out_of_order: bool,
    /// The link breaks when so many more bytes have arrived.
    pub breaks_after: Option<u64>,
    carried: u64,
    /// Large packets that were sent in crumbs since somebody asked.
    pub splits: u64,
}

/// Packets from here on are large, in bytes.
const LARGE: usize = 2_000;

struct Piece {
    arrives: Duration,
    /// `None` where the stream ends.
    bytes: Option<Vec<u8>>,
    /// Belongs to a packet that was sent once and arrives twice.
    copy: bool,
}

/// A packet that is held back.
struct Late {
    at: Duration,
    frame: Vec<u8>,
    copy: bool,
    overtaken: bool,
}

impl Pipe {
    pub fn new(towards: Towards, kind: &FramingKind, route: Route) -> Self {
        Self {
            towards,
            route,
            frames: Frames::new(kind, towards),
            coming: VecDeque::new(),
            late: Vec::new(),
            free_at: Duration::ZERO,
            last_arrival: Duration::ZERO,
            tricks: VecDeque::new(),
            cutting: Cutting::Whole,
            may_double: true,
            swallows: false,
            is_out_of_order: false,
            breaks_after: None,
            carried: 0,
            splits: 0,
        }
    }

    /// What shall happen to the next packet, or to the one after those for which something was planned
    /// already. Where packets can't be told apart only a bit can be flipped; returns whether it can be done.
    pub fn plan(&mut self, trick: Trick) -> bool {
        let possible = self.frames.is_some() || trick == Trick::Corrupt;
        if possible {
            self.tricks.push_back(trick);
        }
        possible
    }

    /// Sends bytes. `read` says what a packet holds, for the story.
    pub fn send(
        &mut self,
        bytes: &[u8],
        now: Duration,
        dice: &mut Dice,
        story: &mut Story,
        mut read: impl FnMut(&[u8]) -> String,
    ) {
        let Some(frames) = &mut self.frames else {
            let mut bytes = bytes.to_vec();
            let carried = self.carried;
            let gone = if self.swallows { "gone silently" } else { "nobody can look into" };
            if !bytes.is_empty() {
                story.tell(self.who(), || format!("{}, {gone}", size(bytes.len())));
            }
            if !bytes.is_empty() && self.tricks.pop_front().is_some() {
                flip(&mut bytes, dice);
                let who = self.who();
                story.fault(Kind::Corrupted, who, || {
                    format!("in the stream, after {carried} bytes")
                });
            }
            return self.enqueue(bytes, false, now, dice);
        };
        for part in frames.feed(bytes) {
            match part {
                Part::Opening(bytes) => self.enqueue(bytes, false, now, dice),
                Part::Frame(frame, head) => {
                    let who = self.who();
                    let swallows = self.swallows;
                    story.tell(who, || {
                        let gone = if swallows { "gone silently: " } else { "" };
                        format!("{gone}{}", read(&frame[head..]))
                    });
                    self.packet(frame, now, dice, story);
                }
            }
        }
    }

    /// Lets a packet of a few bytes arrive that the other end has not sent. Returns whether the stream is at
    /// a point where that is possible.
    pub fn inject(&mut self, packet: &[u8], now: Duration, dice: &mut Dice) -> bool {
        let Some(frames) = self.frames.as_ref().filter(|frames| frames.is_between()) else {
            return false;
        };
        let frame = frames.frame(packet);
        self.enqueue(frame, false, now, dice);
        true
    }

    /// The sender closes, behind all that it has sent.
    pub fn close(&mut self, now: Duration) {
        let arrives = self.last_arrival.max(now + self.route.latency);
        self.last_arrival = arrives;
        if !self.swallows {
            self.coming.push_back(Piece { arrives, bytes: None, copy: false });
        }
    }

    /// When the sender may write again without more than this waiting in front.
    pub fn writable_at(&self, waiting: u64) -> Duration {
        self.free_at.saturating_sub(self.time_for(waiting))
    }

    /// When something is to be done here.
    pub fn next(&self) -> Option<Duration> {
        let arrival = self.coming.front().map(|piece| piece.arrives);
        arrival.into_iter().chain(self.late.iter().map(|late| late.at)).min()
    }

    /// What has arrived by now, one piece after the other.
    pub fn take(&mut self, now: Duration, dice: &mut Dice, story: &mut Story) -> Option<Arrival> {
        while let Some(index) = self.late.iter().position(|late| late.at <= now) {
            let late = self.late.remove(index);
            if !late.copy && late.overtaken {
                story.fault(Kind::Reordered, self.who(), || {
                    format!("{} come after what was sent later", size(late.frame.len()))
                });
            }
            self.enqueue(late.frame, late.copy, now, dice);
        }
        let piece = self.coming.pop_front_if(|piece| piece.arrives <= now)?;
        let Some(mut bytes) = piece.bytes else { return Some(Arrival::End) };
        if let Some(left) = &mut self.breaks_after {
            bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= bytes.len() as u64;
            self.carried += bytes.len() as u64;
            if *left == 0 {
                self.breaks_after = None;
                self.coming.clear();
                return Some(Arrival::Broken(self.carried));
            }
            return Some(Arrival::Bytes(bytes));
        }
        self.carried += bytes.len() as u64;
        Some(Arrival::Bytes(bytes))
    }

    /// Calls off copies that were not sent yet. Returns whether none is on its way, and nothing is held back.
    pub fn drop_copies(&mut self) -> bool {
        self.late.retain(|late| !late.copy);
        self.late.is_empty() && !self.coming.iter().any(|piece| piece.copy)
    }

    /// From now on all goes well, but for what is broken already.
    pub fn heal(&mut self) {
        self.tricks.clear();
        self.breaks_after = None;
        self.cutting = Cutting::Whole;
    }

    fn who(&self) -> &'static str {
        match self.towards {
            Towards::Server => "  -->",
            Towards::Client => "  <--",
        }
    }

    fn packet(&mut self, mut frame: Vec<u8>, now: Duration, dice: &mut Dice, story: &mut Story) {
        if self.swallows {
            return;
        }
        for late in &mut self.late {
            late.overtaken = true;
        }
        let (who, len) = (self.who(), size(frame.len()));
        match self.tricks.pop_front() {
            None => {}
            Some(Trick::Lose) => {
                self.is_out_of_order = true;
                return story.fault(Kind::Lost, who, || format!("{len} gone"));
            }
            Some(Trick::Double) if !self.may_double => {}
            Some(Trick::Double) => {
                story.fault(Kind::Doubled, who, || format!("{len} arrive twice"));
                let at = now + dice.time(0..=5_000);
                self.late.push(Late { at, frame: frame.clone(), copy: true, overtaken: false });
            }
            Some(Trick::Delay) => {
                self.is_out_of_order = true;
                story.tell(who, || format!("{len} held back"));
                let at = now + dice.time(50..=5_000);
                return self.late.push(Late { at, frame, copy: false, overtaken: false });
            }
            Some(Trick::Corrupt) => {
                story.fault(Kind::Corrupted, who, || format!("in {len}"));
                flip(&mut frame, dice);
            }
        }
        self.enqueue(frame, false, now, dice);
    }

    fn enqueue(&mut self, bytes: Vec<u8>, copy: bool, now: Duration, dice: &mut Dice) {
        if self.swallows {
            return;
        }
        self.splits += u64::from(self.cutting == Cutting::Crumbs && bytes.len() > LARGE);
        let mut rest = bytes.as_slice();
        let mut pieces = 0_u64;
        while !rest.is_empty() {
            let most = match self.cutting {
                Cutting::Whole => 16_384,
                Cutting::Segments => 1400,
                // Of a long packet most may come in larger ones: it is the ends that are interesting.
                Cutting::Crumbs if pieces < 30 => dice.any_size(1..=100),
                Cutting::Crumbs => dice.any_size(1..=65_536),
            };
            let (piece, left) = rest.split_at(rest.len().min(most as usize));
            rest = left;
            pieces += 1;
            self.free_at = self.free_at.max(now) + self.time_for(piece.len() as u64);
            let jitter = dice.among(0..=self.route.jitter.as_micros() as u64);
            let arrives = self.free_at + self.route.latency + Duration::from_micros(jitter);
            self.last_arrival = self.last_arrival.max(arrives);
            let bytes = Some(piece.to_vec());
            self.coming.push_back(Piece { arrives: self.last_arrival, bytes, copy });
        }
    }

    fn time_for(&self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / self.route.bytes_per_second)
    }
}

/// Flips one bit anywhere.
fn flip(bytes: &mut [u8], dice: &mut Dice) {
    let at = dice.index(bytes.len());
    bytes[at] ^= 1 << dice.index(8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Purpose;

    const ROUTE: Route = Route {
        latency: Duration::from_millis(50),
        jitter: Duration::from_millis(10),
        bytes_per_second: 1_000_000,
    };

    struct Bench {
        pipe: Pipe,
        dice: Dice,
        story: Story,
    }

    impl Bench {
        fn new(kind: &FramingKind) -> Self {
            let pipe = Pipe::new(Towards::Client, kind, ROUTE);
            Self { pipe, dice: Dice::new(1, Purpose::Link), story: Story::new(false) }
        }

        fn send(&mut self, bytes: &[u8], now: Duration) {
            let nothing = |_: &[u8]| String::new();
            self.pipe.send(bytes, now, &mut self.dice, &mut self.story, nothing);
        }

        /// All that arrives, up to where the stream ends or breaks.
        fn receive(&mut self) -> (Vec<u8>, Vec<Duration>, Option<Arrival>) {
            let (mut bytes, mut times) = (Vec::new(), Vec::new());
            while let Some(at) = self.pipe.next() {
                while let Some(arrival) = self.pipe.take(at, &mut self.dice, &mut self.story) {
                    match arrival {
                        Arrival::Bytes(more) => {
                            times.push(at);
                            bytes.extend(more);
                        }
                        end => return (bytes, times, Some(end)),
                    }
                }
            }
            (bytes, times, None)
        }
    }

    fn frame(byte: u8) -> Vec<u8> {
        [vec![8, 0, 0, 0], vec![byte; 8]].concat()
    }

    #[test]
    fn bytes_arrive_in_their_order_however_they_are_cut() {
        for cutting in [Cutting::Whole, Cutting::Segments, Cutting::Crumbs] {
            let mut bench = Bench::new(&FramingKind::Full);
            bench.pipe.cutting = cutting;
            let sent: Vec<u8> = (0..10_000_u32).map(|at| at as u8).collect();
            bench.send(&sent, Duration::ZERO);
            bench.pipe.close(Duration::ZERO);
            let (bytes, times, end) = bench.receive();
            assert_eq!((bytes, end), (sent, Some(Arrival::End)));
            assert!(times.is_sorted());
            // 10 ms for the bytes, then the way.
            assert!(*times.last().unwrap() >= Duration::from_millis(60));
            assert_eq!(times.len() > 1, cutting != Cutting::Whole);
        }
    }

    #[test]
    fn a_packet_is_lost_doubled_delayed_or_altered() {
        let streams = |trick| {
            let mut bench = Bench::new(&FramingKind::Intermediate);
            assert!(bench.pipe.plan(trick));
            bench.send(&[frame(1), frame(2)].concat(), Duration::ZERO);
            let (bytes, ..) = bench.receive();
            (bytes, bench.story.faults)
        };
        let (bytes, faults) = streams(Trick::Lose);
        assert_eq!((bytes, faults.of(Kind::Lost)), (frame(2), 1));
        let (bytes, faults) = streams(Trick::Double);
        assert_eq!(bytes, [frame(1), frame(2), frame(1)].concat());
        assert_eq!(faults.of(Kind::Doubled), 1);
        let (bytes, faults) = streams(Trick::Delay);
        assert_eq!((bytes, faults.of(Kind::Reordered)), ([frame(2), frame(1)].concat(), 1));
        let (bytes, faults) = streams(Trick::Corrupt);
        let different = |(a, b): (&u8, &u8)| (a ^ b).count_ones();
        let flipped: u32 = bytes.iter().zip(&[frame(1), frame(2)].concat()).map(different).sum();
        assert_eq!((flipped, faults.of(Kind::Corrupted)), (1, 1));
    }

    #[test]
    fn a_link_breaks_at_any_byte_or_swallows_all() {
        for left in 1..24 {
            let mut bench = Bench::new(&FramingKind::Intermediate);
            bench.pipe.cutting = Cutting::Crumbs;
            bench.pipe.breaks_after = Some(left);
            bench.send(&[frame(1), frame(2)].concat(), Duration::ZERO);
            let (bytes, _, end) = bench.receive();
            assert!(bytes.len() as u64 <= left);
            assert_eq!(end, Some(Arrival::Broken(left)));
        }
        let mut bench = Bench::new(&FramingKind::Full);
        bench.pipe.swallows = true;
        bench.send(&frame(1), Duration::ZERO);
        bench.pipe.close(Duration::ZERO);
        assert_eq!(bench.pipe.next(), None);
    }

    #[test]
    fn what_nobody_sent_comes_between_two_frames_only() {
        let mut bench = Bench::new(&FramingKind::Abridged);
        bench.send(&[2, 7, 7, 7, 7], Duration::ZERO);
        assert!(!bench.pipe.inject(&[1; 4], Duration::ZERO, &mut bench.dice));
        bench.send(&[8; 4], Duration::ZERO);
        assert!(bench.pipe.inject(&[1; 4], Duration::ZERO, &mut bench.dice));
        assert_eq!(bench.receive().0, [2, 7, 7, 7, 7, 8, 8, 8, 8, 1, 1, 1, 1, 1]);
        assert!(!Bench::new(&FramingKind::Full).pipe.plan(Trick::Lose));
    }

    #[test]
    fn a_writer_waits_while_much_is_in_front() {
        let mut bench = Bench::new(&FramingKind::Full);
        bench.send(&[0; 500_000], Duration::ZERO);
        assert_eq!(bench.pipe.writable_at(100_000), Duration::from_millis(400));
    }
}
