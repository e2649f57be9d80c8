//! Numbers of 2048 bits between bytes and arithmetic: the one place that knows the big-integer
//! library's shapes. RSA, DH and SRP all compute in them.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U2048, Uint};
use zeroize::Zeroizing;

mod comb;

pub(crate) use comb::Comb;

const LIMBS: usize = U2048::LIMBS;

/// Big-endian bytes of any length as a number; `None` from 2^2048 on.
pub(crate) fn read(bytes: &[u8]) -> Option<U2048> {
    Some(U2048::from_be_slice(pad(bytes)?.as_slice()))
}

/// A number as 256 bytes, big-endian.
pub(crate) fn write(number: &U2048) -> [u8; 256] {
    let mut bytes = [0; 256];
    bytes.copy_from_slice(Zeroizing::new(number.to_be_bytes()).as_slice());
    bytes
}

/// Big-endian bytes of any length, brought to 256; `None` from 2^2048 on.
pub(crate) fn pad(bytes: &[u8]) -> Option<Zeroizing<[u8; 256]>> {
    let mut padded = Zeroizing::new([0; 256]);
    let digits = significant(bytes);
    let (_, tail) = padded.split_at_mut(256_usize.checked_sub(digits.len())?);
    tail.copy_from_slice(digits);
    Some(padded)
}

/// Big-endian bytes without leading zeros.
pub(crate) fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// An odd modulus, ready for multiplication; of 2048 bits if nothing else is said.
#[derive(Clone)]
pub(crate) struct Modulus<const N: usize = LIMBS> {
    /// Boxed, because three numbers of 256 bytes would be moved around with every owner; wiped,
    /// because the primes of a private key are moduli too.
    params: Box<Zeroizing<FixedMontyParams<N>>>,
}

impl<const N: usize> Modulus<N> {
    /// `None` if the number is even.
    pub(crate) fn new(modulus: Uint<N>) -> Option<Self> {
        let modulus = Odd::new(modulus).into_option()?;
        let params = Zeroizing::new(FixedMontyParams::new_vartime(modulus));
        Some(Self { params: Box::new(params) })
    }

    pub(crate) fn get(&self) -> &Uint<N> {
        self.params.modulus().as_ref()
    }

    /// base^exponent, in time that depends on neither.
    pub(crate) fn pow(&self, base: &Uint<N>, exponent: &Uint<N>) -> Zeroizing<Uint<N>> {
        self.pow_bounded(base, exponent, Uint::<N>::BITS)
    }

    /// base^exponent for an exponent that is known to have so many bits at most, in time that
    /// depends on that bound only.
    pub(crate) fn pow_bounded(
        &self,
        base: &Uint<N>,
        exponent: &Uint<N>,
        bits: u32,
    ) -> Zeroizing<Uint<N>> {
        retrieve(self.form(base).pow_amm_bounded_exp(exponent, bits))
    }

    /// base^exponent for a public exponent, in time that depends on its length.
    pub(crate) fn pow_public(&self, base: &Uint<N>, exponent: u64) -> Zeroizing<Uint<N>> {
        let bits = u64::BITS - exponent.leading_zeros();
        self.pow_bounded(base, &Uint::from_u64(exponent), bits)
    }

    pub(crate) fn mul(&self, a: &Uint<N>, b: &Uint<N>) -> Zeroizing<Uint<N>> {
        retrieve(self.form(a).mul(&self.form(b)))
    }

    pub(crate) fn add(&self, a: &Uint<N>, b: &Uint<N>) -> Zeroizing<Uint<N>> {
        retrieve(self.form(a).add(&self.form(b)))
    }

    pub(crate) fn sub(&self, a: &Uint<N>, b: &Uint<N>) -> Zeroizing<Uint<N>> {
        retrieve(self.form(a).sub(&self.form(b)))
    }

    /// What is left of a longer number.
    pub(crate) fn rest_of(&self, number: &U2048) -> Zeroizing<Uint<N>> {
        Zeroizing::new(number.rem(self.params.modulus().as_nz_ref()))
    }

    fn form(&self, number: &Uint<N>) -> FixedMontyForm<N> {
        FixedMontyForm::new(number, &self.params)
    }

    fn one(&self) -> FixedMontyForm<N> {
        FixedMontyForm::one(&self.params)
    }

    /// What [`FixedMontyForm::to_montgomery`] gave under the same modulus.
    fn montgomery(&self, number: Uint<N>) -> FixedMontyForm<N> {
        FixedMontyForm::from_montgomery(number, &self.params)
    }
}

/// Nearly every result is a secret or leads to one, so all are wiped.
fn retrieve<const N: usize>(form: FixedMontyForm<N>) -> Zeroizing<Uint<N>> {
    Zeroizing::new(Zeroizing::new(form).retrieve())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_number_of_leading_zeros_and_refuses_too_much() {
        assert_eq!(read(&[]), Some(U2048::ZERO));
        assert_eq!(read(&[0, 0, 5]), Some(U2048::from_u8(5)));
        let mut long = [0; 300];
        long[299] = 9;
        assert_eq!(read(&long), Some(U2048::from_u8(9)));
        long[43] = 1;
        assert_eq!(read(&long), None);
        assert_eq!(read(&[0xff; 256]).map(|n| write(&n)), Some([0xff; 256]));
    }

    #[test]
    fn computes_with_a_small_modulus_and_unreduced_numbers() {
        let modulus = Modulus::new(U2048::from_u8(47)).unwrap();
        let number = U2048::from_u32;
        assert_eq!(*modulus.pow(&number(3), &number(6)), number(24));
        assert_eq!(*modulus.pow(&number(50), &number(6)), number(24));
        assert_eq!(*modulus.pow(&number(3), &U2048::ZERO), number(1));
        assert_eq!(*modulus.pow_public(&number(3), 6), number(24));
        assert_eq!(*modulus.mul(&number(10), &number(5)), number(3));
        assert_eq!(*modulus.add(&number(46), &number(2)), number(1));
        assert_eq!(*modulus.sub(&number(1), &number(2)), number(46));
        assert!(Modulus::new(U2048::from_u8(46)).is_none());
    }
}
