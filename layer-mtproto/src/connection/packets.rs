//! What the packets held that were sent last, in case the server refuses one.

use std::collections::VecDeque;

use crate::calls::CallId;

/// So many packets are remembered. What is refused after that is found out by asking for its state.
const MOST: usize = 1024;

/// A message that was sent.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) msg_id: i64,
    pub(super) what: What,
    /// It had never been sent before: if it is refused, the server has never seen it.
    pub(super) first: bool,
}

/// What a message holds.
#[derive(Debug, Clone)]
pub(super) enum What {
    Call(CallId),
    /// Found by the message's identifier.
    Request,
    Acks(Vec<i64>),
    /// Something that is lost without harm: the server asks again.
    Reply,
}

/// Packets in the order in which they were sent, which their identifiers don't tell: what is sent again
/// keeps its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Packets {
    sent: VecDeque<Packet>,
    /// What they hold, that of one packet behind that of the one before.
    members: VecDeque<Member>,
    /// How many were sent, whatever became of them.
    turns: u64,
    /// Of those up to this turn that held what was sent again not all are remembered.
    forgotten: u64,
}

#[derive(Debug, Clone)]
struct Packet {
    /// That of the container, or of the only message.
    outer: i64,
    /// The how-manyeth of all it was.
    turn: u64,
    /// How many of the members are its own.
    count: usize,
}

impl Packets {
    /// Counts a packet that is about to be sent: the how-manyeth it is of all.
    pub(super) fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    /// A packet was sent.
    pub(super) fn insert(&mut self, outer: i64, turn: u64, members: impl Iterator<Item = Member>) {
        let before = self.members.len();
        self.members.extend(members);
        let count = self.members.len() - before;
        let alone_again =
            self.members.back().is_some_and(|member| member.msg_id == outer && !member.first);
        if alone_again && let Some((place, start)) = self.place_of(outer) {
            self.remove(place, start);
        }
        self.sent.push_back(Packet { outer, turn, count });
        if self.sent.len() > MOST {
            self.forget_first();
        }
    }

    /// When the message was sent last, among packets.
    pub(super) fn turn_of(&self, msg_id: i64) -> Option<u64> {
        let mut end = self.members.len();
        for packet in self.sent.iter().rev() {
            let start = end - packet.count;
            let mut members = self.members.range(start..end);
            if packet.outer == msg_id || members.any(|member| member.msg_id == msg_id) {
                return Some(packet.turn);
            }
            end = start;
        }
        None
    }

    /// All messages of a packet, or the one message of this identifier; none if it is not ours.
    pub(super) fn take(&mut self, msg_id: i64) -> Vec<Member> {
        if let Some((place, start)) = self.place_of(msg_id) {
            return self.remove(place, start);
        }
        let Some(at) = self.members.iter().position(|member| member.msg_id == msg_id) else {
            return Vec::new();
        };
        let mut end = 0;
        let holding = self.sent.iter_mut().find(|packet| {
            end += packet.count;
            at < end
        });
        if let Some(packet) = holding {
            packet.count -= 1;
        }
        self.members.remove(at).into_iter().collect()
    }

    /// The server has answered what was sent after all these: none is refused any more.
    pub(super) fn forget_before(&mut self, msg_id: i64) {
        let turn = self.turn_of(msg_id);
        let sent = std::mem::take(&mut self.sent);
        let mut members = std::mem::take(&mut self.members).into_iter();
        for packet in sent {
            let its_own = members.by_ref().take(packet.count);
            if turn.map_or(packet.outer >= msg_id, |turn| packet.turn >= turn) {
                self.members.extend(its_own);
                self.sent.push_back(packet);
            } else if its_own.filter(|member| !member.first).count() > 0 {
                self.forgotten = self.forgotten.max(packet.turn);
            }
        }
    }

    /// Tells which packets, by identifier and turn, were certainly sent when `first` was sent last, or
    /// later. `known` is a turn in which it was. Where none is known, identifiers tell the order, unless
    /// it is among what was sent again and forgotten.
    pub(super) fn since(
        &self,
        first: i64,
        known: Option<u64>,
    ) -> impl Fn(i64, u64) -> bool + use<> {
        let (from, forgotten) = (self.turn_of(first).max(known), self.forgotten);
        move |outer, turn| from.map_or(outer >= first && turn > forgotten, |from| turn >= from)
    }

    pub(super) fn clear(&mut self) {
        while !self.sent.is_empty() {
            self.forget_first();
        }
        (self.sent, self.members) = (VecDeque::new(), VecDeque::new());
    }

    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    fn forget_first(&mut self) {
        let Some(packet) = self.sent.pop_front() else { return };
        if self.members.drain(..packet.count).any(|member| !member.first) {
            self.forgotten = self.forgotten.max(packet.turn);
        }
    }

    /// Where the packet of this identifier is, and where its members begin.
    fn place_of(&self, outer: i64) -> Option<(usize, usize)> {
        let mut start = 0;
        for (place, packet) in self.sent.iter().enumerate() {
            if packet.outer == outer {
                return Some((place, start));
            }
            start += packet.count;
        }
        None
    }

    fn remove(&mut self, place: usize, start: usize) -> Vec<Member> {
        let count = self.sent.remove(place).map_or(0, |packet| packet.count);
        self.members.drain(start..start + count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a packet with these messages.
    fn send(packets: &mut Packets, outer: i64, msg_ids: &[i64], first: bool) -> u64 {
        let member = |&msg_id| Member { msg_id, what: What::Reply, first };
        let turn = packets.next_turn();
        packets.insert(outer, turn, msg_ids.iter().map(member));
        turn
    }

    #[test]
    fn a_message_was_sent_when_the_packet_was_that_held_it_last() {
        let mut packets = Packets::default();
        send(&mut packets, 16, &[8, 12], true);
        send(&mut packets, 20, &[20], true);
        send(&mut packets, 24, &[8], false);
        let turns = [8, 12, 16, 20, 24, 28].map(|msg_id| packets.turn_of(msg_id));
        assert_eq!(turns, [Some(3), Some(1), Some(1), Some(2), Some(3), None]);
    }

    fn taken(packets: &mut Packets, msg_id: i64) -> Vec<i64> {
        packets.take(msg_id).iter().map(|member| member.msg_id).collect()
    }

    #[test]
    fn a_packet_is_taken_whole_or_one_message_of_it() {
        let mut packets = Packets::default();
        send(&mut packets, 16, &[4, 8, 12], true);
        send(&mut packets, 20, &[20], true);
        send(&mut packets, 32, &[24, 28], true);
        for (msg_id, members) in [
            (8, &[8][..]),
            (8, &[]),
            (24, &[24]),
            (16, &[4, 12]),
            (16, &[]),
            (32, &[28]),
            (20, &[20]),
        ] {
            assert_eq!(taken(&mut packets, msg_id), members, "{msg_id}");
        }
        assert_eq!((packets.len(), packets.members.len()), (0, 0));
    }

    #[test]
    fn what_is_sent_alone_once_more_is_remembered_once() {
        let mut packets = Packets::default();
        send(&mut packets, 8, &[8], true);
        send(&mut packets, 20, &[12, 16], true);
        let turn = send(&mut packets, 8, &[8], false);
        assert_eq!((packets.turn_of(8), packets.len()), (Some(turn), 2));
        assert!(packets.take(8).iter().all(|member| !member.first));
        assert_eq!(taken(&mut packets, 8), []);
        assert_eq!(taken(&mut packets, 20), [12, 16]);
    }

    #[test]
    fn the_first_are_forgotten_when_there_are_too_many() {
        let mut packets = Packets::default();
        let outer = |n: i64| 1000 * (n + 1);
        for n in 0..MOST as i64 + 3 {
            let msg_ids: Vec<i64> = (1..=1 + n % 3).map(|i| outer(n) - 4 * i).collect();
            send(&mut packets, outer(n), &msg_ids, n != 2);
        }
        assert_eq!((packets.len(), packets.forgotten), (MOST, 3));
        assert_eq!([2, 3].map(|n| packets.turn_of(outer(n))), [None, Some(4)]);
        for n in (3..MOST as i64 + 3).rev() {
            assert_eq!(taken(&mut packets, outer(n)).len() as i64, 1 + n % 3, "{n}");
        }
        assert_eq!(packets.members.len(), 0);
    }

    #[test]
    fn what_was_sent_before_an_answered_message_is_forgotten() {
        let mut packets = Packets::default();
        send(&mut packets, 40, &[40], true);
        send(&mut packets, 8, &[8], false);
        send(&mut packets, 44, &[44], true);
        // By turns, where the message is known ...
        packets.forget_before(8);
        assert_eq!([8, 40, 44].map(|id| packets.turn_of(id)), [Some(2), None, Some(3)]);
        // ... and by identifiers, where it is not.
        packets.forget_before(43);
        assert_eq!([8, 44].map(|id| packets.turn_of(id)), [None, Some(3)]);
        packets.forget_before(45);
        assert_eq!(packets.len(), 0);
    }

    #[test]
    fn identifiers_tell_the_order_but_for_what_was_sent_again_and_forgotten() {
        let mut packets = Packets::default();
        send(&mut packets, 40, &[40], true);
        packets.forget_before(44);
        let is_since = packets.since(36, None);
        assert!(is_since(40, 1) && is_since(36, 1) && !is_since(32, 1));
        for forget in [|packets: &mut Packets| packets.forget_before(12), Packets::clear] {
            let turn = send(&mut packets, 8, &[8], false);
            forget(&mut packets);
            let is_since = packets.since(36, None);
            assert!(!is_since(40, turn - 1) && !is_since(40, turn) && is_since(40, turn + 1));
        }
    }

    #[test]
    fn turns_tell_the_order_where_they_are_known() {
        let mut packets = Packets::default();
        send(&mut packets, 40, &[40], true);
        let turn = send(&mut packets, 8, &[8], false);
        for is_since in [packets.since(8, None), packets.since(4, Some(turn))] {
            assert!(!is_since(40, turn - 1) && is_since(8, turn) && is_since(0, turn + 1));
        }
    }
}
