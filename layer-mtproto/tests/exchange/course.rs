//! The ways through an exchange: to a key, by retries and restarts, past late replies.

use layer_crypto::auth_key::{DhAnswer, first_salt};
use layer_mtproto::exchange::{
    Exchange, ExchangeError, Lifetime, MOST_LATE_REPLIES, MOST_RESTARTS, MOST_RETRIES, Step,
    WorkKind,
};
use layer_tl_types::{Serializable, enums, functions};

use crate::server::*;

fn handle(exchange: &Exchange, object: &impl Serializable) -> Result<Step, ExchangeError> {
    exchange.clone().handle_packet(&packet(object), NOW, &mut rng(9))
}

#[test]
fn both_ends_have_the_same_key() {
    let recorded = Recorded::new(config(), 1);
    let agreed = done(handle(&recorded.awaiting_dh_gen, &recorded.dh_gen_ok()).unwrap());
    assert_eq!(agreed.auth_key, recorded.auth_key);
    assert_eq!(agreed.first_salt, first_salt(&recorded.new_nonce, &NONCE));
    assert_eq!(agreed.expires_at, None);
}

#[test]
fn a_clock_that_is_an_hour_behind_is_noticed() {
    let recorded = Recorded::new(config(), 2);
    let agreed = done(handle(&recorded.awaiting_dh_gen, &recorded.dh_gen_ok()).unwrap());
    assert_eq!(agreed.time_offset, 3600);
}

#[test]
fn a_temporary_key_expires_by_the_servers_clock() {
    let mut config = config();
    config.lifetime = Lifetime::Temporary { expires_in: 86_400 };
    let recorded = Recorded::new(config, 3);
    let agreed = done(handle(&recorded.awaiting_dh_gen, &recorded.dh_gen_ok()).unwrap());
    assert_eq!(agreed.expires_at, Some(SERVER_TIME + 86_400));
}

#[test]
fn random_bytes_behind_every_reply_are_let_pass() {
    let recorded = Recorded::new(config(), 4);
    let behind = |object: &dyn Serializable, len| {
        packet_around(&[object.to_bytes(), vec![0xf3; len]].concat())
    };
    for len in [1, 4, 88, 1000] {
        let rng = &mut rng(1);
        let exchange = recorded.awaiting_res_pq.clone();
        let reply = behind(&enums::ResPq::Pq(recorded.res_pq.clone()), len);
        assert!(matches!(exchange.handle_packet(&reply, NOW, rng), Ok(Step::Work(_))));
        let exchange = recorded.awaiting_dh_params.clone();
        let reply = behind(&recorded.dh_params(), len);
        assert!(matches!(exchange.handle_packet(&reply, NOW, rng), Ok(Step::Work(_))));
        let exchange = recorded.awaiting_dh_gen.clone();
        let reply = behind(&recorded.dh_gen_ok(), len);
        assert!(matches!(exchange.handle_packet(&reply, NOW, rng), Ok(Step::Done { .. })));
    }
}

#[test]
fn a_driver_sees_what_is_awaited_and_what_is_computed() {
    let recorded = Recorded::new(config(), 5);
    assert_eq!(recorded.awaiting_res_pq.awaited(), "resPQ");
    assert_eq!(recorded.awaiting_dh_params.awaited(), "server_DH_params_ok");
    assert!(recorded.awaiting_dh_gen.awaited().contains("dh_gen_ok"));
    let kind = |step: Result<Step, ExchangeError>| work(step.unwrap()).kind();
    let res_pq = enums::ResPq::Pq(recorded.res_pq.clone());
    assert_eq!(kind(handle(&recorded.awaiting_res_pq, &res_pq)), WorkKind::Factorisation);
    let dh_params = recorded.dh_params();
    assert_eq!(kind(handle(&recorded.awaiting_dh_params, &dh_params)), WorkKind::KeyComputation);

    fn may_go_to_another_thread<T: Send + 'static>(_: &T) {}
    may_go_to_another_thread(&handle(&recorded.awaiting_res_pq, &res_pq));
}

#[test]
fn dh_gen_retry_goes_on_with_another_half_and_the_hash_of_the_first_key() {
    let mut recorded = Recorded::new(config(), 6);
    let (first_key, first_half) = (recorded.auth_key.clone(), recorded.client_inner.clone());
    let retry = recorded.dh_gen(DhAnswer::Retry);
    let step = handle(&recorded.awaiting_dh_gen, &retry).unwrap();
    let (exchange, packet) = sent(work(step).run(NOW, &mut rng(66)).unwrap());

    recorded.take_half(&packet);
    assert_eq!(recorded.client_inner.retry_id, first_key.aux_hash());
    assert_eq!(recorded.client_inner.nonce, recorded.nonce);
    assert_ne!(recorded.client_inner.g_b, first_half.g_b);
    let agreed = done(handle(&exchange, &recorded.dh_gen_ok()).unwrap());
    assert_eq!(agreed.auth_key, recorded.auth_key);
    assert_ne!(agreed.auth_key, first_key);
}

#[test]
fn dh_gen_retry_without_end_is_an_error() {
    let mut recorded = Recorded::new(config(), 7);
    for round in 0.. {
        let step = handle(&recorded.awaiting_dh_gen, &recorded.dh_gen(DhAnswer::Retry));
        if round == MOST_RETRIES {
            assert_eq!(step.unwrap_err(), ExchangeError::TooManyRetries { most: MOST_RETRIES });
            return;
        }
        let (exchange, packet) =
            sent(work(step.unwrap()).run(NOW, &mut rng(round.into())).unwrap());
        recorded.take_half(&packet);
        recorded.awaiting_dh_gen = exchange;
    }
}

/// From a new `req_pq_multi` to the point at which `dh_gen_*` is awaited; the server's numbers are the
/// recorded ones.
fn go_on(exchange: &Exchange, nonce: [u8; 16], recorded: &mut Recorded) -> Exchange {
    let (exchange, packet) = answer(exchange, &enums::ResPq::Pq(res_pq(nonce)), 40).unwrap();
    let request: functions::ReqDhParams = function(&packet);
    let inner = server_key().decrypt(&request.encrypted_data).unwrap();
    let enums::PQInnerData::Dc(inner) =
        layer_tl_types::Deserializable::from_bytes(inner.data()).unwrap()
    else {
        panic!()
    };
    recorded.nonce = nonce;
    recorded.new_nonce = inner.new_nonce;
    recorded.answer.nonce = nonce;
    recorded.tmp_key = layer_crypto::TmpKey::derive(&inner.new_nonce, &NONCE);
    let (exchange, packet) = answer(&exchange, &recorded.dh_params(), 41).unwrap();
    recorded.take_half(&packet);
    exchange
}

#[test]
fn dh_gen_fail_starts_over_with_new_nonces() {
    let mut recorded = Recorded::new(config(), 8);
    let first = (recorded.nonce, recorded.new_nonce);
    let fail = recorded.dh_gen(DhAnswer::Fail);
    let (exchange, packet) = sent(handle(&recorded.awaiting_dh_gen, &fail).unwrap());
    let nonce = function::<functions::ReqPqMulti>(&packet).nonce;
    let exchange = go_on(&exchange, nonce, &mut recorded);
    assert_ne!((recorded.nonce, recorded.new_nonce), first);
    assert_eq!(recorded.client_inner.retry_id, 0);
    let agreed = done(handle(&exchange, &recorded.dh_gen_ok()).unwrap());
    assert_eq!(agreed.auth_key, recorded.auth_key);
}

#[test]
fn dh_gen_fail_without_end_is_an_error() {
    let mut recorded = Recorded::new(config(), 9);
    for round in 0_u8.. {
        let fail = packet(&recorded.dh_gen(DhAnswer::Fail));
        let exchange = recorded.awaiting_dh_gen.clone();
        let step = exchange.handle_packet(&fail, NOW, &mut rng(round.into()));
        if u32::from(round) == MOST_RESTARTS {
            assert_eq!(step.unwrap_err(), ExchangeError::TooManyRestarts { most: MOST_RESTARTS });
            return;
        }
        let (exchange, packet) = sent(step.unwrap());
        let nonce = function::<functions::ReqPqMulti>(&packet).nonce;
        recorded.awaiting_dh_gen = go_on(&exchange, nonce, &mut recorded);
    }
}

#[test]
fn replies_that_come_twice_are_let_pass() {
    let mut recorded = Recorded::new(config(), 10);
    let res_pq = enums::ResPq::Pq(recorded.res_pq.clone());
    let step = handle(&recorded.awaiting_dh_params, &res_pq).unwrap();
    let Step::Read(exchange) = step else { panic!() };
    assert!(matches!(handle(&exchange, &recorded.dh_params()), Ok(Step::Work(_))));

    let dh_params = recorded.dh_params();
    for late in [packet(&res_pq), packet(&dh_params)] {
        let exchange = recorded.awaiting_dh_gen.clone();
        let Step::Read(exchange) = exchange.handle_packet(&late, NOW, &mut rng(1)).unwrap() else {
            panic!()
        };
        assert!(matches!(handle(&exchange, &recorded.dh_gen_ok()), Ok(Step::Done { .. })));
    }

    // The second dh_gen_retry belongs to the first key.
    let retry = recorded.dh_gen(DhAnswer::Retry);
    let step = handle(&recorded.awaiting_dh_gen, &retry).unwrap();
    let (exchange, packet) = sent(work(step).run(NOW, &mut rng(67)).unwrap());
    recorded.take_half(&packet);
    let Step::Read(exchange) = handle(&exchange, &retry).unwrap() else { panic!() };
    assert!(matches!(handle(&exchange, &recorded.dh_gen_ok()), Ok(Step::Done { .. })));
}

#[test]
fn replies_from_before_a_restart_are_let_pass() {
    let recorded = Recorded::new(config(), 11);
    let fail = recorded.dh_gen(DhAnswer::Fail);
    let (mut exchange, packet) = sent(handle(&recorded.awaiting_dh_gen, &fail).unwrap());
    for late in [
        enums::ResPq::Pq(recorded.res_pq.clone()).to_bytes(),
        recorded.dh_params().to_bytes(),
        fail.to_bytes(),
    ] {
        let step = exchange.handle_packet(&packet_around(&late), NOW, &mut rng(1)).unwrap();
        let Step::Read(again) = step else { panic!() };
        exchange = again;
    }
    let nonce = function::<functions::ReqPqMulti>(&packet).nonce;
    assert!(answer(&exchange, &enums::ResPq::Pq(res_pq(nonce)), 12).is_ok());
}

#[test]
fn late_replies_without_end_are_an_error() {
    let recorded = Recorded::new(config(), 12);
    let late = packet(&enums::ResPq::Pq(recorded.res_pq.clone()));
    let mut exchange = recorded.awaiting_dh_params;
    for _ in 0..MOST_LATE_REPLIES {
        let step = exchange.handle_packet(&late, NOW, &mut rng(1)).unwrap();
        let Step::Read(again) = step else { panic!() };
        exchange = again;
    }
    assert_eq!(
        exchange.handle_packet(&late, NOW, &mut rng(1)).unwrap_err(),
        ExchangeError::TooManyLateReplies { most: MOST_LATE_REPLIES }
    );
}

#[test]
fn no_secret_is_shown() {
    let recorded = Recorded::new(config(), 13);
    let agreed = handle(&recorded.awaiting_dh_gen, &recorded.dh_gen_ok()).unwrap();
    let step = handle(&recorded.awaiting_dh_params, &recorded.dh_params()).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {step:?} {agreed:?}",
        recorded.awaiting_res_pq, recorded.awaiting_dh_params, recorded.awaiting_dh_gen,
    );
    for name in ["AwaitingDhParams { lifetime", "KeyComputation { retry_id"] {
        assert!(shown.contains(name), "{shown}");
    }
    for secret in [&recorded.new_nonce[..], recorded.auth_key.as_bytes()] {
        assert!(!shown.contains(&format!("{:?}", secret[0..4].to_vec()).replace(['[', ']'], "")));
    }
}
