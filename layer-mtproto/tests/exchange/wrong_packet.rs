//! What is no reply at all, at each point of an exchange.

use layer_crypto::auth_key::DhAnswer;
use layer_mtproto::exchange::{Exchange, ExchangeError};
use layer_mtproto::wire::framing::TransportError;
use layer_mtproto::wire::message::MessageError;
use layer_tl_types::{Deserializable, Error, Serializable, enums, types};

use crate::server::*;

#[test]
fn a_packet_that_is_no_plain_message() {
    let recorded = Recorded::new(config(), 1);
    let good = packet(&enums::ResPq::Pq(recorded.res_pq.clone()));
    for exchange in
        [&recorded.awaiting_res_pq, &recorded.awaiting_dh_params, &recorded.awaiting_dh_gen]
    {
        let altered = |at: usize, byte: u8| {
            let mut packet = good.clone();
            packet[at] ^= byte;
            refused_packet(exchange, &packet)
        };
        // auth_key_id
        for at in 0..8 {
            let error = altered(at, 0x10);
            assert!(matches!(error, ExchangeError::Plain(MessageError::Sealed { .. })), "{error}");
        }
        // msg_id: a client's
        assert!(matches!(altered(8, 1), ExchangeError::MsgId { .. }));
        // len
        for at in 16..20 {
            let error = altered(at, 0x80);
            assert!(
                matches!(error, ExchangeError::Plain(MessageError::PlainLength { .. })),
                "{error}"
            );
        }
        for len in 0..good.len() {
            let error = refused_packet(exchange, &good[..len]);
            assert!(matches!(error, ExchangeError::Plain(_)), "{len}: {error}");
        }
    }
}

#[test]
fn a_transport_error_is_an_error_of_the_exchange() {
    let error = ExchangeError::from(TransportError::UNKNOWN_KEY);
    assert!(error.to_string().contains("-404"), "{error}");
}

#[test]
fn another_constructor_than_the_one_awaited() {
    let recorded = Recorded::new(config(), 2);
    let other = [0x5e; 16];
    let res_pq = enums::ResPq::Pq(res_pq(other)).to_bytes();
    let dh_params = seal(&recorded.tmp_key, other, &recorded.answer).to_bytes();
    let dh_gen_ok = dh_gen(DhAnswer::Ok, other, NONCE, recorded.hash(DhAnswer::Ok)).to_bytes();
    let rpc_error = enums::RpcError::Error(types::RpcError {
        error_code: 400,
        error_message: "WHAT".to_owned(),
    });
    let rpc_error = rpc_error.to_bytes();
    let unknown = vec![0x0d; 84];
    let names = ["resPQ", "server_DH_params_ok", "dh_gen_ok", "rpc_error", "unknown"];
    let ids = [0x0516_2463, 0xd0e8_075c, 0x3bcb_f734, 0x2144_ca19, 0x0d0d_0d0d];
    let bodies = [res_pq, dh_params, dh_gen_ok, rpc_error, unknown];
    for (own, exchange) in
        [&recorded.awaiting_res_pq, &recorded.awaiting_dh_params, &recorded.awaiting_dh_gen]
            .into_iter()
            .enumerate()
    {
        for other in (0..bodies.len()).filter(|other| *other != own) {
            assert_eq!(
                refused_packet(exchange, &packet_around(&bodies[other])),
                ExchangeError::UnexpectedConstructor {
                    expected: exchange.awaited(),
                    id: ids[other],
                    name: names[other],
                }
            );
        }
    }
}

#[test]
fn a_reply_cut_anywhere() {
    let recorded = Recorded::new(config(), 3);
    for (exchange, body) in [
        (&recorded.awaiting_res_pq, enums::ResPq::Pq(recorded.res_pq.clone()).to_bytes()),
        (&recorded.awaiting_dh_params, recorded.dh_params().to_bytes()),
        (&recorded.awaiting_dh_gen, recorded.dh_gen_ok().to_bytes()),
    ] {
        for len in 0..body.len() {
            assert_eq!(
                refused_packet(exchange, &packet_around(&body[..len])),
                ExchangeError::Malformed {
                    reply: exchange.awaited(),
                    error: layer_tl_error(exchange, &body[..len]),
                },
            );
        }
    }
}

/// What the generated types say of the body.
fn layer_tl_error(exchange: &Exchange, body: &[u8]) -> Error {
    match exchange.awaited() {
        "resPQ" => enums::ResPq::from_bytes(body).unwrap_err(),
        "server_DH_params_ok" => enums::ServerDhParams::from_bytes(body).unwrap_err(),
        _ => enums::SetClientDhParamsAnswer::from_bytes(body).unwrap_err(),
    }
}
