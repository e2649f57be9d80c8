//! Factorisation of the server's pq (core mtproto/auth_key, step 3): Brent's variant of Pollard's
//! rho over Montgomery multiplication, from fixed starting points, so that the same pq always costs
//! the same.

/// Splits `pq` into its two prime factors, the smaller first.
///
/// `None` for everything that is not a product of two different primes: 0, 1, primes, squares of
/// primes (the protocol wants p < q) and numbers with more prime factors. Takes about a third of a
/// millisecond for 62 bits, and a bounded time for any number.
///
/// ```
/// use layer_crypto::factorize;
/// assert_eq!(factorize(2_694_724_800_268_887_959), Some((1_513_098_571, 1_780_931_429)));
/// assert_eq!(factorize(17), None);
/// ```
pub fn factorize(pq: u64) -> Option<(u64, u64)> {
    let factor = if pq < 6 {
        return None;
    } else if pq.is_multiple_of(2) {
        2
    } else if is_prime(pq) {
        return None;
    } else {
        STARTS.into_iter().find_map(|start| rho(pq, start))?
    };
    let (p, q) = (factor.min(pq / factor), factor.max(pq / factor));
    (p < q && is_prime(p) && is_prime(q)).then_some((p, q))
}

/// Constants of x^2 + c, tried in turn. A composite number without square factors that defeats all
/// of them is not known; what is not split after them is given up.
const STARTS: std::ops::RangeInclusive<u64> = 1..=16;

/// Steps between two greatest common divisors.
const BATCH: u64 = 128;

/// The smaller prime is below 2^32 and is expected after some 2^16 steps. Stretches of 1, 2, 4 ..
/// 2^18, each walked twice, are 2^20 steps: ample room.
const STRETCHES: u32 = 19;

/// A proper factor of the odd composite `n`, or `None` if this constant does not find one.
fn rho(n: u64, constant: u64) -> Option<u64> {
    let field = Montgomery::new(n);
    if n < LOOSE {
        // Each step waits for the one before: the fewer operations, the better.
        walk(&field, |x| field.square_and_add_loosely(x, constant))
    } else {
        walk(&field, |x| field.add(field.mul(x, x), constant % n))
    }
}

fn walk(field: &Montgomery, next: impl Fn(u64) -> u64) -> Option<u64> {
    let n = field.n;
    let mut y = 2 % n;
    for stretch in 0..STRETCHES {
        let length = 1 << stretch;
        // Brent: compare with a point that stays, and move it forward at each power of two.
        let x = y;
        for _ in 0..length {
            y = next(y);
        }
        let mut done = 0;
        while done < length {
            let before = y;
            let mut product = field.one;
            let batch = BATCH.min(length - done);
            for _ in 0..batch {
                y = next(y);
                product = field.mul(product, x.abs_diff(y));
            }
            match gcd(product, n) {
                1 => done += batch,
                // More than one factor fell into the batch: repeat it step by step.
                factor if factor == n => {
                    y = before;
                    for _ in 0..batch {
                        y = next(y);
                        match gcd(x.abs_diff(y), n) {
                            1 => {}
                            factor => return (factor != n).then_some(factor),
                        }
                    }
                    return None;
                }
                factor => return Some(factor),
            }
        }
    }
    None
}

/// Miller-Rabin with the first twelve primes as bases, which is a proof below 3.3e24 (Sorenson,
/// Webster).
fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if n < 2 {
        return false;
    }
    if let Some(small) = BASES.into_iter().find(|base| n.is_multiple_of(*base)) {
        return n == small;
    }
    let field = Montgomery::new(n);
    let minus_one = n - field.one;
    let twos = (n - 1).trailing_zeros();
    BASES.into_iter().all(|base| {
        let mut power = field.pow(field.enter(base), (n - 1) >> twos);
        if power == field.one || power == minus_one {
            return true;
        }
        (1..twos).any(|_| {
            power = field.mul(power, power);
            power == minus_one
        })
    })
}

fn gcd(a: u64, b: u64) -> u64 {
    // b is odd, so common factors of two need no care.
    let (mut a, mut b) = (a, b);
    while a != 0 {
        a >>= a.trailing_zeros();
        if a < b {
            std::mem::swap(&mut a, &mut b);
        }
        a -= b;
    }
    b
}

/// Below this, numbers need not be brought below n between two steps.
const LOOSE: u64 = (1 << 62) - (1 << 32);

/// Arithmetic modulo an odd number in Montgomery form, R = 2^64.
struct Montgomery {
    n: u64,
    /// n^-1 mod R.
    inverse: u64,
    /// R mod n, the form of 1.
    one: u64,
}

impl Montgomery {
    fn new(n: u64) -> Self {
        // Newton: each turn doubles the number of correct low bits, 3 to begin with.
        let mut inverse = n;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(inverse)));
        }
        Self { n, inverse, one: (u64::MAX % n + 1) % n }
    }

    fn enter(&self, a: u64) -> u64 {
        ((u128::from(a) << 64) % u128::from(self.n)) as u64
    }

    fn add(&self, a: u64, b: u64) -> u64 {
        let (sum, overflow) = a.overflowing_add(b);
        if overflow || sum >= self.n { sum.wrapping_sub(self.n) } else { sum }
    }

    fn mul(&self, a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        let quotient = (product as u64).wrapping_mul(self.inverse);
        let subtract = (u128::from(quotient) * u128::from(self.n)) >> 64;
        let (high, below) = ((product >> 64) as u64).overflowing_sub(subtract as u64);
        if below { high.wrapping_add(self.n) } else { high }
    }

    /// a^2 / R + c, for a up to 2(n + c), and no more than that itself, as n + c is below 2^62: the
    /// square's upper half is no more than (n + c)^2 / 2^62, which is less than n + c.
    fn square_and_add_loosely(&self, a: u64, c: u64) -> u64 {
        let product = u128::from(a) * u128::from(a);
        let quotient = (product as u64).wrapping_mul(self.inverse);
        let subtract = (u128::from(quotient) * u128::from(self.n)) >> 64;
        ((product >> 64) as u64 + (self.n + c)) - subtract as u64
    }

    fn pow(&self, base: u64, exponent: u64) -> u64 {
        let mut result = self.one;
        for bit in (0..u64::BITS).rev() {
            result = self.mul(result, result);
            if exponent >> bit & 1 == 1 {
                result = self.mul(result, base);
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn splits_the_vectors() {
        for (p, q) in [
            (1_513_098_571, 1_780_931_429),
            (1_229_739_323, 1_402_015_859),
            (1_518_968_219, 1_556_064_227),
            (1_112_973_847, 1_878_321_023),
            (613, 617),
            (3, 5),
            // The official sample.
            (0x5a30_0d4b, 0x6a26_db65),
        ] {
            assert_eq!(factorize(p * q), Some((p, q)));
        }
        assert_eq!(factorize(0x2565_95ed_b776_6797), Some((0x5a30_0d4b, 0x6a26_db65)));
    }

    #[test]
    fn agrees_with_trial_division_on_every_small_number() {
        for n in 0..20_000_u64 {
            let p = (2..).take_while(|p| p * p <= n).find(|p| n.is_multiple_of(*p));
            let prime = |n: u64| (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
            let expected = p.map(|p| (p, n / p)).filter(|(p, q)| p != q && prime(*q));
            assert_eq!(factorize(n), expected, "{n}");
            assert_eq!(is_prime(n), n > 1 && prime(n), "{n}");
        }
    }

    #[test]
    fn refuses_what_is_not_two_different_primes() {
        let largest_prime = 0xffff_ffff_ffff_ffc5;
        let largest_prime_of_63_bits = 0x7fff_ffff_ffff_ffe7;
        let prime_of_32_bits = 4_294_967_291_u64;
        for n in [
            0,
            1,
            2,
            3,
            4,
            largest_prime,
            largest_prime_of_63_bits,
            prime_of_32_bits.pow(2),
            2 * 2 * 3,
            2 * 3 * 5,
            1 << 63,
            u64::MAX,        // 3 · 5 · 17 · 257 · 641 · 65537 · 6700417
            i64::MAX as u64, // 7² · 73 · 127 · 337 · 92737 · 649657
            2_097_143_u64.pow(3),
            1_000_003 * 1_000_033 * 1_000_037,
        ] {
            assert_eq!(factorize(n), None, "{n}");
        }
    }

    #[test]
    fn splits_an_even_number_and_a_lopsided_one() {
        let prime_of_62_bits = 0x3fff_ffff_ffff_ffc7;
        assert!(is_prime(prime_of_62_bits));
        assert_eq!(factorize(2 * prime_of_62_bits), Some((2, prime_of_62_bits)));
        assert_eq!(factorize(3 * prime_of_62_bits), Some((3, prime_of_62_bits)));
        assert_eq!(factorize(4_294_967_279 * 4_294_967_291), Some((4_294_967_279, 4_294_967_291)));
    }

    #[test]
    fn computes_modulo_numbers_of_64_bits() {
        let n = 0xffff_ffff_ffff_ffc5;
        let field = Montgomery::new(n);
        for (a, b) in [(0, 0), (0, n - 1), (1, n - 1), (n - 1, n - 1), (1 << 63, 1 << 63)] {
            let (wide_a, wide_b) = (u128::from(a), u128::from(b));
            assert_eq!(u128::from(field.add(a, b)), (wide_a + wide_b) % u128::from(n));
            let product = field.mul(field.mul(field.enter(a), field.enter(b)), 1);
            assert_eq!(u128::from(product), wide_a * wide_b % u128::from(n));
        }
    }

    #[test]
    fn a_loose_step_stays_within_its_bound_and_is_congruent() {
        let seed = 0x100e;
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        for round in 0..20_000 {
            let c = rng.next_u64() % 17;
            let n = match round % 3 {
                0 => (LOOSE - 1) | 1,
                1 => (LOOSE - 2 - rng.next_u64() % 1000 * 2) | 1,
                _ => (rng.next_u64() % LOOSE) | 1,
            };
            let field = Montgomery::new(n);
            let most = 2 * (n + c);
            let a = if round % 2 == 0 { most } else { rng.next_u64() % (most + 1) };
            let got = field.square_and_add_loosely(a, c);
            assert!(got <= most, "seed {seed}: {n}, {a}, {c}");
            let expected = field.add(field.mul(a % n, a % n), c % n);
            assert_eq!(got % n, expected, "seed {seed}: {n}, {a}, {c}");
        }
    }

    #[test]
    fn splits_random_products_of_all_sizes() {
        let seed = 0xfac;
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut prime = |bits: u32| loop {
            let n = rng.next_u64() >> (64 - bits) | 1 << (bits - 1) | 1;
            if is_prime(n) {
                break n;
            }
        };
        for round in 0..600 {
            let bits = 3 + round % 30;
            let (p, q) = (prime(bits), prime(bits));
            let expected = (p != q).then_some((p.min(q), p.max(q)));
            assert_eq!(factorize(p * q), expected, "seed {seed}: {p} · {q}");
        }
    }

    #[test]
    fn never_panics_on_a_random_number() {
        let seed = 0xbad;
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        for _ in 0..300 {
            let n = rng.next_u64();
            if let Some((p, q)) = factorize(n) {
                assert!(p < q && p * q == n, "seed {seed}: {n}");
            }
        }
    }
}
