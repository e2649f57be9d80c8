//! Powers of one base that is raised again and again, from a table made once: the comb of Lim and
//! Lee ("More flexible exponentiation with precomputation", 1994).
//!
//! An exponent is written as 4 rows of 512 bits. A column's four bits choose one of 16 products of
//! powers that the table holds. There is such a table for each 64 columns, so that 64 squarings and
//! 512 multiplications do what takes 2048 and 512 otherwise.
#![allow(clippy::indexing_slicing, reason = "indices into our own fixed-size arrays")]

use crypto_bigint::{CtAssign, CtEq, U2048};
use zeroize::Zeroizing;

use super::{Modulus, retrieve, write};

const ROWS: usize = 4;

/// Of 64 columns each: a column of one is a bit of the exponent's words at the same place in each row.
const TABLES: usize = 8;

/// One base's powers under one modulus.
pub(crate) struct Comb {
    modulus: Modulus,
    /// For each table and each set of rows, the product of the rows' powers, as the library
    /// computes with them. A power has as its exponent the lowest bit of a row's word.
    products: Box<[[U2048; 1 << ROWS]; TABLES]>,
}

impl Comb {
    /// Costs about as much as one power.
    pub(crate) fn new(modulus: &Modulus, base: &U2048) -> Self {
        let mut power = modulus.form(base);
        let mut powers = [[power; TABLES]; ROWS];
        for of_word in powers.as_flattened_mut() {
            *of_word = power;
            power = power.square_repeat_vartime(u64::BITS);
        }
        let mut products = Box::new([[modulus.one().to_montgomery(); 1 << ROWS]; TABLES]);
        for (table, products) in products.iter_mut().enumerate() {
            for rows in 1..products.len() {
                let row = rows.trailing_zeros() as usize;
                let others = modulus.montgomery(products[rows & (rows - 1)]);
                products[rows] = others.mul(&powers[row][table]).to_montgomery();
            }
        }
        Self { modulus: modulus.clone(), products }
    }

    /// base^exponent, in time that does not depend on the exponent.
    pub(crate) fn pow(&self, exponent: &U2048) -> Zeroizing<U2048> {
        let words = words(exponent);
        let mut power = Zeroizing::new(self.modulus.one());
        let mut factor = Zeroizing::new(U2048::ZERO);
        for bit in (0..u64::BITS).rev() {
            *power = power.square();
            for (table, products) in self.products.iter().enumerate() {
                let rows = (0..ROWS)
                    .fold(0, |rows, row| rows | (words[row * TABLES + table] >> bit & 1) << row);
                // Each is looked at, so that the caches don't learn which one is taken.
                for (i, product) in (0_u64..).zip(products) {
                    factor.ct_assign(product, i.ct_eq(&rows));
                }
                *power = power.mul(&self.modulus.montgomery(*factor));
            }
        }
        retrieve(*power)
    }
}

/// 64 bits each, the lowest first.
fn words(number: &U2048) -> Zeroizing<[u64; ROWS * TABLES]> {
    let bytes = Zeroizing::new(write(number));
    let mut words = Zeroizing::new([0; ROWS * TABLES]);
    for (to, from) in words.iter_mut().rev().zip(bytes.as_chunks().0) {
        *to = u64::from_be_bytes(*from);
    }
    words
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn gives_the_powers_that_are_computed_step_by_step() {
        let seed = 0xc0b;
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut number = || {
            let mut bytes = [0; 256];
            rng.fill_bytes(&mut bytes);
            U2048::from_be_slice(&bytes)
        };
        for (modulus, base) in [(U2048::MAX, U2048::from_u8(3)), (number(), number())] {
            let modulus = Modulus::new(modulus.bitor(&U2048::ONE)).unwrap();
            let comb = Comb::new(&modulus, &base);
            let edges = [U2048::ZERO, U2048::ONE, U2048::MAX, U2048::ONE.shl_vartime(2047)];
            for exponent in edges.into_iter().chain((0..8).map(|_| number())) {
                assert_eq!(*comb.pow(&exponent), *modulus.pow(&base, &exponent), "seed {seed}");
            }
        }
        // One bit in each row and each table.
        let modulus = Modulus::new(U2048::from_u32(1_000_003)).unwrap();
        let comb = Comb::new(&modulus, &U2048::from_u8(7));
        for bit in (0..2048).step_by(61) {
            let exponent = U2048::ONE.shl_vartime(bit);
            assert_eq!(*comb.pow(&exponent), *modulus.pow(&U2048::from_u8(7), &exponent), "{bit}");
        }
    }
}
