//! The faults that are the server's: what it forgets, refuses, and asks.

use crate::fault::Kind;
use crate::link::Link;
use crate::run::Run;

impl Run {
    pub fn trouble_the_server(&mut self, kind: Kind) {
        let Some(caller) = self.server.ledger().caller else { return };
        // What a server without clients forgets is no trouble.
        let link = self.client.link.and_then(|id| self.links.get(&id));
        if !link.is_some_and(Link::is_whole) {
            return;
        }
        match kind {
            // A packet that arrives twice would be taken once and refused once: what is in it would go out anew.
            Kind::SaltStale if !self.copies_are_gone() => {}
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
                // The server refuses it once. One that arrives twice would be taken the second time, and
                // what is in it has gone out anew by then.
                if self.copies_are_gone() {
                    self.links.values_mut().for_each(|link| link.up.may_double = false);
                    self.server.world.faults.refuse_containers = 1;
                }
            }
            Kind::Gzipped => {
                self.server.world.faults.gzip_answers ^= true;
            }
            Kind::DetailedInfo => {
                self.server.world.faults.announce ^= true;
            }
            Kind::StateAsked => self.server.world.faults.ask_states += 1,
            _ => unreachable!("{kind:?} is not the server's"),
        }
    }

    /// The server sends something unasked.
    pub fn push(&mut self) {
        let Some(caller) = self.server.ledger().caller else { return };
        let number = self.script.pushes.len() as u64;
        let words = self.script.dice.any_size(0..=2_000) as u32;
        let object = crate::call::push(number, words);
        if self.server.world.push(caller.key_id, caller.session_id, object) {
            self.script.pushes.push(caller.session_id);
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
    /// can know. So is one that went over two links. So the server forgets only while none is under way.
    fn copies_are_gone(&mut self) -> bool {
        let present = self.client.link;
        self.links.iter_mut().all(|(id, link)| {
            let is_late = Some(*id) != present && link.server.is_some();
            link.up.drop_copies() && !(is_late && link.up.next().is_some())
        })
    }
}
