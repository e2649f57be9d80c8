//! Voting, and what came of it.

use std::collections::BTreeSet;

use layer_tl_types::{enums, functions, types};

use crate::World;
use crate::router::{Caller, RpcError};
use crate::world::Peer;
use crate::world::fanout::Batch;

/// The most votes in an answer.
const MOST: i32 = 50;

/// `messages.sendVote`.
pub(in crate::methods) fn send_vote(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::SendVote,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let mut batch = Batch::default();
    world.vote(&mut batch, &actor, peer, query.msg_id, query.options)?;
    Ok(world.deliver(batch, &actor))
}

/// `messages.getPollResults`: as an update.
pub(in crate::methods) fn get_poll_results(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetPollResults,
) -> Result<enums::Updates, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let update = world.poll_update(&actor, peer, query.msg_id, query.poll_hash)?;
    Ok(world.answer(&actor, vec![update], 0, false))
}

/// `messages.getPollVotes`: page by page; where the next one begins is how many came before it.
pub(in crate::methods) fn get_poll_votes(
    world: &mut World,
    caller: &Caller,
    query: functions::messages::GetPollVotes,
) -> Result<enums::messages::VotesList, RpcError> {
    let actor = world.actor(caller)?;
    let peer = world.peer(&actor, &query.peer)?;
    let page = super::page(query.offset.as_deref(), query.limit, MOST)?;
    let option = query.option.as_deref();
    let (votes, count) = world.poll_votes(&actor, peer, query.id, option, page)?;
    let voters: BTreeSet<Peer> = votes.iter().map(voter).collect();
    let (users, chats) = world.people(actor.user, &voters, false, actor.date());
    let next_offset = super::next_page(page, votes.len(), count);
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let list = types::messages::VotesList::new(count, votes, chats, users);
    Ok(types::messages::VotesList { next_offset, ..list }.into())
}

fn voter(vote: &enums::MessagePeerVote) -> Peer {
    Peer::from(match vote {
        enums::MessagePeerVote::Vote(vote) => &vote.peer,
        enums::MessagePeerVote::InputOption(vote) => &vote.peer,
        enums::MessagePeerVote::Multiple(vote) => &vote.peer,
    })
}
