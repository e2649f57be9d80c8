//! Polls: asked, answered, shown to whom as they should be, closed.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, plain, sent_id, written_out};

fn text(text: &str) -> enums::TextWithEntities {
    types::TextWithEntities { text: text.into(), entities: vec![] }.into()
}

/// A poll with three answers, which clients name or leave to the server.
fn asked(change: impl FnOnce(&mut types::Poll)) -> types::InputMediaPoll {
    let answer = |words: &str, option: u8| {
        enums::PollAnswer::from(types::PollAnswer::new(text(words), vec![option]))
    };
    let answers = vec![answer("red", b'r'), answer("green", b'g'), answer("blue", b'b')];
    let mut poll = types::Poll::new(0, text("Which one?"), answers, 0);
    change(&mut poll);
    types::InputMediaPoll::new(poll.into())
}

impl Room {
    fn poll(&mut self, peer: Peer, poll: types::InputMediaPoll) -> functions::messages::SendMedia {
        let (peer, id) = (self.named(self.alice, peer), self.next_random_id());
        functions::messages::SendMedia::new(peer, poll.into(), String::new(), id)
    }

    /// Alice's group of all four, and a poll of hers there.
    fn polled(&mut self, poll: types::InputMediaPoll) -> (Peer, i32) {
        let group = self.world.make_channel(self.now, self.alice, "Colours", false).unwrap();
        for user in [self.bob, self.carol, self.bot] {
            self.world.add_member(self.now, self.alice, group, user).unwrap();
        }
        let query = self.poll(group, poll);
        let answer = self.ask(self.alice, &query).unwrap();
        for user in [self.alice, self.bob, self.carol, self.bot] {
            self.told(user);
        }
        (group, sent_id(&answer))
    }

    fn vote(
        &self,
        user: i64,
        (peer, msg_id): (Peer, i32),
        options: &[u8],
    ) -> functions::messages::SendVote {
        let options = options.iter().map(|option| vec![*option]).collect();
        functions::messages::SendVote { peer: self.named(user, peer), msg_id, options }
    }

    fn votes(&mut self, user: i64, poll: (Peer, i32), options: &[u8]) -> types::PollResults {
        let query = self.vote(user, poll, options);
        let answer = written_out(user, self.ask(user, &query).unwrap());
        let [enums::Update::MessagePoll(update)] = answer.as_slice() else { panic!("{answer:?}") };
        results(&update.results)
    }

    /// The poll and its results in the message, as somebody sees it.
    fn seen(&mut self, user: i64, (peer, id): (Peer, i32)) -> (types::Poll, types::PollResults) {
        let history = self.world.history(user, peer);
        let is_it = |message: &&enums::Message| match message {
            enums::Message::Message(message) => message.id == id,
            _ => false,
        };
        let message = plain(history.iter().find(is_it).unwrap());
        shown(message.media.as_ref())
    }
}

fn shown(media: Option<&enums::MessageMedia>) -> (types::Poll, types::PollResults) {
    let Some(enums::MessageMedia::Poll(media)) = media else { panic!("{media:?}") };
    let enums::Poll::Poll(poll) = &media.poll;
    ((**poll).clone(), results(&media.results))
}

fn results(results: &enums::PollResults) -> types::PollResults {
    let enums::PollResults::Results(results) = results;
    (**results).clone()
}

/// How many have chosen each answer, and those that are marked as chosen and as right.
fn counts(results: &types::PollResults) -> (Vec<i32>, Vec<u8>, Vec<u8>) {
    let all: Vec<_> = results
        .results
        .iter()
        .flatten()
        .map(|answer| {
            let enums::PollAnswerVoters::Voters(answer) = answer;
            answer
        })
        .collect();
    let option = |answer: &&_| answer_option(answer);
    (
        all.iter().map(|answer| answer.voters.unwrap_or(0)).collect(),
        all.iter().filter(|answer| answer.chosen).map(option).collect(),
        all.iter().filter(|answer| answer.correct).map(option).collect(),
    )
}

fn answer_option(answer: &types::PollAnswerVoters) -> u8 {
    answer.option[0]
}

#[test]
fn who_votes_sees_all_and_others_only_how_many_have() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let poll = room.polled(asked(|_| {}));
    let (seen, none) = room.seen(bob, poll);
    assert!(seen.id != 0 && !seen.creator && !seen.closed && seen.answers.len() == 3);
    assert_eq!((none.results, none.total_voters), (None, Some(0)));
    assert!(room.seen(alice, poll).0.creator);

    assert_eq!(counts(&room.votes(bob, poll, b"g")), (vec![0, 1, 0], b"g".to_vec(), vec![]));
    let told = room.told(alice);
    let [enums::Update::MessagePoll(update)] = told.as_slice() else { panic!("{told:?}") };
    let heard = results(&update.results);
    assert!(heard.min && update.poll.is_none() && update.poll_id == seen.id);
    assert_eq!((counts(&heard).0, counts(&heard).1), (vec![0, 1, 0], vec![]), "nobody's choice");
    assert_eq!(room.told(carol), [], "she has not voted");
    let (_, unseen) = room.seen(carol, poll);
    assert_eq!((unseen.results, unseen.total_voters, unseen.min), (None, Some(1), false));

    room.told(bob);
    room.votes(carol, poll, b"b");
    let told = room.told(bob);
    assert!(matches!(told.as_slice(), [enums::Update::MessagePoll(_)]), "{told:?}");
    // He thinks again, and again.
    assert_eq!(counts(&room.votes(bob, poll, b"b")), (vec![0, 0, 2], b"b".to_vec(), vec![]));
    assert_eq!(room.votes(bob, poll, b"").results, None);
    assert_eq!(room.seen(carol, poll).1.total_voters, Some(1));
    let (_, own) = room.seen(carol, poll);
    assert_eq!(counts(&own), (vec![0, 0, 1], b"b".to_vec(), vec![]));
    assert_eq!(own.recent_voters, None, "votes are secret");
}

#[test]
fn a_vote_that_can_not_be_is_refused() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let poll = room.polled(asked(|_| {}));
    let mut refused = |options: &[u8]| {
        let query = room.vote(bob, poll, options);
        room.refused(bob, &query)
    };
    assert_eq!(refused(b"x"), "400 OPTION_INVALID");
    assert_eq!(refused(b"rg"), "400 OPTIONS_TOO_MUCH");
    let text = room.send(alice, poll.0, "no poll");
    let query = room.vote(bob, (poll.0, text), b"r");
    assert_eq!(room.refused(bob, &query), "400 MESSAGE_ID_INVALID");
    let poll = room.polled(asked(|poll| poll.multiple_choice = true));
    let query = room.vote(bob, poll, b"rr");
    assert_eq!(room.refused(bob, &query), "400 OPTION_INVALID");
    assert_eq!(counts(&room.votes(bob, poll, b"rb")).0, [1, 0, 1]);
    let poll = room.polled(asked(|poll| poll.revoting_disabled = true));
    room.votes(bob, poll, b"r");
    for options in [&b"g"[..], b""] {
        let query = room.vote(bob, poll, options);
        assert_eq!(room.refused(bob, &query), "400 REVOTE_NOT_ALLOWED");
    }
}

#[test]
fn a_quiz_tells_its_answer_to_who_has_answered() {
    let mut room = Room::new();
    let (bob, carol) = (room.bob, room.carol);
    let quiz = types::InputMediaPoll {
        correct_answers: Some(vec![1]),
        solution: Some("Grass is.".into()),
        solution_entities: Some(vec![]),
        ..asked(|poll| poll.quiz = true)
    };
    let poll = room.polled(quiz);
    assert_eq!(room.seen(bob, poll).1.solution, None);
    let wrong = room.votes(bob, poll, b"r");
    assert_eq!(counts(&wrong), (vec![1, 0, 0], b"r".to_vec(), b"g".to_vec()));
    assert_eq!(wrong.solution.as_deref(), Some("Grass is."));
    let query = room.vote(bob, poll, b"g");
    assert_eq!(room.refused(bob, &query), "400 REVOTE_NOT_ALLOWED");
    room.told(bob);
    room.votes(carol, poll, b"g");
    let told = room.told(bob);
    let [enums::Update::MessagePoll(update)] = told.as_slice() else { panic!("{told:?}") };
    let heard = results(&update.results);
    assert_eq!((counts(&heard).2, heard.solution), (vec![], None), "it is the same for all");
}

#[test]
fn a_poll_that_makes_no_sense_is_refused() {
    let mut room = Room::new();
    let bob = Peer::User(room.bob);
    let mut refused = |poll| {
        let query = room.poll(bob, poll);
        room.refused(room.alice, &query)
    };
    let long = "a".repeat(256);
    let named = |option: &[u8]| types::PollAnswer::new(text("a"), option.into()).into();
    let quiz = |correct: &[i32]| types::InputMediaPoll {
        correct_answers: Some(correct.into()),
        ..asked(|poll| poll.quiz = true)
    };
    assert_eq!(refused(asked(|poll| poll.question = text(" "))), "400 POLL_QUESTION_INVALID");
    assert_eq!(refused(asked(|poll| poll.question = text(&long))), "400 POLL_QUESTION_INVALID");
    assert_eq!(refused(asked(|poll| poll.answers.truncate(1))), "400 POLL_ANSWERS_INVALID");
    let many: Vec<enums::PollAnswer> = (0..13).map(|option| named(&[option])).collect();
    assert_eq!(refused(asked(|poll| poll.answers = many)), "400 POLL_ANSWERS_INVALID");
    let empty = types::PollAnswer::new(text(""), vec![1]).into();
    assert_eq!(refused(asked(|poll| poll.answers[0] = empty)), "400 POLL_ANSWER_INVALID");
    assert_eq!(refused(asked(|poll| poll.answers[0] = named(b""))), "400 POLL_OPTION_INVALID");
    assert_eq!(refused(asked(|poll| poll.answers[0] = named(b"g"))), "400 POLL_OPTION_DUPLICATE");
    assert_eq!(refused(asked(|poll| poll.close_period = Some(1))), "400 POLL_CLOSE_PERIOD_INVALID");
    assert_eq!(refused(quiz(&[])), "400 QUIZ_CORRECT_ANSWERS_EMPTY");
    assert_eq!(refused(quiz(&[0, 1])), "400 QUIZ_CORRECT_ANSWERS_TOO_MUCH");
    for wrong in [-1, 3] {
        assert_eq!(refused(quiz(&[wrong])), "400 QUIZ_CORRECT_ANSWER_INVALID");
    }
    let unnamed = types::InputPollAnswer { text: text("a"), media: None };
    let unnamed = vec![unnamed.clone().into(), unnamed.into()];
    assert_eq!(refused(asked(|poll| poll.answers = unnamed)), "answered");
}

#[test]
fn an_edit_closes_a_poll_and_all_see_how_it_ended() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let poll = room.polled(asked(|_| {}));
    room.votes(bob, poll, b"r");
    room.told(alice);
    room.told(bob);
    let close =
        |room: &Room, user, media: types::InputMediaPoll| functions::messages::EditMessage {
            media: Some(media.into()),
            ..functions::messages::EditMessage::new(room.named(user, poll.0), poll.1)
        };
    let closed = || asked(|poll| poll.closed = true);
    let query = close(&room, bob, closed());
    assert_eq!(room.refused(bob, &query), "403 MESSAGE_AUTHOR_REQUIRED");
    let query = close(&room, alice, asked(|_| {}));
    assert_eq!(room.refused(alice, &query), "400 MESSAGE_NOT_MODIFIED");
    let query = close(&room, alice, closed());
    let answer = written_out(alice, room.ask(alice, &query).unwrap());
    let edited = answer.iter().find_map(|update| match update {
        enums::Update::EditChannelMessage(update) => {
            Some(shown(plain(&update.message).media.as_ref()))
        }
        _ => None,
    });
    assert!(edited.unwrap().0.closed);
    assert_eq!(room.refused(alice, &query), "400 MESSAGE_NOT_MODIFIED");
    let told = room.told(bob);
    let [enums::Update::MessagePoll(update), enums::Update::EditChannelMessage(_)] =
        told.as_slice()
    else {
        panic!("{told:?}");
    };
    assert!(matches!(&update.poll, Some(enums::Poll::Poll(poll)) if poll.closed));
    let (shown, results) = room.seen(carol, poll);
    assert!(shown.closed);
    assert_eq!(counts(&results), (vec![1, 0, 0], vec![], vec![]));
    let query = room.vote(carol, poll, b"r");
    assert_eq!(room.refused(carol, &query), "400 MESSAGE_POLL_CLOSED");
    let text = room.send(alice, poll.0, "no poll");
    let query = functions::messages::EditMessage { id: text, ..close(&room, alice, closed()) };
    assert_eq!(room.refused(alice, &query), "400 MEDIA_PREV_INVALID");
}

#[test]
fn a_poll_with_a_period_closes_by_itself() {
    let mut room = Room::new();
    let bob = room.bob;
    let poll = room.polled(asked(|poll| poll.close_period = Some(60)));
    room.votes(bob, poll, b"r");
    room.later(59);
    assert!(!room.seen(bob, poll).0.closed);
    room.told(bob);
    room.later(1);
    room.state(bob);
    assert!(room.seen(bob, poll).0.closed);
    let told = room.told(bob);
    assert!(matches!(told.as_slice(), [enums::Update::MessagePoll(_)]), "{told:?}");
    let query = room.vote(bob, poll, b"g");
    assert_eq!(room.refused(bob, &query), "400 MESSAGE_POLL_CLOSED");
}

#[test]
fn public_votes_are_listed_to_who_has_voted_and_told_to_the_bot_that_asks() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let poll = room.polled(asked(|poll| poll.public_voters = true));
    let list = |room: &Room, user, option: Option<u8>, offset: Option<&str>| {
        let query = functions::messages::GetPollVotes::new(room.named(user, poll.0), poll.1, 1);
        let (option, offset) = (option.map(|option| vec![option]), offset.map(str::to_owned));
        functions::messages::GetPollVotes { option, offset, ..query }
    };
    room.votes(bob, poll, b"r");
    room.votes(carol, poll, b"g");
    let query = list(&room, alice, None, None);
    assert_eq!(room.refused(alice, &query), "403 POLL_VOTE_REQUIRED");
    let query = list(&room, bob, None, None);
    let enums::messages::VotesList::List(first) = room.ask(bob, &query).unwrap();
    assert_eq!((first.count, first.votes.len(), first.users.len()), (2, 1, 1));
    assert!(matches!(&first.votes[0], enums::MessagePeerVote::Vote(vote)
        if Peer::from(&vote.peer) == Peer::User(carol) && vote.option == b"g"));
    let query = list(&room, bob, None, first.next_offset.as_deref());
    let enums::messages::VotesList::List(second) = room.ask(bob, &query).unwrap();
    assert_eq!((second.votes.len(), second.next_offset), (1, None));
    let query = list(&room, bob, Some(b'g'), None);
    let enums::messages::VotesList::List(green) = room.ask(bob, &query).unwrap();
    assert_eq!((green.count, green.next_offset), (1, None));
    assert!(matches!(green.votes[0], enums::MessagePeerVote::InputOption(_)));
    let query = list(&room, bob, None, Some("what?"));
    assert_eq!(room.refused(bob, &query), "400 OFFSET_INVALID");
    let recent = room.seen(bob, poll).1.recent_voters.unwrap();
    assert_eq!(recent.iter().map(Peer::from).collect::<Vec<_>>(), [carol, bob].map(Peer::User));
    let secret = room.polled(asked(|_| {}));
    let peer = room.named(bob, secret.0);
    let query = functions::messages::GetPollVotes::new(peer, secret.1, 10);
    assert_eq!(room.refused(bob, &query), "400 MESSAGE_ID_INVALID");

    let (bot, id) = (room.bot, room.next_random_id());
    let media = asked(|poll| poll.public_voters = true).into();
    let peer = room.named(bot, poll.0);
    let query = functions::messages::SendMedia::new(peer, media, String::new(), id);
    let sent = room.ask(bot, &query).unwrap();
    room.told(bot);
    room.votes(bob, (poll.0, sent_id(&sent)), b"b");
    let told = room.told(bot);
    let vote = told.iter().find_map(|update| match update {
        enums::Update::MessagePollVote(vote) => Some(vote),
        _ => None,
    });
    let vote = vote.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!((Peer::from(&vote.peer), &*vote.positions), (Peer::User(bob), &[2][..]));
    assert_eq!(vote.options, [b"b".to_vec()]);
}

#[test]
fn a_forwarded_poll_is_the_same_poll_and_its_results_are_to_be_had() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let poll = room.polled(asked(|_| {}));
    let (from, to) = (room.named(bob, poll.0), room.named(bob, Peer::User(carol)));
    let query = functions::messages::ForwardMessages::new(from, vec![poll.1], vec![77], to);
    room.ask(bob, &query).unwrap();
    let there = room.world.history(carol, Peer::User(bob));
    let there = (Peer::User(bob), plain(&there[0]).id);
    room.votes(carol, there, b"r");
    room.votes(bob, poll, b"r");
    let query = functions::messages::GetPollResults {
        peer: room.named(carol, there.0),
        msg_id: there.1,
        poll_hash: 0,
    };
    let answer = written_out(carol, room.ask(carol, &query).unwrap());
    let [enums::Update::MessagePoll(update)] = answer.as_slice() else { panic!("{answer:?}") };
    assert_eq!(counts(&results(&update.results)).0, [2, 0, 0]);
    let Some(enums::Poll::Poll(shown)) = &update.poll else { panic!("{update:?}") };
    let query = functions::messages::GetPollResults { poll_hash: shown.hash, ..query };
    let answer = written_out(carol, room.ask(carol, &query).unwrap());
    assert!(
        matches!(answer.as_slice(), [enums::Update::MessagePoll(update)] if update.poll.is_none())
    );
    // Also what is scheduled.
    let later = functions::messages::SendMedia {
        schedule_date: Some(crate::room::NOW as i32 + 3600),
        ..room.poll(poll.0, asked(|_| {}))
    };
    let answer = written_out(alice, room.ask(alice, &later).unwrap());
    assert!(answer.iter().any(|update| matches!(update, enums::Update::NewScheduledMessage(new)
        if matches!(plain(&new.message).media, Some(enums::MessageMedia::Poll(_))))));
}
