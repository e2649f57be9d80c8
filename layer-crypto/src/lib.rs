//! The cryptography of MTProto: everything between bytes and secrets, and nothing that knows a
//! socket, a clock or a source of randomness. Random bytes come in as `rng: &mut dyn
//! rand_core::CryptoRng`.
//!
//! - [`hash`]: SHA-1 and SHA-256 over parts.
//! - [`aes_ige`], [`aes_ctr`]: the two cipher modes, in place.
//! - [`lanes`]: several cipher streams at once, by what the processor has.
//! - [`rsa`]: the server's keys, their fingerprints, RSA_PAD; the private half for a server of
//!   one's own.
//! - [`factor`]: pq into its two primes.
//! - [`dh`]: the group and every check on what a peer sends of it.
//! - [`tmp_key`]: the key under which the two halves of the DH exchange travel.
//! - [`auth_key`]: what the exchange ends with, and the numbers derived from it.
//! - [`envelope`]: sealing and opening messages, one or a batch, in place.
//! - [`srp`]: the two-step-verification password, client and server.
//!
//! All key material is wiped when dropped (but for what the big-number library leaves on the stack
//! while it computes), compared in constant time, and absent from `Debug` and errors.
//!
//! What is drawn again until it fits is drawn without a bound: each draw fits with a probability of
//! at least one in two, whatever the peer sent. A source that never fits repeats itself, which no
//! `CryptoRng` may, and a key made from it would be worse than none.
#![deny(unsafe_code)]

pub mod aes_ctr;
pub mod aes_ige;
pub mod auth_key;
pub mod dh;
pub mod envelope;
pub mod factor;
pub mod hash;
pub mod lanes;
mod number;
pub mod rsa;
pub mod srp;
pub mod tmp_key;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod script;

pub use aes_ctr::AesCtr256;
pub use auth_key::AuthKey;
pub use factor::factorize;
pub use tmp_key::TmpKey;
