//! Updates over several runs of a client from one session, under faults of every kind: whatever is said is
//! heard, in order, in whatever run, and nothing that is known to be there is called lost.
//!
//! `RUNS_SEEDS=0..1000 cargo test --release -p layer-client --lib runs` looks further.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_sandbox::{Caller, Peer, SendOptions};
use layer_tl_types::{enums, functions, types};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::updates::Two;
use crate::net::memory::Fate;
use crate::update::{Update, UpdateStream};
use crate::{Client, Config, ShutdownToken};

/// So many seeds are run with every `cargo test`.
const FEW: Range<u64> = 0..24;
/// How often the client is started.
const RUNS: u32 = 8;
const MOST_PLACES: usize = 5;
/// The key under which Bob speaks.
const BOBS: i64 = 7;

/// What was heard: numbers, by the name of the place in which they were said.
type Heard = BTreeMap<String, BTreeSet<u32>>;

/// How updates are read in a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Each acknowledges the one before it.
    Plain,
    /// Each is acknowledged by hand.
    ByHand,
    /// The same, and some are forgotten: they are to come again in another run.
    Forgetful,
}

struct Story {
    two: Two,
    rng: ChaCha20Rng,
    catch_up: Config,
    /// Where Bob speaks, and how much he has said there.
    places: Vec<(String, Peer, u32)>,
    heard: Arc<Mutex<Heard>>,
}

#[test]
fn whatever_is_said_is_heard_however_often_the_client_is_cut_off_and_started_anew() {
    let asked = std::env::var("RUNS_SEEDS").ok().map(|asked| {
        let (from, to) = asked.split_once("..").expect("such as 0..100");
        from.parse().expect("a number")..to.parse().expect("a number")
    });
    for seed in asked.unwrap_or(FEW) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        let told = runtime.block_on(Story::tell(seed));
        assert_eq!(told, Vec::<String>::new(), "seed {seed}");
    }
}

impl Story {
    /// Gives what was wrong.
    async fn tell(seed: u64) -> Vec<String> {
        let mut story = Self::new(seed).await;
        let mut wrong = Vec::new();
        for run in 0..RUNS {
            let is_last = run + 1 == RUNS;
            if story.dice(2) == 0 {
                story.found();
            }
            let (client, token) = story.start(is_last).await;
            let reading = match story.dice(3) {
                _ if is_last => Reading::ByHand,
                0 => Reading::Plain,
                1 => Reading::ByHand,
                _ => Reading::Forgetful,
            };
            let reader = story.read(client.stream_updates(), reading);
            story.course().await;
            if is_last {
                story.until_all_is_heard().await;
            }
            if !is_last && story.dice(3) == 0 {
                reader.abort();
            }
            drop(client);
            token.cancel();
            token.closed().await;
            if let Ok(told) = reader.await {
                wrong.extend(told.into_iter().map(|it| format!("run {run}: {it}")));
            }
            for _ in 0..story.dice(3) * u32::from(!is_last) {
                let many = story.dice(150);
                story.say(many);
            }
        }
        wrong.extend(story.missing());
        wrong
    }

    /// Alice is logged in, and knows Bob.
    async fn new(seed: u64) -> Self {
        let two = Two::new();
        two.rig.server.world().habits.events = 100_000;
        two.rig.server.world().log_in(BOBS, two.bob);
        let update_queue = if seed.is_multiple_of(2) { 1024 } else { 8 };
        let catch_up = Config { catch_up: true, update_queue, ..two.rig.config() };
        let (client, token) = two.client(two.rig.config()).await;
        drop(client);
        token.closed().await;
        let places = vec![("Bob".to_owned(), Peer::User(two.alice), 0)];
        let rng = ChaCha20Rng::seed_from_u64(seed);
        Self { two, rng, catch_up, places, heard: Arc::default() }
    }

    fn dice(&mut self, sides: u32) -> u32 {
        self.rng.next_u32() % sides
    }

    /// Bob founds a supergroup or a channel, with Alice in it, if there are few.
    fn found(&mut self) {
        if self.places.len() == MOST_PLACES {
            return;
        }
        let megagroup = self.dice(2) == 0;
        let title = format!("Place {}", self.places.len());
        let create = functions::channels::CreateChannel {
            broadcast: !megagroup,
            megagroup,
            ..functions::channels::CreateChannel::new(title.clone(), String::new())
        };
        let server = &self.two.rig.server;
        let caller = Caller::new(BOBS, 1, 2, server.now());
        let mut world = server.world();
        let enums::Updates::Updates(founded) = world.invoke(&caller, &create).unwrap() else {
            panic!("a channel is founded with updates")
        };
        let [enums::Chat::Channel(channel)] = founded.chats.as_slice() else {
            panic!("one was founded")
        };
        let (channel_id, hash) = (channel.id, channel.access_hash.unwrap());
        let phone = "4930901820".to_owned();
        let found = functions::contacts::ResolvePhone { phone };
        let enums::contacts::ResolvedPeer::Peer(found) = world.invoke(&caller, &found).unwrap();
        let [enums::User::User(alice)] = found.users.as_slice() else { panic!("she is there") };
        let (user_id, access_hash) = (alice.id, alice.access_hash.unwrap());
        let invite = functions::channels::InviteToChannel {
            channel: types::InputChannel { channel_id, access_hash: hash }.into(),
            users: vec![types::InputUser { user_id, access_hash }.into()],
        };
        world.invoke(&caller, &invite).unwrap();
        drop(world);
        self.places.push((title, Peer::Channel(channel_id), 0));
    }

    /// Starts a run, which may take several tries.
    async fn start(&mut self, is_last: bool) -> (Client, ShutdownToken) {
        let tries = if is_last { 0 } else { self.dice(3) };
        for _ in 0..tries {
            let fate = self.fate();
            self.two.rig.server.next_links([fate]);
        }
        loop {
            let seams = self.two.rig.seams();
            if let Ok(begun) = Client::connect_with(self.catch_up.clone(), seams).await {
                return begun;
            }
        }
    }

    fn fate(&mut self) -> Fate {
        let bytes = 1 + self.dice(2000) as usize;
        match self.dice(4) {
            0 => Fate::Refused,
            1 => Fate::Silent,
            2 => Fate::CutAfterSending(bytes),
            _ => Fate::CutAfterReading(bytes),
        }
    }

    /// Reads until the stream ends, sometimes slowly. The task gives what was wrong.
    fn read(&mut self, mut updates: UpdateStream, reading: Reading) -> JoinHandle<Vec<String>> {
        let heard = Arc::clone(&self.heard);
        let mut rng = ChaCha20Rng::seed_from_u64(self.rng.next_u64());
        tokio::spawn(async move {
            let (mut last, mut wrong) = (BTreeMap::new(), Vec::new());
            loop {
                let (update, ack) = if reading == Reading::Plain {
                    let Some(update) = updates.next().await else { break };
                    (update, None)
                } else {
                    let Some(delivery) = updates.next_delivery().await else { break };
                    (delivery.update, Some(delivery.ack))
                };
                if let Update::Gap(gap) = &update {
                    wrong.push(format!("{gap:?} is called lost"));
                }
                let said = match &update {
                    Update::NewMessage(message) => {
                        message.text().and_then(|it| it.split_once(": "))
                    }
                    _ => None,
                };
                if let Some((place, number)) = said {
                    let number: u32 = number.parse().unwrap();
                    let before = last.insert(place.to_owned(), number);
                    if before.is_some_and(|before| before >= number) {
                        wrong.push(format!("{place}: {number} after {before:?}"));
                    }
                    if reading == Reading::Forgetful && rng.next_u32().is_multiple_of(50) {
                        continue;
                    }
                    heard.lock().unwrap().entry(place.to_owned()).or_default().insert(number);
                }
                if let Some(ack) = ack {
                    ack.ack();
                }
                if rng.next_u32().is_multiple_of(100) {
                    sleep(Duration::from_millis(u64::from(rng.next_u32() % 3000))).await;
                }
            }
            wrong
        })
    }

    /// Bob speaks, and much goes wrong.
    async fn course(&mut self) {
        for _ in 0..=self.dice(6) {
            let most = if self.dice(3) == 0 { 300 } else { 30 };
            let many = self.dice(most);
            self.say(many);
            let bytes = u64::from(self.dice(4000));
            let fate = self.fate();
            let server = &self.two.rig.server;
            match self.rng.next_u32() % 10 {
                0 => server.cut(),
                1 => {
                    server.world().restart();
                    server.cut();
                }
                2 => {
                    let mut world = server.world();
                    let keys: Vec<_> = world.keys.ids().collect();
                    keys.into_iter().for_each(|key| world.stale_salts(key));
                }
                3 => server.down.cut_after(bytes),
                4 => server.up.cut_after(bytes),
                5 => {
                    server.next_links([fate]);
                    server.cut();
                }
                6 => self.found(),
                _ => {}
            }
            if self.dice(2) == 0 {
                let long = self.dice(2000);
                sleep(Duration::from_millis(u64::from(long))).await;
            }
        }
    }

    /// Bob says so much more, all in one place.
    fn say(&mut self, many: u32) {
        let at = self.rng.next_u32() as usize % self.places.len();
        let (name, peer, said) = &mut self.places[at];
        let now = self.two.rig.server.now();
        let mut world = self.two.rig.server.world();
        for _ in 0..many {
            *said += 1;
            let text = format!("{name}: {said}");
            world.send_text(now, self.two.bob, *peer, text, SendOptions::default()).unwrap();
        }
    }

    async fn until_all_is_heard(&self) {
        let all = async {
            while !self.missing().is_empty() {
                sleep(Duration::from_secs(1)).await;
            }
        };
        // If it is not, that is told in the end.
        let _ = timeout(Duration::from_secs(600), all).await;
    }

    /// What was said and not heard.
    fn missing(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let nothing = BTreeSet::new();
        let missing = self.places.iter().filter_map(|(place, _, said)| {
            let heard = heard.get(place).unwrap_or(&nothing);
            let missing: Vec<u32> = (1..=*said).filter(|number| !heard.contains(number)).collect();
            let first = missing.first()?;
            Some(format!("{place}: {} of {said} not heard, the first is {first}", missing.len()))
        });
        missing.collect()
    }
}
