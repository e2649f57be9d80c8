//! Both halves of key agreement, each written from the specification apart from the other.

use std::sync::{Arc, Mutex};

use layer_crypto::dh::{DhError, KnownPrimes};
use layer_crypto::tmp_key::TmpKeyError;
use layer_mtproto::exchange::{
    Agreed, Config, Exchange, ExchangeError, InnerData, Lifetime, MOST_RESTARTS, MOST_RETRIES, Step,
};
use layer_mtproto::wire::message::PlainMessage;
use layer_sandbox::exchange::{self as server, Outcome, Reply, Terms};
use layer_sandbox::keys::well_known_key;
use layer_tl_types::enums;

use crate::server::{NOW, SERVER_TIME, packet_around, rng};

fn sandbox_config() -> Config {
    Config::new(vec![well_known_key().public().clone()], 2)
}

fn sandbox() -> server::Exchange {
    server::Exchange::new(Terms::new(well_known_key()))
}

/// Either end's last word.
#[derive(Debug)]
enum Failure {
    Client(ExchangeError),
    Server(server::ExchangeError),
}

/// Lets the two talk until there is a key or an error.
fn agree(
    config: Config,
    server: &mut server::Exchange,
    seed: u64,
) -> Result<(Agreed, server::Agreed), Failure> {
    let mut client_rng = rng(seed);
    let mut server_rng = rng(!seed);
    let mut theirs = None;
    let mut step = Exchange::begin(config, KnownPrimes::new(), NOW, &mut client_rng);
    loop {
        step = match step {
            Step::Send { exchange, packet } => {
                let query = PlainMessage::read(&packet).unwrap().body;
                let answer = server
                    .handle(query, SERVER_TIME.into(), &mut server_rng)
                    .map_err(Failure::Server)?;
                theirs = answer.agreed.or(theirs);
                let reply = packet_around(&answer.body);
                exchange.handle_packet(&reply, NOW, &mut client_rng).map_err(Failure::Client)?
            }
            Step::Work(work) => work.run(NOW, &mut client_rng).map_err(Failure::Client)?,
            Step::Done { agreed, .. } => return Ok((agreed, theirs.unwrap())),
            Step::Read(_) => panic!("the server has said all"),
        }
    }
}

#[test]
fn both_halves_agree_in_every_form() {
    for (seed, inner_data) in [(1, InnerData::WithDc), (2, InnerData::WithoutDc)] {
        for lifetime in [Lifetime::Permanent, Lifetime::Temporary { expires_in: 3600 }] {
            let mut config = sandbox_config();
            (config.inner_data, config.lifetime) = (inner_data, lifetime);
            let (ours, theirs) = agree(config, &mut sandbox(), seed).unwrap();
            assert_eq!(ours.auth_key, theirs.key);
            assert_eq!(ours.first_salt, theirs.salt);
            assert_eq!(ours.time_offset, 3600);
            assert_eq!(ours.expires_at.map(i64::from), theirs.expires_at);
            assert_eq!(ours.expires_at.is_some(), lifetime != Lifetime::Permanent);
            assert_eq!(theirs.dc, (inner_data == InnerData::WithDc).then_some(2));
        }
    }
}

#[test]
fn both_halves_agree_whatever_is_drawn() {
    for seed in 100..120 {
        let (ours, theirs) =
            agree(sandbox_config(), &mut sandbox(), seed).unwrap_or_else(|error| {
                panic!("seed {seed}: {error:?}");
            });
        assert_eq!(ours.auth_key, theirs.key, "seed {seed}");
    }
}

#[test]
fn a_test_or_media_data_centre_reaches_the_server_as_written() {
    for dc in [10_002, -4, -10_002] {
        let mut config = sandbox_config();
        config.dc = dc;
        assert_eq!(agree(config, &mut sandbox(), 3).unwrap().1.dc, Some(dc));
    }
}

#[test]
fn a_server_refuses_a_data_centre_that_it_is_not() {
    let mut terms = Terms::new(well_known_key());
    terms.dc = Some(3);
    let failure = agree(sandbox_config(), &mut server::Exchange::new(terms), 4).unwrap_err();
    assert!(matches!(failure, Failure::Server(_)), "{failure:?}");
}

#[test]
fn retries_and_failures_end_in_a_key() {
    use Outcome::{Fail, Retry};
    for (seed, plan) in
        [vec![Retry], vec![Fail], vec![Retry, Retry, Fail, Retry], vec![Fail, Fail, Retry]]
            .into_iter()
            .enumerate()
    {
        let mut server = sandbox();
        server.plan(plan.clone());
        let (ours, theirs) = agree(sandbox_config(), &mut server, seed as u64).unwrap();
        assert_eq!(ours.auth_key, theirs.key, "{plan:?}");
        assert_eq!(ours.first_salt, theirs.salt, "{plan:?}");
    }
}

#[test]
fn retries_and_failures_are_bounded() {
    let mut server = sandbox();
    server.plan([Outcome::Retry; 100]);
    let failure = agree(sandbox_config(), &mut server, 5).unwrap_err();
    let most = MOST_RETRIES;
    assert!(
        matches!(failure, Failure::Client(ref error) if *error == ExchangeError::TooManyRetries { most }),
        "{failure:?}"
    );
    let mut server = sandbox();
    server.plan([Outcome::Fail; 100]);
    let failure = agree(sandbox_config(), &mut server, 6).unwrap_err();
    let most = MOST_RESTARTS;
    assert!(
        matches!(failure, Failure::Client(ref error) if *error == ExchangeError::TooManyRestarts { most }),
        "{failure:?}"
    );
}

/// What the client says to a server that alters one of its replies.
fn refused(alter: impl FnMut(&mut Reply) + Send + 'static) -> ExchangeError {
    let mut server = sandbox();
    server.alter_with(alter);
    match agree(sandbox_config(), &mut server, 7).unwrap_err() {
        Failure::Client(error) => error,
        Failure::Server(error) => panic!("the server was first: {error}"),
    }
}

#[test]
fn the_sandboxs_replies_are_refused_wherever_they_are_altered() {
    use ExchangeError as E;
    let reply = "resPQ";
    let error = refused(|reply| {
        if let Reply::ResPq(reply) = reply {
            reply.nonce[15] ^= 1;
        }
    });
    assert_eq!(error, E::Nonce { reply });
    let error = refused(|reply| {
        if let Reply::ResPq(reply) = reply {
            reply.pq = vec![17];
        }
    });
    assert_eq!(error, E::PqNotTwoPrimes { pq: 17 });
    let error = refused(|reply| {
        if let Reply::ResPq(reply) = reply {
            reply.server_public_key_fingerprints = vec![9];
        }
    });
    assert_eq!(error, E::UnknownKeys { offered: vec![9] });

    let reply = "server_DH_params_ok";
    let params = |alter: fn(&mut layer_tl_types::types::ServerDhParamsOk)| {
        refused(move |reply| {
            if let Reply::ServerDhParams(enums::ServerDhParams::Ok(reply)) = reply {
                alter(reply);
            }
        })
    };
    assert_eq!(params(|ok| ok.nonce[0] ^= 1), E::Nonce { reply });
    assert_eq!(params(|ok| ok.server_nonce[0] ^= 1), E::ServerNonce { reply });
    assert_eq!(params(|ok| ok.encrypted_answer[1] ^= 1), E::Answer(TmpKeyError::WrongHash));

    let reply = "server_DH_inner_data";
    let inner = |alter: fn(&mut layer_tl_types::types::ServerDhInnerData)| {
        refused(move |reply| {
            if let Reply::ServerDhInnerData(reply) = reply {
                alter(reply);
            }
        })
    };
    assert_eq!(inner(|answer| answer.nonce[0] ^= 1), E::Nonce { reply });
    assert_eq!(inner(|answer| answer.server_nonce[0] ^= 1), E::ServerNonce { reply });
    assert_eq!(inner(|answer| answer.g = 2), E::Dh(DhError::WrongResidue { g: 2 }));
    assert_eq!(inner(|answer| answer.dh_prime[255] += 24), E::Dh(DhError::NotPrime));
    assert_eq!(inner(|answer| answer.g_a = vec![1]), E::Dh(DhError::PublicOutOfRange));
    assert_eq!(inner(|answer| answer.g_a[9] ^= 1), E::NewNonceHash { reply: "dh_gen_ok" });

    let reply = "dh_gen_ok";
    let gen_ok = |alter: fn(&mut layer_tl_types::types::DhGenOk)| {
        refused(move |reply| {
            if let Reply::ClientDhAnswer(enums::SetClientDhParamsAnswer::DhGenOk(reply)) = reply {
                alter(reply);
            }
        })
    };
    assert_eq!(gen_ok(|ok| ok.nonce[0] ^= 1), E::Nonce { reply });
    assert_eq!(gen_ok(|ok| ok.server_nonce[0] ^= 1), E::ServerNonce { reply });
    assert_eq!(gen_ok(|ok| ok.new_nonce_hash1[0] ^= 1), E::NewNonceHash { reply });
}

#[test]
fn the_server_notices_an_altered_pq_or_server_nonce() {
    for alter in [
        // A product of two primes, but not the server's.
        (|reply: &mut Reply| {
            if let Reply::ResPq(reply) = reply {
                reply.pq = vec![15];
            }
        }) as fn(&mut Reply),
        |reply| {
            if let Reply::ResPq(reply) = reply {
                reply.server_nonce[0] ^= 1;
            }
        },
    ] {
        let mut server = sandbox();
        server.alter_with(alter);
        let failure = agree(sandbox_config(), &mut server, 8).unwrap_err();
        assert!(matches!(failure, Failure::Server(_)), "{failure:?}");
    }
}

#[test]
fn a_servers_time_is_not_secret_and_not_checked() {
    let seen = Arc::new(Mutex::new(0));
    let mut server = sandbox();
    let told = Arc::clone(&seen);
    server.alter_with(move |reply| {
        if let Reply::ServerDhInnerData(reply) = reply {
            reply.server_time -= 7200;
            *told.lock().unwrap() = reply.server_time;
        }
    });
    let (ours, _) = agree(sandbox_config(), &mut server, 9).unwrap();
    assert_eq!(*seen.lock().unwrap(), SERVER_TIME - 7200);
    assert_eq!(ours.time_offset, -3600);
}
