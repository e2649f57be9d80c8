//! Proofs of a password, computed where they hold up nobody.

use std::sync::Arc;

use layer_crypto::dh::KnownPrimes;
use layer_crypto::srp::{self, Algo, SrpError};
use layer_tl_types::{enums, types};
use zeroize::Zeroizing;

use crate::InvocationError;
use crate::client::Inner;

/// How many random bytes of ours a new salt has.
const OWN_SALT: usize = 32;

/// A password on its way to the computation; wiped when dropped.
pub(crate) type Secret = Arc<Zeroizing<Vec<u8>>>;

type Kdf = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow;

fn algo(kdf: &Kdf) -> Algo<'_> {
    Algo { salt1: &kdf.salt1, salt2: &kdf.salt2, g: kdf.g, p: &kdf.p }
}

fn known(algo: Option<enums::PasswordKdfAlgo>) -> Result<Kdf, InvocationError> {
    match algo {
        Some(enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(kdf)) => {
            Ok(kdf)
        }
        _ => Err(InvocationError::UnknownPasswordAlgorithm),
    }
}

impl Inner {
    /// The proof that we know the password of which the server has told this.
    pub(crate) async fn prove(
        &self,
        told: &types::account::Password,
        secret: &Secret,
    ) -> Result<enums::InputCheckPasswordSrp, InvocationError> {
        let kdf = known(told.current_algo.clone())?;
        let (srp_b, srp_id) = (told.srp_b.clone(), told.srp_id);
        let srp_b = srp_b.unwrap_or_default();
        let (secret, mut rng) = (Arc::clone(secret), self.seams.rng());
        let answer = self.compute(move || {
            srp::answer(&secret, &algo(&kdf), &srp_b, &mut KnownPrimes::new(), &mut rng)
        });
        let answer = answer.await?;
        Ok(types::InputCheckPasswordSrp {
            srp_id: srp_id.unwrap_or_default(),
            a: answer.a.to_vec(),
            m1: answer.m1.to_vec(),
        }
        .into())
    }

    /// A new password, as the server keeps it: it can check it and does not know it.
    pub(crate) async fn verifier(
        &self,
        told: &types::account::Password,
        secret: &Secret,
    ) -> Result<(enums::PasswordKdfAlgo, Vec<u8>), InvocationError> {
        let mut kdf = known(Some(told.new_algo.clone()))?;
        let mut own = [0; OWN_SALT];
        self.seams.fill(&mut own);
        kdf.salt1.extend(own);
        let (secret, mut rng, used) = (Arc::clone(secret), self.seams.rng(), kdf.clone());
        let hash = self.compute(move || {
            srp::new_password_hash(&secret, &algo(&used), &mut KnownPrimes::new(), &mut rng)
        });
        Ok((kdf.into(), hash.await?.to_vec()))
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SrpError> + Send + 'static,
    ) -> Result<T, InvocationError> {
        Ok(self.seams.run(work).await.ok_or(InvocationError::Dropped)??)
    }
}
