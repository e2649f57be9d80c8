//! Every check on groups and public values at its very edge, and both sides of an agreement.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::script::Script;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(0xd4)
}

/// RFC 7919's ffdhe2048: another safe prime of 2048 bits, p = 7 mod 8.
const FFDHE2048: U2048 = U2048::from_be_hex(concat!(
    "ffffffffffffffffadf85458a2bb4a9aafdc5620273d3cf1d8b9c583ce2d3695a9e13641146433fbcc939dce249b3ef9",
    "7d2fe363630c75d8f681b202aec4617ad3df1ed5d5fd65612433f51f5f066ed0856365553ded1af3b557135e7f57c935",
    "984f0c70e0e68b77e2a689daf3efe8721df158a136ade73530acca4f483a797abc0ab182b324fb61d108a94bb2c8e3fb",
    "b96adab760d7f4681d4f42a3de394df4ae56ede76372bb190b07a7c8ee0a6d709e02fce1cdf7e2ecc03404cd28342f61",
    "9172fe9ce98583ff8e4f1232eef28183c3fe3b1b4c6fad733bb5fcbc2ec22005c58ef1837d1683b2c6f34a26c1b2effa",
    "886b423861285c97ffffffffffffffff"
));

fn check(g: i32, prime: &[u8]) -> Result<Group, DhError> {
    Group::check(g, prime, &mut KnownPrimes::new(), &mut rng())
}

#[test]
fn the_well_known_prime_is_the_published_one_and_safe() {
    let prime = number::write(&WELL_KNOWN);
    let sha256 = "02f85e7687fc6f33ba678226a963b3c8a191b47c890cf30debe17c1d623b5af1";
    let digest: String =
        crate::hash::sha256(&[&prime]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, sha256);
    let mut rng = rng();
    let test = check_safe_prime(&WELL_KNOWN, ROUNDS, |test| test.test_random_base(&mut rng));
    assert_eq!(test, Ok(()));
    assert_eq!(well_known_is_safe(), Ok(()));
    assert_eq!(Group::well_known().prime(), prime);
}

#[test]
fn the_well_known_prime_is_tested_without_randomness_of_the_callers() {
    // Else a seed would replay another course the second time.
    let mut bases = rng();
    for _ in 0..2 {
        let prime = number::write(&WELL_KNOWN);
        Group::check(3, &prime, &mut KnownPrimes::new(), &mut bases).unwrap();
        assert_eq!(bases, rng());
    }
}

#[test]
fn powers_of_the_well_known_generator_are_those_of_any_base() {
    let mut rng = rng();
    for g in [3, 4] {
        let group = Group::check(g, &number::write(&WELL_KNOWN), &mut KnownPrimes::new(), &mut rng);
        let group = group.unwrap();
        let mut exponent = [0; 256];
        rng.fill_bytes(&mut exponent);
        let exponent = U2048::from_be_slice(&exponent);
        let expected = group.modulus.pow(&U2048::from_u32(g as u32), &exponent);
        assert_eq!(*group.power(&exponent), *expected);
    }
}

#[test]
fn the_residue_of_g_is_computed_for_the_well_known_prime_too() {
    let prime = number::write(&WELL_KNOWN);
    for g in [3, 4, 7] {
        assert_eq!(check(g, &prime).map(|group| group.g()), Ok(g));
    }
    for g in [2, 5, 6] {
        assert_eq!(check(g, &prime).unwrap_err(), DhError::WrongResidue { g });
    }
    for g in [i32::MIN, -3, -1, 0, 1, 8, i32::MAX] {
        assert_eq!(check(g, &prime).unwrap_err(), DhError::UnknownGenerator { g });
    }
}

#[test]
fn the_residue_says_whether_g_is_a_square() {
    // Euler: g is a square mod p if and only if g^((p - 1) / 2) = 1.
    for prime in [WELL_KNOWN, FFDHE2048] {
        let modulus = Modulus::new(prime).unwrap();
        for g in 2..=7 {
            let euler = modulus.pow(&U2048::from_u32(g as u32), &prime.shr_vartime(1));
            assert_eq!(check_generator(g, &prime).is_ok(), *euler == U2048::ONE, "g = {g}");
        }
    }
}

#[test]
fn an_unknown_safe_prime_is_tested_once() {
    let prime = number::write(&FFDHE2048);
    let mut known = KnownPrimes::new();
    assert!(!known.contains(&FFDHE2048));
    let mut bases = rng();
    Group::check(2, &prime, &mut known, &mut bases).unwrap();
    assert!(known.contains(&FFDHE2048));
    // At least 15 bases for each of p and (p - 1) / 2, of 64 words.
    assert!(bases.get_word_pos() >= 2 * 15 * 64);
    // A second test would draw bases.
    let mut drawn = rng();
    Group::check(2, &prime, &mut known, &mut drawn).unwrap();
    assert_eq!(drawn, rng());
    // But the residue is still computed.
    let wrong = Group::check(7, &prime, &mut known, &mut rng()).unwrap_err();
    assert_eq!(wrong, DhError::WrongResidue { g: 7 });
}

#[test]
fn remembers_a_bounded_number_of_primes() {
    let mut known = KnownPrimes::new();
    for i in 0..100_u32 {
        known.insert(U2048::from_u32(i));
    }
    assert_eq!(known.verified.len(), KnownPrimes::MOST);
    assert!(known.contains(&U2048::from_u32(99)) && !known.contains(&U2048::ZERO));
}

#[test]
fn refuses_a_prime_of_another_length() {
    let well_known = number::write(&WELL_KNOWN);
    let mut shorter = well_known;
    shorter[0] &= 0x7f;
    let longer = [&[1], well_known.as_slice()].concat();
    for (prime, len) in [
        (&[][..], 0),
        (&[0], 0),
        (&[3], 1),
        (&well_known[1..], 255),
        (&shorter, 256),
        (&longer, 257),
        (&[0xff; 1000], 1000),
    ] {
        assert_eq!(check(3, prime).unwrap_err(), DhError::PrimeLength { len });
    }
    let zeros_first = [&[0, 0], well_known.as_slice()].concat();
    assert!(check(3, &zeros_first).is_ok());
}

#[test]
fn refuses_composites_and_primes_that_are_not_safe() {
    // Congruent to the well-known prime mod 3, so that the residue of g passes.
    let composite = number::write(&WELL_KNOWN.wrapping_sub(&U2048::from_u8(6)));
    assert_eq!(check(3, &composite).unwrap_err(), DhError::NotPrime);
    assert_eq!(check(4, &[0xff; 256]).unwrap_err(), DhError::NotPrime);
    let mut even = [0xff; 256];
    even[255] = 0xfe;
    assert_eq!(check(4, &even).unwrap_err(), DhError::NotPrime);

    // The first prime after 2^2047.
    let prime = U2048::ONE.shl_vartime(2047).wrapping_add(&U2048::from_u32(1919));
    assert_eq!(check(4, &number::write(&prime)).unwrap_err(), DhError::NotSafePrime);
}

#[test]
fn checks_both_ends_of_a_public_value() {
    let group = Group::well_known();
    let p = WELL_KNOWN;
    let margin = U2048::ONE.shl_vartime(1984);
    let minus = |n: &U2048, d: u8| n.wrapping_sub(&U2048::from_u8(d));
    let check = |value: &U2048| group.check_public(&number::write(value));
    for value in [U2048::ZERO, U2048::ONE, minus(&p, 1), p, p.wrapping_add(&U2048::ONE), U2048::MAX]
    {
        assert_eq!(check(&value), Err(DhError::PublicOutOfRange));
    }
    let high = p.wrapping_sub(&margin);
    for value in
        [U2048::from_u8(2), minus(&margin, 1), high.wrapping_add(&U2048::ONE), minus(&p, 2)]
    {
        assert_eq!(check(&value), Err(DhError::PublicNearTheEnds));
    }
    for value in [margin, margin.wrapping_add(&U2048::ONE), p.shr_vartime(1), high] {
        assert_eq!(check(&value), Ok(()));
    }
    assert_eq!(group.check_public(&[]), Err(DhError::PublicOutOfRange));
    assert_eq!(group.check_public(&[1; 257]), Err(DhError::PublicOutOfRange));
    assert_eq!(group.check_public(&[&[0; 9], [1; 256].as_slice()].concat()), Ok(()));
}

#[test]
fn refuses_bad_values_before_computing_with_them() {
    let secret = Secret::generate(&Group::well_known(), &mut rng());
    assert_eq!(secret.shared(&[1]).unwrap_err(), DhError::PublicOutOfRange);
    assert_eq!(secret.shared(&[2]).unwrap_err(), DhError::PublicNearTheEnds);
    // g^0 = 1 and g^1 = 3 are no public values to be sent either.
    let mut exponent = [0; 256];
    let from =
        |exponent: &[u8; 256]| Secret::from_bytes(&Group::well_known(), exponent).unwrap_err();
    assert_eq!(from(&exponent), DhError::PublicOutOfRange);
    exponent[255] = 1;
    assert_eq!(from(&exponent), DhError::PublicNearTheEnds);
}

#[test]
fn draws_the_exponent_again_until_its_public_value_is_in_range() {
    // g^0 = 1, g^1 = 3, then one that fits.
    let mut one = [0; 256];
    one[255] = 1;
    let mut script = Script([[0; 256], one, [0x77; 256]].concat());
    let secret = Secret::generate(&Group::well_known(), &mut script);
    assert_eq!(*secret.to_bytes(), [0x77; 256]);
    assert!(script.0.is_empty());
}

#[test]
fn both_sides_agree_and_a_saved_exponent_still_does() {
    let group = Group::check(
        2,
        &number::write(&FFDHE2048),
        &mut KnownPrimes { verified: vec![FFDHE2048] },
        &mut rng(),
    )
    .unwrap();
    let mut rng = rng();
    let (a, b) = (Secret::generate(&group, &mut rng), Secret::generate(&group, &mut rng));
    let key = a.shared(b.public()).unwrap();
    assert_eq!(b.shared(a.public()).unwrap(), key);
    let saved = Secret::from_bytes(&group, &a.to_bytes()).unwrap();
    assert_eq!(saved.shared(b.public()).unwrap(), key);
    assert!(!format!("{a:?}").contains(&format!("{:?}", *a.exponent)));
}
