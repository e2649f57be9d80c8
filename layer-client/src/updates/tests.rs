//! The order of updates, by hand and against a server from a seed; long because each way in which
//! something can be missed has a test of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::action::{Action, Batch, ChannelDifference, Difference, LineId, Place, Seq, State};
use super::sequence::{PATIENCE, SILENCE, Sequence};

const START: State = State { pts: 10, qts: 5, date: 1000, seq: 3 };
const NOW: Duration = Duration::from_secs(100);
const CHANNEL: LineId = LineId::Channel(7);

/// A machine that has caught up.
fn ready() -> Sequence<&'static str> {
    let mut sequence = Sequence::new(Some(START), [(7, 20)], NOW);
    assert_eq!(actions(&mut sequence), [Action::GetDifference { pts: 10, qts: 5, date: 1000 }]);
    sequence.difference(Difference::Empty { date: 1000, seq: 3 }, NOW);
    assert_eq!(actions(&mut sequence), [Action::ReachedSeq { seq: 3, date: 1000 }]);
    sequence
}

fn actions<T>(sequence: &mut Sequence<T>) -> Vec<Action<T>> {
    std::iter::from_fn(|| sequence.poll_action()).collect()
}

fn one<T>(line: LineId, at: i32, count: i32, update: T) -> Batch<T> {
    Batch { seq: None, updates: vec![(Place::In { line, at, count }, update)] }
}

fn delivered(actions: Vec<Action<&'static str>>) -> Vec<&'static str> {
    let delivered = actions.into_iter().filter_map(|action| match action {
        Action::Deliver(update) => Some(update),
        _ => None,
    });
    delivered.collect()
}

#[test]
fn delivers_in_order_once_and_says_how_far_the_line_has_come() {
    let mut sequence = ready();
    sequence.handle(one(LineId::Common, 12, 2, "a"), NOW);
    let expected = [Action::Deliver("a"), Action::Reached(LineId::Common, 12)];
    assert_eq!(actions(&mut sequence), expected);
    for (at, count) in [(12, 2), (11, 1), (5, 0)] {
        sequence.handle(one(LineId::Common, at, count, "again"), NOW);
    }
    assert_eq!(actions(&mut sequence), []);
    sequence.handle(one(LineId::Common, 12, 0, "moves nothing"), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["moves nothing"]);
    sequence.handle(one(LineId::Second, 6, 1, "q"), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["q"]);
}

#[test]
fn a_gap_that_fills_by_itself_costs_nothing() {
    let mut sequence = ready();
    sequence.handle(one(LineId::Common, 13, 1, "c"), NOW);
    sequence.handle(one(LineId::Common, 12, 1, "b"), NOW);
    assert_eq!(actions(&mut sequence), []);
    assert_eq!(sequence.deadline(), NOW + PATIENCE);
    sequence.handle(one(LineId::Common, 11, 1, "a"), NOW + PATIENCE / 2);
    assert_eq!(delivered(actions(&mut sequence)), ["a", "b", "c"]);
    assert_eq!(sequence.deadline(), NOW + PATIENCE / 2 + SILENCE);
    sequence.handle_timeout(NOW + PATIENCE);
    assert_eq!(actions(&mut sequence), []);
}

#[test]
fn a_gap_that_stays_is_fetched_by_the_clock_and_not_by_the_next_update() {
    let mut sequence = ready();
    sequence.handle(one(LineId::Common, 12, 1, "b"), NOW);
    sequence.handle_timeout(NOW + PATIENCE - Duration::from_millis(1));
    assert_eq!(actions(&mut sequence), []);
    sequence.handle_timeout(NOW + PATIENCE);
    assert_eq!(actions(&mut sequence), [Action::GetDifference { pts: 10, qts: 5, date: 1000 }]);
    // One at a time, and what comes meanwhile waits.
    sequence.handle(one(LineId::Common, 13, 1, "c"), NOW + PATIENCE);
    sequence.missed(NOW + PATIENCE);
    assert_eq!(actions(&mut sequence), []);
    let state = State { pts: 12, ..START };
    let updates = vec![(Place::Nowhere, "a"), (Place::Nowhere, "b")];
    sequence.difference(Difference::Updates { updates, state, is_final: true }, NOW);
    let actions = actions(&mut sequence);
    let asks = Action::GetDifference { pts: 13, qts: 5, date: 1000 };
    assert_eq!(actions.last(), Some(&asks), "something was missed meanwhile");
    assert_eq!(delivered(actions), ["a", "b", "c"]);
}

#[test]
fn a_gap_behind_a_gap_that_filled_has_its_own_deadline() {
    let mut sequence = ready();
    sequence.handle(one(LineId::Common, 12, 1, "b"), NOW);
    sequence.handle(one(LineId::Common, 14, 1, "d"), NOW);
    sequence.handle(one(LineId::Common, 11, 1, "a"), NOW + PATIENCE / 2);
    assert_eq!(delivered(actions(&mut sequence)), ["a", "b"]);
    assert!(sequence.deadline() <= NOW + PATIENCE / 2 + PATIENCE);
    sequence.handle_timeout(sequence.deadline());
    assert!(matches!(actions(&mut sequence)[..], [Action::GetDifference { pts: 12, .. }]));
}

#[test]
fn a_channel_of_which_nothing_is_known_waits_for_what_the_difference_tells_of_it() {
    const STRANGER: LineId = LineId::Channel(8);
    let waiting = || {
        let mut sequence = ready();
        sequence.missed(NOW);
        actions(&mut sequence);
        sequence.handle(one(STRANGER, 5, 1, "e"), NOW);
        sequence.handle(one(CHANNEL, 21, 1, "known"), NOW);
        assert_eq!(delivered(actions(&mut sequence)), ["known"]);
        sequence
    };
    // Nothing: it begins with what has come.
    let mut sequence = waiting();
    sequence.difference(Difference::Empty { date: 1000, seq: 3 }, NOW);
    let begins = [Action::Deliver("e"), Action::Reached(STRANGER, 5)];
    assert_eq!(actions(&mut sequence)[1..], begins);
    sequence.handle(one(STRANGER, 6, 1, "f"), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["f"]);
    // That there is more: what has come is a part of that.
    let mut sequence = waiting();
    sequence.missed_in(STRANGER, Some(5), NOW);
    assert_eq!(actions(&mut sequence), [Action::GetChannelDifference { channel: 8, pts: None }]);
    sequence.difference(Difference::Empty { date: 1000, seq: 3 }, NOW);
    assert_eq!(delivered(actions(&mut sequence)), [""; 0]);
    let updates = ["d", "e"].map(|update| (Place::Nowhere, update)).into();
    let difference = ChannelDifference::Updates { updates, pts: 5, is_final: true };
    sequence.channel_difference(8, difference, NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["d", "e"]);
    // An update that can't be used waits as well.
    let mut sequence = ready();
    sequence.missed(NOW);
    sequence.begins(STRANGER, 4);
    assert!(!sequence.knows(8));
    sequence.difference(Difference::Empty { date: 1000, seq: 3 }, NOW);
    sequence.begins(STRANGER, 4);
    assert!(sequence.knows(8));
}

#[test]
fn what_comes_while_a_channel_s_difference_turns_out_too_long_is_not_lost_with_the_rest() {
    let mut sequence = ready();
    sequence.handle(one(CHANNEL, 30, 1, "gap"), NOW);
    sequence.handle(one(CHANNEL, 22, 3, "passed by half"), NOW);
    sequence.missed_in(CHANNEL, None, NOW);
    actions(&mut sequence);
    sequence.handle(one(CHANNEL, 31, 1, "next"), NOW);
    let long = ChannelDifference::TooLong { pts: 31, is_final: true };
    sequence.channel_difference(7, long, NOW);
    let expected = [
        Action::Stale(CHANNEL),
        Action::Reached(CHANNEL, 29),
        Action::Deliver("gap"),
        Action::Reached(CHANNEL, 30),
        Action::Deliver("next"),
        Action::Reached(CHANNEL, 31),
    ];
    assert_eq!(actions(&mut sequence), expected);
}

#[test]
fn a_channel_that_is_fetched_before_the_state_is_known_does_not_cost_its_date() {
    let mut sequence = Sequence::<&str>::new(None, [], NOW);
    sequence.missed_in(CHANNEL, None, NOW);
    actions(&mut sequence);
    sequence.state(START, NOW);
    assert!(actions(&mut sequence).contains(&Action::ReachedSeq { seq: 3, date: 1000 }));
}

#[test]
fn the_date_stays_until_the_channels_of_a_difference_are_there() {
    let mut sequence = ready();
    sequence.missed(NOW);
    actions(&mut sequence);
    sequence.missed_in(CHANNEL, Some(22), NOW);
    sequence.missed_in(LineId::Channel(8), Some(4), NOW);
    sequence.difference(Difference::Empty { date: 1005, seq: 4 }, NOW);
    let seqs = |sequence: &mut Sequence<&'static str>| -> Vec<(i32, i32)> {
        let seq = |action| match action {
            Action::ReachedSeq { seq, date } => Some((seq, date)),
            _ => None,
        };
        actions(sequence).into_iter().filter_map(seq).collect()
    };
    assert_eq!(seqs(&mut sequence), [(4, 1000)], "whoever begins anew is told of them again");
    let seq = Some(Seq { start: 5, end: 5, date: 1006 });
    sequence.handle(Batch { seq, updates: vec![] }, NOW);
    assert_eq!(seqs(&mut sequence), [(5, 1000)]);
    let difference = || ChannelDifference::Updates { updates: vec![], pts: 22, is_final: true };
    sequence.channel_difference(7, difference(), NOW);
    assert_eq!(seqs(&mut sequence), []);
    sequence.channel_failed(8, NOW);
    assert_eq!(seqs(&mut sequence), []);
    sequence.channel_gone(8);
    assert_eq!(seqs(&mut sequence), [(5, 1006)]);
    sequence.missed(NOW);
    assert_eq!(
        actions(&mut sequence),
        [Action::GetDifference { pts: 10, qts: 5, date: 1006 }],
        "what is asked in the same run needs nothing again"
    );
}

#[test]
fn slices_are_asked_for_until_the_last() {
    let mut sequence = ready();
    sequence.missed(NOW);
    actions(&mut sequence);
    for pts in [11, 12] {
        let state = State { pts, ..START };
        let updates = vec![(Place::Nowhere, "slice")];
        sequence.difference(Difference::Updates { updates, state, is_final: false }, NOW);
        let actions = actions(&mut sequence);
        assert_eq!(actions[1], Action::Reached(LineId::Common, pts), "stored after each");
        let asks = Action::GetDifference { pts, qts: 5, date: 1000 };
        assert_eq!(actions.last(), Some(&asks));
    }
    sequence.difference(Difference::Empty { date: 1001, seq: 4 }, NOW);
    sequence.handle(one(LineId::Common, 13, 1, "next"), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["next"]);
}

#[test]
fn each_line_has_one_difference_at_a_time_however_often_it_is_missed() {
    let mut sequence = ready();
    sequence.handle(one(LineId::Common, 20, 1, "later"), NOW);
    sequence.handle(one(CHANNEL, 30, 1, "later there"), NOW);
    sequence.handle_timeout(NOW + PATIENCE);
    assert_eq!(actions(&mut sequence).len(), 2, "one of the account's, one of the channel's");
    for _ in 0..10 {
        sequence.missed(NOW);
        sequence.missed_in(CHANNEL, None, NOW);
        sequence.missed_in(LineId::Second, Some(100), NOW);
        sequence.handle_timeout(NOW + 2 * PATIENCE);
    }
    assert_eq!(actions(&mut sequence), []);
    // What was missed meanwhile is asked for when that is there, once.
    sequence.difference(Difference::Empty { date: 1001, seq: 3 }, NOW);
    let updates = Vec::new();
    let whole = ChannelDifference::Updates { updates, pts: 29, is_final: true };
    sequence.channel_difference(7, whole, NOW);
    let asks = |action: &Action<_>| {
        matches!(action, Action::GetDifference { .. } | Action::GetChannelDifference { .. })
    };
    assert_eq!(actions(&mut sequence).iter().filter(|action| asks(action)).count(), 2);
}

#[test]
fn too_long_takes_the_new_place_and_says_that_much_is_stale() {
    let mut sequence = ready();
    sequence.missed(NOW);
    actions(&mut sequence);
    sequence.difference(Difference::TooLong { pts: 9000 }, NOW);
    let expected = [
        Action::Stale(LineId::Common),
        Action::Reached(LineId::Common, 9000),
        Action::GetDifference { pts: 9000, qts: 5, date: 1000 },
    ];
    assert_eq!(actions(&mut sequence), expected);

    sequence.missed_in(CHANNEL, Some(21), NOW);
    actions(&mut sequence);
    let too_long = ChannelDifference::TooLong { pts: 500, is_final: true };
    sequence.channel_difference(7, too_long, NOW);
    assert_eq!(actions(&mut sequence), [Action::Stale(CHANNEL), Action::Reached(CHANNEL, 500)]);
}

#[test]
fn lines_do_not_wait_for_each_other() {
    let mut sequence = ready();
    sequence.handle(one(CHANNEL, 25, 1, "later"), NOW);
    sequence.handle(one(LineId::Common, 11, 1, "a"), NOW);
    sequence.handle(one(LineId::Channel(8), 90, 2, "another channel begins here"), NOW);
    let expected = ["a", "another channel begins here"];
    assert_eq!(delivered(actions(&mut sequence)), expected);
    sequence.handle_timeout(NOW + PATIENCE);
    let asks = Action::GetChannelDifference { channel: 7, pts: Some(20) };
    assert_eq!(actions(&mut sequence), [asks]);
    sequence.handle(one(LineId::Common, 12, 1, "b"), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["b"]);
    let updates = vec![(Place::Nowhere, "x")];
    let whole = ChannelDifference::Updates { updates, pts: 24, is_final: true };
    sequence.channel_difference(7, whole, NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["x", "later"]);
}

#[test]
fn parts_with_a_place_do_not_wait_for_the_batch_and_the_rest_does() {
    let mut sequence = ready();
    let batch = |seq, name, at| Batch {
        seq: Some(Seq { start: seq, end: seq, date: 1000 + seq }),
        updates: vec![
            (Place::Nowhere, name),
            (Place::In { line: LineId::Common, at, count: 1 }, "placed"),
        ],
    };
    sequence.handle(batch(5, "second", 11), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["placed"]);
    sequence.handle(batch(4, "first", 12), NOW);
    let actions_ = actions(&mut sequence);
    let reached = Action::ReachedSeq { seq: 5, date: 1005 };
    assert_eq!(actions_.last(), Some(&reached));
    assert_eq!(delivered(actions_), ["placed", "first", "second"]);
    sequence.handle(batch(4, "again", 12), NOW);
    assert_eq!(actions(&mut sequence), []);
    // A batch that never comes: the difference brings what it held.
    sequence.handle(batch(7, "third", 13), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["placed"]);
    sequence.handle_timeout(NOW + PATIENCE);
    let asks = Action::GetDifference { pts: 13, qts: 5, date: 1005 };
    assert_eq!(actions(&mut sequence), [asks]);
}

#[test]
fn updates_that_came_together_are_sorted_within_their_line() {
    let mut sequence = ready();
    let place = |at| Place::In { line: LineId::Common, at, count: 1 };
    let updates = vec![(place(12), "b"), (Place::Nowhere, "n"), (place(11), "a")];
    sequence.handle(Batch { seq: None, updates }, NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["a", "b", "n"]);
}

#[test]
fn begins_with_the_state_if_none_is_stored() {
    let mut sequence = Sequence::new(None, [], NOW);
    assert_eq!(actions(&mut sequence), [Action::GetState]);
    sequence.handle(one(LineId::Common, 11, 1, "a"), NOW);
    sequence.handle(one(LineId::Common, 10, 1, "before"), NOW);
    assert_eq!(actions(&mut sequence), []);
    sequence.state(START, NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["before", "a"], "both came after we asked");
    sequence.reset();
    assert_eq!(actions(&mut sequence), [Action::GetState]);
}

#[test]
fn failures_are_tried_again_later_and_later() {
    let mut sequence = ready();
    sequence.missed(NOW);
    actions(&mut sequence);
    let mut now = NOW;
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        sequence.difference_failed(now);
        sequence.missed(now);
        assert_eq!(sequence.deadline(), now + Duration::from_secs(seconds));
        now = sequence.deadline();
        sequence.handle_timeout(now);
        assert_eq!(actions(&mut sequence).len(), 1, "{seconds}");
    }
    sequence.missed_in(CHANNEL, None, now);
    actions(&mut sequence);
    sequence.channel_failed(7, now);
    sequence.handle_timeout(now + Duration::from_secs(1));
    let asks = Action::GetChannelDifference { channel: 7, pts: Some(20) };
    assert_eq!(actions(&mut sequence), [asks]);
}

#[test]
fn silence_is_asked_about() {
    let mut sequence = ready();
    assert_eq!(sequence.deadline(), NOW + SILENCE);
    sequence.handle_timeout(NOW + SILENCE);
    assert_eq!(actions(&mut sequence).len(), 1);
    assert!(sequence.deadline() > NOW + SILENCE);
}

#[test]
fn a_channel_that_is_gone_leaves_nothing_and_asks_for_nothing() {
    let mut sequence = ready();
    sequence.handle(one(CHANNEL, 30, 1, "later"), NOW);
    sequence.handle_timeout(NOW + PATIENCE);
    actions(&mut sequence);
    sequence.channel_gone(7);
    assert_eq!(sequence.waiting(), 0);
    assert_eq!(actions(&mut sequence), [Action::Gone(7)]);
    sequence.handle_timeout(NOW + SILENCE / 2);
    assert_eq!(actions(&mut sequence), []);
}

#[test]
fn what_is_known_already_is_not_fetched() {
    let mut sequence = ready();
    sequence.missed_in(CHANNEL, Some(20), NOW);
    assert_eq!(actions(&mut sequence), []);
    sequence.missed_in(LineId::Channel(99), None, NOW);
    let asks = Action::GetChannelDifference { channel: 99, pts: None };
    assert_eq!(actions(&mut sequence), [asks]);
}

#[test]
fn few_channels_are_fetched_at_one_time_and_all_in_the_end() {
    let mut sequence = ready();
    (100..150).for_each(|channel| sequence.missed_in(LineId::Channel(channel), None, NOW));
    let mut asked = 0;
    loop {
        let actions = actions(&mut sequence);
        let channels: Vec<i64> = actions
            .iter()
            .filter_map(|action| match action {
                Action::GetChannelDifference { channel, .. } => Some(*channel),
                _ => None,
            })
            .collect();
        assert!(channels.len() <= 10);
        if channels.is_empty() {
            break;
        }
        asked += channels.len();
        for channel in channels {
            let whole = ChannelDifference::Updates { updates: vec![], pts: 1, is_final: true };
            sequence.channel_difference(channel, whole, NOW);
        }
    }
    assert_eq!(asked, 50);
}

#[test]
fn what_waits_is_bounded_and_nothing_is_lost_for_that() {
    let mut sequence = ready();
    (0..5000).for_each(|n| sequence.handle(one(LineId::Common, 20 + n, 1, "later"), NOW));
    assert!(sequence.waiting() <= 1000);
    assert!(matches!(actions(&mut sequence)[..], [Action::GetDifference { pts: 10, .. }]));
    let state = State { pts: 5019, ..START };
    let updates = vec![(Place::Nowhere, "all of them")];
    sequence.difference(Difference::Updates { updates, state, is_final: true }, NOW);
    let actions = actions(&mut sequence);
    assert!(matches!(actions.last(), Some(Action::GetDifference { pts: 5019, .. })));
    assert_eq!((delivered(actions), sequence.waiting()), (vec!["all of them"], 0));
}

#[test]
fn answers_that_nobody_asked_for_are_let_go() {
    let mut sequence = ready();
    sequence.difference(Difference::TooLong { pts: 1 }, NOW);
    sequence.state(State::default(), NOW);
    let whole = ChannelDifference::Updates { updates: vec![], pts: 1, is_final: true };
    sequence.channel_difference(7, whole, NOW);
    sequence.difference_failed(NOW);
    sequence.channel_failed(7, NOW);
    assert_eq!(actions(&mut sequence), []);
    sequence.handle(one(LineId::Common, 11, 1, "a"), NOW);
    assert_eq!(delivered(actions(&mut sequence)), ["a"]);
}

/// What a server has said: each update by its line and where it ends.
#[derive(Default)]
struct History {
    lines: BTreeMap<LineId, Vec<(i32, i32)>>,
}

impl History {
    fn at(&self, line: LineId) -> i32 {
        self.lines.get(&line).and_then(|said| said.last()).map_or(0, |(at, _)| *at)
    }

    fn say(&mut self, line: LineId, count: i32) -> (Place, (LineId, i32)) {
        let at = self.at(line) + count;
        self.lines.entry(line).or_default().push((at, count));
        (Place::In { line, at, count }, (line, at))
    }

    /// At most `most` updates behind `from`, and whether that is all.
    fn behind(&self, line: LineId, from: i32, most: usize) -> (Vec<(LineId, i32)>, i32, bool) {
        let said = self.lines.get(&line).map(Vec::as_slice).unwrap_or_default();
        let all: Vec<_> =
            said.iter().filter(|(at, _)| *at > from).map(|(at, _)| (line, *at)).collect();
        let some: Vec<_> = all.iter().copied().take(most).collect();
        let at = some.last().map_or(from, |(_, at)| *at);
        (some.clone(), at, some.len() == all.len())
    }
}

#[test]
fn whatever_is_lost_doubled_or_late_each_update_is_delivered_once_and_in_its_lines_order() {
    for seed in 0..300 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut history = History::default();
        let lines = [LineId::Common, LineId::Second, LineId::Channel(1), LineId::Channel(2)];
        let mut now = NOW;
        let state = Some(State::default());
        let mut sequence = Sequence::new(state, [(1, 0), (2, 0)], now);
        let mut on_the_way = Vec::new();
        let mut delivered: BTreeMap<LineId, Vec<i32>> = BTreeMap::new();
        let mut questions: Vec<Action<(LineId, i32)>> = Vec::new();
        for round in 0..900 {
            let quiet = round > 500;
            if !quiet {
                let line = lines[rng.next_u32() as usize % 4];
                let count =
                    if line == LineId::Second { 1 } else { (rng.next_u32() % 3) as i32 + 1 };
                let said = history.say(line, count);
                match rng.next_u32() % 10 {
                    0 => {}
                    1 => on_the_way.extend([said, said]),
                    _ => on_the_way.push(said),
                }
            }
            while !on_the_way.is_empty() && (quiet || rng.next_u32() % 3 > 0) {
                let late = rng.next_u32() as usize % on_the_way.len().min(3);
                let (place, update) = on_the_way.remove(late);
                sequence.handle(Batch { seq: None, updates: vec![(place, update)] }, now);
            }
            if quiet && round == 750 {
                sequence.missed(now);
                sequence.missed_in(LineId::Channel(1), None, now);
                sequence.missed_in(LineId::Channel(2), None, now);
            }
            now += Duration::from_millis(u64::from(rng.next_u32() % 400));
            if sequence.deadline() <= now {
                sequence.handle_timeout(now);
            }
            for action in actions(&mut sequence) {
                match action {
                    Action::Deliver((line, at)) => delivered.entry(line).or_default().push(at),
                    Action::Reached(..) | Action::ReachedSeq { .. } => {}
                    Action::Stale(line) => panic!("seed {seed}: {line:?} is stale"),
                    question => questions.push(question),
                }
            }
            // Answers take their time, and some fail.
            if !questions.is_empty() && rng.next_u32().is_multiple_of(3) {
                let question = questions.remove(0);
                answer(&mut sequence, question, &history, rng.next_u32(), quiet, now);
            }
        }
        for line in lines {
            let said: Vec<i32> = history.lines[&line].iter().map(|(at, _)| *at).collect();
            let told = delivered.remove(&line).unwrap_or_default();
            assert_eq!(told, said, "seed {seed}, {line:?}");
        }
        assert_eq!(sequence.waiting(), 0, "seed {seed}");
    }
}

fn answer(
    sequence: &mut Sequence<(LineId, i32)>,
    question: Action<(LineId, i32)>,
    history: &History,
    dice: u32,
    quiet: bool,
    now: Duration,
) {
    let fails = !quiet && dice.is_multiple_of(4);
    let most = 1 + (dice >> 8) as usize % 10;
    match question {
        Action::GetDifference { .. } if fails => sequence.difference_failed(now),
        Action::GetDifference { pts, qts, date } => {
            let (common, pts, all) = history.behind(LineId::Common, pts, most);
            let (second, qts, all_second) = history.behind(LineId::Second, qts, most);
            let updates: Vec<_> =
                common.into_iter().chain(second).map(|update| (Place::Nowhere, update)).collect();
            let state = State { pts, qts, date, seq: 0 };
            let is_final = all && all_second;
            sequence.difference(Difference::Updates { updates, state, is_final }, now);
        }
        Action::GetChannelDifference { channel, .. } if fails => {
            sequence.channel_failed(channel, now);
        }
        Action::GetChannelDifference { channel, pts } => {
            let line = LineId::Channel(channel);
            let (updates, pts, is_final) = history.behind(line, pts.unwrap(), most);
            let updates = updates.into_iter().map(|update| (Place::Nowhere, update)).collect();
            let difference = ChannelDifference::Updates { updates, pts, is_final };
            sequence.channel_difference(channel, difference, now);
        }
        other => panic!("{other:?}"),
    }
}
