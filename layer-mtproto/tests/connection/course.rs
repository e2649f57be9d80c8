//! What a server does by itself when all is well, and time that passes.

use std::time::Duration;

use layer_mtproto::connection::{CallId, Event, Failure, Footprint, RpcError};
use layer_tl_types::{Identifiable, functions, types};

use crate::peer::{Peer, QUESTION, Said};

impl Said {
    /// The number of a question.
    pub(crate) fn number(&self) -> Option<u32> {
        (self.id() == QUESTION).then(|| u32::from_le_bytes(*self.body[4..].first_chunk().unwrap()))
    }
}

impl Peer {
    /// Listens, and answers pings and questions for salts.
    pub(crate) fn serve_all(&mut self) -> Vec<Said> {
        let said = self.listen();
        for said in &said {
            self.answer_service(said);
        }
        said
    }

    /// The same, and returns the rest.
    pub(crate) fn serve(&mut self) -> Vec<Said> {
        let said = self.serve_all();
        let ours = [
            functions::PingDelayDisconnect::CONSTRUCTOR_ID,
            functions::GetFutureSalts::CONSTRUCTOR_ID,
        ];
        said.into_iter().filter(|said| !ours.contains(&said.id())).collect()
    }

    /// The calls that the client makes now.
    pub(crate) fn questions(&mut self) -> Vec<Said> {
        self.serve().into_iter().filter(|said| said.number().is_some()).collect()
    }

    /// The one call that the client makes now.
    pub(crate) fn question(&mut self) -> Said {
        let questions = self.questions();
        let [question] = &questions[..] else { panic!("one question, not {questions:?}") };
        self.last_question = question.msg_id;
        question.clone()
    }

    /// Makes a call and hears it.
    pub(crate) fn asked(&mut self, number: u32) -> (CallId, Said) {
        let call = self.ask(number);
        let said = self.question();
        assert_eq!(said.number(), Some(number));
        (call, said)
    }

    /// Lets time pass as a driver does, from deadline to deadline. Returns what was said, apart from
    /// pings and questions for salts, which are answered.
    pub(crate) fn live(&mut self, seconds: u64) -> Vec<Said> {
        let end = self.now.monotonic + Duration::from_secs(seconds);
        let mut said = self.serve();
        while self.now.monotonic < end {
            self.pass_until(end);
            said.extend(self.serve());
        }
        said
    }

    /// Lets time pass until something is due, and no longer than until `end`.
    pub(crate) fn pass_until(&mut self, end: Duration) {
        let deadline = self.client.poll_deadline().unwrap_or(end);
        assert!(deadline > self.now.monotonic, "what is due has been done");
        self.advance(deadline.min(end) - self.now.monotonic);
    }

    /// A new link in place of the one that is there.
    pub(crate) fn reconnect(&mut self) {
        self.disconnect();
        self.connect();
    }

    /// Only what the connection would hold if nothing had ever been called.
    pub(crate) fn assert_nothing_is_left(&self) {
        let Footprint { calls, queued, msg_ids, call_bytes, .. } = self.client.footprint();
        assert_eq!([calls, queued, msg_ids, call_bytes], [0; 4]);
    }

    /// The call is answered, and nothing else happens.
    pub(crate) fn assert_answered(&mut self, call: CallId, repeated: bool) {
        let events = self.events();
        let [Event::Answer { call: answered, result: Ok(_), maybe_repeated }] = events[..] else {
            panic!("an answer, not {events:?}")
        };
        assert_eq!((answered, maybe_repeated), (call, repeated));
    }

    /// The call fails, and nothing else happens.
    pub(crate) fn assert_failed(&mut self, call: CallId, why: &Failure) {
        let events = self.events();
        let [Event::Failed { call: failed, reason }] = &events[..] else {
            panic!("a failure, not {events:?}")
        };
        assert_eq!((failed, reason), (&call, why));
    }

    /// The call is answered with an error, and nothing else happens.
    pub(crate) fn assert_error(&mut self, call: CallId) -> RpcError {
        let events = self.events();
        let [Event::Answer { call: answered, result: Err(error), .. }] = &events[..] else {
            panic!("an error, not {events:?}")
        };
        assert_eq!(*answered, call);
        error.clone()
    }
}

/// The identifiers that are acknowledged in these messages.
pub(crate) fn acknowledged(said: &[Said]) -> Vec<i64> {
    said.iter().filter_map(Said::read::<types::MsgsAck>).flat_map(|acks| acks.msg_ids).collect()
}

/// What is said of messages' states in answer to the client's question.
pub(crate) fn states_asked(said: &[Said]) -> Vec<(i64, Vec<i64>)> {
    let asked = |said: &Said| Some((said.msg_id, said.read::<types::MsgsStateReq>()?.msg_ids));
    said.iter().filter_map(asked).collect()
}
