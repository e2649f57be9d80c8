//! Invite links that are managed, and those that ask first.

use layer_sandbox::Peer;
use layer_tl_types::{enums, functions, types};

use crate::room::{Room, text_of, written_out};

fn link(invite: &enums::ExportedChatInvite) -> types::ChatInviteExported {
    match invite {
        enums::ExportedChatInvite::ChatInviteExported(invite) => invite.clone(),
        other => panic!("{other:?}"),
    }
}

fn hash(invite: &types::ChatInviteExported) -> String {
    invite.link.rsplit('+').next().unwrap().to_owned()
}

impl Room {
    /// Alice's supergroup, where Bob is.
    fn club(&mut self) -> Peer {
        let club = self.world.make_channel(self.now, self.alice, "Club", false).unwrap();
        self.world.add_member(self.now, self.alice, club, self.bob).unwrap();
        club
    }

    fn export(
        &mut self,
        peer: Peer,
        change: impl FnOnce(&mut functions::messages::ExportChatInvite),
    ) -> types::ChatInviteExported {
        let mut query = functions::messages::ExportChatInvite::new(self.named(self.alice, peer));
        change(&mut query);
        link(&self.ask(self.alice, &query).unwrap())
    }

    /// The links that Alice has made.
    fn exported(&mut self, peer: Peer, revoked: bool) -> Vec<String> {
        let (peer, admin) = (self.named(self.alice, peer), self.user(self.alice, self.alice));
        let query = functions::messages::GetExportedChatInvites {
            revoked,
            ..functions::messages::GetExportedChatInvites::new(peer, admin, 10)
        };
        let enums::messages::ExportedChatInvites::Invites(found) =
            self.ask(self.alice, &query).unwrap();
        assert_eq!(found.count, found.invites.len() as i32);
        found.invites.iter().map(|invite| link(invite).link).collect()
    }

    fn edit(&self, peer: Peer, link: &str) -> functions::messages::EditExportedChatInvite {
        let peer = self.named(self.alice, peer);
        functions::messages::EditExportedChatInvite::new(peer, link.into())
    }

    /// Who has come, or asks to: by their ids, and who has let them in.
    fn importers(
        &mut self,
        peer: Peer,
        link: Option<&str>,
        requested: bool,
    ) -> Vec<(i64, Option<i64>)> {
        let query = functions::messages::GetChatInviteImporters {
            requested,
            link: link.map(str::to_owned),
            ..functions::messages::GetChatInviteImporters::new(
                self.named(self.alice, peer),
                0,
                enums::InputUser::Empty,
                10,
            )
        };
        let enums::messages::ChatInviteImporters::Importers(found) =
            self.ask(self.alice, &query).unwrap();
        let each = found.importers.iter().map(|enums::ChatInviteImporter::Importer(importer)| {
            assert_eq!(importer.requested, requested);
            (importer.user_id, importer.approved_by)
        });
        each.collect()
    }

    fn join(&mut self, user: i64, invite: &types::ChatInviteExported) -> String {
        self.refused(user, &functions::messages::ImportChatInvite { hash: hash(invite) })
    }
}

#[test]
fn links_are_listed_changed_revoked_and_deleted() {
    let mut room = Room::new();
    let (alice, bob) = (room.alice, room.bob);
    let club = room.club();
    let own = room.export(club, |_| {});
    room.later(1);
    let named = room.export(club, |query| query.title = Some("friends".into()));
    assert_eq!(room.exported(club, false), [named.link.clone(), own.link.clone()]);
    let query = functions::messages::GetExportedChatInvites::new(
        room.named(bob, club),
        room.user(bob, alice),
        10,
    );
    assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");

    let query = functions::messages::EditExportedChatInvite {
        usage_limit: Some(1),
        title: Some("one friend".into()),
        ..room.edit(club, &named.link)
    };
    let enums::messages::ExportedChatInvite::Invite(changed) = room.ask(alice, &query).unwrap()
    else {
        panic!();
    };
    let changed = link(&changed.invite);
    assert_eq!((changed.usage_limit, changed.title.as_deref()), (Some(1), Some("one friend")));
    let query = functions::messages::EditExportedChatInvite {
        usage_limit: Some(1),
        ..room.edit(club, &own.link)
    };
    assert_eq!(room.refused(alice, &query), "400 CHAT_INVITE_PERMANENT");
    let query = functions::messages::EditExportedChatInvite {
        expire_date: Some(1),
        ..room.edit(club, &named.link)
    };
    assert_eq!(room.refused(alice, &query), "400 EXPIRE_DATE_INVALID");
    let query = room.edit(club, "https://t.me/+nothing");
    assert_eq!(room.refused(alice, &query), "400 INVITE_HASH_EXPIRED");

    assert_eq!(room.join(room.carol, &named), "answered");
    assert_eq!(room.join(room.bot, &named), "400 BOT_METHOD_INVALID");
    assert_eq!(room.importers(club, Some(&named.link), false), [(room.carol, None)]);
    let revoke = |link: &str| functions::messages::EditExportedChatInvite {
        revoked: true,
        ..room.edit(club, link)
    };
    let (first, second) = (revoke(&named.link), revoke(&own.link));
    let delete = functions::messages::DeleteExportedChatInvite {
        peer: room.named(alice, club),
        link: named.link.clone(),
    };
    assert_eq!(room.refused(alice, &delete), "400 INVITE_REVOKED_MISSING");
    room.ask(alice, &first).unwrap();
    assert_eq!(room.refused(alice, &first), "400 INVITE_REVOKED_MISSING");
    let enums::messages::ExportedChatInvite::Replaced(replaced) = room.ask(alice, &second).unwrap()
    else {
        panic!("the permanent one is replaced");
    };
    let new = link(&replaced.new_invite);
    assert!(new.permanent && new.link != own.link);
    assert_eq!(room.exported(club, false), [new.link]);
    assert_eq!(room.exported(club, true).len(), 2);
    let query = functions::messages::GetAdminsWithInvites { peer: room.named(alice, club) };
    let enums::messages::ChatAdminsWithInvites::Invites(admins) = room.ask(alice, &query).unwrap();
    let [enums::ChatAdminWithInvites::Invites(counted)] = admins.admins.as_slice() else {
        panic!()
    };
    assert_eq!((counted.invites_count, counted.revoked_invites_count), (1, 2));
    room.ask(alice, &delete).unwrap();
    assert_eq!(room.exported(club, true).len(), 1);
    let query = functions::messages::DeleteRevokedExportedChatInvites {
        peer: room.named(alice, club),
        admin_id: room.user(alice, alice),
    };
    room.ask(alice, &query).unwrap();
    assert!(room.exported(club, true).is_empty());
    assert_eq!(room.join(room.carol, &own), "400 INVITE_HASH_EXPIRED");
}

#[test]
fn who_comes_by_a_link_that_asks_is_let_in_or_not() {
    let mut room = Room::new();
    let (alice, bob, carol) = (room.alice, room.bob, room.carol);
    let dave = room.world.add_user("Dave", "+49 151 0000004");
    room.world.log_in(dave, dave);
    let club = room.world.make_channel(room.now, alice, "Club", false).unwrap();
    let group = room.world.make_group(room.now, alice, "Group", &[room.bot]).unwrap();
    for peer in [club, group] {
        let invite = room.export(peer, |query| query.request_needed = true);
        assert!(invite.request_needed && !invite.permanent);
        let look = functions::messages::CheckChatInvite { hash: hash(&invite) };
        let enums::ChatInvite::Invite(seen) = room.ask(bob, &look).unwrap() else { panic!() };
        assert!(seen.request_needed);
        room.told(alice);
        for user in [bob, carol, dave] {
            assert_eq!(room.join(user, &invite), "400 INVITE_REQUEST_SENT");
            assert_eq!(room.join(user, &invite), "400 INVITE_REQUEST_SENT");
            room.later(1);
        }
        let told = room.told(alice);
        let [_, _, enums::Update::PendingJoinRequests(update)] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(
            (update.requests_pending, &*update.recent_requesters),
            (3, &[dave, carol, bob][..])
        );
        assert_eq!(room.importers(peer, None, true), [(dave, None), (carol, None), (bob, None)]);
        let settle = |room: &Room, by, user, approved| functions::messages::HideChatJoinRequest {
            approved,
            peer: room.named(by, peer),
            user_id: room.user(by, user),
        };
        let query = settle(&room, alice, bob, true);
        room.ask(alice, &query).unwrap();
        assert_eq!(room.refused(alice, &query), "400 HIDE_REQUESTER_MISSING");
        let history = room.world.history(bob, peer);
        assert_eq!(text_of(history.last().unwrap()), "messageActionChatJoinedByRequest");
        let query = settle(&room, bob, carol, true);
        assert_eq!(room.refused(bob, &query), "400 CHAT_ADMIN_REQUIRED");
        let query = settle(&room, alice, carol, false);
        room.ask(alice, &query).unwrap();
        let query = functions::messages::HideAllChatJoinRequests {
            approved: true,
            peer: room.named(alice, peer),
            link: Some(invite.link.clone()),
        };
        let answer = written_out(alice, room.ask(alice, &query).unwrap());
        let left = answer.iter().find_map(|update| match update {
            enums::Update::PendingJoinRequests(update) => Some(update.requests_pending),
            _ => None,
        });
        assert_eq!(left, Some(0));
        let came = room.importers(peer, Some(&invite.link), false);
        assert_eq!(came, [(bob, Some(alice)), (dave, Some(alice))]);
        assert!(room.importers(peer, None, true).is_empty());
        assert_eq!(room.join(bob, &invite), "400 USER_ALREADY_PARTICIPANT");
    }
}

#[test]
fn a_bot_that_lets_people_in_is_told_who_asks() {
    let mut room = Room::new();
    let (alice, bot, bob) = (room.alice, room.bot, room.bob);
    let group = room.world.make_group(room.now, alice, "Group", &[bot]).unwrap();
    let Peer::Chat(chat_id) = group else { panic!() };
    let user_id = room.user(alice, bot);
    let query = functions::messages::EditChatAdmin { chat_id, user_id, is_admin: true };
    room.ask(alice, &query).unwrap();
    let invite = room.export(group, |query| query.request_needed = true);
    room.told(bot);
    assert_eq!(room.join(bob, &invite), "400 INVITE_REQUEST_SENT");
    let told = room.told(bot);
    let asks = told.iter().find_map(|update| match update {
        enums::Update::BotChatInviteRequester(update) => Some(update),
        _ => None,
    });
    let asks = asks.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!((asks.user_id, link(&asks.invite).link), (bob, invite.link));
    let query = functions::messages::HideChatJoinRequest {
        approved: true,
        peer: room.named(bot, group),
        user_id: room.user(bot, bob),
    };
    room.ask(bot, &query).unwrap();
    assert_eq!(room.send(bob, group, "thanks"), room.send(bob, group, "again") - 1);
}
