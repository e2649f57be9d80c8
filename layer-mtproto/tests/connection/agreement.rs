//! The server's half of key agreement, so that the client gets keys of its own.

use layer_crypto::AuthKey;
use layer_crypto::envelope::v1;
use layer_mtproto::wire::message::PlainMessage;
use layer_sandbox::exchange::{Agreed, Exchange, Terms};
use layer_sandbox::keys::well_known_key;
use layer_tl_types::{Deserializable, Identifiable, enums, functions, types};

use crate::peer::{Peer, Said};

/// What a client asks for by the message that binds a temporary key.
pub(crate) struct Binding {
    pub(crate) said: Said,
    pub(crate) request: functions::auth::BindTempAuthKey,
    pub(crate) inner: types::BindAuthKeyInner,
    /// The message under the permanent key has this identifier.
    pub(crate) inner_msg_id: i64,
}

impl Peer {
    /// Goes through an exchange that the client has begun, until there is a key.
    pub(crate) fn agree(&mut self) -> Agreed {
        let mut server = Exchange::new(Terms::new(well_known_key()));
        loop {
            self.listen();
            let query = self.plain.pop_front().expect("an exchange under way");
            let answer = server.handle(&query, self.server_time(), &mut self.rng).unwrap();
            if let Some(agreed) = &answer.agreed {
                self.keys.push(agreed.key.clone());
            }
            self.say_plain(&answer.body);
            while let Some(work) = self.client.poll_work() {
                let done = work.run(self.now, &mut self.rng);
                self.client.handle_work(done, self.now, &mut self.rng);
            }
            if let Some(agreed) = answer.agreed {
                return agreed;
            }
        }
    }

    /// A plain message.
    pub(crate) fn say_plain(&mut self, body: &[u8]) {
        let msg_id = self.next_msg_id(true);
        let mut packet = Vec::new();
        PlainMessage { msg_id, body }.write(&mut packet);
        self.say_packet(&packet);
    }

    /// Hears the message that binds a temporary key, before and with which nothing else is said.
    pub(crate) fn hear_binding(&mut self, permanent: &AuthKey) -> Binding {
        let said = self.listen();
        let [said] = &said[..] else { panic!("the binding alone: {said:?}") };
        assert_eq!(said.id(), functions::auth::BindTempAuthKey::CONSTRUCTOR_ID);
        assert!(!said.initialises && !said.in_container());
        assert_eq!(said.seq_no % 2, 1, "it is a call");
        let request: functions::auth::BindTempAuthKey = said.read().unwrap();
        let opened = v1::open(permanent, &request.encrypted_message).unwrap();
        let enums::BindAuthKeyInner::Inner(inner) =
            enums::BindAuthKeyInner::from_bytes(&opened.body).unwrap();
        assert_eq!(opened.seq_no, 0);
        Binding { said: said.clone(), request, inner, inner_msg_id: opened.msg_id }
    }

    /// Binds whatever the client wants to have bound.
    pub(crate) fn bind(&mut self, permanent: &AuthKey) -> Binding {
        let binding = self.hear_binding(permanent);
        self.answer(binding.said.msg_id, &TRUE);
        binding
    }
}

/// `boolTrue`.
pub(crate) const TRUE: [u8; 4] = 0x9972_75b5_u32.to_le_bytes();
