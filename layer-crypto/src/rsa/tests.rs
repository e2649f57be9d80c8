//! Vectors for fingerprints and RSA_PAD, and both ends against each other.

use std::sync::LazyLock;

use crypto_bigint::U1024;
use hex_literal::hex;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Rng, SeedableRng};

use super::*;
use crate::script::Script;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(&mut rng()));

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(0x25a)
}

/// `encrypt` draws 192 bytes, of which the data covers the first, and then temporary keys.
fn script(data: usize, padding: u8, temp_keys: &[[u8; 32]]) -> Script {
    let pad = vec![padding; 192 - data];
    Script([vec![0; data], pad, temp_keys.concat()].concat())
}

#[test]
fn telegrams_keys_have_their_published_fingerprints() {
    for (key, wire) in
        [(TELEGRAM_PRODUCTION, hex!("85fd64de851d9dd0")), (TELEGRAM_TEST, hex!("03268d20df9858b2"))]
    {
        assert_eq!(key.fingerprint().to_le_bytes(), wire);
        assert_eq!(PublicKey::new(&key.n(), &[1, 0, 1]), Ok(key));
    }
}

#[test]
fn pads_as_gotd_does() {
    let mut rng = script(144, 0, &[[0; 32]]);
    let encrypted = TELEGRAM_PRODUCTION.encrypt(&[0x61; 144], &mut rng).unwrap();
    assert!(encrypted.starts_with(&hex!("bf68719e836806b0")));
    assert!(encrypted.ends_with(&hex!("1b6084f385726ff0")));
    let digest = hex!("e7f8903bc62da5a0fd544abd09f2ea52a8af7034d30ae3151c1329a451671321");
    assert_eq!(sha256(&[&encrypted]), digest);
}

#[test]
fn draws_the_temporary_key_again_if_the_block_is_not_below_n() {
    let data: [u8; 100] = std::array::from_fn(|i| i as u8);
    let too_large = std::array::from_fn(|i| i as u8);
    let fits = std::array::from_fn(|i| i as u8 + 1);
    let mut rng = script(100, 0x5a, &[too_large, fits]);
    let encrypted = TELEGRAM_TEST.encrypt(&data, &mut rng).unwrap();
    assert!(rng.0.is_empty());
    assert!(encrypted.starts_with(&hex!("11c9ce6169e11f47")));
    assert!(encrypted.ends_with(&hex!("218d1d9ccd59fac4")));
    let digest = hex!("31ceae48d0d7c43a911a9ec212383c9b762643dab29160b88dfb4d8d93cb9f39");
    assert_eq!(sha256(&[&encrypted]), digest);
}

#[test]
fn both_paddings_come_back_at_every_length() {
    let mut rng = rng();
    for len in (0..=144).step_by(9) {
        let data = vec![len as u8; len];
        let modern = KEY.decrypt(&KEY.public().encrypt(&data, &mut rng).unwrap()).unwrap();
        assert_eq!((modern.padding(), modern.data().len()), (Padding::Modern, 192));
        assert_eq!((&modern.data()[..len], modern.check(len)), (&*data, Ok(())));
    }
    for len in (0..=235).step_by(47) {
        let data = vec![len as u8; len];
        let legacy = KEY.decrypt(&KEY.public().encrypt_legacy(&data, &mut rng).unwrap()).unwrap();
        assert_eq!((legacy.padding(), legacy.data().len()), (Padding::Legacy, 235));
        assert_eq!((&legacy.data()[..len], legacy.check(len)), (&*data, Ok(())));
        for other in (0..len).chain(len + 1..=235) {
            assert_eq!(legacy.check(other), Err(DecryptError::Hash));
        }
        assert_eq!(legacy.check(236), Err(DecryptError::ObjectLength { len: 236, most: 235 }));
    }
}

#[test]
fn refuses_data_that_does_not_fit() {
    let key = TELEGRAM_TEST;
    assert_eq!(key.encrypt(&[0; 145], &mut rng()), Err(DataTooLong { len: 145, most: 144 }));
    assert_eq!(key.encrypt_legacy(&[0; 236], &mut rng()), Err(DataTooLong { len: 236, most: 235 }));
    let unpadded = KEY.decrypt(&KEY.public().encrypt(&[1; 144], &mut rng()).unwrap()).unwrap();
    assert_eq!(unpadded.check(145), Err(DecryptError::ObjectLength { len: 145, most: 144 }));
}

#[test]
fn refuses_altered_and_foreign_blocks() {
    let mut rng = rng();
    for len in [0, 1, 255, 257] {
        assert_eq!(KEY.decrypt(&vec![0; len]).unwrap_err(), DecryptError::Length { len });
    }
    assert_eq!(KEY.decrypt(&[0xff; 256]).unwrap_err(), DecryptError::TooLarge);
    assert_eq!(KEY.decrypt(&KEY.public().n()).unwrap_err(), DecryptError::TooLarge);
    // The old padding has 255 bytes.
    let mut long = [7; 256];
    long[0] = 1;
    let long = KEY.public().raw(&U2048::from_be_slice(&long));
    assert_eq!(KEY.decrypt(&long).unwrap_err(), DecryptError::Padding);
    let block = KEY.public().encrypt(&[1; 80], &mut rng).unwrap();
    for round in 0..20 {
        let mut block = block;
        block[1 + rng.next_u32() as usize % 255] ^= 1 << (round % 8);
        // An altered block is random: one in 256 looks like the old padding, whose hash then fails.
        let refused = KEY.decrypt(&block).and_then(|unpadded| unpadded.check(80));
        assert!(matches!(refused, Err(DecryptError::Padding | DecryptError::Hash)), "{refused:?}");
    }
}

#[test]
fn keys_survive_pem() {
    let key = PrivateKey::from_pem(&KEY.to_pem()).unwrap();
    assert_eq!(key.public(), KEY.public());
    assert_eq!(*key.d, *KEY.d);
    let pem = KEY.public().to_pem();
    assert!(pem.starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
    assert_eq!(PublicKey::from_pem(&pem), Ok(KEY.public().clone()));
    let (p, q) = (number::write(&KEY.p.number.resize()), number::write(&KEY.q.number.resize()));
    assert_eq!(PrivateKey::from_primes(&p, &q).unwrap().public(), KEY.public());
}

/// Telegram's test key, as `openssl rsa -RSAPublicKey_in -pubout` writes it.
const SPKI: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyMEdY1aR+sCR3ZSJrtzt
KTKqigvO/vBfqACJLZtS7QMgCGXJ6XIRyy7mx66W0/sOFa7/1mAZtEoIokDP3Sho
qF4fVNb6XeqgQfaUHd8wJpDWHcR2OFwvplUUI1PLTktZ9uW2WE23b+ixNwJjJGwB
DJPQEQFBE+vfmH0JP503wr5INS1poWg/j25sIWeYPHYeOrFp/eXaqhISP6G+q2Ie
TaWTXpwZj4LzXq5YOpk4bYEQ6mvRq7D1aHWfYmlEGepfaYR8Q0YqvvhYtMte3ITn
uSJs171+GDqpdKcSwHnd6FudwGO4pcCOj4WcDuXc2CTHgH8gFTNhp/Y8/SpDOhvn
9QIDAQAB
-----END PUBLIC KEY-----";

#[test]
fn reads_what_openssl_writes() {
    assert_eq!(PublicKey::from_pem(SPKI), Ok(TELEGRAM_TEST));
    assert_eq!(PublicKey::from_pem(&format!("\n{SPKI}\n\n")), Ok(TELEGRAM_TEST));
}

#[test]
fn refuses_what_is_no_key() {
    let encoding = |key: Result<_, KeyError>| matches!(key, Err(KeyError::Encoding { .. }));
    assert!(encoding(PublicKey::from_pem("")));
    assert!(encoding(PublicKey::from_pem(
        "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----"
    )));
    assert!(encoding(PublicKey::from_pem(
        &SPKI.replace("BEGIN", "BEGIN RSA").replace("END", "END RSA")
    )));
    let label = KeyError::Label { label: "RSA PRIVATE KEY".into() };
    assert_eq!(PublicKey::from_pem(&KEY.to_pem()), Err(label));
    assert!(PrivateKey::from_pem(SPKI).is_err());

    let n = TELEGRAM_TEST.n();
    assert_eq!(PublicKey::new(&n[1..], &[3]), Err(KeyError::Modulus));
    assert_eq!(PublicKey::new(&[&n[..], &[1]].concat(), &[3]), Err(KeyError::Modulus));
    assert_eq!(PublicKey::new(&[0xfe; 256], &[3]), Err(KeyError::Modulus));
    for e in [&[][..], &[0], &[1], &[4], &[1; 9]] {
        assert_eq!(PublicKey::new(&n, e), Err(KeyError::Exponent));
    }
    assert!(PublicKey::new(&n, &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1]).is_ok());
    let p = number::write(&(*KEY.p.number).max(*KEY.q.number).resize());
    assert_eq!(PrivateKey::from_primes(&p, &p).unwrap_err(), KeyError::Mismatch);
    let composite = number::write(
        &(*KEY.p.number).min(*KEY.q.number).wrapping_add(&U1024::from_u8(2)).resize(),
    );
    assert_eq!(PrivateKey::from_primes(&p, &composite).unwrap_err(), KeyError::Mismatch);
}

#[test]
fn never_shows_a_private_number() {
    let shown = format!("{:?}", *KEY);
    assert_eq!(
        shown,
        format!("PrivateKey {{ fingerprint: {:016x}, .. }}", KEY.public().fingerprint())
    );
    let unpadded = KEY.decrypt(&KEY.public().encrypt(&[0x41; 9], &mut rng()).unwrap()).unwrap();
    assert_eq!(format!("{unpadded:?}"), "Unpadded { padding: Modern, .. }");
}

#[test]
fn takes_a_boxed_source_of_randomness() {
    let mut boxed: Box<dyn CryptoRng> = Box::new(rng());
    assert!(TELEGRAM_TEST.encrypt(b"data", &mut *boxed).is_ok());
}
