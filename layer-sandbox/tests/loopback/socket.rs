//! A client on a blocking socket, which speaks in one session and takes time from its caller.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

use layer_crypto::AuthKey;
use layer_crypto::envelope::{self, Draft, Header, Padding, Side};
use layer_crypto::rsa::PublicKey;
use layer_tl_types::{Deserializable, Serializable, enums, functions};
use layer_wire::framing::{Decoder, Encoder, Frame, FramingKind};
use layer_wire::message::{Content, PlainMessage};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::client::{Dialect, Scene};

/// The session that every client speaks in.
pub(crate) const SESSION: i64 = 1;

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) encoder: Encoder,
    decoder: Decoder,
    pub(crate) rng: ChaCha20Rng,
}

/// A key and what a session under it goes on with.
pub(crate) struct Login {
    pub(crate) key: AuthKey,
    pub(crate) salt: i64,
    /// The client's unix time; message ids follow it.
    pub(crate) time: i64,
    messages: i64,
}

impl Login {
    pub(crate) fn new(key: AuthKey, salt: i64, time: i64) -> Self {
        Self { key, salt, time, messages: 0 }
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, kind: &FramingKind) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (encoder, decoder) = kind.client(&mut rng);
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { stream, encoder, decoder, rng }
    }

    pub(crate) fn send(&mut self, packet: &[u8]) {
        let mut bytes = Vec::new();
        self.encoder.encode(packet, false, &mut self.rng, &mut bytes).unwrap();
        self.stream.write_all(&bytes).unwrap();
    }

    pub(crate) fn receive(&mut self) -> Vec<u8> {
        loop {
            if let Some(frame) = self.decoder.frames().next() {
                let Frame::Packet { bytes, .. } = frame.unwrap() else { panic!() };
                return bytes.to_vec();
            }
            let mut bytes = [0; 4096];
            let len = self.stream.read(&mut bytes).unwrap();
            assert_ne!(len, 0, "closed");
            self.decoder.feed(&bytes[..len]);
        }
    }

    pub(crate) fn plain(&mut self, query: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        PlainMessage { msg_id: unix_time() << 32, body: query }.write(&mut packet);
        self.send(&packet);
        PlainMessage::read(&self.receive()).unwrap().body.to_vec()
    }

    /// Agrees a key.
    pub(crate) fn agree(&mut self, public: &PublicKey, time: i64) -> Login {
        self.agree_as(Dialect::default(), public, time)
    }

    /// Agrees a key in some client's way.
    pub(crate) fn agree_as(&mut self, dialect: Dialect, public: &PublicKey, time: i64) -> Login {
        let mut scene = Scene::new(7, dialect);
        scene.public = public.clone();
        let body = self.plain(&scene.req_pq());
        scene.read_res_pq(&body);
        let body = self.plain(&scene.req_dh_params(|_| {}).to_bytes());
        scene.read_dh_params(&body);
        let secret = scene.secret();
        let body = self.plain(&scene.set_client_dh(&secret, 0, |_| {}).to_bytes());
        let agreed = scene.key(&secret);
        scene.read_dh_gen(&body, &agreed.key);
        Login { key: agreed.key, salt: agreed.salt, time, messages: 0 }
    }

    /// Sends one query in the session. Returns its message's id.
    pub(crate) fn ask(&mut self, login: &mut Login, query: &[u8]) -> i64 {
        login.messages += 1;
        let msg_id = (login.time << 32) + login.messages * 4;
        let seq_no = (login.messages * 2 - 1) as i32;
        let header = Header { salt: login.salt, session_id: SESSION, msg_id, seq_no };
        let mut packet = Vec::new();
        let draft = Draft::begin(&mut packet, &header);
        packet.extend_from_slice(query);
        draft.finish(&mut packet, Padding::Minimal, &mut self.rng).unwrap();
        envelope::seal(&login.key, Side::Client, &mut packet).unwrap();
        self.send(&packet);
        msg_id
    }

    /// The bodies of the next packet's messages, one alone or those of a container.
    pub(crate) fn messages(&mut self, login: &Login) -> Vec<Vec<u8>> {
        let mut packet = self.receive();
        packet.truncate(envelope::without_tail(packet.len()));
        let opened = envelope::open(&login.key, Side::Server, &mut packet).unwrap();
        let body = opened.body_of(&packet);
        match Content::read(body).unwrap() {
            Content::Container(inner) => inner.map(|message| message.body.to_vec()).collect(),
            _ => vec![body.to_vec()],
        }
    }

    /// Asks for the config and waits for the answer, whatever comes before.
    pub(crate) fn config(&mut self, login: &mut Login) -> enums::Config {
        let asked = self.ask(login, &functions::help::GetConfig {}.to_bytes());
        enums::Config::from_bytes(&self.answer(login, asked)).unwrap()
    }

    /// Waits for the answer to a query, whatever comes before.
    pub(crate) fn answer(&mut self, login: &Login, asked: i64) -> Vec<u8> {
        loop {
            for message in self.messages(login) {
                if let Content::RpcResult { req_msg_id, result } = Content::read(&message).unwrap()
                    && req_msg_id == asked
                {
                    return result.to_vec();
                }
            }
        }
    }

    /// Reads all that comes until the server closes the connection: whether -404 is the last of it.
    pub(crate) fn is_told_that_its_key_is_unknown(&mut self) -> bool {
        let mut all = Vec::new();
        self.stream.read_to_end(&mut all).unwrap();
        all.ends_with(&(-404_i32).to_le_bytes())
    }

    /// Whether the server has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(len) => len == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

pub(crate) fn unix_time() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    now.as_secs() as i64
}
