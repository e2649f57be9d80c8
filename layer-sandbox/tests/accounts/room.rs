//! A world with a few people in it, and what it is asked.

use std::time::Duration;

use layer_sandbox::{Caller, Now, RpcError, Settings, World};
use layer_tl_types::{RemoteCall, enums, types};

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
