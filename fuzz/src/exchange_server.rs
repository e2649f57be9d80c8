//! The server's half of key agreement against any client: queries altered, sealed anew, repeated, invented.
//!
//! A key is agreed only by the right query.

use layer_sandbox::exchange::{Exchange, ExchangeError, Generated, Outcome};
use layer_tl_types::{Deserializable, Serializable, enums, functions, types};

use crate::recorded::{Recorded, UNIX, recorded, rng, terms};
use crate::{Input, Seeds, memory, show, show_error};

/// A power of 2048 bits takes milliseconds: only inputs with this byte in its place pay for one.
const PAYS: u8 = 0xfd;

/// Asks the server's machine, or one of its stages with what precedes it recorded.
pub fn run(input: &[u8]) {
    let recorded = recorded();
    memory::within((1 << 18) + 64 * input.len(), || {
        let mut input = Input::new(input);
        match input.below(4) {
            0 | 1 => machine(recorded, &mut input),
            2 => dh_params(recorded, &mut input),
            _ => client_dh(recorded, &mut input),
        }
    });
}

/// Several queries, one after another.
fn machine(recorded: &Recorded, input: &mut Input<'_>) {
    let mut server = Exchange::new(terms().clone());
    let mut now = UNIX;
    let mut last = Vec::new();
    for _ in 0..1 + input.below(8) {
        let query = match input.below(5) {
            0 => input.piece().to_vec(),
            1 => recorded.queries[0].clone(),
            2 => last.clone(),
            3 => functions::ReqPq { nonce: input.array() }.to_bytes(),
            _ => {
                let mut query = recorded.queries[input.below(3)].clone();
                input.damage(&mut query);
                query
            }
        };
        now += i64::from(input.byte()) * 8;
        show(&server);
        match server.handle(&query, now, &mut rng(5)) {
            Ok(answer) => {
                assert_eq!(answer.body.len() % 4, 0);
                assert!(answer.agreed.is_none(), "an exchange of fresh nonces");
                let again = server.handle(&query, now, &mut rng(6));
                assert_eq!(again, Ok(answer), "what is asked again is answered alike");
            }
            Err(error) => refused(&error),
        }
        last = query;
    }
}

fn refused(error: &ExchangeError) {
    show_error(error);
    show(&error.for_peer());
}

/// `req_DH_params`, wrong before it comes to RSA; rarely behind it.
fn dh_params(recorded: &Recorded, input: &mut Input<'_>) {
    let mut query = recorded.queries[1].clone();
    if input.byte() == PAYS {
        return inner_data(recorded, input);
    }
    let end_of_checked = 4 + 32 + 8 + 8 + 8;
    let mut checked = query.drain(..end_of_checked).collect();
    input.damage(&mut checked);
    let whole = [checked, query].concat();
    if whole == recorded.queries[1] {
        return;
    }
    let Ok(query) = functions::ReqDhParams::from_bytes(whole.get(4..).unwrap_or_default()) else {
        return;
    };
    // What only a power would tell is left out.
    let right = query.nonce == recorded.nonce
        && query.server_nonce == recorded.server_nonce
        && query.public_key_fingerprint == terms().key.public().fingerprint();
    if right && query.encrypted_data.len() == 256 {
        return;
    }
    let stage = recorded.awaiting_dh_params.clone();
    show(&stage);
    refused(&stage.handle(query, terms(), UNIX, &mut rng(5)).expect_err("wrong in one place"));
}

/// `p_q_inner_data`, damaged before it is encrypted, with either padding.
fn inner_data(recorded: &Recorded, input: &mut Input<'_>) {
    let bytes = recorded.queries[1].get(4..).unwrap_or_default();
    let mut query = functions::ReqDhParams::from_bytes(bytes).expect("a query");
    let mut inner = recorded.inner_data.clone();
    let key = terms().key.public();
    let legacy = input.flag();
    input.damage(&mut inner);
    let encrypted = match legacy {
        true => key.encrypt_legacy(&inner, &mut rng(8)),
        false => key.encrypt(&inner, &mut rng(8)),
    };
    let Ok(encrypted) = encrypted else { return };
    query.encrypted_data = encrypted.to_vec();
    match recorded.awaiting_dh_params.clone().handle(query, terms(), UNIX, &mut rng(5)) {
        Ok((answer, next)) => {
            show(&(answer, next));
            match enums::PQInnerData::from_bytes(&inner) {
                Ok(sent) => {
                    let (sent, checked) = (sent.to_bytes(), 4..4 + 12 + 8 + 8 + 32);
                    assert_eq!(sent[checked.clone()], recorded.inner_data[checked]);
                }
                // RSA_PAD does not tell where the object ends: what is cut off is random padding then.
                Err(_) => assert!(!legacy),
            }
        }
        Err(error) => refused(&error),
    }
}

/// `set_client_DH_params`, sealed right with anything in it, or damaged.
fn client_dh(recorded: &Recorded, input: &mut Input<'_>) {
    let (mut nonce, server_nonce) = (recorded.nonce, recorded.server_nonce);
    let mut inner = recorded.client_inner.clone();
    let choice = input.byte();
    match choice % 4 {
        0 => input.damage(&mut inner),
        1 => inner = input.piece().to_vec(),
        2 => {
            let read = enums::ClientDhInnerData::from_bytes(&inner).expect("as the client made it");
            let enums::ClientDhInnerData::Data(mut data) = read;
            // Not 256 bytes: those would be a good half of a key, and cost a power.
            data.g_b = input.take(255).to_vec();
            inner = enums::ClientDhInnerData::Data(data).to_bytes();
        }
        _ => nonce[0] ^= input.byte(),
    }
    let mut encrypted_data = recorded.tmp_key().seal(&inner, &mut rng(9));
    input.damage(&mut encrypted_data);
    if is_costly(recorded, &inner) && choice != PAYS {
        return;
    }
    let query = functions::SetClientDhParams { nonce, server_nonce, encrypted_data };
    let stage = Box::new(recorded.awaiting_client_dh.clone());
    show(&stage);
    let outcome = [Outcome::Ok, Outcome::Retry, Outcome::Fail][input.below(3)];
    match stage.handle(query, outcome) {
        Ok(generated) => {
            let read = enums::ClientDhInnerData::from_bytes(&inner).expect("taken by the server");
            let enums::ClientDhInnerData::Data(read) = read;
            let nonces = (recorded.nonce, recorded.server_nonce);
            assert_eq!((nonce, (read.nonce, read.server_nonce)), (recorded.nonce, nonces));
            assert_eq!(read.retry_id, 0);
            show(&generated);
            if let Generated::Ok(_, agreed) = generated {
                let same = inner.starts_with(&recorded.client_inner);
                assert_eq!(agreed.key == recorded.agreed.auth_key, same);
            }
        }
        Err(error) => refused(&error),
    }
}

/// Whether the inner data has a g_b that passes all checks and is raised to a power.
fn is_costly(recorded: &Recorded, inner: &[u8]) -> bool {
    let Ok(enums::ClientDhInnerData::Data(types::ClientDhInnerData { nonce, g_b, .. })) =
        enums::ClientDhInnerData::from_bytes(inner)
    else {
        return false;
    };
    nonce == recorded.nonce && g_b.len() > 248
}

/// The right queries, and each way to alter them.
pub fn seeds() -> Seeds {
    let recorded = recorded();
    let mut seeds = Vec::new();
    for (at, query) in recorded.queries.iter().enumerate() {
        let len = (query.len() as u16).to_le_bytes();
        seeds.push([&[0, 1, 1, 0, 0][..], &len, query].concat());
        seeds.push(vec![0, 3, 1, 0, 4, at as u8, 0, 80, 2, 0]);
    }
    seeds.push(vec![0, 2, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 2, 0]);
    seeds.push(vec![2, 0, 1, 5, 0, 5, 1]);
    seeds.push(vec![2, 0, 1, 40, 0, 5, 1]);
    seeds.push(vec![2, 0, 1, 58, 0, 5, 1]);
    for legacy in 0..2 {
        seeds.push(vec![2, PAYS, legacy]);
        seeds.push(vec![2, PAYS, legacy, 1, 50, 0, 5, 1]);
    }
    let inner = &recorded.client_inner;
    let len = (inner.len() as u16).to_le_bytes();
    seeds.push([&[3, PAYS][..], &len, inner, &[0, 1]].concat());
    seeds.push(vec![3, 0, 1, 30, 0, 5, 1]);
    seeds.push([&[3, 2][..], &[9; 255]].concat());
    seeds.push(vec![3, 3, 1]);
    seeds
}
