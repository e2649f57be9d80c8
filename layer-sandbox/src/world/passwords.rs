//! Passwords of two-step verification: kept as SRP verifiers, checked by challenges (core api/srp).

use std::collections::VecDeque;

use layer_crypto::dh::{Group, KnownPrimes};
use layer_crypto::hash::sha256;
use layer_crypto::srp::{self, Algo, Challenge, SrpError, Verifier};
use layer_tl_types::{enums, types};
use zeroize::Zeroizing;

use super::World;
use super::codes::{MAILED, mail_pattern};
use crate::router::RpcError;

/// The password of an account.
#[derive(Clone)]
#[non_exhaustive]
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Password {
    /// The first salt, which the client made longer than it was given.
    #[serde(with = "crate::world::kept::bytes")]
    pub salt1: Vec<u8>,
    /// The second salt.
    #[serde(with = "crate::world::kept::bytes")]
    pub salt2: Vec<u8>,
    /// What the password is checked by, 256 bytes.
    #[serde(with = "crate::world::kept::bytes")]
    pub verifier: Zeroizing<Vec<u8>>,
    /// What the user reads before typing it.
    pub hint: String,
    /// Where the code goes by which it is recovered.
    pub email: Option<String>,
}

/// What waits until a code that was mailed is given.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Unconfirmed {
    pub(crate) email: String,
    /// The password as it is then.
    pub(crate) password: Password,
}

/// The B of one attempt.
#[derive(Debug)]
struct Attempt {
    id: i64,
    user_id: i64,
    /// Of which password: by a digest of its verifier.
    password: [u8; 32],
    challenge: Challenge,
}

/// All challenges that were given out and not answered.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    attempts: VecDeque<Attempt>,
}

/// So many challenges are kept.
const MOST_ATTEMPTS: usize = 64;
/// So many wrong passwords may be tried under a key.
const MOST_WRONG: u32 = 5;
/// So long one waits after them, in seconds.
const WAIT: i64 = 60;
/// The longest hint, and the longest salt.
const LONGEST: usize = 255;
/// Bytes that a client must add to the first salt.
const OWN_SALT: usize = 32;

type Kdf = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow;

impl World {
    /// Gives a user a password, as a client of that user would. Returns whether there is such a user.
    ///
    /// It takes a tenth of a second.
    pub fn set_password(&mut self, user_id: i64, password: &str, hint: &str) -> bool {
        let mut kdf = self.new_algo(user_id);
        kdf.salt1.extend(self.random::<OWN_SALT>());
        let hash = srp::new_password_hash(
            password.as_bytes(),
            &algo(&kdf),
            &mut KnownPrimes::new(),
            &mut self.rng,
        );
        let (Ok(hash), Some(user)) = (hash, self.accounts.get_mut(user_id)) else { return false };
        let email = user.password.take().and_then(|before| before.email);
        let verifier = Zeroizing::new(hash.to_vec());
        let (Kdf { salt1, salt2, .. }, hint) = (kdf, hint.to_owned());
        user.password = Some(Password { salt1, salt2, verifier, hint, email });
        true
    }

    /// How a new password of the user is to be hashed; the client makes the first salt longer. The salts
    /// are always the same for a user, so that they need not be remembered.
    pub(crate) fn new_algo(&self, user_id: i64) -> Kdf {
        let salt = |name: &[u8]| sha256(&[&self.accounts.secret(), &user_id.to_le_bytes(), name]);
        let (salt1, salt2) = (salt(b"salt 1"), salt(b"salt 2"));
        let group = Group::well_known();
        Kdf {
            salt1: salt1.iter().take(8).copied().collect(),
            salt2: salt2.iter().take(16).copied().collect(),
            g: group.g(),
            p: group.prime().to_vec(),
        }
    }

    /// `account.getPassword` of a user, with a challenge if there is a password.
    pub(crate) fn describe_password(&mut self, user_id: i64) -> types::account::Password {
        let new_algo = self.new_algo(user_id).into();
        let new_secure = enums::SecurePasswordKdfAlgo::Unknown;
        let random = self.random::<256>().to_vec();
        let mut answer = types::account::Password::new(new_algo, new_secure, random);
        let Some(user) = self.accounts.get(user_id) else { return answer };
        answer.email_unconfirmed_pattern =
            user.unconfirmed.as_ref().map(|waiting| mail_pattern(&waiting.email));
        answer.pending_reset_date = user.reset_password_at;
        answer.login_email_pattern = user.login_email.as_deref().map(mail_pattern);
        let Some(password) = user.password.clone() else { return answer };
        let Ok(verifier) = password.open(&mut self.rng) else { return answer };
        let challenge = verifier.challenge(&mut self.rng);
        answer.has_password = true;
        answer.has_recovery = password.email.is_some();
        answer.hint = Some(password.hint.clone()).filter(|hint| !hint.is_empty());
        answer.current_algo = Some(password.algo().into());
        answer.srp_b = Some(challenge.public().to_vec());
        let (id, digest) = (self.random_id(), password.digest());
        answer.srp_id = Some(id);
        let Challenges { attempts } = &mut self.challenges;
        if attempts.len() >= MOST_ATTEMPTS {
            attempts.pop_front();
        }
        attempts.push_back(Attempt { id, user_id, password: digest, challenge });
        answer
    }

    /// Checks that a client knows the password of a user. A challenge is used up by that, whether it
    /// does or not.
    pub(crate) fn check_password(
        &mut self,
        user_id: i64,
        answer: &enums::InputCheckPasswordSrp,
        now: i64,
    ) -> Result<(), RpcError> {
        let user = self.accounts.get_mut(user_id);
        let user = user.ok_or_else(|| RpcError::new(400, "USER_ID_INVALID"))?;
        let password =
            user.password.as_ref().ok_or_else(|| RpcError::new(400, "PASSWORD_EMPTY"))?;
        let enums::InputCheckPasswordSrp::Srp(answer) = answer else {
            return Err(RpcError::new(400, "PASSWORD_HASH_INVALID"));
        };
        let digest = password.digest();
        if user.wrong_passwords >= MOST_WRONG && now < user.wrong_password_at + WAIT {
            let left = user.wrong_password_at + WAIT - now;
            return Err(RpcError::new(420, format!("FLOOD_WAIT_{left}")));
        }
        let attempts = &mut self.challenges.attempts;
        let ours = |attempt: &Attempt| attempt.id == answer.srp_id && attempt.user_id == user_id;
        let attempt = attempts.iter().position(ours).and_then(|at| attempts.remove(at));
        let attempt = attempt.ok_or_else(|| RpcError::new(400, "SRP_ID_INVALID"))?;
        if attempt.password != digest {
            return Err(RpcError::new(400, "SRP_PASSWORD_CHANGED"));
        }
        if attempt.challenge.check(&answer.a, &answer.m1).is_err() {
            if user.wrong_passwords >= MOST_WRONG {
                user.wrong_passwords = 0;
            }
            user.wrong_passwords += 1;
            user.wrong_password_at = now;
            return Err(RpcError::new(400, "PASSWORD_HASH_INVALID"));
        }
        user.wrong_passwords = 0;
        Ok(())
    }

    /// The password that `account.passwordInputSettings` describe: `None` if there is to be none.
    pub(crate) fn read_password(
        &mut self,
        user_id: i64,
        settings: &types::account::PasswordInputSettings,
    ) -> Result<Option<Password>, RpcError> {
        let invalid = || RpcError::new(400, "NEW_SETTINGS_INVALID");
        let kdf = match &settings.new_algo {
            Some(enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(
                kdf,
            )) => kdf.clone(),
            _ => return Ok(None),
        };
        let hash = settings.new_password_hash.clone().unwrap_or_default();
        if hash.is_empty() {
            return Ok(None);
        }
        let ours = self.new_algo(user_id);
        if kdf.g != ours.g || kdf.p != ours.p || kdf.salt2 != ours.salt2 {
            return Err(invalid());
        }
        let hint = settings.hint.clone().unwrap_or_default();
        if hint.chars().count() > LONGEST || kdf.salt1.len() > LONGEST {
            return Err(invalid());
        }
        let longer = kdf.salt1.len() >= ours.salt1.len() + OWN_SALT;
        if !longer || !kdf.salt1.starts_with(&ours.salt1) {
            return Err(RpcError::new(400, "NEW_SALT_INVALID"));
        }
        let password = Password {
            salt1: kdf.salt1,
            salt2: kdf.salt2,
            verifier: Zeroizing::new(hash),
            hint,
            email: None,
        };
        password.open(&mut self.rng).map_err(|_| invalid())?;
        Ok(Some(password))
    }

    /// Has a password wait until the code is given that is mailed to its address now.
    pub(crate) fn confirm_first(
        &mut self,
        user_id: i64,
        email: &str,
        password: Password,
    ) -> RpcError {
        self.mail_code(email);
        if let Some(user) = self.accounts.get_mut(user_id) {
            user.unconfirmed = Some(Unconfirmed { email: email.to_owned(), password });
        }
        RpcError::new(400, format!("EMAIL_UNCONFIRMED_{MAILED}"))
    }
}

impl Password {
    fn algo(&self) -> Kdf {
        let group = Group::well_known();
        let (salt1, salt2) = (self.salt1.clone(), self.salt2.clone());
        Kdf { salt1, salt2, g: group.g(), p: group.prime().to_vec() }
    }

    fn open(&self, rng: &mut dyn rand_core::CryptoRng) -> Result<Verifier, SrpError> {
        Verifier::new(&algo(&self.algo()), &self.verifier, &mut KnownPrimes::new(), rng)
    }

    fn digest(&self) -> [u8; 32] {
        sha256(&[&self.verifier, &self.salt1])
    }
}

/// What is secret stays so.
impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password").finish_non_exhaustive()
    }
}

fn algo(kdf: &Kdf) -> Algo<'_> {
    Algo { salt1: &kdf.salt1, salt2: &kdf.salt2, g: kdf.g, p: &kdf.p }
}
