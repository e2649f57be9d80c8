//! `rpc_result`: the answer to a call, or to one of the requests that are answered like calls.

use layer_tl_types::{Cursor, Deserializable, Identifiable, enums, types};
use layer_wire::gzip;
use rand_core::CryptoRng;

use super::super::requests::Request;
use super::super::{Connection, Event, Failure, Fault, Lost, RpcError};
use crate::Now;
use crate::calls::{CallId, State};

/// The binding of a temporary key has got lost.
const NOT_BOUND: &str = "AUTH_KEY_PERM_EMPTY";

impl Connection {
    pub(in super::super) fn rpc_result(
        &mut self,
        req_msg_id: i64,
        result: &[u8],
        msg_id: i64,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        if let Some(request) = self.requests.take(req_msg_id) {
            self.clock.answered(req_msg_id, msg_id, now);
            return self.request_answered(request, req_msg_id, result, now, rng);
        }
        let Some(call) = self.calls.sent_in(req_msg_id) else {
            // Answered before, or cancelled.
            return Ok(());
        };
        self.clock.answered(req_msg_id, msg_id, now);
        self.session.witness = Some(req_msg_id);
        if let Some(link) = &mut self.link {
            link.refusals = 0;
        }
        self.call_answered(call, req_msg_id, result);
        self.hand_over(now, rng);
        Ok(())
    }

    fn call_answered(&mut self, call: CallId, req_msg_id: i64, result: &[u8]) {
        let limit = self.unpack_budget.min(gzip::MAX_UNPACKED);
        let object = match gzip::unpack_object(result, limit) {
            Ok(object) => object,
            Err(error) => {
                self.fail(call, Failure::Answer(error));
                return;
            }
        };
        self.unpack_budget -= object.len().min(self.unpack_budget);
        let error = match rpc_error(&object) {
            Ok(error) => error,
            Err(error) => {
                self.fail(call, Failure::Malformed(error));
                return;
            }
        };
        if let Some(error) = &error {
            match &*error.name {
                "CONNECTION_NOT_INITED" | "CONNECTION_LAYER_INVALID" => {
                    self.session.is_initialised = false;
                    self.sent_in_vain(call, error.code, false);
                    return;
                }
                // What it was to wait for is waited for here, or is done.
                "MSG_WAIT_FAILED" | "MSG_WAIT_TIMEOUT" => {
                    self.sent_in_vain(call, error.code, true);
                    return;
                }
                NOT_BOUND if self.forward_secrecy() => {
                    self.sent_in_vain(call, error.code, false);
                    if let Some(temporary) = &mut self.keys.temporary {
                        temporary.is_bound = false;
                    }
                    self.requests.push(Request::Bind);
                    return;
                }
                _ => {}
            }
        }
        let Some(entry) = self.calls.remove(call) else { return };
        // An answer to a former message, or from a memory that is gone, says nothing of this one.
        let wrapped = entry.state != State::Queued
            && entry.message.is_some_and(|sent| {
                sent.msg_id == req_msg_id && sent.prefix.starts_with(&self.init)
            });
        self.session.is_initialised |= wrapped;
        let result = match error {
            Some(error) => Err(error),
            None => Ok(object.into_owned()),
        };
        let maybe_repeated = entry.maybe_repeated;
        self.events.push_back(Event::Answer { call, result, maybe_repeated });
    }

    fn request_answered(
        &mut self,
        request: Request,
        req_msg_id: i64,
        result: &[u8],
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Lost> {
        match request {
            Request::Bind => {
                let error = rpc_error(result).map_err(Fault::from)?;
                self.bound(error.map_or(Ok(()), Err), now, rng)
            }
            // The call is over here, whatever the server has made of it.
            Request::DropAnswer(_) | Request::DestroySession(_) => Ok(()),
            Request::DestroyKey => {
                let id = Cursor::new(result).constructor_id().map_err(Fault::from)?;
                self.requests.sent(req_msg_id, request);
                self.key_destroyed(id, now, rng)
            }
            // Answered otherwise; by an error at most, and asked again when it is due.
            Request::Ping | Request::FutureSalts | Request::States { .. } => Ok(()),
        }
    }
}

/// The error, if the answer is one.
fn rpc_error(object: &[u8]) -> Result<Option<RpcError>, layer_tl_types::Error> {
    if !object.starts_with(&types::RpcError::CONSTRUCTOR_ID.to_le_bytes()) {
        return Ok(None);
    }
    let enums::RpcError::Error(error) = enums::RpcError::from_bytes(object)?;
    Ok(Some(RpcError { code: error.error_code, name: error.error_message }))
}
