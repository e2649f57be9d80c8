//! The password of two-step verification (core api/srp): the client's answer and new password hashes, and the
//! server's verifier for a server of one's own.
//!
//! Everything that takes a password spends some 0.1 s in PBKDF2 and some hundredths in powers: keep it off
//! the async threads.

use crypto_bigint::U2048;
use pbkdf2::pbkdf2_hmac;
use rand_core::CryptoRng;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::dh::{DhError, Group, KnownPrimes, Secret};
use crate::hash::sha256;
use crate::number;

/// `passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow` as it came, the only algorithm there
/// is. For a new password, extend salt1 of the server's `new_algo` by 32 random bytes of our own first.
#[derive(Debug, Clone, Copy)]
pub struct Algo<'a> {
    /// The first salt.
    pub salt1: &'a [u8],
    /// The second salt.
    pub salt2: &'a [u8],
    /// The generator.
    pub g: i32,
    /// The prime, big-endian.
    pub p: &'a [u8],
}

/// What `inputCheckPasswordSRP` wants beside the id.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// A, 256 bytes big-endian.
    pub a: [u8; 256],
    /// M1.
    pub m1: [u8; 32],
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// Answers the `srp_B` of `account.password`. The secret exponent comes from `rng` alone: the server's
/// `secure_random` has no part in it.
///
/// # Errors
/// [`SrpError::Group`] if p or g fails its checks, [`SrpError::PublicB`] if B does, [`SrpError::ZeroU`].
///
/// ```
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// use layer_crypto::dh::{Group, KnownPrimes};
/// use layer_crypto::srp::{self, Algo, Verifier};
/// let mut known = KnownPrimes::new();
/// let algo = Algo { salt1: &[1; 40], salt2: &[2; 16], g: 3, p: &Group::well_known().prime() };
/// let v = srp::new_password_hash(b"secret", &algo, &mut known, &mut rng)?;
/// let challenge = Verifier::new(&algo, &v, &mut known, &mut rng)?.challenge(&mut rng);
///
/// let answer = srp::answer(b"secret", &algo, challenge.public(), &mut known, &mut rng)?;
/// challenge.check(&answer.a, &answer.m1)?;
/// # Ok::<(), srp::SrpError>(())
/// ```
pub fn answer(
    password: &[u8],
    algo: &Algo<'_>,
    srp_b: &[u8],
    known: &mut KnownPrimes,
    rng: &mut dyn CryptoRng,
) -> Result<Answer, SrpError> {
    let group = Group::check(algo.g, algo.p, known, rng)?;
    let public_b = number::read(srp_b)
        .filter(|b| (248..=256).contains(&srp_b.len()) && *b != U2048::ZERO && *b < group.p())
        .ok_or(SrpError::PublicB { len: srp_b.len() })?;
    let x = password_hash(password, algo);
    // Drawn again until 2^1984 <= A <= p - 2^1984.
    let secret = Secret::generate(&group, rng);
    let exchange = Exchange { group: &group, salt1: algo.salt1, salt2: algo.salt2 };
    exchange.answer(&x, secret.exponent(), &public_b)
}

/// `new_password_hash` of `account.passwordInputSettings`: v = g^x mod p, 256 bytes big-endian.
///
/// # Errors
/// [`SrpError::Group`] if p or g fails its checks.
pub fn new_password_hash(
    password: &[u8],
    algo: &Algo<'_>,
    known: &mut KnownPrimes,
    rng: &mut dyn CryptoRng,
) -> Result<[u8; 256], SrpError> {
    let group = Group::check(algo.g, algo.p, known, rng)?;
    Ok(number::write(&group.power(&password_hash(password, algo))))
}

/// What a server keeps of a password, wiped when dropped.
#[derive(Clone)]
pub struct Verifier {
    group: Group,
    salt1: Vec<u8>,
    salt2: Vec<u8>,
    v: Box<Zeroizing<U2048>>,
}

impl Verifier {
    /// From the `new_password_hash` that a client sent for `algo`.
    ///
    /// # Errors
    /// [`SrpError::Group`] if p or g fails its checks, or v is not in the range of a public value.
    pub fn new(
        algo: &Algo<'_>,
        v: &[u8],
        known: &mut KnownPrimes,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, SrpError> {
        let group = Group::check(algo.g, algo.p, known, rng)?;
        let v = Box::new(Zeroizing::new(group.read_public(v)?));
        Ok(Self { group, salt1: algo.salt1.to_vec(), salt2: algo.salt2.to_vec(), v })
    }

    /// B for one attempt: k·v + g^b with a new b.
    pub fn challenge(&self, rng: &mut dyn CryptoRng) -> Challenge {
        loop {
            let challenge = self.challenge_with(Secret::generate(&self.group, rng));
            // Some clients hold B to the same range as other public values.
            if self.group.check_public(&challenge.public).is_ok() {
                return challenge;
            }
        }
    }

    fn challenge_with(&self, b: Secret) -> Challenge {
        let modulus = self.group.modulus();
        let k = multiplier(&self.group);
        let g_b = U2048::from_be_slice(b.public());
        let public = number::write(&modulus.add(&modulus.mul(&k, &self.v), &g_b));
        Challenge { verifier: self.clone(), b, public }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("group", &self.group).finish_non_exhaustive()
    }
}

/// One attempt's b and B.
pub struct Challenge {
    verifier: Verifier,
    b: Secret,
    public: [u8; 256],
}

impl Challenge {
    /// `srp_B`, 256 bytes big-endian.
    pub fn public(&self) -> &[u8; 256] {
        &self.public
    }

    /// Whether the client that sent A and M1 knew the password.
    ///
    /// # Errors
    /// [`SrpError::Group`] if A is out of range, [`SrpError::WrongPassword`].
    pub fn check(&self, a: &[u8], m1: &[u8]) -> Result<(), SrpError> {
        let Verifier { group, salt1, salt2, v } = &self.verifier;
        let public_a = group.read_public(a)?;
        let public_b = U2048::from_be_slice(&self.public);
        let exchange = Exchange { group, salt1, salt2 };
        let u = exchange.scramble(&public_a, &public_b)?;
        let modulus = group.modulus();
        // S = (A · v^u)^b
        let base = modulus.mul(&public_a, &modulus.pow(v, &u));
        let s = modulus.pow(&base, self.b.exponent());
        if exchange.m1(&public_a, &public_b, &s).ct_eq(m1).into() {
            Ok(())
        } else {
            Err(SrpError::WrongPassword)
        }
    }
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenge").finish_non_exhaustive()
    }
}

/// The formulas that both sides share, in a group that has been checked (or is a vector's).
struct Exchange<'a> {
    group: &'a Group,
    salt1: &'a [u8],
    salt2: &'a [u8],
}

impl Exchange<'_> {
    /// The client's A and M1 for its x and a.
    fn answer(&self, x: &U2048, a: &U2048, public_b: &U2048) -> Result<Answer, SrpError> {
        let (group, modulus) = (self.group, self.group.modulus());
        let public_a = group.power(a);
        let u = self.scramble(&public_a, public_b)?;
        let k = multiplier(group);
        let v = group.power(x);
        let t = modulus.sub(public_b, &modulus.mul(&k, &v));
        // S = t^(a + u·x), as a product so that the sum need not be longer than 2048 bits.
        let ux = Zeroizing::new(u.wrapping_mul(x));
        let s = modulus.mul(&modulus.pow(&t, a), &modulus.pow(&t, &ux));
        Ok(Answer { a: number::write(&public_a), m1: self.m1(&public_a, public_b, &s) })
    }

    /// u = H(pad A | pad B).
    fn scramble(&self, public_a: &U2048, public_b: &U2048) -> Result<U2048, SrpError> {
        let digest = sha256(&[&number::write(public_a), &number::write(public_b)]);
        if digest == [0; 32] { Err(SrpError::ZeroU) } else { Ok(small(&digest)) }
    }

    /// M1 = H(H(pad p) xor H(pad g) | H(salt1) | H(salt2) | pad A | pad B | H(pad S)).
    fn m1(&self, public_a: &U2048, public_b: &U2048, s: &U2048) -> [u8; 32] {
        let mut p_xor_g = sha256(&[&self.group.prime()]);
        for (to, g) in p_xor_g.iter_mut().zip(sha256(&[&padded_generator(self.group)])) {
            *to ^= g;
        }
        let key = Zeroizing::new(sha256(&[Zeroizing::new(number::write(s)).as_slice()]));
        sha256(&[
            &p_xor_g,
            &sha256(&[self.salt1]),
            &sha256(&[self.salt2]),
            &number::write(public_a),
            &number::write(public_b),
            &*key,
        ])
    }
}

/// k = H(pad p | pad g).
fn multiplier(group: &Group) -> U2048 {
    small(&sha256(&[&group.prime(), &padded_generator(group)]))
}

fn padded_generator(group: &Group) -> [u8; 256] {
    number::write(&group.generator())
}

/// A digest as a number.
fn small(digest: &[u8; 32]) -> U2048 {
    crypto_bigint::U256::from_be_slice(digest).resize()
}

/// x = PH2(password).
fn password_hash(password: &[u8], algo: &Algo<'_>) -> Zeroizing<U2048> {
    let ph1 = ph1(password, algo);
    let mut stretched = Zeroizing::new([0; 64]);
    pbkdf2_hmac::<Sha512>(ph1.as_slice(), algo.salt1, 100_000, stretched.as_mut_slice());
    Zeroizing::new(small(&salted(stretched.as_slice(), algo.salt2)))
}

fn ph1(password: &[u8], algo: &Algo<'_>) -> Zeroizing<[u8; 32]> {
    salted(salted(password, algo.salt1).as_slice(), algo.salt2)
}

/// SH(data, salt) = H(salt | data | salt).
fn salted(data: &[u8], salt: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(sha256(&[salt, data, salt]))
}

/// Why a password exchange is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrpError {
    /// p, g, or a value of the group fails its check.
    #[error(transparent)]
    Group(#[from] DhError),
    /// B is not in 0 < B < p, or not 248 to 256 bytes.
    #[error("srp_B of {len} bytes, expected 248 to 256 and a value between 0 and p")]
    PublicB {
        /// Bytes that came.
        len: usize,
    },
    /// u = 0: the peer has found a collision, or jests.
    #[error("the hash of A and B is zero")]
    ZeroU,
    /// M1 is not what the password gives.
    #[error("the password is wrong")]
    WrongPassword,
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

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
        let challenge =
            Verifier::new(&algo, &v, &mut known(), &mut rng).unwrap().challenge(&mut rng);
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
    fn a_verifier_out_of_range_is_refused() {
        let p = Group::well_known().prime();
        for v in [&[][..], &[1], &p, &[0xff; 257]] {
            let refused = Verifier::new(&algo(&p), v, &mut known(), &mut rng()).unwrap_err();
            assert_eq!(refused, SrpError::Group(DhError::PublicOutOfRange));
        }
    }
}
