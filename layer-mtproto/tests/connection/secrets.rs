//! `Debug` shows no key, no salt and nothing of what is said.

use layer_mtproto::connection::{Call, Init, Saved};
use layer_tl_types::types;

use crate::peer::{Peer, config, key};

/// Whether some text shows bytes of a key, in any usual way.
fn shows(text: &str, secret: &[u8]) -> bool {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{secret:?}");
    let list = list.trim_matches(['[', ']']);
    let pretty = list.replace(", ", ",\n");
    [hex.to_uppercase(), hex]
        .iter()
        .chain([&list.to_owned(), &pretty])
        .any(|form| text.contains(form))
}

#[test]
fn this_test_would_see_a_key() {
    let bytes = [200, 100, 50, 25, 12, 6, 3, 1];
    assert!(shows(&format!("{bytes:?}"), &bytes[2..6]));
    assert!(shows("c8643219", &bytes[..4]));
    assert!(!shows("c8643219", &bytes[..5]));
}

#[test]
fn nothing_that_holds_a_key_shows_it() {
    let salt = 0x1234_5678_9abc_def0;
    let mut peer = Peer::greeted();
    let saved = Saved::new(key(), salt, 0, peer.now);
    peer.client = layer_mtproto::connection::Connection::new(
        config(),
        Some(saved.clone()),
        peer.now,
        &mut peer.rng,
    );
    peer.connect();
    peer.asked(1);
    assert!(format!("{:?}", peer.client).contains("Footprint { calls: 1"), "{:?}", peer.client);
    assert!(format!("{saved:?}").ends_with("salts: 1, time_offset: 0 }"), "{saved:?}");
    let bytes = key();
    for text in [format!("{:?} {saved:?}", peer.client), format!("{:#?} {saved:#?}", peer.client)] {
        for part in bytes.as_bytes().windows(6) {
            assert!(!shows(&text, part), "{text}");
        }
        assert!(
            !text.contains(&salt.to_string()) && !text.contains(&format!("{salt:x}")),
            "{text}"
        );
    }
}

#[test]
fn a_call_shows_its_function_and_nothing_of_what_it_says() {
    let text = format!("{:?}", Call::new([&[1, 2, 3, 4][..], b"password"].concat()));
    assert!(text.contains("04030201") && text.contains("12"), "{text}");
    assert!(!shows(&text, b"password") && !text.contains("password"), "{text}");
}

#[test]
fn what_we_say_of_ourselves_shows_no_proxy() {
    let mut init = Init::new(1);
    init.proxy = Some(types::InputClientProxy { address: "10.1.2.3".into(), port: 4567 }.into());
    let text = format!("{init:?}");
    assert!(text.contains("device_model") && !text.contains("10.1.2.3") && !text.contains("4567"));
}

#[test]
fn a_key_exchange_shows_none_of_what_it_makes() {
    let mut peer = Peer::without_a_key(config());
    let terms = layer_sandbox::exchange::Terms::new(layer_sandbox::keys::well_known_key());
    let mut server = layer_sandbox::exchange::Exchange::new(terms);
    let mut texts = Vec::new();
    let key = loop {
        peer.listen();
        let query = peer.plain.pop_front().unwrap();
        let answer = server.handle(&query, peer.server_time(), &mut peer.rng).unwrap();
        peer.say_plain(&answer.body);
        texts.push(format!("{:?}", peer.client));
        while let Some(work) = peer.client.poll_work() {
            texts.push(format!("{work:?}"));
            let done = work.run(peer.now, &mut peer.rng);
            texts.push(format!("{done:?}"));
            peer.client.handle_work(done, peer.now, &mut peer.rng);
        }
        if let Some(agreed) = answer.agreed {
            break agreed;
        }
    };
    texts.push(format!("{:?} {:?}", peer.client, peer.client.saved(peer.now)));
    for text in texts {
        for part in key.key.as_bytes().windows(6) {
            assert!(!shows(&text, part), "{text}");
        }
        assert!(!text.contains(&key.salt.to_string()), "{text}");
    }
}
