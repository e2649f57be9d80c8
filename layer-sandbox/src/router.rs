//! From a query to what answers it: wrappers are taken off, then the constructor id chooses the handler.

use std::time::Duration;

use layer_tl_types::{Cursor, Deserializable, Identifiable, RawObject, functions, types};
use layer_wire::gzip;
use layer_wire::message::GZIP_PACKED;

use crate::keys::ClientInfo;
use crate::methods::{self, Access, Method};
use crate::world::User;
use crate::{Now, World};

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The authorization key of the connection.
    pub key_id: i64,
    /// The client's session.
    pub session_id: i64,
    /// The message that holds the query.
    pub msg_id: i64,
    /// The data centre that was dialled: its id, plus 10000 for test.
    pub dc: i32,
    /// When the query came.
    pub now: Now,
    /// The permanent key that [`Caller::key_id`] is bound to, or itself: to it logins belong.
    pub login_key: i64,
    /// The layer that the client speaks, if it told.
    pub layer: Option<i32>,
    /// Who is logged in under the key.
    pub user: Option<i64>,
}

impl Caller {
    /// Who asks by this key, in this session, at data centre `dc`. Who is logged in under it is for
    /// the world to say, when it runs the query.
    pub fn new(key_id: i64, session_id: i64, dc: i32, now: Now) -> Self {
        let (login_key, layer, user) = (key_id, None, None);
        Self { key_id, session_id, msg_id: 0, dc, now, login_key, layer, user }
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// 401 if nobody is.
    pub fn user(&self) -> Result<i64, RpcError> {
        self.user.ok_or_else(|| RpcError::new(401, "AUTH_KEY_UNREGISTERED"))
    }
}

/// How a query is answered. It has been executed by then, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// At once. The bytes are those of the answer's boxed object: whole words.
    Now(Result<Vec<u8>, RpcError>),
    /// So long after the query has come, through whatever connection the session uses then.
    After(Duration, Result<Vec<u8>, RpcError>),
}

/// An error that a query is answered with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {name}")]
pub struct RpcError {
    /// As HTTP would have it.
    pub code: i32,
    /// In capitals.
    pub name: String,
}

impl RpcError {
    /// An error of this code and name.
    pub fn new(code: i32, name: impl Into<String>) -> Self {
        Self { code, name: name.into() }
    }

    /// The query's arguments can't be read.
    pub fn unreadable() -> Self {
        Self::new(400, "INPUT_FETCH_ERROR")
    }
}

impl From<RpcError> for types::RpcError {
    fn from(error: RpcError) -> Self {
        Self { error_code: error.code, error_message: error.name }
    }
}

/// A query without its wrappers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwrapped {
    /// The query, its constructor id first.
    pub query: Vec<u8>,
    /// As `invokeWithLayer` names it.
    pub layer: Option<i32>,
    /// What an `initConnection` around it tells.
    pub init: Option<ClientInfo>,
    /// What it waits for, by `invokeAfterMsg` and `invokeAfterMsgs`.
    pub after: Vec<i64>,
    /// It was inside an `invokeWithoutUpdates`.
    pub without_updates: bool,
}

/// More wrappers than any client puts around one query.
const MOST_WRAPPERS: usize = 16;
/// More messages than any client lets one query wait for.
const MOST_AFTER: usize = 256;

/// So many characters are remembered of what a client tells about itself.
const LONGEST_NAME: usize = 128;

/// What a packed object that is refused counts for: as much as is unpacked of a small one before its
/// ratio tells against it.
const COST_OF_REFUSED: usize = 1 << 20;

/// Unpacks the data of a `gzip_packed`. `room` is how many bytes may come out, and what is left of it.
///
/// # Errors
/// If the data are damaged, or more would come out.
pub fn unpack(data: &[u8], room: &mut usize) -> Result<Vec<u8>, RpcError> {
    match gzip::unpack(data, *room) {
        Ok(object) => {
            *room -= object.len();
            Ok(object)
        }
        Err(_) => {
            // It may have been inflated so far before it was refused.
            *room = room.saturating_sub(COST_OF_REFUSED);
            Err(RpcError::unreadable())
        }
    }
}

/// Takes off `invokeWithLayer`, `initConnection` and the other wrappers, in any order, and unpacks what is
/// packed inside them. `room` is as for [`unpack`].
///
/// Nothing is made of what some of them say.
///
/// # Errors
/// If a wrapper can't be read, or there are too many.
pub fn unwrap(query: &[u8], room: &mut usize) -> Result<Unwrapped, RpcError> {
    let (mut layer, mut init, mut after) = (None, None, Vec::new());
    let mut without_updates = false;
    let mut rest = RawObject(query.to_vec());
    for _ in 0..MOST_WRAPPERS {
        let mut cursor = Cursor::new(&rest.0);
        let id = cursor.constructor_id().map_err(|_| RpcError::unreadable())?;
        macro_rules! inner {
            ($function:ident) => {{
                let wrapper = functions::$function::<RawObject>::deserialize(&mut cursor);
                wrapper.map_err(|_| RpcError::unreadable())?
            }};
        }
        rest = match id {
            functions::InvokeWithLayer::<RawObject>::CONSTRUCTOR_ID => {
                let wrapper = inner!(InvokeWithLayer);
                layer = Some(wrapper.layer);
                wrapper.query
            }
            functions::InitConnection::<RawObject>::CONSTRUCTOR_ID => {
                let wrapper = inner!(InitConnection);
                // It is remembered with the key, so it is not to be long.
                let short = |text: String| text.chars().take(LONGEST_NAME).collect();
                init = Some(ClientInfo {
                    api_id: wrapper.api_id,
                    device_model: short(wrapper.device_model),
                    system_version: short(wrapper.system_version),
                    app_version: short(wrapper.app_version),
                    system_lang_code: short(wrapper.system_lang_code),
                    lang_pack: short(wrapper.lang_pack),
                    lang_code: short(wrapper.lang_code),
                });
                wrapper.query
            }
            functions::InvokeAfterMsg::<RawObject>::CONSTRUCTOR_ID => {
                let wrapper = inner!(InvokeAfterMsg);
                after.push(wrapper.msg_id);
                wrapper.query
            }
            functions::InvokeAfterMsgs::<RawObject>::CONSTRUCTOR_ID => {
                let wrapper = inner!(InvokeAfterMsgs);
                after.extend(wrapper.msg_ids);
                wrapper.query
            }
            GZIP_PACKED => {
                let data = cursor.byte_string().map_err(|_| RpcError::unreadable())?;
                RawObject(unpack(data, room)?)
            }
            functions::InvokeWithoutUpdates::<RawObject>::CONSTRUCTOR_ID => {
                without_updates = true;
                inner!(InvokeWithoutUpdates).query
            }
            functions::InvokeWithTakeout::<RawObject>::CONSTRUCTOR_ID => {
                inner!(InvokeWithTakeout).query
            }
            functions::InvokeWithMessagesRange::<RawObject>::CONSTRUCTOR_ID => {
                inner!(InvokeWithMessagesRange).query
            }
            functions::InvokeWithBusinessConnection::<RawObject>::CONSTRUCTOR_ID => {
                inner!(InvokeWithBusinessConnection).query
            }
            functions::InvokeWithApnsSecret::<RawObject>::CONSTRUCTOR_ID => {
                inner!(InvokeWithApnsSecret).query
            }
            functions::InvokeWithGooglePlayIntegrity::<RawObject>::CONSTRUCTOR_ID => {
                inner!(InvokeWithGooglePlayIntegrity).query
            }
            functions::InvokeWithReCaptcha::<RawObject>::CONSTRUCTOR_ID => {
                inner!(InvokeWithReCaptcha).query
            }
            _ => {
                let query = rest.0;
                return Ok(Unwrapped { query, layer, init, after, without_updates });
            }
        };
        if after.len() > MOST_AFTER {
            break;
        }
    }
    Err(RpcError::new(400, "INPUT_REQUEST_TOO_LONG"))
}

/// Whether a temporary key that is not bound yet may ask this.
pub fn is_for_anybody(query: &[u8]) -> bool {
    let id = Cursor::new(query).constructor_id();
    matches!(
        id,
        Ok(functions::help::GetConfig::CONSTRUCTOR_ID
            | functions::help::GetNearestDc::CONSTRUCTOR_ID)
    )
}

/// Runs an unwrapped query. The bytes are those of the answer's boxed object.
///
/// # Errors
/// What the handler refuses; 401 where a login is wanted and there is none; 400 for what is unknown or can't
/// be read, so that no client asks again.
pub fn call(world: &mut World, caller: &Caller, query: &[u8]) -> Result<Vec<u8>, RpcError> {
    let mut cursor = Cursor::new(query);
    let id = cursor.constructor_id().map_err(|_| RpcError::unreadable())?;
    let method = methods::find(id)
        .ok_or_else(|| RpcError::new(400, format!("INPUT_METHOD_INVALID_{id}")))?;
    if world.is_at_cdn(caller) && id != functions::upload::GetCdnFile::CONSTRUCTOR_ID {
        return Err(RpcError::new(400, "CDN_METHOD_INVALID"));
    }
    if method.access != Access::Anyone {
        admit(world, caller, method)?;
    }
    let answer = (method.run)(world, caller, cursor);
    if id == functions::messages::SendMessage::CONSTRUCTOR_ID && world.faults.cut_when_sent > 0 {
        world.faults.cut_when_sent -= 1;
        world.faults.cut_now = true;
    }
    answer
}

/// Whether who asks may ask this, and here.
fn admit(world: &World, caller: &Caller, method: &Method) -> Result<(), RpcError> {
    let user = caller.user.ok_or_else(|| world.why_nobody(caller))?;
    let is_bot = world.accounts.is_bot(user);
    match method.access {
        Access::User if is_bot => return Err(RpcError::new(400, "BOT_METHOD_INVALID")),
        Access::Bot if !is_bot => return Err(RpcError::new(400, "USER_BOT_REQUIRED")),
        _ => {}
    }
    let is_guest = world.accounts.login(caller.login_key).is_some_and(|login| login.imported);
    match world.accounts.get(user) {
        Some(User { dc, .. }) if is_guest && !method.is_for_guests() => {
            Err(RpcError::new(303, format!("USER_MIGRATE_{dc}")))
        }
        _ => Ok(()),
    }
}
