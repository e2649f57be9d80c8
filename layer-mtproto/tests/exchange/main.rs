//! Key agreement against replies of every kind: right, wrong in one place, wrong anywhere, late, repeated.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs
)]

mod alterations;
mod course;
mod requests;
mod sample;
mod sandbox;
mod server;
mod wrong_dh_gen;
mod wrong_dh_params;
mod wrong_packet;
mod wrong_res_pq;
