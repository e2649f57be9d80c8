//! The connection machine against a server made by hand, which says whatever a test wants to say.
//!
//! Each line of the pitfalls of connections, and where the wrong behaviour would show:
//!
//! | pitfall | file |
//! |---|---|
//! | salts read through the generated types, as bytes; a stale one costs one round trip | `salts` |
//! | acknowledgements by time and count, at most 8192, of new sessions too | `acks` |
//! | a clock wrong by an hour, and identifiers that never go back | `clock` |
//! | a refused container is everything in it; each code; nothing for ever | `bad_messages` |
//! | pings ahead of their delay, a dead peer noticed in time | `liveness` |
//! | frames cut anywhere with timers between | `frames` |
//! | frames, packed data, nesting, vectors, tables are bounded | `limits`, `checks` |
//! | a text that is not UTF-8; updates that steal no answer; what comes twice or late | `answers` |
//! | calls that end leave nothing: `Peer::assert_nothing_is_left` | everywhere |
//! | after a lost link: the same identifier, or nobody knows, and that is said | `lost_link` |
//! | a server that has forgotten the session | `sessions` |
//! | -404, -429, -444 told apart; no code alone ends a key | `doubted_key` |
//! | temporary keys bound first, renewed in time, given up alone | `temporary_keys` |
//! | initConnection where it must be; calls after calls | `init`, `order` |
//! | what goes together, alone, packed, and how it is numbered | `containers` |
//! | every other service message, both ways | `service` |
//! | each check on what comes, alone | `checks` |
//! | no key and nothing that is said in `Debug` | `secrets` |
//!
//! `peer` is the server, `course` what it does when all is well, `agreement` its half of a key
//! exchange.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod acks;
mod agreement;
mod answers;
mod bad_messages;
mod checks;
mod clock;
mod containers;
mod course;
mod doubted_key;
mod frames;
mod init;
mod limits;
mod liveness;
mod lost_link;
mod order;
mod peer;
mod salts;
mod secrets;
mod service;
mod sessions;
mod temporary_keys;
