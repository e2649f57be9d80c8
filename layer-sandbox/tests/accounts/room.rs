//! A world with a few people in it, and what it is asked.

use std::time::Duration;

use layer_sandbox::exchange::Agreed;
use layer_sandbox::{Caller, Now, RpcError, Settings, World};
use layer_tl_types::{RemoteCall, enums, functions, types};

/// A data centre, as the world's settings have it.
pub(crate) const DC: i32 = 2;
/// When all happens.
pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) const ALICE: &str = "+49 151 0000001";
pub(crate) const BOB: &str = "+49 151 0000002";

pub(crate) struct Room {
    pub(crate) world: World,
    pub(crate) now: Now,
    pub(crate) alice: i64,
    pub(crate) bob: i64,
    pub(crate) bot: i64,
}

/// Keys under which they are logged in.
pub(crate) const ALICES: i64 = 1;
pub(crate) const BOBS: i64 = 2;
pub(crate) const BOTS: i64 = 3;
/// A key under which nobody is.
pub(crate) const NOBODYS: i64 = 4;

impl Room {
    pub(crate) fn new() -> Self {
        let mut world = World::new(Settings::default());
        let alice = world.add_user("Alice Liddell", ALICE);
        let bob = world.add_user("Bob", BOB);
        let (bot, _) = world.add_bot("Robot", "robot_bot");
        world.log_in(ALICES, alice);
        world.log_in(BOBS, bob);
        world.log_in(BOTS, bot);
        let wall = Duration::from_secs(NOW);
        let now = Now { wall, monotonic: Duration::from_secs(1000) };
        Self { world, now, alice, bob, bot }
    }

    /// Asks under a key.
    pub(crate) fn ask<Q: RemoteCall>(
        &mut self,
        key: i64,
        query: &Q,
    ) -> Result<Q::Return, RpcError> {
        self.world.invoke(&Caller::new(key, key, DC, self.now), query)
    }

    /// The error that a query under a key is answered with, `400 NAME`.
    pub(crate) fn refused<Q: RemoteCall>(&mut self, key: i64, query: &Q) -> String {
        match self.ask(key, query) {
            Ok(_) => "answered".into(),
            Err(error) => error.to_string(),
        }
    }

    /// How one who is asked for by id is named by a viewer who knows it.
    pub(crate) fn named(&self, viewer: i64, user_id: i64) -> enums::InputUser {
        let access_hash = self.world.accounts.access_hash(viewer, user_id);
        types::InputUser { user_id, access_hash }.into()
    }
}

/// What is known of a user that is there.
pub(crate) fn seen(user: enums::User) -> types::User {
    match user {
        enums::User::User(user) => *user,
        enums::User::Empty(empty) => panic!("{} is not there", empty.id),
    }
}

/// The number of somebody who has no account yet.
pub(crate) const NEW: &str = "+49 151 0000009";

/// `auth.sendCode` for a number.
pub(crate) fn send_code(phone: &str) -> functions::auth::SendCode {
    functions::auth::SendCode {
        phone_number: phone.to_owned(),
        api_id: 12345,
        api_hash: "abc123".to_owned(),
        settings: types::CodeSettings::default().into(),
    }
}

/// A code that was sent.
pub(crate) fn sent(code: enums::auth::SentCode) -> types::auth::SentCode {
    match code {
        enums::auth::SentCode::Code(sent) => *sent,
        other => panic!("{other:?}"),
    }
}

/// `auth.signIn` with a code.
pub(crate) fn sign_in(phone: &str, hash: &str, code: &str) -> functions::auth::SignIn {
    let (phone, hash) = (phone.to_owned(), hash.to_owned());
    let phone_code = Some(code.to_owned());
    functions::auth::SignIn { phone_code, ..functions::auth::SignIn::new(phone, hash) }
}

/// Who has logged in.
pub(crate) fn logged_in(answer: enums::auth::Authorization) -> i64 {
    match answer {
        enums::auth::Authorization::Authorization(authorization) => seen(authorization.user).id,
        other => panic!("{other:?}"),
    }
}

impl Room {
    /// Asks for a code under a key; its hash.
    pub(crate) fn code_hash(&mut self, key: i64, phone: &str) -> String {
        sent(self.ask(key, &send_code(phone)).unwrap()).phone_code_hash
    }

    /// Logs in with the code that is sent; who that is, or the error.
    pub(crate) fn log_in_by_code(&mut self, key: i64, phone: &str) -> Result<i64, RpcError> {
        let hash = self.code_hash(key, phone);
        let code = self.world.code_for(phone).unwrap();
        self.ask(key, &sign_in(phone, &hash, &code)).map(logged_in)
    }

    /// Whether somebody is logged in under a key, or what it is told.
    pub(crate) fn whoami(&mut self, key: i64) -> Result<i64, String> {
        let query = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
        let answer = self.ask(key, &query).map_err(|error| error.to_string());
        answer.map(|mut users| seen(users.remove(0)).id)
    }

    /// Lets seconds pass.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now.wall += Duration::from_secs(seconds);
        self.now.monotonic += Duration::from_secs(seconds);
    }

    /// A key that was agreed with a data centre; its id.
    pub(crate) fn key_of(&mut self, seed: u8, dc: i32) -> i64 {
        let key = layer_crypto::AuthKey::from_bytes(&std::array::from_fn(|at| seed ^ at as u8));
        let id = key.id();
        let agreed = Agreed { key, salt: 1, dc: Some(dc), expires_at: None };
        self.world.keys.insert(agreed, self.now.unix()).unwrap();
        id
    }

    /// Asks under a key at a data centre.
    pub(crate) fn ask_at<Q: RemoteCall>(
        &mut self,
        (key, dc): (i64, i32),
        query: &Q,
    ) -> Result<Q::Return, RpcError> {
        self.world.invoke(&Caller::new(key, key, dc, self.now), query)
    }
}
