//! What a packet says, for the story. Whoever tells it knows the server's keys.

use layer_crypto::envelope::{self, Side};
use layer_mtproto::wire::gzip;
use layer_mtproto::wire::message::{Content, Message, PlainMessage};
use layer_sandbox::keys::Keys;
use layer_tl_types::{Cursor, Deserializable, enums, functions, name_for_id};

use crate::call;
use crate::frames::Towards;
use crate::story::size;

/// What a packet says, on one line.
pub fn read(packet: &[u8], towards: Towards, keys: &Keys, unix: i64) -> String {
    if packet.len() < 20 {
        let code = packet.first_chunk().map(|code| i32::from_le_bytes(*code));
        return format!("{} bytes: {code:?}", packet.len());
    }
    let key_id = envelope::key_id(packet).unwrap_or_default();
    if key_id == 0 {
        // Behind its own length a packet may have a tail.
        let len =
            packet.get(16..20).map_or(0, |len| usize::from(len[0]) | usize::from(len[1]) << 8);
        let packet = packet.get(..20 + len).unwrap_or(packet);
        return PlainMessage::read(packet).map_or_else(
            |error| format!("plain: {error}"),
            |message| format!("plain {}", name(message.body)),
        );
    }
    let Some(known) = keys.get(key_id, unix) else {
        return format!("{} under a key that is not known", size(packet.len()));
    };
    let mut packet = packet[..envelope::without_tail(packet.len())].to_vec();
    let side = match towards {
        Towards::Server => Side::Client,
        Towards::Client => Side::Server,
    };
    let opened = match envelope::open(&known.key, side, &mut packet) {
        Ok(opened) => opened,
        Err(error) => return format!("{}: {error}", size(packet.len())),
    };
    let header = opened.header;
    let body = opened.body_of(&packet);
    let message = Message { msg_id: header.msg_id, seq_no: header.seq_no, body };
    let session = header.session_id as u16;
    let temporary = if known.temporary.is_some() { " temporary key" } else { "" };
    format!("{} [session {session:04x}{temporary}]", describe(message))
}

fn describe(message: Message<'_>) -> String {
    let id = short(message.msg_id);
    let seq = message.seq_no;
    match Content::read(message.body) {
        Ok(Content::Container(inner)) => {
            let inner: Vec<String> = inner.map(describe).collect();
            format!("{id}: ({})", inner.join(", "))
        }
        Ok(content) => format!("{id}/{seq} {}", object(content)),
        Err(error) => format!("{id}/{seq}: {error}"),
    }
}

fn object(content: Content<'_>) -> String {
    match content {
        Content::Container(_) => "container".to_owned(),
        Content::Copy(message) => format!("copy of {}", short(message.msg_id)),
        Content::RpcResult { req_msg_id, result } => {
            format!("to {}: {}", short(req_msg_id), name(result))
        }
        Content::Packed(data) => match gzip::unpack(data, 16 << 20) {
            Ok(object) => format!("packed {}", name(&object)),
            Err(error) => format!("packed: {error}"),
        },
        Content::Object { bytes, .. } => name(bytes),
    }
}

/// The constructor's name; what tells of other messages with their numbers.
fn name(object: &[u8]) -> String {
    if let Some(told) = call::describe(object) {
        return told;
    }
    if let Ok(content @ (Content::Packed(_) | Content::RpcResult { .. })) = Content::read(object) {
        return self::object(content);
    }
    let ids = |ids: &[i64]| ids.iter().map(|id| short(*id)).collect::<Vec<_>>().join(" ");
    if let Ok(enums::MsgsAck::Ack(ack)) = Deserializable::from_bytes(object) {
        return format!("ack {}", ids(&ack.msg_ids));
    }
    if let Ok(enums::MsgsStateReq::Req(asked)) = Deserializable::from_bytes(object) {
        return format!("states of {}?", ids(&asked.msg_ids));
    }
    if let Ok(enums::MsgsStateInfo::Info(told)) = Deserializable::from_bytes(object) {
        return format!("states for {}: {:02x?}", short(told.req_msg_id), told.info);
    }
    if let Ok(bad) = enums::BadMsgNotification::from_bytes(object) {
        return match bad {
            enums::BadMsgNotification::Notification(bad) => {
                format!("bad message {}: {}", short(bad.bad_msg_id), bad.error_code)
            }
            enums::BadMsgNotification::BadServerSalt(bad) => {
                format!("bad salt in {}", short(bad.bad_msg_id))
            }
        };
    }
    if let Ok(enums::NewSession::Created(created)) = Deserializable::from_bytes(object) {
        return format!("new session, first {}", short(created.first_msg_id));
    }
    let Ok(id) = Cursor::new(object).constructor_id() else { return "nothing".to_owned() };
    let name = name_for_id(id).map_or_else(|| format!("{id:08x}"), str::to_owned);
    match wrapped(object) {
        Some(query) => format!("{name}({})", self::name(&query)),
        None => name,
    }
}

/// The query inside a wrapper.
fn wrapped(object: &[u8]) -> Option<Vec<u8>> {
    use layer_tl_types::{Identifiable, RawObject};
    let mut cursor = Cursor::new(object);
    macro_rules! inner {
        ($($function:ident)*) => {
            match cursor.constructor_id().ok()? {
                $(functions::$function::<RawObject>::CONSTRUCTOR_ID => {
                    functions::$function::<RawObject>::deserialize(&mut cursor).ok()?.query.0
                })*
                _ => return None,
            }
        };
    }
    Some(inner!(InvokeWithLayer InitConnection InvokeAfterMsg InvokeAfterMsgs))
}

/// Enough of an identifier to know it again within a story: seconds and fraction.
fn short(msg_id: i64) -> String {
    format!("{:x}.{:x}", msg_id >> 32 & 0xfffff, msg_id as u32)
}
