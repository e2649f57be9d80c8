//! The server's half of key agreement: every dialect, every check alone, every way it goes on.

use hex_literal::hex;
use layer_crypto::aes_ige;
use layer_crypto::auth_key::DhAnswer;
use layer_crypto::dh::DhError;
use layer_crypto::hash::{sha1, sha256};
use layer_crypto::rsa::DecryptError;
use layer_crypto::tmp_key::TmpKeyError;
use layer_sandbox::exchange::{Agreed, ExchangeError, Outcome, Reply, STAGE_SECONDS, Terms};
use layer_sandbox::keys::well_known_key;
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};
use layer_wire::framing::TransportError;

use crate::client::{Dialect, InnerData, NOW, Scene};
use crate::script::Script;

const MODERN: Dialect = Dialect { single: false, legacy: false, dc: Some(2), expires_in: None };

#[test]
fn a_key_is_agreed_in_every_dialect() {
    for (seed, dialect) in (1..).zip(Dialect::all()) {
        let mut scene = Scene::new(seed, dialect).halfway();
        let dh = scene.dh.as_ref().unwrap();
        assert_eq!((dh.g, dh.server_time), (3, NOW as i32));
        let secret = scene.secret();
        let query = scene.set_client_dh(&secret, 0, |_| {});
        let answer = scene.ask(&query.to_bytes()).unwrap();
        let ours = scene.key(&secret);
        assert_eq!(scene.read_dh_gen(&answer.body, &ours.key), DhAnswer::Ok);
        let expires_at = dialect.expires_in.map(|seconds| NOW + i64::from(seconds));
        let agreed = Agreed { key: ours.key, salt: ours.salt, dc: dialect.dc, expires_at };
        assert_eq!(answer.agreed, Some(agreed), "seed {seed}, {dialect:?}");
    }
}

#[test]
fn nothing_is_ever_the_same_twice() {
    let scenes = [1, 2].map(|seed| Scene::new(seed, MODERN).halfway());
    let [one, other] = scenes;
    assert_ne!(one.server_nonce(), other.server_nonce());
    assert_ne!(one.res_pq.unwrap().pq, other.res_pq.unwrap().pq);
    assert_ne!(one.dh.unwrap().g_a, other.dh.unwrap().g_a);
}

/// The error of a `req_DH_params` that is altered before and after encryption.
fn refused_dh_params(
    terms: Terms,
    dialect: Dialect,
    inner: impl FnOnce(&mut InnerData),
    outer: impl FnOnce(&mut functions::ReqDhParams),
) -> ExchangeError {
    let mut scene = Scene::with(1, dialect, terms).begun();
    let mut query = scene.req_dh_params(inner);
    outer(&mut query);
    let error = scene.ask(&query.to_bytes()).unwrap_err();
    // Whatever it was, what would have been right comes too late.
    let right = scene.req_dh_params(|_| {});
    let late = scene.ask(&right.to_bytes()).unwrap_err();
    assert_eq!(late, ExchangeError::Unexpected { query: "req_DH_params" });
    error
}

#[test]
fn each_check_of_req_dh_params_fails_alone() {
    let refused = |outer: fn(&mut functions::ReqDhParams)| {
        let error = refused_dh_params(Terms::new(well_known_key()), MODERN, |_| {}, outer);
        assert_eq!(error.for_peer(), TransportError::UNKNOWN_KEY);
        error
    };
    let place = "req_DH_params";
    let error = refused(|query| query.nonce[15] ^= 1);
    assert_eq!(error, ExchangeError::Nonce { place });
    let error = refused(|query| query.server_nonce[15] ^= 1);
    assert_eq!(error, ExchangeError::ServerNonce { place });
    let error = refused(|query| query.p[3] ^= 2);
    assert_eq!(error, ExchangeError::Factor { which: "p", place });
    let error = refused(|query| query.q[3] ^= 2);
    assert_eq!(error, ExchangeError::Factor { which: "q", place });
    let error = refused(|query| std::mem::swap(&mut query.p, &mut query.q));
    assert_eq!(error, ExchangeError::Factor { which: "p", place });
    let error = refused(|query| query.q = vec![9; 200]);
    assert_eq!(error, ExchangeError::Factor { which: "q", place });
    let error = refused(|query| query.public_key_fingerprint ^= 1);
    assert!(matches!(error, ExchangeError::Fingerprint { .. }), "{error}");
    let error = refused(|query| query.encrypted_data.truncate(255));
    assert_eq!(error, ExchangeError::Rsa(DecryptError::Length { len: 255 }));
    let error = refused(|query| query.encrypted_data = vec![0xff; 256]);
    assert_eq!(error, ExchangeError::Rsa(DecryptError::TooLarge));
    let error = refused(|query| query.encrypted_data[255] ^= 1);
    assert!(matches!(error, ExchangeError::Rsa(_)), "{error}");
}

#[test]
fn each_check_of_the_inner_data_fails_alone_in_either_padding() {
    for legacy in [false, true] {
        let refused = |inner: fn(&mut InnerData)| {
            let dialect = Dialect { legacy, ..MODERN };
            refused_dh_params(Terms::new(well_known_key()), dialect, inner, |_| {})
        };
        let place = "p_q_inner_data";
        let error = refused(|inner| inner.nonce[0] ^= 1);
        assert_eq!(error, ExchangeError::Nonce { place });
        let error = refused(|inner| inner.server_nonce[0] ^= 1);
        assert_eq!(error, ExchangeError::ServerNonce { place });
        let error = refused(|inner| inner.pq[7] ^= 2);
        assert_eq!(error, ExchangeError::Factor { which: "pq", place });
        let error = refused(|inner| inner.p[3] ^= 2);
        assert_eq!(error, ExchangeError::Factor { which: "p", place });
        let error = refused(|inner| inner.q[3] ^= 2);
        assert_eq!(error, ExchangeError::Factor { which: "q", place });
    }
}

#[test]
fn inner_data_of_another_object_is_refused() {
    for (legacy, fits) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut scene = Scene::new(1, Dialect { legacy, ..MODERN }).begun();
        let mut query = scene.req_dh_params(|_| {});
        // Four bytes that are no constructor, or the beginning of one that is.
        let data: &[u8] = if fits { &0xa9f5_5f95_u32.to_le_bytes() } else { b"none" };
        query.encrypted_data = scene.encrypt(data);
        let error = scene.ask(&query.to_bytes()).unwrap_err();
        let named =
            matches!(error, ExchangeError::InnerData(_) | ExchangeError::Rsa(DecryptError::Hash));
        let cut = matches!(error, ExchangeError::Rsa(DecryptError::ObjectLength { .. }));
        assert!(named || cut, "{error}");
    }
}

#[test]
fn another_data_centre_is_refused_where_the_terms_name_one() {
    let terms = |dc| Terms { dc: Some(dc), ..Terms::new(well_known_key()) };
    let error = refused_dh_params(terms(4), MODERN, |_| {}, |_| {});
    assert_eq!(error, ExchangeError::WrongDc { named: 2, ours: 4 });
    assert_eq!(error.for_peer(), TransportError::WRONG_DC);
    // Test and production are not the same.
    let test = Dialect { dc: Some(10_002), ..MODERN };
    let error = refused_dh_params(terms(2), test, |_| {}, |_| {});
    assert_eq!(error, ExchangeError::WrongDc { named: 10_002, ours: 2 });
    let least = Dialect { dc: Some(i32::MIN), ..MODERN };
    let error = refused_dh_params(terms(2), least, |_| {}, |_| {});
    assert_eq!(error, ExchangeError::WrongDc { named: i32::MIN, ours: 2 });
    // A media-only connection is to the same one, and who names none means this one.
    for dc in [Some(2), Some(-2), None] {
        Scene::with(1, Dialect { dc, ..MODERN }, terms(2)).halfway();
    }
}

#[test]
fn a_temporary_key_that_never_lives_is_refused() {
    for expires_in in [0, -1, i32::MIN] {
        let dialect = Dialect { expires_in: Some(expires_in), ..MODERN };
        let error = refused_dh_params(Terms::new(well_known_key()), dialect, |_| {}, |_| {});
        assert_eq!(error, ExchangeError::ExpiresIn(expires_in));
    }
}

#[test]
fn each_check_of_set_client_dh_params_fails_alone() {
    let refused = |outer: fn(&mut functions::SetClientDhParams)| {
        let mut scene = Scene::new(1, MODERN).halfway();
        let secret = scene.secret();
        let mut query = scene.set_client_dh(&secret, 0, |_| {});
        outer(&mut query);
        let error = scene.ask(&query.to_bytes()).unwrap_err();
        assert_eq!(error.for_peer(), TransportError::UNKNOWN_KEY);
        error
    };
    let place = "set_client_DH_params";
    let error = refused(|query| query.nonce[0] ^= 1);
    assert_eq!(error, ExchangeError::Nonce { place });
    let error = refused(|query| query.server_nonce[0] ^= 1);
    assert_eq!(error, ExchangeError::ServerNonce { place });
    let error = refused(|query| query.encrypted_data.truncate(335));
    assert!(matches!(error, ExchangeError::ClientData(TmpKeyError::WrongLength { .. })), "{error}");
    let error = refused(|query| query.encrypted_data.clear());
    assert!(matches!(error, ExchangeError::ClientData(TmpKeyError::WrongLength { .. })), "{error}");
    // The first block holds the digest, the last one the end of g_b.
    for at in [0, 319] {
        let mut scene = Scene::new(1, MODERN).halfway();
        let secret = scene.secret();
        let mut query = scene.set_client_dh(&secret, 0, |_| {});
        query.encrypted_data[at] ^= 1;
        let error = scene.ask(&query.to_bytes()).unwrap_err();
        assert!(matches!(error, ExchangeError::ClientData(_)), "{error}");
    }
}

#[test]
fn each_check_of_the_client_inner_data_fails_alone() {
    type Alter = fn(&mut types::ClientDhInnerData);
    let refused = |alter: Alter| {
        let mut scene = Scene::new(1, MODERN).halfway();
        let secret = scene.secret();
        let query = scene.set_client_dh(&secret, 0, alter);
        scene.ask(&query.to_bytes()).unwrap_err()
    };
    let place = "client_DH_inner_data";
    assert_eq!(refused(|inner| inner.nonce[0] ^= 1), ExchangeError::Nonce { place });
    assert_eq!(refused(|inner| inner.server_nonce[0] ^= 1), ExchangeError::ServerNonce { place });
    let error = refused(|inner| inner.retry_id = 1);
    assert_eq!(error, ExchangeError::RetryId { expected: 0, got: 1 });
    let range = ExchangeError::PublicValue(DhError::PublicOutOfRange);
    assert_eq!(refused(|inner| inner.g_b = vec![]), range);
    assert_eq!(refused(|inner| inner.g_b = vec![1]), range);
    assert_eq!(refused(|inner| inner.g_b = vec![0xff; 256]), range);
    assert_eq!(refused(|inner| inner.g_b = vec![0xff; 300]), range);
    let ends = ExchangeError::PublicValue(DhError::PublicNearTheEnds);
    assert_eq!(refused(|inner| inner.g_b = vec![0xff; 248]), ends);
}

#[test]
fn sixteen_bytes_of_padding_are_too_many() {
    for (padding, taken) in [(12, true), (28, false)] {
        let mut scene = Scene::new(1, MODERN).halfway();
        let secret = scene.secret();
        let (nonce, server_nonce) = (scene.nonce, scene.server_nonce());
        let g_b = secret.public().to_vec();
        let inner = types::ClientDhInnerData { nonce, server_nonce, retry_id: 0, g_b };
        let inner = enums::ClientDhInnerData::Data(inner).to_bytes();
        let mut encrypted_data = [&sha1(&[&inner])[..], &inner, &vec![0; padding]].concat();
        let (new_server, server_new) =
            (sha1(&[&scene.new_nonce, &server_nonce]), sha1(&[&server_nonce, &scene.new_nonce]));
        let key = [&new_server[..], &server_new[..12]].concat();
        let new_new = sha1(&[&scene.new_nonce, &scene.new_nonce]);
        let iv = [&server_new[12..], &new_new, &scene.new_nonce[..4]].concat();
        let (key, iv) = (key.try_into().unwrap(), iv.try_into().unwrap());
        aes_ige::encrypt(&mut encrypted_data, &key, &iv).unwrap();
        let query = functions::SetClientDhParams { nonce, server_nonce, encrypted_data };
        match scene.ask(&query.to_bytes()) {
            Ok(answer) => assert!(taken && answer.agreed.is_some()),
            Err(error) => {
                let expected = TmpKeyError::WrongPadding { len: inner.len(), available: 332 };
                assert_eq!((error, taken), (ExchangeError::ClientData(expected), false));
            }
        }
    }
}

#[test]
fn a_retry_goes_on_with_another_g_b_and_the_hash_of_the_first() {
    let mut scene = Scene::new(1, MODERN).halfway();
    scene.server.plan([Outcome::Retry, Outcome::Retry]);
    let mut retry_id = 0;
    for expected in [DhAnswer::Retry, DhAnswer::Retry, DhAnswer::Ok] {
        let secret = scene.secret();
        let query = scene.set_client_dh(&secret, retry_id, |_| {});
        let answer = scene.ask(&query.to_bytes()).unwrap();
        let ours = scene.key(&secret);
        assert_eq!(scene.read_dh_gen(&answer.body, &ours.key), expected);
        retry_id = ours.key.aux_hash();
        let agreed = answer.agreed.map(|agreed| agreed.key);
        assert_eq!(agreed, (expected == DhAnswer::Ok).then_some(ours.key));
    }
}

#[test]
fn a_retry_with_another_hash_is_refused() {
    let mut scene = Scene::new(1, MODERN).halfway();
    scene.server.plan([Outcome::Retry]);
    let secret = scene.secret();
    let query = scene.set_client_dh(&secret, 0, |_| {});
    scene.ask(&query.to_bytes()).unwrap();
    let expected = scene.key(&secret).key.aux_hash();
    let secret = scene.secret();
    let query = scene.set_client_dh(&secret, 0, |_| {});
    let error = scene.ask(&query.to_bytes()).unwrap_err();
    assert_eq!(error, ExchangeError::RetryId { expected, got: 0 });
}

#[test]
fn after_a_failure_only_a_new_beginning_helps() {
    let mut scene = Scene::new(1, MODERN).halfway();
    scene.server.plan([Outcome::Fail]);
    let secret = scene.secret();
    let query = scene.set_client_dh(&secret, 0, |_| {});
    let answer = scene.ask(&query.to_bytes()).unwrap();
    assert_eq!(answer.agreed, None);
    assert_eq!(scene.read_dh_gen(&answer.body, &scene.key(&secret).key), DhAnswer::Fail);
    let again = scene.set_client_dh(&secret, 0, |_| {});
    let error = scene.ask(&again.to_bytes()).unwrap_err();
    assert_eq!(error, ExchangeError::Unexpected { query: "set_client_DH_params" });
    let mut scene = scene.halfway();
    let secret = scene.secret();
    let query = scene.set_client_dh(&secret, 0, |_| {});
    assert!(scene.ask(&query.to_bytes()).unwrap().agreed.is_some());
}

#[test]
fn a_query_that_comes_again_is_answered_as_before() {
    let mut scene = Scene::new(1, MODERN);
    let first = scene.req_pq();
    let res_pq = scene.ask(&first).unwrap();
    assert_eq!(scene.ask(&first).unwrap(), res_pq);
    scene.read_res_pq(&res_pq.body);
    let second = scene.req_dh_params(|_| {}).to_bytes();
    let params = scene.ask(&second).unwrap();
    assert_eq!(scene.ask(&second).unwrap(), params);
    // A straggler of the first does not start over.
    assert_eq!(scene.ask(&first).unwrap(), res_pq);
    // Random bytes behind the object make it no other query.
    assert_eq!(scene.ask(&[second.as_slice(), &[9; 12]].concat()).unwrap(), params);
    scene.read_dh_params(&params.body);
    let secret = scene.secret();
    let third = scene.set_client_dh(&secret, 0, |_| {}).to_bytes();
    let done = scene.ask(&third).unwrap();
    assert!(done.agreed.is_some());
    // The key is agreed once.
    let again = scene.ask(&third).unwrap();
    assert_eq!((again.body, again.agreed), (done.body, None));
}

#[test]
fn a_new_beginning_is_taken_at_every_stage() {
    let stages: [fn(Scene) -> Scene; 3] = [|scene| scene, Scene::begun, Scene::halfway];
    for stage in stages {
        let mut scene = stage(Scene::new(1, MODERN));
        scene.nonce[0] ^= 1;
        let mut scene = scene.halfway();
        let secret = scene.secret();
        let query = scene.set_client_dh(&secret, 0, |_| {});
        assert!(scene.ask(&query.to_bytes()).unwrap().agreed.is_some());
    }
}

#[test]
fn queries_out_of_turn_are_refused() {
    let mut ready = Scene::new(1, MODERN).halfway();
    let secret = ready.secret();
    let second = ready.req_dh_params(|_| {}).to_bytes();
    let third = ready.set_client_dh(&secret, 0, |_| {}).to_bytes();
    for query in [&second, &third] {
        let error = Scene::new(1, MODERN).ask(query).unwrap_err();
        assert!(matches!(error, ExchangeError::Unexpected { .. }), "{error}");
    }
    let error = Scene::new(1, MODERN).begun().ask(&third).unwrap_err();
    assert_eq!(error, ExchangeError::Unexpected { query: "set_client_DH_params" });
    // Other inner data, and so no resending of what was answered.
    let other = ready.req_dh_params(|_| {}).to_bytes();
    let error = ready.ask(&other).unwrap_err();
    assert_eq!(error, ExchangeError::Unexpected { query: "req_DH_params" });
    let error = Scene::new(1, MODERN).ask(&functions::help::GetConfig {}.to_bytes()).unwrap_err();
    assert!(matches!(error, ExchangeError::Query(_)), "{error}");
}

#[test]
fn a_stage_is_remembered_for_ten_minutes() {
    let mut scene = Scene::new(1, MODERN).begun();
    scene.now += STAGE_SECONDS;
    let query = scene.req_dh_params(|_| {}).to_bytes();
    let answer = scene.ask(&query).unwrap();
    scene.read_dh_params(&answer.body);
    scene.now += 1;
    let secret = scene.secret();
    let query = scene.set_client_dh(&secret, 0, |_| {}).to_bytes();
    assert_eq!(scene.ask(&query).unwrap_err(), ExchangeError::Expired);
}

#[test]
fn random_bytes_follow_the_objects_if_the_terms_say_so() {
    let mut lengths = Vec::new();
    for seed in 0..20 {
        let mut scene = Scene::new(seed, MODERN);
        let body = scene.ask(&scene.req_pq()).unwrap().body;
        assert_eq!(body.len() % 4, 0);
        let object = enums::ResPq::from_bytes(&body).unwrap().to_bytes();
        assert!(body.starts_with(&object));
        lengths.push(body.len() - object.len());

        let terms = Terms { tail: false, ..Terms::new(well_known_key()) };
        let mut scene = Scene::with(seed, MODERN, terms);
        let body = scene.ask(&scene.req_pq()).unwrap().body;
        assert_eq!(body, object_of(&body));
    }
    assert!(lengths.iter().any(|len| *len > 15), "{lengths:?}");
    assert!(lengths.iter().all(|len| *len <= 256), "{lengths:?}");
}

fn object_of(body: &[u8]) -> Vec<u8> {
    enums::ResPq::from_bytes(body).unwrap().to_bytes()
}

#[test]
fn every_answer_can_be_altered_before_it_is_written() {
    let mut scene = Scene::new(1, MODERN);
    let (sender, altered) = std::sync::mpsc::channel();
    scene.server.alter_with(move |reply| {
        let name = match reply {
            Reply::ResPq(_) => "resPQ",
            Reply::ServerDhInnerData(inner) => {
                inner.server_time = 7;
                "server_DH_inner_data"
            }
            Reply::ServerDhParams(_) => "server_DH_params",
            Reply::ClientDhAnswer(answer) => {
                if let enums::SetClientDhParamsAnswer::DhGenOk(ok) = answer {
                    ok.new_nonce_hash1 = [0; 16];
                }
                "dh_gen"
            }
        };
        sender.send(name).unwrap();
    });
    let mut scene = scene.halfway();
    assert_eq!(scene.dh.as_ref().unwrap().server_time, 7);
    let secret = scene.secret();
    let query = scene.set_client_dh(&secret, 0, |_| {});
    let answer = scene.ask(&query.to_bytes()).unwrap();
    let answer = enums::SetClientDhParamsAnswer::from_bytes(&answer.body).unwrap();
    assert!(
        matches!(answer, enums::SetClientDhParamsAnswer::DhGenOk(ok) if ok.new_nonce_hash1 == [0; 16])
    );
    let expected = ["resPQ", "server_DH_inner_data", "server_DH_params", "dh_gen"];
    assert_eq!(altered.try_iter().collect::<Vec<_>>(), expected);
}

/// The published sample, as far as its server can be pinned without its secrets: the primes, the nonces
/// and the padding come from a script, g_a and the time are put in.
#[test]
fn the_official_sample_comes_out() {
    let g_a = hex!(
        "0a77200bdff6e6c4c126a2c41df310ab3a3bdbd698cd480749e1f3c64fb1cfc9dfc70ac6f1aa671019620a640055b2cf"
        "7d7d99cc86533645c0fa000954de2987bad68d7450cf134c9f0305f34c1bb285da8233f65970a01c4bd3afd5ea3cd586"
        "4b8f1dcb35d5e9737df15063c54cf53048ef519a280498dddaf23764f29ffb0c5813caad90c319be8592b78c4be815e6"
        "5ada7c62ea23754b5a2c5a86c4721872d0cc48e0f895c3ebe186e81e5f0e88a6b3f09101c409af3410b64238fbf2a209"
        "5e3f3b7ffc7eb3a02a319b99a155647bc59958bcdfed8a1cc6eb7f13f8600e521d9d0247b0f639f2fa3b09f72987781f"
        "71c0e8aa950167de5092380b4853e7f1"
    );
    let terms = Terms { tail: false, ..Terms::new(well_known_key()) };
    let mut scene = Scene::with(1, MODERN, terms);
    scene.now = 1_707_425_105;
    scene.nonce = hex!("406709f612fadfbec3f0289d0aa67eef");
    scene.new_nonce = hex!("a8bbc849512dac6c67b6efd9157d6ca7377a1776307d84265c6be9bdcf802ac1");
    scene.server.alter_with(move |reply| {
        if let Reply::ServerDhInnerData(inner) = reply {
            inner.g_a = g_a.to_vec();
        }
    });

    let mut script = Script::new([
        hex!("5a300d4b").to_vec(),
        hex!("6a26db65").to_vec(),
        hex!("e11dbc3bc97d91a26154f932af019943").to_vec(),
    ]);
    let answer = scene.server.handle(&scene.req_pq(), scene.now, &mut script).unwrap();
    assert_eq!(script.left(), 0);
    scene.read_res_pq(&answer.body);
    let res_pq = scene.res_pq.as_ref().unwrap();
    assert_eq!(res_pq.pq, hex!("2565 95ed b776 6797"));
    assert_eq!(answer.body.len(), 4 + 16 + 16 + 12 + 4 + 4 + 8);

    let query = scene.req_dh_params(|_| {});
    // a, which is not known of the sample, then the padding.
    let mut padding = hex!("c26f8049523e89d2").to_vec();
    padding.resize(15, 0);
    let mut script = Script::new([vec![0x5a; 256], padding]);
    let answer = scene.server.handle(&query.to_bytes(), scene.now, &mut script).unwrap();
    assert_eq!(script.left(), 0);
    let params = enums::ServerDhParams::from_bytes(&answer.body).unwrap();
    let enums::ServerDhParams::Ok(params) = params else { panic!("{params:?}") };
    assert_eq!(params.encrypted_answer.len(), 592);
    assert!(params.encrypted_answer.starts_with(&hex!("6ad7dd5d8b2526c7")));
    assert!(params.encrypted_answer.ends_with(&hex!("4638d849682fd862")));
    let expected = hex!("c01e69482e1cc3b2ca044058cf0838240a5a1f592881643d1fcc214c35ec7d5d");
    assert_eq!(sha256(&[&params.encrypted_answer]), expected);

    // The sample's own last query is taken: it comes to another key, as a is another.
    let b = hex!(
        "1376a5a6bf7a9f874b47028f3d5cff0689fd52f58949bb0ee9bacdbe81dd1ced07101844eb6f2ae19e61120b84799431"
        "f445785e33a18141399821479ae96786e0f4e9c5c6c9e46bf562c21c96b0f8f7438c8caba3dfcb3dd3b886c2a37b95ed"
        "804315335c0ddffeb3a278243d89f964278bc734d1087d6d4b554c1f78397a414f440e38ba9a4f1211b20ae835437762"
        "f81a45fdb035bb2220d939693084b39a3c7be2481309ab9ae378eab8bb3a15a69eba80bef683582e2218fa604e823eab"
        "d111553d31dbb46b9383a0d8eef615fff9cf266c970800aa28ac5e962d20351311a815ffa7562989ca6d6323bf2b5af4"
        "0ef3f45021b7445664852d07b80172ce"
    );
    let group = layer_crypto::dh::Group::well_known();
    let secret = layer_crypto::dh::Secret::from_bytes(&group, &b).unwrap();
    let inner = types::ClientDhInnerData {
        nonce: scene.nonce,
        server_nonce: scene.server_nonce(),
        retry_id: 0,
        g_b: secret.public().to_vec(),
    };
    let mut padding = hex!("74876952857ba6aaa495a20d").to_vec();
    padding.resize(15, 0);
    let inner = enums::ClientDhInnerData::Data(inner).to_bytes();
    let encrypted_data = scene.tmp_key().seal(&inner, &mut Script::new([padding]));
    let expected = hex!("ccb9ad1837b349feb974286885ca2a92fc2fbd6ab5df9d2648fba69ae8170523");
    assert_eq!(sha256(&[&encrypted_data]), expected);
    let (nonce, server_nonce) = (scene.nonce, scene.server_nonce());
    let query = functions::SetClientDhParams { nonce, server_nonce, encrypted_data };
    let agreed = scene.ask(&query.to_bytes()).unwrap().agreed.unwrap();
    assert_eq!(agreed.salt.to_le_bytes(), hex!("49a6747298503dce"));
    let a = layer_crypto::dh::Secret::from_bytes(&group, &[0x5a; 256]).unwrap();
    assert_eq!(agreed.key, a.shared(secret.public()).unwrap());
}
