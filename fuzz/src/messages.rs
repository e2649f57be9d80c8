//! What lies in a packet: plain messages, containers, copies, `rpc_result`, packed objects.
//!
//! What is read is written again and must be the same; what unpacks stays within its limit.

use layer_wire::gzip::{self, GzipError, MAX_UNPACKED};
use layer_wire::message::{
    Content, GZIP_PACKED, MAX_MESSAGES, MSG_CONTAINER, MSG_COPY, Message, MessageError,
    PlainMessage, container_len, write_container, write_rpc_result,
};

use crate::{Input, Seeds, memory, show_error};

/// A mebibyte may come out of anything, then 256 times what goes in; while it grows there are two of it.
fn heap(len: usize) -> usize {
    (1 << 20) + 3 * (256 * len).max(1 << 20)
}

/// One of five things is done with the input.
pub fn run(input: &[u8]) {
    memory::within(heap(input.len()), || {
        let mut input = Input::new(input);
        match input.below(5) {
            0 => plain(input.rest()),
            1 => receive(input.rest()),
            2 => pack(input.rest()),
            3 => unpack(&mut input),
            _ => write(&mut input),
        }
    });
}

fn plain(packet: &[u8]) {
    match PlainMessage::read(packet) {
        Ok(message) => {
            let mut written = Vec::new();
            message.write(&mut written);
            assert_eq!(written, packet);
            assert_eq!(written.len(), message.packet_len());
        }
        Err(error) => show_error(&error),
    }
}

/// As a receiver does: one packed object may stand at each place, containers at the outermost only.
fn receive(body: &[u8]) {
    content(body, |body| Content::read(body));
}

type Read = for<'a> fn(&'a [u8]) -> Result<Content<'a>, MessageError>;

fn content(body: &[u8], read: Read) {
    let content = match read(body) {
        Ok(content) => content,
        Err(error) => return show_error(&error),
    };
    let mut written = Vec::new();
    match content {
        Content::Container(messages) => {
            let count = messages.len();
            assert_eq!(messages.clone().count(), count);
            assert_eq!(container_len(messages.clone().map(|m| m.body.len())), body.len());
            if count <= MAX_MESSAGES {
                write_container(messages.clone(), &mut written).expect("as it was read");
                assert_eq!(written, body);
            }
            messages.for_each(|message| content_of(message));
        }
        Content::Copy(message) => {
            assert_eq!(copy(message), body);
            content_of(message);
        }
        Content::RpcResult { req_msg_id, result } => {
            write_rpc_result(req_msg_id, result, &mut written);
            assert_eq!(written, body);
            match gzip::unpack_object(result, MAX_UNPACKED) {
                Ok(object) => assert!(!object.starts_with(&GZIP_PACKED.to_le_bytes())),
                Err(error) => show_error(&error),
            }
        }
        Content::Packed(data) => match gzip::unpack(data, MAX_UNPACKED) {
            // It can't be packed again, so this ends here.
            Ok(object) => self::content(&object, read),
            Err(error) => show_error(&error),
        },
        Content::Object { id, bytes } => {
            assert_eq!(bytes, body);
            assert!(body.starts_with(&id.to_le_bytes()));
            assert!(![MSG_CONTAINER, MSG_COPY, GZIP_PACKED].contains(&id));
        }
    }
}

fn content_of(message: Message<'_>) {
    content(message.body, |body| Content::read_inner(body));
}

/// Nobody sends these, so the library writes none.
fn copy(message: Message<'_>) -> Vec<u8> {
    let Message { msg_id, seq_no, body } = message;
    let len = body.len() as u32;
    [
        &MSG_COPY.to_le_bytes()[..],
        &msg_id.to_le_bytes(),
        &seq_no.to_le_bytes(),
        &len.to_le_bytes(),
        body,
    ]
    .concat()
}

fn pack(object: &[u8]) {
    let Some(packed) = gzip::pack(object) else { return };
    assert!(packed.len() < object.len());
    match gzip::unpack_object(&packed, MAX_UNPACKED) {
        Ok(unpacked) => assert_eq!(unpacked, object),
        Err(GzipError::Nested) => assert!(object.starts_with(&GZIP_PACKED.to_le_bytes())),
        // Only what packs far too well.
        Err(error) => assert!(object.len() > 1 << 20, "{error}"),
    }
}

/// Deflated data behind a header that fits, or not.
fn unpack(input: &mut Input<'_>) {
    let limit = if input.flag() { input.word() } else { MAX_UNPACKED };
    let header: &[u8] = match input.below(3) {
        0 => &[],
        1 => &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
        _ => &[0x78, 0x9c],
    };
    match gzip::unpack(&[header, input.rest()].concat(), limit) {
        Ok(object) => assert!(object.len() <= limit),
        Err(error) => show_error(&error),
    }
}

/// Messages of the input's own are written, or refused without a trace.
fn write(input: &mut Input<'_>) {
    let mut messages = Vec::new();
    while !input.is_empty() {
        let (msg_id, seq_no) = (input.long(), input.int());
        messages.push(Message { msg_id, seq_no, body: input.piece() });
    }
    let mut out = vec![1, 2, 3];
    match write_container(messages.iter().copied(), &mut out) {
        Ok(()) => {
            let Ok(Content::Container(container)) = Content::read(&out[3..]) else {
                panic!("a container was written: {out:02x?}")
            };
            assert!(container.eq(messages.iter().copied()));
        }
        Err(error) => {
            assert_eq!(out, [1, 2, 3]);
            show_error(&error);
        }
    }
}

/// One of each kind.
pub fn seeds() -> Seeds {
    let text = "message peer date ".repeat(20);
    let packed = gzip::pack(text.as_bytes()).expect("smaller");
    let message = |body| Message { msg_id: 1 << 40, seq_no: 1, body };
    let mut container = Vec::new();
    let bodies = [&b"ping"[..], &packed, b"pingpong"];
    write_container(bodies.map(message).into_iter(), &mut container).expect("whole words");
    let copy = copy(message(b"ping"));
    let (mut result, mut packed_result) = (Vec::new(), Vec::new());
    write_rpc_result(7, b"ping", &mut result);
    write_rpc_result(7, &packed, &mut packed_result);
    let packed_container = gzip::pack(&container.repeat(9)).expect("smaller");
    let mut plain = Vec::new();
    PlainMessage { msg_id: 5, body: b"ping" }.write(&mut plain);

    let mut seeds: Seeds = [container, copy, result, packed_result, packed_container, packed]
        .into_iter()
        .map(|body| [vec![1], body].concat())
        .collect();
    seeds.push([vec![0], plain].concat());
    seeds.push([vec![2], text.into_bytes()].concat());
    // By zlib.compress(b"layer" * 4), without header.
    let deflated = [0xcb, 0x49, 0xac, 0x4c, 0x2d, 0xca, 0x41, 0x25, 0, 0x58, 0x96, 8, 0x75];
    seeds.push([&[3, 0, 2][..], &deflated].concat());
    seeds.push([&[3, 0, 1][..], &deflated].concat());
    seeds.push([&[4][..], &[0; 12], &[4, 0], b"ping", &[1; 12], &[8, 0], b"pingpong"].concat());
    seeds
}
