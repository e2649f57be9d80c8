//! The cryptography of MTProto.
#![deny(unsafe_code)]

pub mod aes_ctr;
pub mod aes_ige;
pub mod hash;
