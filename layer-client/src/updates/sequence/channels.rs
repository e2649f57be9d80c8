//! The lines of channels: each is fetched by itself, a few at one time.

use std::time::Duration;

use super::Sequence;
use crate::updates::action::{Action, ChannelDifference, LineId};
use crate::updates::fetch::{Fetch, lower};
use crate::updates::line::Line;

/// Channels whose differences are fetched at one time.
const MOST_FETCHES: usize = 10;

impl<T> Sequence<T> {
    /// Whether the place of a channel is known, or is being asked for.
    pub(crate) fn knows(&self, channel: i64) -> bool {
        let position = self.channels.get(&channel).and_then(Line::position);
        position.is_some() || self.fetches.contains_key(&channel)
    }

    /// Something comes from a channel. If nothing is known of it while the account's difference is
    /// fetched, it waits for that, which may say that there was something before.
    pub(super) fn greet(&mut self, channel: i64) {
        let is_fetching = self.is_fetching() && !self.account.for_state;
        if is_fetching && !self.knows(channel) {
            self.channels.entry(channel).or_default().hold(true);
            self.strangers.insert(channel);
        }
    }

    /// The account's difference is there: what it has not told of begins with what has come.
    pub(super) fn part(&mut self, now: Duration) {
        for channel in std::mem::take(&mut self.strangers) {
            if !self.fetches.contains_key(&channel) {
                self.let_go(channel, now);
            }
        }
    }

    /// The answer to [`Action::GetChannelDifference`].
    pub(crate) fn channel_difference(
        &mut self,
        channel: i64,
        difference: ChannelDifference<T>,
        now: Duration,
    ) {
        if !self.fetches.get(&channel).is_some_and(|fetch| fetch.under_way) {
            return;
        }
        self.heard_at = now;
        let line = LineId::Channel(channel);
        let (pts, is_final) = match difference {
            ChannelDifference::Updates { updates, pts, is_final } => {
                let updates = updates.into_iter().map(|(_, update)| Action::Deliver(update));
                self.actions.extend(updates);
                (pts, is_final)
            }
            ChannelDifference::TooLong { pts, is_final } => {
                self.actions.push_back(Action::Stale(line));
                // What has come meanwhile need not be lost with the rest.
                let came = self.channels.get(&channel).and_then(Line::first_ahead);
                (lower(pts, came), is_final)
            }
        };
        self.channels.entry(channel).or_default().set(pts);
        self.actions.push_back(Action::Reached(line, pts));
        if !is_final {
            if let Some(fetch) = self.fetches.get_mut(&channel) {
                fetch.failures = 0;
            }
            self.actions.push_back(Action::GetChannelDifference { channel, pts: Some(pts) });
            return;
        }
        let again = self.fetches.remove(&channel).is_some_and(|fetch| fetch.again);
        self.let_go(channel, now);
        if again {
            self.fetch_channel(channel);
        }
        self.fetch_queued();
        self.settle_debt();
    }

    /// A channel's difference could not be had. It is asked for again after a while.
    pub(crate) fn channel_failed(&mut self, channel: i64, now: Duration) {
        if let Some(fetch) = self.fetches.get_mut(&channel) {
            fetch.failed(now);
        }
        self.fetch_queued();
    }

    /// The channel is none of ours any more (`CHANNEL_PRIVATE`, `CHANNEL_INVALID`, or we have left
    /// it): nothing is kept of it.
    pub(crate) fn channel_gone(&mut self, channel: i64) {
        self.actions.push_back(Action::Gone(channel));
        self.channels.remove(&channel);
        self.fetches.remove(&channel);
        self.queue.remove(&channel);
        self.fetch_queued();
        self.settle_debt();
    }

    /// Once no channel is to be fetched any more, the date may go on.
    fn settle_debt(&mut self) {
        if self.fetches.is_empty()
            && let Some(since) = self.owed_since.take()
            && since != self.date
        {
            self.reached_seq(self.batches.position().unwrap_or_default());
        }
    }

    pub(super) fn fetch_channel(&mut self, channel: i64) {
        let under_way = self.fetches.values().filter(|fetch| fetch.under_way).count();
        let fetch = self.fetches.entry(channel).or_default();
        if fetch.under_way {
            fetch.again = true;
        } else if fetch.is_idle() {
            // Before a state is known there is nothing to go back to.
            if self.date > 0 {
                self.owed_since.get_or_insert(self.date);
            }
            let line = self.channels.entry(channel).or_default();
            line.hold(true);
            if under_way >= MOST_FETCHES {
                self.queue.insert(channel);
                return;
            }
            *fetch = Fetch { under_way: true, failures: fetch.failures, ..Fetch::default() };
            let pts = line.position();
            self.actions.push_back(Action::GetChannelDifference { channel, pts });
        }
    }

    fn fetch_queued(&mut self) {
        while self.fetches.values().filter(|fetch| fetch.under_way).count() < MOST_FETCHES
            && let Some(channel) = self.queue.pop_first()
        {
            self.fetch_channel(channel);
        }
    }

    fn let_go(&mut self, channel: i64, now: Duration) {
        if let Some(line) = self.channels.get_mut(&channel) {
            line.hold(false);
            self.advance(LineId::Channel(channel), now);
        }
    }
}
