//! What a key agreement computes: pq against grammers-crypto, and powers of 2048 bits against
//! num-bigint, with which grammers computes them. Ours take the same time whatever the exponent is.

use std::hint::black_box;

use layer_crypto::dh::{Group, Secret};
use num_bigint::BigUint;

use crate::table::{Line, Row};

pub fn lines() -> Vec<Line> {
    let heading = "pq and powers, against grammers-crypto and num-bigint";
    vec![
        Line::Heading(heading.to_owned()),
        pq().into(),
        power_of_a_public_value().into(),
        both_powers().into(),
    ]
}

/// Products of two primes of 31 bits, as a server sends them.
fn pq() -> Row {
    const PQS: [u64; 8] = [
        1_513_098_571 * 1_780_931_429,
        1_229_739_323 * 1_402_015_859,
        1_518_968_219 * 1_556_064_227,
        1_112_973_847 * 1_878_321_023,
        0x5a30_0d4b * 0x6a26_db65,
        1_780_931_429 * 1_878_321_023,
        1_402_015_859 * 1_556_064_227,
        1_229_739_323 * 1_513_098_571,
    ];
    Row {
        name: "pq of 61 bits, 8 of them".to_owned(),
        bytes: None,
        ours: Box::new(|| {
            for pq in PQS {
                black_box(layer_crypto::factorize(black_box(pq)));
            }
        }),
        theirs: Box::new(|| {
            for pq in PQS {
                black_box(grammers_crypto::factorize(black_box(pq)));
            }
        }),
        aim: Some(2.0),
    }
}

/// An exponent and the peer's public value, of bytes that look random.
fn numbers() -> ([u8; 256], [u8; 256]) {
    let scatter = |i: usize, by: usize| (i * by + 91) as u8;
    (std::array::from_fn(|i| scatter(i, 0x9d)), std::array::from_fn(|i| scatter(i, 0x6b)))
}

/// g_a^b, of any base: the library that we have chosen against theirs. No aim is set, for theirs need
/// not take the same time whatever the exponent is.
fn power_of_a_public_value() -> Row {
    let (exponent, g_a) = numbers();
    let group = Group::well_known();
    let secret = Secret::from_bytes(&group, &exponent).expect("in range");
    let (b, base) = (BigUint::from_bytes_be(&exponent), BigUint::from_bytes_be(&g_a));
    let prime = BigUint::from_bytes_be(&group.prime());
    let key = base.modpow(&b, &prime).to_bytes_be();
    assert_eq!(secret.shared(&g_a).expect("in range").as_bytes()[..], key);
    Row {
        name: "g_a^b".to_owned(),
        bytes: None,
        ours: Box::new(move || drop(black_box(secret.shared(black_box(&g_a))))),
        theirs: Box::new(move || drop(black_box(black_box(&base).modpow(&b, &prime)))),
        aim: None,
    }
}

/// All that a client computes: its own public value too.
fn both_powers() -> Row {
    let (exponent, g_a) = numbers();
    let group = Group::well_known();
    let (b, base) = (BigUint::from_bytes_be(&exponent), BigUint::from_bytes_be(&g_a));
    let (prime, g) = (BigUint::from_bytes_be(&group.prime()), BigUint::from(3_u8));
    Row {
        name: "g^b and g_a^b".to_owned(),
        bytes: None,
        ours: Box::new(move || {
            let secret = Secret::from_bytes(&group, black_box(&exponent)).expect("in range");
            drop(black_box(secret.shared(black_box(&g_a))));
        }),
        theirs: Box::new(move || {
            let b = black_box(&b);
            drop(black_box((g.modpow(b, &prime), black_box(&base).modpow(b, &prime))));
        }),
        aim: Some(1.5),
    }
}
