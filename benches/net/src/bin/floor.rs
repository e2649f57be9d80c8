//! No client at all: a loop that numbers, seals, frames and sends one call after the other, and takes
//! each answer out of its frame, opens and finds it. What clients can hardly go below.
#![forbid(unsafe_code)]

use std::time::SystemTime;

use layer_client::tl::{self, Serializable, functions};
use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side, sealed_len};
use layer_net_benches::{Meter, Result, Task};
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind};
use layer_wire::message::{Content, Message};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `bad_server_salt`, whose last field is the right one.
const BAD_SERVER_SALT: u32 = 0xedab_447b;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let task = Task::read()?;
    if (task.scenario.as_str(), task.width) != ("calls", 1) {
        return Err("no such scenario".into());
    }
    let mut stream = TcpStream::connect(task.address).await?;
    stream.set_nodelay(true)?;
    let mut talk = Talk::new(&task);
    let mut received = vec![0; 1 << 16];
    let hello = functions::InvokeWithLayer { layer: tl::LAYER, query: hello() }.to_bytes();
    // The first is refused for its salt.
    while !talk.call(&hello, &mut stream, &mut received).await? {}
    let call = functions::help::GetNearestDc {}.to_bytes();
    let meter = Meter::start();
    for _ in 0..task.count {
        if !talk.call(&call, &mut stream, &mut received).await? {
            return Err("refused".into());
        }
    }
    meter.report("calls", task.count);
    Ok(())
}

fn hello() -> functions::InitConnection<functions::help::GetNearestDc> {
    let text = || "floor".to_owned();
    functions::InitConnection {
        api_id: 1,
        device_model: text(),
        system_version: text(),
        app_version: text(),
        system_lang_code: text(),
        lang_pack: String::new(),
        lang_code: text(),
        proxy: None,
        params: None,
        query: functions::help::GetNearestDc {},
    }
}

/// What a session is at the least.
struct Talk {
    key: AuthKey,
    encoder: Encoder,
    decoder: Decoder,
    rng: ChaCha20Rng,
    header: Header,
    out: Vec<u8>,
}

impl Talk {
    fn new(task: &Task) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(std::process::id().into());
        let (encoder, decoder) = FramingKind::Abridged.client(&mut rng);
        let header = Header { session_id: rng.next_u64() as i64, seq_no: 1, ..Header::default() };
        let key = AuthKey::from_bytes(&task.auth_key);
        Self { key, encoder, decoder, rng, header, out: Vec::new() }
    }

    /// Makes a call. Returns whether it was answered, and not refused for its salt.
    async fn call(
        &mut self,
        body: &[u8],
        stream: &mut TcpStream,
        received: &mut [u8],
    ) -> Result<bool> {
        self.write(body)?;
        stream.write_all(&self.out).await?;
        loop {
            let len = stream.read(received).await?;
            let bytes = received.get(..len).unwrap_or_default();
            if bytes.is_empty() {
                return Err("the server has gone".into());
            }
            if let Some(answered) = self.read(bytes)? {
                return Ok(answered);
            }
        }
    }

    fn write(&mut self, body: &[u8]) -> Result<()> {
        let now = SystemTime::UNIX_EPOCH.elapsed()?;
        let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
        let moment = (now.as_secs() << 32 | fraction & !3) as i64;
        self.header.msg_id = moment.max(self.header.msg_id + 4);
        self.out.clear();
        let len = sealed_len(body.len(), Padding::Minimal);
        let frame = self.encoder.begin(len, false, &mut self.rng, &mut self.out)?;
        let draft = Draft::begin(&mut self.out, &self.header);
        self.out.extend_from_slice(body);
        draft.finish(&mut self.out, Padding::Minimal, &mut self.rng)?;
        let packet = self.encoder.end(frame, &mut self.out)?;
        let packet = self.out.get_mut(packet).ok_or("no packet")?;
        envelope::seal(&self.key, Side::Client, packet)?;
        self.encoder.finish(&mut self.out);
        self.header.seq_no += 2;
        Ok(())
    }

    fn read(&mut self, bytes: &[u8]) -> Result<Option<bool>> {
        let (mut answered, header) = (None, &mut self.header);
        self.decoder.feed(bytes);
        for frame in self.decoder.frames() {
            let Frame::Packet { bytes, .. } = frame? else { continue };
            let opened = envelope::open(&self.key, Side::Server, bytes)?;
            let mut take = |content: Content<'_>| match content {
                Content::RpcResult { req_msg_id, result } if req_msg_id == header.msg_id => {
                    answered = Some(!result.to_vec().is_empty());
                }
                Content::Object { id: BAD_SERVER_SALT, bytes } => {
                    let salt = bytes.last_chunk().copied().unwrap_or_default();
                    header.salt = i64::from_le_bytes(salt);
                    answered = Some(false);
                }
                _ => {}
            };
            match Content::read(opened.body_of(bytes))? {
                Content::Container(messages) => {
                    for Message { body, .. } in messages {
                        take(Content::read_inner(body)?);
                    }
                }
                content => take(content),
            }
        }
        Ok(answered)
    }
}
