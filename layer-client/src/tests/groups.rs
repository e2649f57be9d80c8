//! Groups, supergroups and channels on the sandbox.

use layer_tl_types::enums;

use super::talk::Two;
use crate::types::{BanRights, Role};
use crate::{InvocationError, PeerRef, UnknownPeer};

#[tokio::test(start_paused = true)]
async fn a_supergroup_is_made_written_in_pinned_and_left() {
    let two = Two::new().await;
    let group = two.alice.create_supergroup("Readers", "about books").await.unwrap();
    let first = two.alice.send_message(&group, "first").await.unwrap();
    let second = two.alice.send_message(&group, "second").await.unwrap();
    assert!(second.id() > first.id());
    two.alice.pin_message(&group, first.id()).silent().await.unwrap();
    let pinned = two.alice.get_pinned_message(&group).await.unwrap().unwrap();
    assert_eq!(pinned.id(), first.id());
    two.alice.unpin_message(&group, first.id()).await.unwrap();
    assert!(two.alice.get_pinned_message(&group).await.unwrap().is_none());
    two.alice.pin_message(&group, second.id()).await.unwrap();
    two.alice.unpin_all_messages(&group).await.unwrap();
    assert!(two.alice.get_pinned_message(&group).await.unwrap().is_none());
    // Another chat has messages of the same ids; they stay.
    let note = two.alice.send_to_self("note").await.unwrap();
    two.alice.delete_messages(&group, &[first.id(), second.id(), note.id()], true).await.unwrap();
    assert!(two.alice.get_messages_by_id(&group, &[first.id()]).await.unwrap()[0].is_none());
    assert!(two.alice.get_messages_by_id("me", &[note.id()]).await.unwrap()[0].is_some());
    two.alice.send_reaction("me", note.id(), ["👍"]).await.unwrap();
    let found = two.alice.get_messages_by_id("me", &[note.id()]).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().reaction_count(), 1);
    two.alice.clear_mentions(&group).await.unwrap();
    two.alice.mark_as_read(&group).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn members_come_are_restricted_promoted_and_kicked() {
    let two = Two::new().await;
    two.answer_usernames();
    let group = two.alice.create_group("Small", ["@bob_b"]).await.unwrap();
    let members = two.alice.get_participants(&group, 10).await.unwrap();
    assert_eq!(members.len(), 2);
    assert!(members.iter().any(|member| *member.role() == Role::Creator));
    let bob = PeerRef::from(two.ids.1);
    two.alice.promote_participant(&group, bob.clone()).await.unwrap();
    let found = two.alice.get_permissions(&group, bob.clone()).await.unwrap();
    assert!(found.is_admin() && found.is_member(), "{found:?}");
    let (a, b) = (two.alice.send_message(&group, "hi"), two.bob.get_dialogs(5));
    let (sent, dialogs) = tokio::join!(a.into_future(), b);
    assert_eq!(sent.unwrap().text(), Some("hi"));
    assert_eq!(dialogs.unwrap()[0].name(), "Small");
    two.alice.kick_participant(&group, bob.clone()).await.unwrap();
    let found = two.alice.get_permissions(&group, bob.clone()).await.unwrap();
    assert!(!found.is_member());
    let error = two.alice.set_banned_rights(&group, bob, BanRights::mute()).await.unwrap_err();
    let is_wrong_kind =
        matches!(error, InvocationError::UnknownPeer(UnknownPeer::WrongKind { .. }));
    assert!(is_wrong_kind, "a basic group has no such rights: {error}");
}

#[tokio::test(start_paused = true)]
async fn an_invitation_is_accepted_by_its_link_and_a_ban_keeps_its_member_out() {
    let two = Two::new().await;
    let group = two.alice.create_supergroup("Readers", "").await.unwrap();
    let peer = two.alice.resolve_peer(&group).await.unwrap();
    let request = layer_tl_types::functions::messages::ExportChatInvite::new(peer);
    let enums::ExportedChatInvite::ChatInviteExported(invite) =
        two.alice.invoke(&request).await.unwrap()
    else {
        panic!()
    };
    let error = two.bob.send_message(invite.link.as_str(), "hi").await.unwrap_err();
    assert!(matches!(error, InvocationError::UnknownPeer(UnknownPeer::InviteLink)), "{error}");
    let joined = two.bob.accept_invite_link(&invite.link).await.unwrap();
    let said = two.bob.send_message(&joined, "hello").await.unwrap();
    // She knows him by what he said.
    let mut history = two.alice.iter_messages(&group);
    let heard = loop {
        let message = history.next().await.unwrap().unwrap();
        if message.id() == said.id() {
            break message;
        }
    };
    assert_eq!(heard.text(), Some("hello"));
    let bob = heard.sender_id().unwrap();
    let ids: Vec<_> = two.alice.get_participants(&group, 10).await.unwrap();
    assert_eq!(ids.len(), 2);
    two.alice.set_banned_rights(&group, bob, BanRights::mute()).await.unwrap();
    assert!(two.bob.send_message(&joined, "more").await.is_err());
    two.alice.set_banned_rights(&group, bob, BanRights::new()).await.unwrap();
    two.bob.send_message(&joined, "more").await.unwrap();
    two.alice.ban_participant(&group, bob).await.unwrap();
    let found = two.alice.get_permissions(&group, bob).await.unwrap();
    assert!(found.is_banned() && !found.is_member(), "{found:?}");
    assert!(two.bob.accept_invite_link(&invite.link).await.is_err());
    // Kicked instead of banned, he may come back.
    two.alice.kick_participant(&group, bob).await.unwrap();
    two.bob.accept_invite_link(&invite.link).await.unwrap();
    two.bob.delete_dialog(&joined).await.unwrap();
    assert!(two.bob.send_message(&joined, "gone").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_scheduled_waits_and_can_be_taken_back() {
    let two = Two::new().await;
    let later = i32::try_from(two.rig.server.now().wall.as_secs()).unwrap() + 3600;
    let sent = two.alice.send_message("me", "later").schedule_date(later).await.unwrap();
    let waiting = two.alice.get_scheduled_messages("me").await.unwrap();
    assert_eq!(waiting.iter().map(|it| it.text().unwrap()).collect::<Vec<_>>(), ["later"]);
    two.alice.delete_scheduled_messages("me", &[sent.id()]).await.unwrap();
    assert!(two.alice.get_scheduled_messages("me").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_what_a_chat_holds() {
    let two = Two::new().await;
    for text in ["red apple", "green pear", "red pear"] {
        two.alice.send_to_self(text).await.unwrap();
    }
    let found = two.alice.search("me", "red").collect().await.unwrap();
    let texts: Vec<_> = found.iter().map(|message| message.text().unwrap()).collect();
    assert_eq!(texts, ["red pear", "red apple"]);
    assert_eq!(two.alice.search("me", "red").limit(1).collect().await.unwrap().len(), 1);
    let saved = two.alice.forward_messages("me", &[found[0].id()], "me").await.unwrap();
    assert_eq!(saved[0].text(), Some("red pear"));
}
