//! Vectors of other clients, and every check of both sides.

use hex_literal::hex;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::script::Script;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(0x529)
}

fn known() -> KnownPrimes {
    KnownPrimes::new()
}

const SALT1: [u8; 40] =
    hex!("4d11fb6bec38f9d2546bb0f61e4f1c99a1bc0db8f0d5f35b1291b37b213123d7ed48f3c6794d495b");
const SALT2: [u8; 16] = hex!("a1b181aafe88188680ae32860d60bb01");

fn algo(p: &[u8; 256]) -> Algo<'_> {
    Algo { salt1: &SALT1, salt2: &SALT2, g: 3, p }
}

/// SHA256(name), eight times.
fn secret(name: &str) -> Secret {
    let mut exponent = [0; 256];
    for chunk in exponent.chunks_exact_mut(32) {
        chunk.copy_from_slice(&sha256(&[name.as_bytes()]));
    }
    Secret::from_bytes(&Group::well_known(), &exponent).unwrap()
}

#[test]
fn hashes_a_password_as_mtcute_does() {
    let algo = Algo {
        salt1: &hex!(
            "9b3accc457c0d5288e8cff31eb21094048bc11902f6614dbb9afb839ee7641c37619537d8ebe749e"
        ),
        salt2: &hex!("6c619bb0786dc4ed1bf211d23f6e4065"),
        g: 3,
        p: &[],
    };
    let ph1 = hex!("3d4ddacf309e806d6e928eed7a92dc9b2ebe763242523f165cf3200e5e1d1c80");
    let ph2 = hex!("750f1fe282965e63ce17b98427b35549fb864465211840f6a7c1f2fb657cc33b");
    assert_eq!(*super::ph1(b"qwe123", &algo), ph1);
    assert_eq!(*password_hash(b"qwe123", &algo), small(&ph2));
}

#[test]
fn multiplies_with_the_published_k() {
    let k = hex!("b9a87477bf585b87c1af9ea7d4850ff0edaa72f82e7afec3218091a79a5068b9");
    assert_eq!(multiplier(&Group::well_known()), small(&k));
}

#[test]
fn both_sides_give_the_vector() {
    let p = Group::well_known().prime();
    let algo = algo(&p);
    let x = hex!("55a33fcadca739ca2819d8209cd098413d8e072a24ebc69c60f60ff20f8ac1ba");
    assert_eq!(*password_hash(b"123123", &algo), small(&x));

    let v = new_password_hash(b"123123", &algo, &mut known(), &mut rng()).unwrap();
    let verifier = Verifier::new(&algo, &v, &mut known(), &mut rng()).unwrap();
    let challenge = verifier.challenge_with(secret("srp-b"));
    let public_b = U2048::from_be_slice(challenge.public());
    let exchange = Exchange { group: &Group::well_known(), salt1: &SALT1, salt2: &SALT2 };
    let answer = exchange.answer(&small(&x), secret("srp-a").exponent(), &public_b).unwrap();
    let m1 = hex!("0b31c7be5db44ac8779a625bc7324afbf73ce9f8943e54c9f25873d7ee358007");
    assert_eq!(answer.m1, m1);
    assert_eq!(answer.a, *secret("srp-a").public());
    assert_eq!(challenge.check(&answer.a, &answer.m1), Ok(()));
}

#[test]
fn gives_grammers_vector_in_a_toy_group() {
    let group = Group::unchecked(3, U2048::from_u8(47)).unwrap();
    let algo = Algo { salt1: &[1], salt2: &[2], g: 3, p: &[47] };
    let x = password_hash(&[7], &algo);
    let exchange = Exchange { group: &group, salt1: &[1], salt2: &[2] };
    let answer = exchange.answer(&x, &U2048::from_u8(6), &U2048::from_u8(5)).unwrap();
    assert_eq!(answer.a[255], 24);
    let m1 = hex!("9d83c46700b874e807c455e711241ede9eea62583b3847d7b77b7a32132036ce");
    assert_eq!(answer.m1, m1);
}

#[test]
fn makes_gotds_new_password_hash() {
    let mut salt1 = [0; 40];
    salt1[..8].copy_from_slice(&hex!("e6c8957ddf988d48"));
    let salt2 = hex!("9f6344822b096cff87efa426f57857b6");
    let algo = Algo { salt1: &salt1, salt2: &salt2, g: 3, p: &Group::well_known().prime() };
    let v = new_password_hash(b"newPassword", &algo, &mut known(), &mut rng()).unwrap();
    let digest = hex!("b53054e5725ea756681d29c4e4c59cc44d9de313032e081899b61e809943011d");
    assert_eq!(sha256(&[&v]), digest);
}

#[test]
fn a_wrong_password_a_or_m1_is_refused() {
    let p = Group::well_known().prime();
    let (algo, mut rng) = (algo(&p), rng());
    let v = new_password_hash(b"right", &algo, &mut known(), &mut rng).unwrap();
    let challenge = Verifier::new(&algo, &v, &mut known(), &mut rng).unwrap().challenge(&mut rng);
    let answer = |password| {
        super::answer(password, &algo, challenge.public(), &mut known(), &mut self::rng())
    };
    let wrong = answer(b"wrong").unwrap();
    assert_eq!(challenge.check(&wrong.a, &wrong.m1), Err(SrpError::WrongPassword));
    let right = answer(b"right").unwrap();
    assert_eq!(challenge.check(&right.a, &right.m1), Ok(()));

    for m1 in [&right.m1[..31], &[], &[0; 32], &[right.m1.as_slice(), &[0]].concat()] {
        assert_eq!(challenge.check(&right.a, m1), Err(SrpError::WrongPassword));
    }
    // A = 0 mod p would give every password the same S.
    for a in [&[][..], &[0; 256], &p, &[1]] {
        let out_of_range = Err(SrpError::Group(DhError::PublicOutOfRange));
        assert_eq!(challenge.check(a, &right.m1), out_of_range);
    }
    assert_eq!(challenge.check(&v, &right.m1), Err(SrpError::WrongPassword));
}

#[test]
fn checks_p_and_g_and_b_before_it_hashes() {
    let p = Group::well_known().prime();
    let algo = algo(&p);
    let b = *secret("srp-b").public();
    let answer = |algo: &Algo<'_>, b: &[u8]| {
        super::answer(b"password", algo, b, &mut known(), &mut rng()).unwrap_err()
    };
    let wrong_g = Algo { g: 2, ..algo };
    assert_eq!(answer(&wrong_g, &b), SrpError::Group(DhError::WrongResidue { g: 2 }));
    let short_p = Algo { p: &p[1..], ..algo };
    assert_eq!(answer(&short_p, &b), SrpError::Group(DhError::PrimeLength { len: 255 }));
    let composite = Algo { g: 4, p: &[0xff; 256], ..algo };
    assert_eq!(answer(&composite, &b), SrpError::Group(DhError::NotPrime));
    let new = new_password_hash(b"password", &composite, &mut known(), &mut rng());
    assert_eq!(new, Err(SrpError::Group(DhError::NotPrime)));

    let mut above = p;
    above[255] += 1;
    for b in [&[][..], &[0; 256], &p, &above, &[0xff; 256], &[5], &[5; 247], &[5; 257]] {
        assert_eq!(answer(&algo, b), SrpError::PublicB { len: b.len() });
    }
}

#[test]
fn the_exponent_is_new_for_each_answer() {
    let p = Group::well_known().prime();
    let (algo, b, mut rng) = (algo(&p), *secret("srp-b").public(), rng());
    let mut answer = || super::answer(b"1", &algo, &b, &mut known(), &mut rng).unwrap().a;
    assert_ne!(answer(), answer());
}

#[test]
fn draws_b_again_until_the_challenge_is_in_range() {
    let group = Group::well_known();
    let p = group.prime();
    let (first, second) = (secret("srp-b"), secret("srp-a"));
    // A verifier with which the first b gives B = k·v + g^b = 5: v = (5 - g^b) / k.
    let (modulus, minus_two) = (group.modulus(), group.p().wrapping_sub(&U2048::from_u8(2)));
    let inverse = modulus.pow(&multiplier(&group), &minus_two);
    let difference = modulus.sub(&U2048::from_u8(5), &U2048::from_be_slice(first.public()));
    let v = number::write(&modulus.mul(&difference, &inverse));
    let verifier = Verifier::new(&algo(&p), &v, &mut known(), &mut rng()).unwrap();
    let near = verifier.challenge_with(secret("srp-b"));
    assert_eq!(number::significant(near.public()), [5]);

    let mut script = Script([*first.to_bytes(), *second.to_bytes()].concat());
    let challenge = verifier.challenge(&mut script);
    assert_eq!(challenge.public(), verifier.challenge_with(second).public());
    assert!(script.0.is_empty());
}

#[test]
fn a_verifier_out_of_range_is_refused() {
    let p = Group::well_known().prime();
    for v in [&[][..], &[1], &p, &[0xff; 257]] {
        let refused = Verifier::new(&algo(&p), v, &mut known(), &mut rng()).unwrap_err();
        assert_eq!(refused, SrpError::Group(DhError::PublicOutOfRange));
    }
}
