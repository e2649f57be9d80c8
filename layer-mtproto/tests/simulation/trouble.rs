//! The faults that are the server's: what it forgets, refuses, and asks.

use crate::fault::Kind;
use crate::run::Run;

impl Run {
    pub fn trouble_the_server(&mut self, kind: Kind) {
        let Some(caller) = self.server.ledger().caller else { return };
        match kind {
            Kind::SaltStale => {
                self.server.world.stale_salts(caller.key_id);
                self.story.fault(kind, "server", || "no salt is worth anything any more");
            }
            Kind::Restarted => self.restart(),
            Kind::SessionForgotten => {
                if !self.copies_are_gone() {
                    return;
                }
                let (key, session) = (caller.key_id, caller.session_id);
                if self.server.world.sessions.destroy(key, session) {
                    self.server.lose_memory();
                    self.story.fault(kind, "server", || {
                        format!("forgets session {:04x}", session as u16)
                    });
                }
            }
            Kind::TemporaryForgotten => {
                let unix = self.clock.server().unix();
                let known = self.server.world.keys.get(caller.key_id, unix);
                if known.is_some_and(|known| known.temporary.is_some()) && self.copies_are_gone() {
                    self.server.world.forget_key(caller.key_id);
                    self.server.lose_memory();
                    self.story.fault(kind, "server", || "forgets the temporary key");
                }
            }
            Kind::ContainerRefused => {
                self.server.world.faults.refuse_containers += 1;
            }
            Kind::Gzipped => {
                self.server.world.faults.gzip_answers ^= true;
            }
            Kind::DetailedInfo | Kind::StateAsked => {}
            _ => unreachable!("{kind:?} is not the server's"),
        }
    }

    /// The server sends something unasked.
    pub fn push(&mut self) {
        let Some(caller) = self.server.ledger().caller else { return };
        let number = self.script.pushes;
        let words = self.script.dice.any_size(0..=2_000) as u32;
        let object = crate::call::push(number, words);
        if self.server.world.push(caller.key_id, caller.session_id, object) {
            self.script.pushes += 1;
            self.story.tell("server", || format!("has push {number} for the client"));
        }
    }

    /// The permanent key is forgotten, and so is what hangs on it.
    pub fn forget_permanent_key(&mut self) {
        let Some(key_id) = self.client.permanent_key(&self.clock) else { return };
        self.server.world.forget_key(key_id);
        self.server.lose_memory();
        self.key_forgotten = true;
        self.story.fault(Kind::PermanentForgotten, "server", || "forgets the permanent key");
    }

    fn restart(&mut self) {
        let now = self.clock.at();
        self.server.world.restart();
        self.server.lose_memory();
        let down = self.script.dice.time(0..=10_000);
        self.server.down_until = now + down;
        for link in self.links.values_mut() {
            if link.server.take().is_some() {
                link.lose(now, &mut self.script.dice);
            }
        }
        self.story.fault(Kind::Restarted, "server", || format!("is started again in {down:?}"));
    }

    /// A packet that arrives twice, before and after its session is forgotten, is executed twice, and nobody
    /// can know. So the server forgets only while no such packet is under way.
    fn copies_are_gone(&mut self) -> bool {
        self.links.values_mut().all(|link| link.up.drop_copies())
    }
}
