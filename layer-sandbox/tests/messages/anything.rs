//! Whatever people do, from a seed: numbers have no holes, and differences give what was pushed.

use std::collections::BTreeMap;

use layer_sandbox::{Peer, SendOptions};
use layer_tl_types::{enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::room::{Room, channel_pts, common_pts};

/// What one listening device has made of all that it was pushed.
struct Device {
    user: i64,
    pts: i32,
    channels: BTreeMap<i64, i32>,
    /// Its state before each step.
    states: Vec<types::updates::State>,
    /// How many events of the common box it was told of.
    heard: usize,
}

impl Device {
    fn hear(&mut self, update: &enums::Update) {
        if let Some((pts, count)) = common_pts(update) {
            assert_eq!(pts, self.pts + count, "{update:?}");
            self.pts = pts;
            self.heard += 1;
        }
        if let Some((pts, count)) = channel_pts(update) {
            let id = channel_of(update);
            // Who comes to a channel takes its number from what is heard first.
            let known = self.channels.entry(id).or_insert(pts - count);
            assert_eq!(pts, *known + count, "{update:?}");
            *known = pts;
        }
    }
}

fn channel_of(update: &enums::Update) -> i64 {
    let of = |message: &enums::Message| match message {
        enums::Message::Message(message) => Peer::from(&message.peer_id),
        enums::Message::Service(message) => Peer::from(&message.peer_id),
        enums::Message::Empty(_) => panic!(),
    };
    let peer = match update {
        enums::Update::NewChannelMessage(update) => of(&update.message),
        enums::Update::EditChannelMessage(update) => of(&update.message),
        enums::Update::DeleteChannelMessages(update) => Peer::Channel(update.channel_id),
        enums::Update::PinnedChannelMessages(update) => Peer::Channel(update.channel_id),
        other => panic!("{other:?}"),
    };
    let Peer::Channel(id) = peer else { panic!("{peer:?}") };
    id
}

struct Story {
    room: Room,
    rng: ChaCha20Rng,
    people: Vec<i64>,
    group: Peer,
    channel: Peer,
}

impl Story {
    fn pick(&mut self, of: usize) -> usize {
        self.rng.next_u32() as usize % of
    }

    /// Somebody does something; whether they may is not looked at.
    fn step(&mut self) {
        let (user, other) = (self.pick(self.people.len()), self.pick(self.people.len()));
        let (user, other) = (self.people[user], self.people[other]);
        let peers = [Peer::User(other), self.group, self.channel, self.channel];
        let peer = peers[self.pick(peers.len())];
        let (now, what) = (self.room.now, self.pick(18));
        let ids: Vec<i32> = self.room.world.history(user, peer).iter().map(id_of).collect();
        let id = if ids.is_empty() { 1 } else { ids[self.pick(ids.len())] };
        let named = self.room.named(user, peer);
        let world = &mut self.room.world;
        let done = match what {
            0..=6 => {
                let mut options = SendOptions::default();
                options.reply_to = (what == 6).then_some(id);
                world.send_text(now, user, peer, "text", options).map(drop)
            }
            7 => {
                let text = format!("text {}", self.rng.next_u32());
                world.edit_text(now, user, peer, id, text, None)
            }
            8 => world.delete_messages(now, user, peer, &[id, id + 1]),
            9 => {
                world.read_all(now, user, peer);
                Ok(())
            }
            10 => {
                let pin = functions::messages::UpdatePinnedMessage {
                    silent: false,
                    unpin: self.rng.next_u32().is_multiple_of(2),
                    pm_oneside: self.rng.next_u32().is_multiple_of(2),
                    peer: named,
                    id,
                };
                self.room.ask(user, &pin).map(drop)
            }
            11 => {
                let emoji = types::ReactionEmoji { emoticon: "\u{1f44d}".into() };
                let react = functions::messages::SendReaction {
                    reaction: Some(vec![emoji.into()]),
                    ..functions::messages::SendReaction::new(named, id)
                };
                self.room.ask(user, &react).map(drop)
            }
            12..=15 => world.add_member(now, user, peer, other),
            16 => world.remove_member(now, user, peer, other),
            _ => {
                let clear = functions::messages::DeleteHistory {
                    revoke: self.rng.next_u32().is_multiple_of(2),
                    ..functions::messages::DeleteHistory::new(named, id)
                };
                self.room.ask(user, &clear).map(drop)
            }
        };
        if let Err(error) = done {
            assert!(error.code < 500, "{error}");
        }
    }
}

fn id_of(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Message(message) => message.id,
        enums::Message::Service(message) => message.id,
        enums::Message::Empty(message) => message.id,
    }
}

/// How many events a difference from a state holds, slice by slice, and where it ends.
fn difference(room: &mut Room, user: i64, from: &types::updates::State) -> i32 {
    let mut state = from.clone();
    loop {
        let query = functions::updates::GetDifference::new(state.pts, state.date, state.qts);
        let (others, next, is_last) = match room.ask(user, &query).unwrap() {
            enums::updates::Difference::Empty(_) => return state.pts,
            enums::updates::Difference::Difference(all) => (all.other_updates, all.state, true),
            enums::updates::Difference::Slice(part) => {
                (part.other_updates, part.intermediate_state, false)
            }
            enums::updates::Difference::TooLong(long) => panic!("{long:?}"),
        };
        let enums::updates::State::State(next) = next;
        let numbers: Vec<_> = others.iter().filter_map(common_pts).collect();
        assert!(numbers.is_sorted() && numbers.iter().all(|(pts, _)| *pts <= next.pts));
        assert!(numbers.iter().all(|(pts, count)| pts - count >= state.pts), "nothing twice");
        state = next;
        if is_last {
            return state.pts;
        }
    }
}

fn run(seed: u64, steps: usize) {
    let mut room = Room::new();
    room.world.habits.slice = 7;
    room.world.habits.short_forms = seed.is_multiple_of(2);
    let (alice, bob, carol, bot) = (room.alice, room.bob, room.carol, room.bot);
    let now = room.now;
    let group = room.world.make_group(now, alice, "Group", &[bob, carol, bot]).unwrap();
    let channel = room.world.make_channel(now, alice, "Channel", false).unwrap();
    for user in [bob, carol] {
        room.world.add_member(now, alice, channel, user).unwrap();
    }
    let rng = ChaCha20Rng::seed_from_u64(seed);
    let people = vec![alice, bob, carol, bot];
    let mut story = Story { room, rng, people: people.clone(), group, channel };
    let mut devices: Vec<Device> = Vec::new();
    for user in people {
        story.room.told(user);
        let pts = story.room.state(user).pts;
        let channels = BTreeMap::new();
        devices.push(Device { user, pts, channels, states: Vec::new(), heard: 0 });
    }
    for _ in 0..steps {
        for device in &mut devices {
            device.states.push(story.room.state(device.user));
        }
        story.step();
        for device in &mut devices {
            let told = story.room.told(device.user);
            let was_out = told.iter().any(|update| matches!(update, enums::Update::Channel(_)));
            if was_out {
                // It came or went: the number is taken anew.
                device.channels.clear();
            }
            told.iter().for_each(|update| device.hear(update));
            assert_eq!(story.room.state(device.user).pts, device.pts);
        }
    }
    for device in &devices {
        for state in device.states.iter().step_by(13) {
            assert_eq!(difference(&mut story.room, device.user, state), device.pts);
        }
    }
    let heard: usize = devices.iter().map(|device| device.heard).sum();
    assert!(heard > steps / 2, "something happened");
}

#[test]
fn whatever_people_do_numbers_have_no_holes_and_differences_end_where_boxes_stand() {
    for seed in 0..12 {
        let run = std::panic::catch_unwind(|| run(seed, 120));
        assert!(run.is_ok(), "seed {seed}");
    }
}
