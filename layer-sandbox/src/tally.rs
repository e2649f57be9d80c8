//! What clients have sent and what they were told, counted, so that a test can see that what it is
//! about has happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use layer_tl_types::{Identifiable, functions, types};
use layer_wire::message::Content;

/// Salts that are told apart.
const MOST_SALTS: usize = 1024;

/// Counts since the server was started. As text, they are `name=value` with spaces between.
///
/// ```
/// use layer_sandbox::{Settings, World};
///
/// let world = World::new(Settings::default());
/// assert_eq!(world.tally.pings, 0);
/// assert!(world.tally.to_string().contains("pings=0"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Packets that were opened and had a good salt and identifier.
    pub packets: u64,
    /// Different salts in those, as far as they are told apart: up to 1024.
    pub salts: usize,
    /// Containers among them that were taken.
    pub containers: u64,
    /// The most messages in one of those.
    pub largest_container: usize,
    /// Messages that were packed with gzip.
    pub packed: u64,
    /// Messages that no service message is: calls.
    pub queries: u64,
    /// `ping` and `ping_delay_disconnect`.
    pub pings: u64,
    /// `msgs_ack`.
    pub acks: u64,
    /// `get_future_salts`.
    pub salt_requests: u64,
    /// `msgs_state_req`.
    pub state_requests: u64,
    /// `msgs_state_info`.
    pub state_infos: u64,
    /// `msg_resend_req`.
    pub resend_requests: u64,
    /// `rpc_drop_answer`.
    pub drops: u64,
    /// Sessions that were new: `new_session_created` was sent.
    pub sessions: u64,
    /// `bad_server_salt` that was sent.
    pub bad_salts: u64,
    /// `bad_msg_notification` that was sent, by its code.
    pub bad_messages: BTreeMap<i32, u64>,
    /// Answers that were sent, and how many of them were packed.
    pub answers: u64,
    /// Answers that were sent packed with gzip.
    pub packed_answers: u64,
    /// Containers that were sent.
    pub sent_containers: u64,
    /// How often something came that was not looked at.
    pub unheard: u64,
    /// How often what is lasting was written to a folder.
    pub saves: u64,
    known_salts: BTreeSet<i64>,
}

impl Tally {
    /// A packet was taken that had this salt.
    pub(crate) fn packet(&mut self, salt: i64) {
        self.packets += 1;
        if self.known_salts.len() < MOST_SALTS {
            self.known_salts.insert(salt);
        }
        self.salts = self.known_salts.len();
    }

    /// A container of so many messages was taken.
    pub(crate) fn container(&mut self, messages: usize) {
        self.containers += 1;
        self.largest_container = self.largest_container.max(messages);
    }

    /// A message came, unpacked if it was packed.
    pub(crate) fn object(&mut self, id: u32) {
        let count = match id {
            functions::Ping::CONSTRUCTOR_ID | functions::PingDelayDisconnect::CONSTRUCTOR_ID => {
                &mut self.pings
            }
            types::MsgsAck::CONSTRUCTOR_ID => &mut self.acks,
            functions::GetFutureSalts::CONSTRUCTOR_ID => &mut self.salt_requests,
            types::MsgsStateReq::CONSTRUCTOR_ID => &mut self.state_requests,
            types::MsgsStateInfo::CONSTRUCTOR_ID => &mut self.state_infos,
            types::MsgResendReq::CONSTRUCTOR_ID => &mut self.resend_requests,
            functions::RpcDropAnswer::CONSTRUCTOR_ID => &mut self.drops,
            _ => return,
        };
        *count += 1;
    }

    /// A message was refused with this code.
    pub(crate) fn refused(&mut self, code: i32) {
        match code {
            48 => self.bad_salts += 1,
            _ => *self.bad_messages.entry(code).or_default() += 1,
        }
    }

    /// A message is sent; by itself, though it may go into a container then.
    pub(crate) fn sent(&mut self, body: &[u8]) {
        if let Ok(Content::RpcResult { result, .. }) = Content::read(body) {
            self.answers += 1;
            let packed = matches!(Content::read(result), Ok(Content::Packed(_)));
            self.packed_answers += u64::from(packed);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "packets={} salts={}", self.packets, self.salts)?;
        write!(f, " containers={}", self.containers)?;
        write!(f, " largest_container={}", self.largest_container)?;
        write!(f, " packed={} queries={}", self.packed, self.queries)?;
        write!(f, " pings={} acks={}", self.pings, self.acks)?;
        write!(f, " salt_requests={}", self.salt_requests)?;
        write!(f, " state_requests={}", self.state_requests)?;
        write!(f, " state_infos={}", self.state_infos)?;
        write!(f, " resend_requests={} drops={}", self.resend_requests, self.drops)?;
        write!(f, " sessions={} bad_salts={}", self.sessions, self.bad_salts)?;
        for (code, count) in &self.bad_messages {
            write!(f, " bad_{code}={count}")?;
        }
        write!(f, " answers={} packed_answers={}", self.answers, self.packed_answers)?;
        write!(f, " sent_containers={} unheard={}", self.sent_containers, self.unheard)?;
        write!(f, " saves={}", self.saves)
    }
}
