//! Queries: unwrapped, held until others are done, executed once, and answered (api/invoking).

use layer_tl_types::{Identifiable, Serializable, enums, types};
use layer_wire::gzip;
use layer_wire::message::write_rpc_result;

use super::bind;
use super::turn::Turn;
use crate::dialect;
use crate::router::{self, Caller, Reply, RpcError, Unwrapped};
use crate::session::{PATIENCE, Progress, Session, Waiting};
use crate::world::Said;

/// Answers and pushed objects of so many bytes are packed, if that makes them smaller.
const PACKED_FROM: usize = 4 << 10;
/// The longest answer that can be sent, in bytes.
const MOST_ANSWER: usize = 8 << 20;

impl Turn<'_> {
    /// The present message is a query.
    pub(super) fn query(&mut self, bytes: &[u8]) {
        let query = self.caller.msg_id;
        self.session.inbox.set(query, Progress::Running);
        match self.prepare(bytes) {
            Ok(Some(unwrapped)) => self.execute(query, &unwrapped),
            Ok(None) => {}
            Err(error) => self.answer(query, Err(error)),
        }
    }

    /// Takes off the wrappers and does what they say. Returns the query if it can be executed now.
    fn prepare(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, RpcError> {
        let unwrapped = router::unwrap(bytes, &mut self.room)?;
        let Unwrapped { query, layer, init, after, without_updates } = unwrapped;
        self.session.hears |= !without_updates;
        let (msg_id, now) = (self.caller.msg_id, self.caller.now);
        let known = self.world.keys.get_mut(self.caller.key_id, now.unix());
        let known = known.ok_or_else(|| RpcError::new(401, "AUTH_KEY_UNREGISTERED"))?;
        known.layer = layer.or(known.layer);
        if init.is_some() {
            known.client = init;
        }
        let is_init = known.client.is_some();
        let unbound = known.temporary.is_some_and(|temporary| temporary.bound_to.is_none());
        if let Some(request) = bind::request(&query) {
            self.bind(&request?)?;
            self.answer(msg_id, Ok(true.to_bytes()));
            return Ok(None);
        }
        if self.world.faults.want_init && !is_init {
            return Err(RpcError::new(400, "CONNECTION_NOT_INITED"));
        }
        if unbound && !router::is_for_anybody(&query) {
            return Err(RpcError::new(401, "AUTH_KEY_PERM_EMPTY"));
        }
        if after.is_empty() {
            return Ok(Some(query));
        }
        let until = now.monotonic + PATIENCE;
        if self.session.calls.wait(Waiting { msg_id, after, query, until }) {
            Ok(None)
        } else {
            Err(RpcError::new(420, "FLOOD_WAIT_1"))
        }
    }

    fn execute(&mut self, query: i64, bytes: &[u8]) {
        let caller = Caller { msg_id: query, ..self.caller };
        let layer = self.layer();
        let ours = dialect::query(layer, bytes);
        let told = |answer: Result<Vec<u8>, RpcError>| {
            answer.map(|object| dialect::answer(layer, bytes, &object).unwrap_or(object))
        };
        let answer = match self.world.run(&caller, ours.as_deref().unwrap_or(bytes)) {
            Reply::Now(answer) => told(answer),
            Reply::After(delay, answer) => {
                let answer = told(answer);
                let due = self.caller.now.monotonic.saturating_add(delay);
                match self.session.calls.answer_later(query, due, answer) {
                    Ok(()) => return,
                    Err(answer) => answer,
                }
            }
        };
        self.answer(query, answer);
    }

    /// The layer that the client speaks.
    pub(super) fn layer(&self) -> Option<i32> {
        self.world.keys.get(self.caller.key_id, self.caller.now.unix())?.layer
    }

    /// Answers what is due, and executes what has waited for it, in the order in which it came.
    pub(super) fn run_due(&mut self) {
        let now = self.caller.now.monotonic;
        loop {
            if let Some((query, answer)) = self.session.calls.pop_due(now) {
                self.answer(query, answer);
                continue;
            }
            let Session { calls, inbox, .. } = &mut self.session;
            let decided = calls.pop_decided(|waiting| {
                let mut done = waiting.after.iter().map(|msg_id| inbox.is_done(*msg_id));
                if done.clone().any(|done| done == Some(false)) {
                    Some(Err(RpcError::new(400, "MSG_WAIT_FAILED")))
                } else if done.all(|done| done == Some(true)) {
                    Some(Ok(()))
                } else {
                    let patient = now < waiting.until;
                    (!patient).then(|| Err(RpcError::new(400, "MSG_WAIT_TIMEOUT")))
                }
            });
            match decided {
                Some((Waiting { msg_id, query, .. }, Ok(()))) => self.execute(msg_id, &query),
                Some((Waiting { msg_id, .. }, Err(error))) => self.answer(msg_id, Err(error)),
                None => return,
            }
        }
    }

    /// The present message is a query that has come before.
    pub(super) fn call_again(&mut self, progress: Progress) {
        let kept = match progress {
            Progress::Answered { msg_id, .. } => self.session.outbox.send_again(msg_id, false),
            Progress::Running | Progress::Known { .. } => false,
        };
        if !kept {
            self.session.acknowledge(self.caller.msg_id, self.caller.now.monotonic);
        }
    }

    /// Answers a query with `rpc_result`.
    pub(super) fn answer(&mut self, query: i64, answer: Result<Vec<u8>, RpcError>) {
        let answer = answer.and_then(|object| {
            let sendable = object.len().is_multiple_of(4) && object.len() <= MOST_ANSWER;
            if sendable { Ok(object) } else { Err(RpcError::new(500, "ANSWER_NOT_SENDABLE")) }
        });
        let ok = answer.is_ok();
        let result = answer.unwrap_or_else(|error| {
            enums::RpcError::Error(types::RpcError::from(error)).to_bytes()
        });
        self.answer_with(query, result, ok);
    }

    fn answer_with(&mut self, query: i64, result: Vec<u8>, ok: bool) {
        let result = self.pack(result);
        let mut body = Vec::with_capacity(12 + result.len());
        write_rpc_result(query, &result, &mut body);
        let (msg_id, seq_no) = self.number(Said::InReply, true);
        self.session.forget_ack(query);
        self.session.inbox.set(query, Progress::Answered { msg_id, ok });
        self.session.outbox.put(msg_id, seq_no, body, Some(query));
    }

    /// An object as it goes out: packed if it is large, and no part of a file, which is packed already.
    pub(super) fn pack(&self, object: Vec<u8>) -> Vec<u8> {
        let may_pay = object.len() >= PACKED_FROM && !is_part_of_file(&object);
        if !may_pay && !self.world.faults.gzip_answers {
            return object;
        }
        gzip::pack(&object).unwrap_or(object)
    }

    /// `rpc_drop_answer`: the answer of a query is wanted no more. One that is not answered yet is
    /// answered by this, too.
    pub(super) fn drop_answer(&mut self, query: i64) {
        let dropped = if let Some(ok) = self.session.calls.drop_call(query) {
            let dropped = enums::RpcDropAnswer::RpcAnswerDroppedRunning;
            self.answer_with(query, dropped.to_bytes(), ok);
            dropped
        } else {
            self.drop_kept(query).unwrap_or(enums::RpcDropAnswer::RpcAnswerUnknown)
        };
        self.answer(self.caller.msg_id, Ok(dropped.to_bytes()));
    }

    fn drop_kept(&mut self, query: i64) -> Option<enums::RpcDropAnswer> {
        let Progress::Answered { msg_id, .. } = self.session.inbox.progress(query)? else {
            return None;
        };
        let kept = self.session.outbox.remove(msg_id)?;
        let bytes = i32::try_from(kept.body.len()).unwrap_or(i32::MAX);
        Some(types::RpcAnswerDropped { msg_id, seq_no: kept.seq_no, bytes }.into())
    }
}

fn is_part_of_file(object: &[u8]) -> bool {
    use types::upload::{CdnFile, File};
    let id = object.first_chunk().map(|id| u32::from_le_bytes(*id));
    [File::CONSTRUCTOR_ID, CdnFile::CONSTRUCTOR_ID].map(Some).contains(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_files_are_told_from_what_may_be_packed() {
        let r#type = enums::storage::FileType::FileUnknown;
        let part = types::upload::File { r#type, mtime: 0, bytes: vec![0; 5000] };
        assert!(is_part_of_file(&enums::upload::File::from(part).to_bytes()));
        let part = types::upload::CdnFile { bytes: vec![0; 5000] };
        assert!(is_part_of_file(&enums::upload::CdnFile::from(part).to_bytes()));
        for other in [enums::Updates::TooLong.to_bytes(), vec![0; 5000], Vec::new()] {
            assert!(!is_part_of_file(&other));
        }
    }
}
