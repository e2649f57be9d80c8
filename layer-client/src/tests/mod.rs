//! Whole clients against a sandbox in memory, under a paused clock, every task counted.
//!
//! Each line of the pitfalls that are a client's, and the test in which the wrong behaviour would
//! show. A name alone is a test in a file beside this one; of keys, connections and acknowledgements
//! see `layer-mtproto/tests/connection/main.rs`.
//!
//! | data centres | test |
//! |---|---|
//! | which migrations move one call, and which move home | `dcs`: `some_migrations_move_one_call_and_others_move_home` |
//! | logins carried over, after `initConnection` | `dcs`: `every_data_centre_is_told_first_who_we_are_and_then_given_the_login`, `a_login_that_is_gone_elsewhere_…` |
//! | bounded loops | `dcs`: `data_centres_that_send_each_other_are_left_after_a_few_moves`, `a_login_that_is_not_taken_is_exported_anew_a_few_times` |
//! | a slow one delays nobody else | `dcs`: `a_data_centre_that_says_nothing_holds_up_no_other` |
//! | IPv6 in brackets, beside IPv4 | `net/addresses`: `ipv6_is_bracketed_and_kept_beside_ipv4` |
//! | one link for all who ask | `dcs`: `many_who_ask_for_the_same_link_get_one` |
//! | the last handle ends tasks and streams | `ends`; `updates`: `streams_and_what_they_gave_keep_no_client_alive` |
//!
//! | updates | test |
//! |---|---|
//! | `updateShort` and short messages | `updates/batch`: `a_short_message_…`; `updates`: `messages_are_heard_in_order_and_who_wrote_them_is_known` |
//! | users and chats known first | `updates/batch`: `who_is_shown_with_updates_is_known_before_they_are_looked_at`, `anybody_unknown_in_a_short_form_…` |
//! | min objects overwrite nothing | `peers`: `a_min_object_overwrites_nothing_that_is_known_in_full` |
//! | places that answers and own sends take | `updates/answers`; `updates`: `what_we_do_ourselves_is_heard_and_leaves_no_gap`, `an_answer_that_nobody_waited_for_…` |
//! | in order, once | `updates/sequence`: `whatever_is_lost_doubled_or_late_…`; `updates/feed`: `whatever_is_lost_and_however_slow_the_reader_…` |
//! | gaps end by the clock | `updates/sequence`: `a_gap_that_stays_is_fetched_by_the_clock_and_not_by_the_next_update` |
//! | slices, too long | `updates/sequence`: `slices_are_asked_for_until_the_last`, `too_long_takes_the_new_place_…`; `updates/feed`: `what_is_too_long_ago_is_named_as_a_gap` |
//! | one difference of a line at a time | `updates/sequence`: `each_line_has_one_difference_at_a_time_however_often_it_is_missed` |
//! | channels that are private, gone or left | `channel_updates`: `a_channel_that_has_become_private_is_let_go`, `a_channel_that_was_left_or_lost_…` |
//! | constructors that nobody knows | `updates`: `a_constructor_that_nobody_knows_is_handed_out_raw_and_costs_nothing_else` |
//! | a second stream | `updates`: `two_streams_each_get_everything` |
//! | slow and crashed handlers lose nothing | `updates`: `a_slow_reader_loses_nothing_…`; `channel_updates`: `a_process_that_catches_up_…`; `updates/delivery` |
//! | cut off and started anew, all of it together | `runs` |
//! | bounded memory | `updates/feed`: `a_slow_reader_loses_nothing_and_little_lies_in_memory`; `updates/sequence`: `what_waits_is_bounded_…`; `updates/delivery`: `what_waits_to_be_stored_is_bounded_…` |
//! | which updates carry a place, against the schema | `updates/carriers`, `updates/answers` |
//!
//! | calls | test |
//! |---|---|
//! | a channel's messages are deleted through the channel | `lists`: `what_is_deleted_in_a_channel_goes_through_the_channels_call` |
//! | newest messages by chat and id; short pages | `lists`: `dialogs_are_walked_over_short_and_pinned_pages_…`, `a_short_page_is_not_the_end_…` |
//! | a missing hash; zero from bots alone | `peers`: `a_missing_hash_is_an_error_and_never_yourself_nor_zero`, `a_bot_may_say_zero_and_prefers_a_hash`; `bots` |
//! | a phone number is not an id | `peers/peer_ref`: `a_phone_number_is_not_a_user_id` |
//! | typing is taken back | `sending`: `typing_is_said_every_four_seconds_and_taken_back_when_it_is_dropped` |
//! | searches, participants | `lists`: `a_global_search_gives_nothing_twice_…`, `participants_are_walked_past_two_hundred_each_once` |
//! | times past 2038 | `types/rights`: `a_time_that_does_not_fit_is_for_ever_and_never_wrapped`; `lists`: `a_ban_beyond_2038_…` |
//!
//! | files | test, in `files` |
//! |---|---|
//! | empty, one part, 10 MiB and one byte more or less, the part limit | `files/plan`; `up`: `what_is_uploaded_is_what_was_given_at_every_border_of_sizes`, `an_empty_file_is_an_error_…`; `sandbox`: `what_one_sends_the_other_has_in_every_size` |
//! | unknown length; a source that ends early | `up`: `a_stream_of_unknown_length_…`, `a_stream_of_known_length_is_held_against_it`, `a_source_that_fails_…` |
//! | a redirect to a CDN is followed or declined | `cdn`, each of them; `a_redirect_that_was_not_asked_for_is_an_error_and_never_skipped` |
//! | references that expire | `down`: `an_expired_reference_is_looked_up_once_for_all_parts`; `profile` |
//! | `FLOOD_PREMIUM_WAIT` | `up`: `a_wait_for_one_file_is_no_wait_for_another`; `down`: `a_wait_for_one_part_…` |
//! | cancel and resume leave no half file | `disk`, each of them; `cdn`: `a_corrupted_block_leaves_no_half_file_…` |
//! | cuts cost no more than was on its way | `cuts` |
//! | more than fits into memory | `tests/large`, `cargo xtask large` |
//!
//! | sessions | test, in `tests/session` |
//! |---|---|
//! | killed at any byte | `crash`; `processes`: `has_what_a_killed_process_had_saved` |
//! | two processes | `processes`: `keeps_a_second_process_away`; `tests/client`: `a_second_client_of_a_session_file_…` |
//! | 100,000 peers | `file`: `holds_100_000_peers`; `peers`: `a_hundred_thousand_peers_come_from_a_session_…` |
//! | damaged, foreign, newer: named and kept | `format`; `file`: `leaves_a_damaged_file_as_it_is`; `tests/client`: `a_session_file_that_is_not_ours_…` |
//! | a login survives without being saved by hand | `login`: `a_wrong_code_is_refused_and_the_right_one_still_works` looks before anybody saves |
//!
//! | text | test, in `parsers/tests` |
//! |---|---|
//! | UTF-16 | `offsets_count_utf16_units` |
//! | unclosed and nested, `&amp;lt;` | `what_is_not_closed_is_text`, `html_is_read_as_telegram_writes_it` |
//! | parse(generate(x)) = x, adjacent, overlapping | `every_list_of_nested_entities_comes_back_as_it_was`, `every_list_whatsoever_…` |
//! | malformed | `whatever_is_read_can_be_written_and_read_again`, `long_half_markup_…` |

mod acting;
mod bots;
mod channel_updates;
mod connect;
mod contract;
mod dcs;
mod ends;
mod files;
mod groups;
mod lists;
mod login;
mod password;
mod runs;
mod sending;
mod talk;
mod updates;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_sandbox::router::RpcError;
use layer_sandbox::{Caller, Reply};
use layer_tl_types::{Identifiable, Serializable, enums, functions, types};

use crate::net::memory::Memory;
use crate::seams::Seams;
use crate::session::{Change, InMemoryBackend, SavedUser, SessionBackend};
use crate::{Client, Config, InvocationError, ShutdownToken, random};

/// A client's surroundings: the server, the session, and how many tasks there are.
pub(crate) struct Rig {
    pub(crate) server: Arc<Memory>,
    pub(crate) session: Arc<InMemoryBackend>,
    pub(crate) tasks: Arc<AtomicUsize>,
    pub(crate) calls: Arc<Mutex<Vec<(i32, u32)>>>,
    /// How many clients there have been: each draws other dice.
    clients: Arc<AtomicUsize>,
}

/// Counts a task while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::on(Memory::of(&[2, 1, 3, 4, 5]))
    }

    /// With these servers.
    pub(crate) fn on(server: Arc<Memory>) -> Self {
        let rig = Self {
            server,
            session: Arc::default(),
            tasks: Arc::default(),
            calls: Arc::default(),
            clients: Arc::default(),
        };
        rig.answer(|_, _, _| None);
        rig
    }

    /// Another client's surroundings, with the same server.
    pub(crate) fn another(&self) -> Self {
        let (server, calls) = (Arc::clone(&self.server), Arc::clone(&self.calls));
        let clients = Arc::clone(&self.clients);
        Self { server, calls, clients, session: Arc::default(), tasks: Arc::default() }
    }

    /// Sets what is answered instead of the sandbox: by data centre, function and query.
    pub(crate) fn answer(
        &self,
        mut answer: impl FnMut(&Caller, u32, &[u8]) -> Option<Reply> + Send + 'static,
    ) {
        let calls = Arc::clone(&self.calls);
        self.server.world().intercept(move |caller, query| {
            let function = u32::from_le_bytes(*query.first_chunk()?);
            // Somebody of whom only the session says that he is logged in has updates, too.
            if function == functions::updates::GetState::CONSTRUCTOR_ID && caller.user.is_none() {
                let (pts, qts, date, seq, unread_count) = (1, 0, 1, 0, 0);
                let state = types::updates::State { pts, qts, date, seq, unread_count };
                return object(&enums::updates::State::from(state));
            }
            calls.lock().unwrap().push((caller.dc, function));
            answer(caller, function, query)
        });
    }

    /// At which data centres this function was called.
    pub(crate) fn called<F: Identifiable>(&self) -> Vec<i32> {
        let calls = self.calls.lock().unwrap();
        let of = calls.iter().filter(|(_, function)| *function == F::CONSTRUCTOR_ID);
        of.map(|(dc, _)| *dc).collect()
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            api_id: 1,
            api_hash: "hash".to_owned(),
            dc_addr: Some(Memory::address(2)),
            server_keys: vec![self.server.public_key_pem()],
            session_backend: Some(Arc::clone(&self.session) as _),
            ..Config::default()
        }
    }

    pub(crate) fn seams(&self) -> Seams {
        let clock = self.server.clock.clone();
        let mut seed = [3; 32];
        seed[0] = self.clients.fetch_add(1, Ordering::Relaxed) as u8;
        let mut seams = Seams::new(Arc::clone(&self.server) as _, clock, random::seeded(seed));
        let tasks = Arc::clone(&self.tasks);
        seams.spawn = Arc::new(move |task| {
            let counted = Counted::new(&tasks);
            tokio::spawn(async move {
                let _counted = counted;
                task.await;
            });
        });
        seams
    }

    pub(crate) async fn connect(&self) -> Result<(Client, ShutdownToken), InvocationError> {
        Client::connect_with(self.config(), self.seams()).await
    }

    /// A client whose session says that somebody is logged in.
    pub(crate) async fn logged_in(&self) -> (Client, ShutdownToken) {
        self.session.load().await.unwrap();
        let user = SavedUser { id: 4711, is_bot: false };
        self.session.save(&[Change::User(Some(user))]).await.unwrap();
        self.connect().await.unwrap()
    }

    /// How many tasks there are when all have had time to end.
    pub(crate) async fn tasks_left(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.tasks.load(Ordering::Relaxed)
    }
}

/// An answer that is this object.
pub(crate) fn object(object: &impl Serializable) -> Option<Reply> {
    Some(Reply::Now(Ok(object.to_bytes())))
}

/// An answer that is an error.
pub(crate) fn refusal(code: i32, name: &str) -> Option<Reply> {
    Some(Reply::Now(Err(RpcError::new(code, name))))
}
