//! Factorisation of the server's pq.

/// Splits `pq` into its two prime factors, the smaller first.
///
/// `None` for everything that is not a product of two different primes: 0, 1, primes, squares of primes
/// (the protocol wants p < q), and numbers with three or more prime factors.
pub fn factorize(pq: u64) -> Option<(u64, u64)> {
    let _ = pq;
    todo!()
}
