//! Clients of older layers on a link.

use layer_tl_types::{Deserializable, RawObject, Serializable, enums, functions, types};

use crate::link::{Heard, Link};

/// `user` of layer 227.
const USER_227: u32 = 0x3177_4388;

fn result(heard: &[Heard], asked: i64) -> Vec<u8> {
    let results = heard.iter().filter_map(Heard::result);
    results.filter(|(query, _)| *query == asked).map(|(_, result)| result.to_vec()).next().unwrap()
}

fn speaking(layer: i32, query: &impl Serializable) -> Vec<u8> {
    functions::InvokeWithLayer { layer, query: RawObject(query.to_bytes()) }.to_bytes()
}

/// A link whose user is logged in and speaks a layer, and what it is told of itself.
fn told(layer: i32) -> (Link, Vec<u8>) {
    let mut link = Link::new(1).greeted();
    let alice = link.world.add_user("Alice", "+49 151 0000001");
    link.world.log_in(link.key.id(), alice);
    let me = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
    let (asked, heard) = link.ask_bytes(&speaking(layer, &me));
    let told = result(&heard, asked);
    (link, told)
}

#[test]
fn answers_are_in_the_words_of_the_clients_layer() {
    let (_, ours) = told(230);
    assert_eq!(Vec::<enums::User>::from_bytes(&ours).unwrap().len(), 1);
    let (mut link, theirs) = told(227);
    assert_eq!(theirs[8..12], USER_227.to_le_bytes());
    // All that follows the id has stayed.
    assert_eq!(theirs[12..], ours[12..]);
    // And so it is for queries that do not name the layer again.
    let me = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
    let (asked, heard) = link.ask(&me);
    assert_eq!(result(&heard, asked), theirs);
}

#[test]
fn what_is_pushed_is_in_the_words_of_the_clients_layer() {
    let (mut link, _) = told(227);
    let (key_id, session_id) = (link.key.id(), link.session_id);
    let push = |update: enums::Update| {
        let update = types::UpdateShort { update, date: 5 };
        enums::Updates::from(update).to_bytes()
    };
    let new = types::UpdateWalletTonConnectPendingDisconnect { session_ids: vec![1] };
    let known = push(types::UpdateChannelTooLong { channel_id: 9, pts: None }.into());
    assert!(link.world.push(key_id, session_id, push(new.into())));
    assert!(link.world.push(key_id, session_id, known.clone()));
    link.timeout().unwrap();
    let heard = link.heard();
    assert_eq!(heard.iter().map(Heard::body).collect::<Vec<_>>(), [known]);
}
