//! Polls: what is asked, who has voted for what, and how the results look to whom.
//!
//! A poll belongs to no one message: wherever it is forwarded to, the votes are the same. Who has not
//! voted is told how many have; the rest is for those who have, and for all when it is closed.

use std::collections::{BTreeMap, BTreeSet};

use layer_tl_types::{enums, types};

use super::boxes::Event;
use super::fanout::{Actor, Batch};
use super::posts::Content;
use super::{Peer, World, entities};
use crate::Now;
use crate::router::RpcError;

/// The longest question and answer, in characters, and how many answers there may be.
const LONGEST_QUESTION: usize = 255;
const LONGEST_ANSWER: usize = 100;
const MOST_ANSWERS: usize = 12;
/// The longest name of an answer, in bytes, and the longest explanation of a quiz, in characters.
const LONGEST_OPTION: usize = 100;
const LONGEST_SOLUTION: usize = 200;
/// For how many seconds a poll may be open if it says so.
const PERIODS: std::ops::RangeInclusive<i32> = 5..=2_628_000;
/// So many of those who voted last are shown.
const RECENT: usize = 3;

/// All polls, by their ids. At most [`Polls::MOST`] are kept, each with a vote of each account.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Polls {
    known: BTreeMap<i64, Poll>,
    /// When one is to be closed, in unix seconds.
    next_closing: i32,
}

impl Default for Polls {
    fn default() -> Self {
        Self { known: BTreeMap::new(), next_closing: i32::MAX }
    }
}

/// Without what is asked.
impl std::fmt::Debug for Polls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Polls").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl Polls {
    const MOST: usize = 20_000;
}

/// A poll.
#[derive(serde::Serialize, serde::Deserialize)]
struct Poll {
    author: i64,
    /// As it was asked, each answer with a name.
    #[serde(with = "crate::world::kept::tl")]
    asked: types::Poll,
    /// The names of the right answers of a quiz.
    right: BTreeSet<Vec<u8>>,
    solution: Option<String>,
    #[serde(with = "crate::world::kept::tl")]
    solution_entities: Vec<enums::MessageEntity>,
    /// The earliest first.
    votes: Vec<Vote>,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Vote {
    by: i64,
    options: Vec<Vec<u8>>,
    date: i32,
}

fn refused<T>(name: &str) -> Result<T, RpcError> {
    Err(RpcError::new(400, name))
}

impl Poll {
    fn vote(&self, viewer: i64) -> Option<&Vote> {
        self.votes.iter().find(|vote| vote.by == viewer)
    }

    fn answers(&self) -> impl Iterator<Item = &types::PollAnswer> {
        self.asked.answers.iter().filter_map(|answer| match answer {
            enums::PollAnswer::Answer(answer) => Some(&**answer),
            enums::PollAnswer::InputPollAnswer(_) => None,
        })
    }

    fn shown(&self, viewer: i64) -> enums::Poll {
        // All of it that ever changes.
        let hash = self.asked.id.wrapping_mul(2).wrapping_add(self.asked.closed.into());
        types::Poll { creator: viewer == self.author, hash, ..self.asked.clone() }.into()
    }

    /// The results as somebody sees them; without a viewer, what is the same for all who may see them.
    fn results(&self, viewer: Option<i64>) -> enums::PollResults {
        let own = viewer.and_then(|viewer| self.vote(viewer));
        let closed = self.asked.closed;
        let has_right = viewer.is_none() || own.is_some();
        let may_see = closed || has_right && !self.asked.hide_results_until_close;
        let counted = |answer: &types::PollAnswer| {
            let votes = self.votes.iter().filter(|vote| vote.options.contains(&answer.option));
            let voters: Vec<i64> = votes.map(|vote| vote.by).collect();
            let chosen = own.is_some_and(|vote| vote.options.contains(&answer.option));
            // Whoever has not answered a quiz is not told how.
            let correct = viewer.is_some() && self.right.contains(&answer.option);
            let recent = if self.asked.public_voters { recent(&voters) } else { Vec::new() };
            let count = i32::try_from(voters.len()).ok();
            let voters = types::PollAnswerVoters::new(answer.option.clone());
            let recent_voters = Some(recent);
            types::PollAnswerVoters { chosen, correct, voters: count, recent_voters, ..voters }
        };
        let results =
            may_see.then(|| self.answers().map(|answer| counted(answer).into()).collect());
        let all: Vec<i64> = self.votes.iter().map(|vote| vote.by).collect();
        let knows = viewer.is_some() && (closed || own.is_some());
        types::PollResults {
            min: viewer.is_none(),
            results,
            total_voters: i32::try_from(all.len()).ok(),
            recent_voters: self.asked.public_voters.then(|| recent(&all)),
            solution: self.solution.clone().filter(|_| knows),
            solution_entities: Some(self.solution_entities.clone())
                .filter(|_| knows && self.solution.is_some()),
            ..types::PollResults::new()
        }
        .into()
    }
}

/// Those who came last, the latest first.
fn recent(voters: &[i64]) -> Vec<enums::Peer> {
    voters.iter().rev().take(RECENT).map(|voter| Peer::User(*voter).into()).collect()
}

impl World {
    /// Keeps a poll that somebody asks, and returns its id.
    ///
    /// # Errors
    /// As Telegram says what is wrong with it: `POLL_QUESTION_INVALID`, `QUIZ_CORRECT_ANSWERS_EMPTY` and
    /// the like.
    pub(crate) fn new_poll(
        &mut self,
        actor: &Actor,
        given: types::InputMediaPoll,
    ) -> Result<i64, RpcError> {
        let enums::Poll::Poll(mut asked) = given.poll;
        let enums::TextWithEntities::Entities(question) = &asked.question;
        if !is_text(&question.text, LONGEST_QUESTION) {
            return refused("POLL_QUESTION_INVALID");
        }
        if !(2..=MOST_ANSWERS).contains(&asked.answers.len()) {
            return refused("POLL_ANSWERS_INVALID");
        }
        asked.answers = answers(std::mem::take(&mut asked.answers))?;
        let correct = given.correct_answers.unwrap_or_default();
        let mut right = BTreeSet::new();
        if asked.quiz {
            if correct.is_empty() {
                return refused("QUIZ_CORRECT_ANSWERS_EMPTY");
            }
            if correct.len() > 1 && !asked.multiple_choice {
                return refused("QUIZ_CORRECT_ANSWERS_TOO_MUCH");
            }
            for at in correct {
                let answer = usize::try_from(at).ok().and_then(|at| asked.answers.get(at));
                let Some(enums::PollAnswer::Answer(answer)) = answer else {
                    return refused("QUIZ_CORRECT_ANSWER_INVALID");
                };
                right.insert(answer.option.clone());
            }
        }
        let solution = given.solution.filter(|text| asked.quiz && !text.is_empty());
        if solution.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SOLUTION) {
            return refused("POLL_SOLUTION_TOO_LONG");
        }
        if asked.close_period.is_some_and(|period| !PERIODS.contains(&period)) {
            return refused("POLL_CLOSE_PERIOD_INVALID");
        }
        let until = asked.close_period.map(|period| actor.date().saturating_add(period));
        asked.close_date = until.or(asked.close_date);
        if self.talk.polls.known.len() >= Polls::MOST {
            return Err(RpcError::new(420, "FLOOD_WAIT_86400"));
        }
        let id = loop {
            let id = self.random_id() & i64::MAX;
            if !self.talk.polls.known.contains_key(&id) {
                break id;
            }
        };
        asked.id = id;
        let closing = asked.close_date.filter(|_| !asked.closed).unwrap_or(i32::MAX);
        self.talk.polls.next_closing = self.talk.polls.next_closing.min(closing);
        let solution_entities = given.solution_entities.unwrap_or_default();
        let (author, votes) = (actor.user, Vec::new());
        let poll = Poll { author, asked: *asked, right, solution, solution_entities, votes };
        self.talk.polls.known.insert(id, poll);
        Ok(id)
    }

    /// A poll in a message, as somebody sees it.
    fn shown_poll(&self, viewer: i64, id: i64) -> enums::MessageMedia {
        let Some(poll) = self.talk.polls.known.get(&id) else {
            return enums::MessageMedia::Unsupported;
        };
        types::MessageMediaPoll::new(poll.shown(viewer), poll.results(Some(viewer))).into()
    }

    /// What stands beside the text of a message: a file, or a poll.
    pub(crate) fn shown_beside(
        &self,
        viewer: i64,
        content: &Content,
    ) -> Option<enums::MessageMedia> {
        let poll = || content.poll.map(|poll| self.shown_poll(viewer, poll));
        content.media.as_ref().map(|media| self.shown_media(viewer, media)).or_else(poll)
    }

    /// The poll in a message that somebody names.
    fn poll_of(&self, actor: &Actor, peer: Peer, id: i32) -> Result<(i64, &Poll), RpcError> {
        let post = self.post_of(actor.user, peer, id);
        let poll = post.and_then(|post| post.content.poll);
        let known = poll.and_then(|poll| Some((poll, self.talk.polls.known.get(&poll)?)));
        known.ok_or_else(|| RpcError::new(400, "MESSAGE_ID_INVALID"))
    }

    /// Somebody votes; for nothing, who takes the vote back. All who have voted, and who has asked, are
    /// told.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID`, `MESSAGE_POLL_CLOSED`, `OPTION_INVALID`, `OPTIONS_TOO_MUCH`,
    /// `REVOTE_NOT_ALLOWED`.
    pub(crate) fn vote(
        &mut self,
        batch: &mut Batch,
        actor: &Actor,
        peer: Peer,
        id: i32,
        options: Vec<Vec<u8>>,
    ) -> Result<(), RpcError> {
        let (number, poll) = self.poll_of(actor, peer, id)?;
        if poll.asked.closed {
            return refused("MESSAGE_POLL_CLOSED");
        }
        if options.len() > 1 && !poll.asked.multiple_choice {
            return refused("OPTIONS_TOO_MUCH");
        }
        let is_option = |option: &Vec<u8>| poll.answers().any(|answer| answer.option == *option);
        let chosen: BTreeSet<&Vec<u8>> = options.iter().collect();
        if chosen.len() != options.len() || !options.iter().all(is_option) {
            return refused("OPTION_INVALID");
        }
        let final_votes = poll.asked.quiz || poll.asked.revoting_disabled;
        if final_votes && poll.vote(actor.user).is_some() {
            return refused("REVOTE_NOT_ALLOWED");
        }
        let positions =
            poll.answers().zip(0..).filter(|(answer, _)| chosen.contains(&answer.option));
        let positions: Vec<i32> = positions.map(|(_, at)| at).collect();
        let (author, is_public) = (poll.author, poll.asked.public_voters);
        let Some(poll) = self.talk.polls.known.get_mut(&number) else {
            return refused("MESSAGE_ID_INVALID");
        };
        let before = poll.votes.len();
        poll.votes.retain(|vote| vote.by != actor.user);
        if options.is_empty() && poll.votes.len() == before {
            return Ok(());
        }
        if !options.is_empty() {
            let (by, date) = (actor.user, actor.date());
            poll.votes.push(Vote { by, options: options.clone(), date });
        }
        if is_public && self.accounts.is_bot(author) {
            let peer = Peer::User(actor.user).into();
            self.happened_to_bot(batch, author, |qts| {
                types::UpdateMessagePollVote { poll_id: number, peer, options, positions, qts }
                    .into()
            });
        }
        self.tell_of_poll(batch, actor, number);
        Ok(())
    }

    /// Edits a message with a poll: it is closed for good, and gets other buttons if a bot has asked it.
    ///
    /// # Errors
    /// `MEDIA_PREV_INVALID` if there is no poll in the message, `MESSAGE_NOT_MODIFIED` if it is not to be
    /// closed, or is already, and as for editing.
    pub(crate) fn edit_poll(
        &mut self,
        actor: &Actor,
        peer: Peer,
        id: i32,
        given: &types::InputMediaPoll,
        markup: Option<enums::ReplyMarkup>,
    ) -> Result<enums::Updates, RpcError> {
        let message = self.number_of(actor.user, peer, id);
        let post = message.and_then(|message| self.talk.posts.get(message));
        let (Some(message), Some(post)) = (message, post) else {
            return refused("MESSAGE_ID_INVALID");
        };
        self.may_edit(actor, post)?;
        let Ok((number, poll)) = self.poll_of(actor, peer, id) else {
            return refused("MEDIA_PREV_INVALID");
        };
        let enums::Poll::Poll(given) = &given.poll;
        // Whoever forwards it does not own it.
        if !given.closed || poll.asked.closed || poll.author != actor.user {
            return refused("MESSAGE_NOT_MODIFIED");
        }
        let markup = markup.filter(|_| self.accounts.is_bot(actor.user));
        let markup = markup.map(entities::checked_markup).transpose()?;
        let mut batch = Batch::default();
        if let Some(post) = self.talk.posts.get_mut(message) {
            post.content.markup = markup;
        }
        self.close_poll(&mut batch, actor, number);
        self.everywhere(&mut batch, message, actor, Event::Edit);
        Ok(self.deliver(batch, actor))
    }

    fn close_poll(&mut self, batch: &mut Batch, actor: &Actor, number: i64) {
        if let Some(poll) = self.talk.polls.known.get_mut(&number) {
            poll.asked.closed = true;
        }
        self.tell_of_poll(batch, actor, number);
    }

    /// Closes those whose time is over.
    pub(crate) fn close_due_polls(&mut self, now: Now) {
        let date = Actor { user: 0, now }.date();
        if self.talk.polls.next_closing > date {
            return;
        }
        let (mut due, mut next) = (Vec::new(), i32::MAX);
        for (number, poll) in self.talk.polls.known.iter().filter(|(_, poll)| !poll.asked.closed) {
            match poll.asked.close_date {
                Some(closing) if closing <= date => due.push((*number, poll.author)),
                Some(closing) => next = next.min(closing),
                None => {}
            }
        }
        self.talk.polls.next_closing = next;
        for (number, user) in due {
            let (mut batch, actor) = (Batch::default(), Actor { user, now });
            self.close_poll(&mut batch, &actor, number);
            self.push_all(batch, &actor);
        }
    }

    /// Who votes is told all, others what is the same for everybody.
    fn tell_of_poll(&self, batch: &mut Batch, actor: &Actor, number: i64) {
        let Some(poll) = self.talk.polls.known.get(&number) else { return };
        let voters = poll.votes.iter().map(|vote| vote.by);
        let others: BTreeSet<i64> = voters.chain([poll.author]).collect();
        for viewer in others.into_iter().filter(|viewer| *viewer != actor.user) {
            let update = types::UpdateMessagePoll::new(number, poll.results(None));
            let asked = poll.asked.closed.then(|| poll.shown(viewer));
            batch.tell(viewer, types::UpdateMessagePoll { poll: asked, ..update });
        }
        batch.tell(actor.user, full_update(poll, actor.user));
    }

    /// The results of a poll, with the poll itself if it is not known by this hash.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID`.
    pub(crate) fn poll_update(
        &self,
        actor: &Actor,
        peer: Peer,
        id: i32,
        hash: i64,
    ) -> Result<enums::Update, RpcError> {
        let (_, poll) = self.poll_of(actor, peer, id)?;
        let mut update = full_update(poll, actor.user);
        update.poll = update.poll.filter(|enums::Poll::Poll(shown)| shown.hash != hash);
        Ok(update.into())
    }

    /// Who has voted, the latest first, for one answer or any; beside it, how many they are.
    ///
    /// # Errors
    /// `MESSAGE_ID_INVALID` also if nobody may know, `POLL_VOTE_REQUIRED` for who has not voted.
    pub(crate) fn poll_votes(
        &self,
        actor: &Actor,
        peer: Peer,
        id: i32,
        option: Option<&[u8]>,
        (skip, limit): (usize, usize),
    ) -> Result<(Vec<enums::MessagePeerVote>, usize), RpcError> {
        let (_, poll) = self.poll_of(actor, peer, id)?;
        if !poll.asked.public_voters {
            return refused("MESSAGE_ID_INVALID");
        }
        if poll.vote(actor.user).is_none() && !poll.asked.closed {
            return Err(RpcError::new(403, "POLL_VOTE_REQUIRED"));
        }
        let fits = |vote: &&Vote| {
            option.is_none_or(|option| vote.options.iter().any(|chosen| chosen == option))
        };
        let found: Vec<&Vote> = poll.votes.iter().rev().filter(fits).collect();
        let shown = found.iter().skip(skip).take(limit).map(|vote| {
            let (peer, date) = (Peer::User(vote.by).into(), vote.date);
            match vote.options.as_slice() {
                _ if option.is_some() => types::MessagePeerVoteInputOption { peer, date }.into(),
                [option] => types::MessagePeerVote { peer, option: option.clone(), date }.into(),
                options => {
                    let options = options.to_vec();
                    types::MessagePeerVoteMultiple { peer, options, date }.into()
                }
            }
        });
        Ok((shown.collect(), found.len()))
    }
}

fn full_update(poll: &Poll, viewer: i64) -> types::UpdateMessagePoll {
    let update = types::UpdateMessagePoll::new(poll.asked.id, poll.results(Some(viewer)));
    types::UpdateMessagePoll { poll: Some(poll.shown(viewer)), ..update }
}

fn is_text(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest
}

/// The answers, checked; those without a name are given one.
fn answers(given: Vec<enums::PollAnswer>) -> Result<Vec<enums::PollAnswer>, RpcError> {
    let mut names = BTreeSet::new();
    let mut checked = Vec::new();
    for (answer, at) in given.into_iter().zip(b'0'..) {
        let answer = match answer {
            enums::PollAnswer::Answer(answer) => types::PollAnswer::new(answer.text, answer.option),
            enums::PollAnswer::InputPollAnswer(answer) => {
                types::PollAnswer::new(answer.text, vec![at])
            }
        };
        let enums::TextWithEntities::Entities(text) = &answer.text;
        if !is_text(&text.text, LONGEST_ANSWER) {
            return refused("POLL_ANSWER_INVALID");
        }
        if !(1..=LONGEST_OPTION).contains(&answer.option.len()) {
            return refused("POLL_OPTION_INVALID");
        }
        if !names.insert(answer.option.clone()) {
            return refused("POLL_OPTION_DUPLICATE");
        }
        checked.push(answer.into());
    }
    Ok(checked)
}
