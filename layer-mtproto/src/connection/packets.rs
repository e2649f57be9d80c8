//! What the packets held that were sent last, in case the server refuses one.

use crate::calls::CallId;
use crate::rising::Rising;

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

/// Packets by their identifiers: that of the container, or of the only message.
#[derive(Debug, Clone, Default)]
pub(super) struct Packets {
    sent: Rising<i64, Packet>,
    /// How many were sent, whatever became of them.
    turns: u64,
    /// Of those up to this turn that held what was sent again not all are remembered.
    forgotten: u64,
}

#[derive(Debug, Clone)]
struct Packet {
    /// Identifiers don't tell the order of sending: what is sent again keeps its own.
    turn: u64,
    members: Vec<Member>,
}

impl Packet {
    /// Its turn, if it holds what was sent again.
    fn again_in(&self) -> u64 {
        if self.members.iter().all(|member| member.first) { 0 } else { self.turn }
    }
}

impl Packets {
    /// Counts a packet that is about to be sent: the how-manyeth it is of all.
    pub(super) fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    /// A packet was sent.
    pub(super) fn insert(&mut self, outer: i64, turn: u64, members: Vec<Member>) {
        self.sent.insert(outer, Packet { turn, members });
        if self.sent.len() > MOST
            && let Some((_, packet)) = self.sent.pop_first()
        {
            self.forgotten = self.forgotten.max(packet.again_in());
        }
    }

    /// When the message was sent last, among packets.
    pub(super) fn turn_of(&self, msg_id: i64) -> Option<u64> {
        let holding = self.sent.iter().filter(|(outer, packet)| {
            *outer == msg_id || packet.members.iter().any(|member| member.msg_id == msg_id)
        });
        holding.map(|(_, packet)| packet.turn).max()
    }

    /// All messages of a packet, or the one message of this identifier; none if it is not ours.
    pub(super) fn take(&mut self, msg_id: i64) -> Vec<Member> {
        if let Some(packet) = self.sent.remove(msg_id) {
            return packet.members;
        }
        // A container is numbered after what it holds, and only what is sent again lies far behind.
        for Packet { members, .. } in self.sent.values_mut() {
            if let Some(place) = members.iter().position(|member| member.msg_id == msg_id) {
                return vec![members.remove(place)];
            }
        }
        Vec::new()
    }

    /// The server has answered what was sent after all these: none is refused any more.
    pub(super) fn forget_before(&mut self, msg_id: i64) {
        let turn = self.turn_of(msg_id);
        self.sent.retain(|outer, packet| {
            let stays = turn.map_or(outer >= msg_id, |turn| packet.turn >= turn);
            if !stays {
                self.forgotten = self.forgotten.max(packet.again_in());
            }
            stays
        });
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
        let again = self.sent.iter().map(|(_, packet)| packet.again_in()).max();
        self.forgotten = self.forgotten.max(again.unwrap_or_default());
        self.sent = Rising::default();
    }

    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a packet with these messages.
    fn send(packets: &mut Packets, outer: i64, msg_ids: &[i64], first: bool) -> u64 {
        let member = |&msg_id| Member { msg_id, what: What::Reply, first };
        let turn = packets.next_turn();
        packets.insert(outer, turn, msg_ids.iter().map(member).collect());
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
