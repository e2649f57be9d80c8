//! Pins, reactions, forwards, and typing.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, messages, plain, text_of, written_out};

#[test]
fn a_pin_is_told_to_both_and_found() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let id = room.send(alice, Peer::User(bob), "important");
    room.told(bob);
    let pin = functions::messages::UpdatePinnedMessage {
        silent: true,
        unpin: false,
        pm_oneside: false,
        peer: room.named(alice, Peer::User(bob)),
        id,
    };
    room.ask(alice, &pin).unwrap();
    assert_eq!(room.refused(alice, &pin), "400 CHAT_NOT_MODIFIED");
    let told = room.told(bob);
    let [enums::Update::PinnedMessages(pinned), enums::Update::NewMessage(new)] = told.as_slice()
    else {
        panic!("{told:?}");
    };
    assert_eq!((pinned.pinned, pinned.pts, pinned.pts_count, new.pts), (true, 3, 1, 4));
    assert_eq!(text_of(&new.message), "messageActionPinMessage");
    let alone = functions::messages::UpdatePinnedMessage { unpin: true, pm_oneside: true, ..pin };
    let answer = written_out(alice, room.ask(alice, &alone).unwrap());
    assert_eq!(answer.len(), 1);
    assert_eq!(room.told(bob), []);
    let query = functions::messages::UnpinAllMessages::new(room.named(bob, Peer::User(alice)));
    let enums::messages::AffectedHistory::History(gone) = room.ask(bob, &query).unwrap();
    assert_eq!((gone.pts, gone.pts_count, gone.offset), (5, 1, 0));
}

#[test]
fn reactions_are_counted_and_each_has_one() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = room.world.make_group(room.now, alice, "Friends", &[bob, carol]).unwrap();
    let id = room.send(alice, peer, "good?");
    let react = |room: &Room, user, emoji: &str| {
        let emoji = types::ReactionEmoji { emoticon: emoji.into() };
        functions::messages::SendReaction {
            reaction: Some(vec![emoji.into()]),
            ..functions::messages::SendReaction::new(room.named(user, peer), id)
        }
    };
    let query = react(&room, bob, "x");
    assert_eq!(room.refused(bob, &query), "400 REACTION_INVALID");
    for (user, emoji) in [(bob, "\u{1f44d}"), (carol, "\u{1f525}"), (carol, "\u{1f44d}")] {
        let query = react(&room, user, emoji);
        room.ask(user, &query).unwrap();
        assert_eq!(room.refused(user, &query), "400 MESSAGE_NOT_MODIFIED");
    }
    let query =
        functions::messages::GetMessagesReactions { peer: room.named(bob, peer), id: vec![id, 99] };
    let found = written_out(bob, room.ask(bob, &query).unwrap());
    let [enums::Update::MessageReactions(update)] = found.as_slice() else { panic!("{found:?}") };
    let enums::MessageReactions::Reactions(reactions) = &update.reactions;
    let [enums::ReactionCount::Count(count)] = reactions.results.as_slice() else {
        panic!("{reactions:?}");
    };
    assert_eq!((count.count, count.chosen_order), (2, Some(0)));
    let told = room.told(alice);
    let Some(enums::Update::MessageReactions(update)) = told.last() else { panic!("{told:?}") };
    let enums::MessageReactions::Reactions(reactions) = &update.reactions;
    let enums::ReactionCount::Count(count) = &reactions.results[0];
    assert_eq!((count.count, count.chosen_order), (2, None));
    let none = functions::messages::SendReaction::new(room.named(bob, peer), id);
    room.ask(bob, &none).unwrap();
    let found = room.world.history(bob, peer);
    let reactions = plain(&found[1]).reactions.as_ref().unwrap();
    let enums::MessageReactions::Reactions(reactions) = reactions;
    let enums::ReactionCount::Count(count) = &reactions.results[0];
    assert_eq!((count.count, count.chosen_order), (1, None));
}

#[test]
fn what_is_forwarded_tells_where_it_is_from_and_comes_once() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let ids = ["one", "two"].map(|text| room.send(bob, Peer::User(alice), text));
    assert_eq!(ids, [1, 2]);
    let query = functions::messages::ForwardMessages::new(
        room.named(alice, Peer::User(bob)),
        vec![1, 2],
        vec![71, 72],
        room.named(alice, Peer::User(carol)),
    );
    let answer = written_out(alice, room.ask(alice, &query).unwrap());
    assert_eq!(answer.len(), 4);
    let told = room.told(carol);
    let [enums::Update::NewMessage(one), enums::Update::NewMessage(_)] = told.as_slice() else {
        panic!("{told:?}");
    };
    let Some(enums::MessageFwdHeader::Header(header)) = &plain(&one.message).fwd_from else {
        panic!("{one:?}");
    };
    assert_eq!(header.from_id.as_ref().map(Peer::from), Some(Peer::User(bob)));
    assert_eq!(room.refused(alice, &query), "500 RANDOM_ID_DUPLICATE");
    let mut ask = |change: &dyn Fn(&mut functions::messages::ForwardMessages)| {
        let mut query = query.clone();
        query.random_id = vec![81, 82];
        change(&mut query);
        room.refused(alice, &query)
    };
    assert_eq!(ask(&|query| query.id = vec![]), "400 MESSAGE_IDS_EMPTY");
    assert_eq!(ask(&|query| query.id = vec![1]), "400 RANDOM_ID_INVALID");
    assert_eq!(ask(&|query| query.id = vec![1, 99]), "400 MESSAGE_ID_INVALID");
    assert_eq!(room.texts(carol, Peer::User(alice)), ["two", "one"]);
}

#[test]
fn typing_is_told_to_others_and_leaves_no_trace() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = room.world.make_group(room.now, alice, "Friends", &[bob, carol]).unwrap();
    for user in [alice, bob, carol] {
        room.told(user);
    }
    let before = room.state(bob);
    room.world.type_in(room.now, alice, peer).unwrap();
    room.world.type_in(room.now, alice, Peer::User(bob)).unwrap();
    let heard = room.heard(bob);
    let [enums::Updates::UpdateShort(group), enums::Updates::UpdateShort(private)] =
        heard.as_slice()
    else {
        panic!("{heard:?}");
    };
    assert!(matches!(group.update, enums::Update::ChatUserTyping(_)));
    assert!(matches!(private.update, enums::Update::UserTyping(_)));
    assert_eq!(room.heard(alice), []);
    assert_eq!(room.heard(carol).len(), 1);
    assert_eq!(room.state(bob), before);
    let refused = room.world.type_in(room.now, room.bot, peer).unwrap_err();
    assert_eq!(refused.to_string(), "403 CHAT_WRITE_FORBIDDEN");
}

#[test]
fn pinned_messages_of_a_channel_are_found_by_their_filter() {
    let mut room = Room::new();
    let alice = room.alice;
    let peer = room.world.make_channel(room.now, alice, "Room", true).unwrap();
    let id = room.send(alice, peer, "rules");
    let pin = functions::messages::UpdatePinnedMessage {
        silent: false,
        unpin: false,
        pm_oneside: false,
        peer: room.named(alice, peer),
        id,
    };
    let answer = written_out(alice, room.ask(alice, &pin).unwrap());
    assert!(matches!(answer[0], enums::Update::PinnedChannelMessages(_)), "{answer:?}");
    let query = functions::channels::GetMessages {
        channel: room.channel(alice, peer),
        id: vec![enums::InputMessage::Pinned],
    };
    let found = room.ask(alice, &query).unwrap();
    assert_eq!(messages(&found).iter().map(text_of).collect::<Vec<_>>(), ["rules"]);
}

#[test]
fn who_has_reacted_is_listed_page_by_page() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let peer = room.world.make_group(room.now, alice, "Friends", &[bob, carol]).unwrap();
    let id = room.send(alice, peer, "good?");
    let emoji =
        |emoji: &str| -> enums::Reaction { types::ReactionEmoji { emoticon: emoji.into() }.into() };
    for (user, reaction) in [(bob, "\u{1f44d}"), (carol, "\u{1f525}"), (alice, "\u{1f44d}")] {
        let query = functions::messages::SendReaction {
            reaction: Some(vec![emoji(reaction)]),
            ..functions::messages::SendReaction::new(room.named(user, peer), id)
        };
        room.ask(user, &query).unwrap();
    }
    let mut page = |reaction: Option<&str>, offset: Option<String>, limit| {
        let query = functions::messages::GetMessageReactionsList {
            reaction: reaction.map(emoji),
            offset,
            ..functions::messages::GetMessageReactionsList::new(room.named(bob, peer), id, limit)
        };
        let enums::messages::MessageReactionsList::List(list) = room.ask(bob, &query).unwrap();
        let by = list.reactions.iter().map(|enums::MessagePeerReaction::Reaction(reaction)| {
            (Peer::from(&reaction.peer_id), reaction.my)
        });
        (by.collect::<Vec<_>>(), list.count, list.next_offset)
    };
    let [alice, bob, carol] = [alice, bob, carol].map(Peer::User);
    let (first, count, next) = page(None, None, 2);
    assert_eq!((first, count), (vec![(alice, false), (carol, false)], 3));
    assert_eq!(page(None, next, 2), (vec![(bob, true)], 3, None));
    assert_eq!(page(Some("\u{1f44d}"), None, 10), (vec![(alice, false), (bob, true)], 2, None));
    let query =
        functions::messages::GetMessageReactionsList::new(room.named(room.bob, peer), 99, 10);
    assert_eq!(room.refused(room.bob, &query), "400 MESSAGE_ID_INVALID");
}
