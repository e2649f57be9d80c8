//! The number that a client has to factorise: the product of two primes of 31 bits.

use rand_core::CryptoRng;

/// Two primes, the smaller one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pq {
    pub(super) p: u32,
    pub(super) q: u32,
}

impl Pq {
    pub(super) fn draw(rng: &mut dyn CryptoRng) -> Self {
        let one = draw_prime(rng);
        loop {
            let other = draw_prime(rng);
            if one != other {
                return Self { p: one.min(other), q: one.max(other) };
            }
        }
    }

    pub(super) fn product(self) -> u64 {
        u64::from(self.p) * u64::from(self.q)
    }
}

/// A number as a TL string holds it: big-endian without leading zeros.
pub(super) fn write(number: u64) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// The number in a TL string; zeros before it are let pass. `None` if it is beyond 64 bits.
pub(super) fn read(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0_u64, |number, byte| Some(number.checked_mul(256)? | u64::from(*byte)))
}

fn draw_prime(rng: &mut dyn CryptoRng) -> u32 {
    loop {
        let mut bytes = [0; 4];
        rng.fill_bytes(&mut bytes);
        // Odd, and with bit 30 as its highest.
        let number = u32::from_be_bytes(bytes) & 0x7fff_ffff | 0x4000_0001;
        if is_prime(number) {
            return number;
        }
    }
}

/// Miller-Rabin with bases 2, 7 and 61, which is exact below 4,759,123,141 (Jaeschke). For odd numbers
/// above 61.
fn is_prime(number: u32) -> bool {
    let n = u64::from(number);
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    [2, 7, 61].into_iter().all(|base| {
        let mut power = power(base, odd, n);
        if power == 1 || power == n - 1 {
            return true;
        }
        (1..twos).any(|_| {
            power = power * power % n;
            power == n - 1
        })
    })
}

/// base^exponent mod n, for n below 2^32.
fn power(base: u64, mut exponent: u64, n: u64) -> u64 {
    let (mut result, mut square) = (1, base % n);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * square % n;
        }
        square = square * square % n;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use layer_crypto::factorize;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn tells_primes_from_composites_as_trial_division_does() {
        let by_trial =
            |n: u32| (3..).step_by(2).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
        for n in (63..20_000).step_by(2) {
            assert_eq!(is_prime(n), by_trial(n), "{n}");
        }
        // The least strong pseudoprime to base 2, Carmichael numbers, published primes.
        for composite in [2047, 3_215_031_751, 1_729, 4_294_967_295] {
            assert!(!is_prime(composite), "{composite}");
        }
        for prime in [1_513_098_571, 1_780_931_429, 2_147_483_647] {
            assert!(is_prime(prime), "{prime}");
        }
    }

    #[test]
    fn draws_two_different_primes_of_31_bits() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for _ in 0..20 {
            let pq = Pq::draw(&mut rng);
            assert!(pq.p < pq.q);
            assert_eq!((pq.p.leading_zeros(), pq.q.leading_zeros()), (1, 1));
            assert_eq!(factorize(pq.product()), Some((pq.p.into(), pq.q.into())));
        }
    }

    #[test]
    fn numbers_are_written_short_and_read_with_zeros_too() {
        assert_eq!(write(0x1234), [0x12, 0x34]);
        assert_eq!(read(&[0, 0, 0x12, 0x34]), Some(0x1234));
        assert_eq!(read(&[0; 1000]), Some(0));
        assert_eq!(read(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
