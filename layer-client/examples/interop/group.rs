//! `group`: a supergroup, its members, an administrator, a link that leads into it, and a ban.

use layer_client::PeerRef;
use layer_client::tl::{enums, functions, types};
use layer_client::types::{AdminRightsBuilder, BanRights, Message, Participant, Role};
use layer_client::update::Update;

use crate::cast::{Player, Stage, raw, user_peer};
use crate::{Trouble, ensure, same};

const PHONES: [&str; 3] = ["+10000000001", "+10000000002", "+10000000003"];

pub(crate) async fn group(stage: &Stage) -> Result<String, Trouble> {
    let anna = stage.user("Anna", PHONES[0]).await?;
    let ben = stage.user("Ben", PHONES[1]).await?;
    let cleo = stage.user("Cleo", PHONES[2]).await?;
    let annas_ben = anna.knows(PHONES[1]).await?;
    anna.knows(PHONES[2]).await?;

    let group = created(&anna).await?;
    let mut all = Group { anna, ben, cleo, annas: PeerRef::from(&group), annas_ben };
    let bens = all.adds_ben().await?;
    all.promotes_ben().await?;
    let cleos = all.lets_cleo_in(&bens).await?;
    all.has_three().await?;
    all.keeps_to_rights(&bens, &cleos).await?;
    all.bans_cleo(&bens, &cleos).await?;
    all.has_a_history().await?;
    for player in [all.anna, all.ben, all.cleo] {
        player.leave().await;
    }
    Ok("created, member added, admin, invite link joined, participants, rights, ban".to_owned())
}

async fn created(anna: &Player) -> Result<enums::Chat, Trouble> {
    let group = anna.client.create_supergroup("Judges", "who judge").await?;
    let enums::Chat::Channel(channel) = &group else {
        return Err(format!("no supergroup: {group:?}").into());
    };
    let is = (channel.title.as_str(), channel.megagroup, channel.creator);
    same("the group", is, ("Judges", true, true))?;
    let channel = input_channel(anna, &PeerRef::from(&group)).await?;
    let full = anna.client.invoke(&functions::channels::GetFullChannel { channel }).await?;
    let enums::messages::ChatFull::Full(full) = full;
    let enums::ChatFull::ChannelFull(full) = full.full_chat else {
        return Err("the full group is no channel".into());
    };
    let is = (full.about.as_str(), full.participants_count);
    same("about it", is, ("who judge", Some(1)))?;
    Ok(group)
}

struct Group {
    anna: Player,
    ben: Player,
    cleo: Player,
    /// How Anna names the group.
    annas: PeerRef,
    annas_ben: PeerRef,
}

impl Group {
    /// Ben is added, is told so, hears and is heard. Gives how he names the group.
    async fn adds_ben(&mut self) -> Result<PeerRef, Trouble> {
        let channel = input_channel(&self.anna, &self.annas).await?;
        let users = vec![input_user(&self.anna, &self.annas_ben).await?];
        let invite = functions::channels::InviteToChannel { channel, users };
        let enums::messages::InvitedUsers::Users(invited) =
            self.anna.client.invoke(&invite).await?;
        same("who could not be invited", invited.missing_invitees.len(), 0)?;
        let told = |update| match raw(update) {
            Some(enums::Update::Channel(told)) => Some(told.channel_id),
            _ => None,
        };
        let id = self.ben.hears("that he is in the group", told).await?;

        let sent = self.anna.client.send_message(&self.annas, "Welcome, Ben").await?;
        let heard = self.ben.hears("the welcome", said("Welcome, Ben")).await?;
        // In a channel a message has one number, for all.
        same("the message's number", heard.id(), sent.id())?;
        let there: enums::Peer = types::PeerChannel { channel_id: id }.into();
        same("where it was said", heard.peer_id(), Some(&there))?;
        heard.reply("Thank you").await?;
        let answer = self.anna.hears("the answer", said("Thank you")).await?;
        same("what is answered", answer.reply_to_message_id(), Some(sent.id()))?;
        Ok(PeerRef::from(there))
    }

    /// With four rights and a title.
    async fn promotes_ben(&mut self) -> Result<(), Trouble> {
        let rights = AdminRightsBuilder::new();
        let rights = rights.delete_messages().ban_users().pin_messages().invite_users();
        let rights = rights.rank("judge");
        let given = self.anna.client.set_admin_rights(&self.annas, &self.annas_ben, rights.clone());
        given.await?;
        let found = self.anna.client.get_permissions(&self.annas, &self.annas_ben).await?;
        let Role::Admin(Some(his)) = found.role() else {
            return Err(format!("Ben is {:?}", found.role()).into());
        };
        same("his rights", his, rights.raw())?;
        let title = functions::channels::GetParticipant {
            channel: input_channel(&self.anna, &self.annas).await?,
            participant: self.anna.client.resolve_peer(&self.annas_ben).await?,
        };
        let enums::channels::ChannelParticipant::Participant(told) =
            self.anna.client.invoke(&title).await?;
        match told.participant {
            enums::ChannelParticipant::Admin(admin) => {
                same("his title", admin.rank.as_deref(), Some("judge"))
            }
            other => Err(format!("Ben is {other:?}").into()),
        }
    }

    /// Ben exports a link, Cleo looks at it and comes in by it. Gives how she names the group.
    async fn lets_cleo_in(&mut self, bens: &PeerRef) -> Result<PeerRef, Trouble> {
        let peer = self.ben.client.resolve_peer(bens).await?;
        let export = functions::messages::ExportChatInvite::new(peer);
        let link = match self.ben.client.invoke(&export).await? {
            enums::ExportedChatInvite::ChatInviteExported(invite) => invite.link,
            other => return Err(format!("no link: {other:?}").into()),
        };
        let hash = link.rsplit(['/', '+']).next().unwrap_or_default().to_owned();
        match self.cleo.client.invoke(&functions::messages::CheckChatInvite { hash }).await? {
            enums::ChatInvite::Invite(seen) => same("its title", seen.title.as_str(), "Judges")?,
            other => return Err(format!("a member already: {other:?}").into()),
        }
        let joined = self.cleo.client.accept_invite_link(&link).await?;
        let came = |update| match update {
            Update::NewMessage(message) => match message.action() {
                Some(enums::MessageAction::ChatJoinedByLink(_)) => Some(message),
                _ => None,
            },
            _ => None,
        };
        let came = self.anna.hears("that Cleo came", came).await?;
        same("who came", came.sender_id(), Some(&user_peer(self.cleo.id)))?;
        Ok(PeerRef::from(&joined))
    }

    async fn has_three(&self) -> Result<(), Trouble> {
        let members = self.anna.client.get_participants(&self.annas, 100).await?;
        let mut found = roles(&members);
        found.sort_unstable();
        let mut ought =
            [(self.anna.id, "creator"), (self.ben.id, "admin"), (self.cleo.id, "member")];
        ought.sort_unstable();
        same("the members", found, ought.to_vec())?;
        let admins = enums::ChannelParticipantsFilter::ChannelParticipantsAdmins;
        let mut admins = self.anna.client.iter_participants(&self.annas).filter(admins);
        let mut count = 0;
        while admins.next().await?.is_some() {
            count += 1;
        }
        same("administrators", count, 2)
    }

    /// Cleo may not ban; Ben may delete what she says.
    async fn keeps_to_rights(&mut self, bens: &PeerRef, cleos: &PeerRef) -> Result<(), Trouble> {
        let ban =
            self.cleo.client.set_banned_rights(cleos, user_peer(self.ben.id), BanRights::ban());
        // She knows him by what he has said.
        let mut history = self.cleo.client.iter_messages(cleos);
        while history.next().await?.is_some() {}
        let refused = ban.await.err();
        ensure(refused.as_ref().is_some_and(|error| error.is("CHAT_ADMIN_REQUIRED")), || {
            format!("a member banned another: {refused:?}")
        })?;
        let said_by_her = self.cleo.client.send_message(cleos, "Nonsense").await?;
        self.ben.hears("Cleo", said("Nonsense")).await?;
        self.anna.hears("Cleo", said("Nonsense")).await?;
        self.ben.client.delete_messages(bens, &[said_by_her.id()], true).await?;
        let gone = |update| match update {
            Update::MessageDeleted(gone) => Some(gone),
            _ => None,
        };
        let gone = self.anna.hears("the deletion", gone).await?;
        same("what is gone", gone.message_ids, vec![said_by_her.id()])?;
        ensure(gone.channel_id.is_some(), || "the deletion names no channel".to_owned())
    }

    /// It is closed to her from then on.
    async fn bans_cleo(&mut self, bens: &PeerRef, cleos: &PeerRef) -> Result<(), Trouble> {
        self.ben.client.ban_participant(bens, user_peer(self.cleo.id)).await?;
        let told = |update| match raw(update) {
            Some(enums::Update::Channel(told)) => Some(told.channel_id),
            _ => None,
        };
        self.cleo.hears("that it is closed to her", told).await?;
        let channel = input_channel(&self.cleo, cleos).await?;
        let look = functions::channels::GetFullChannel { channel };
        let refused = self.cleo.client.invoke(&look).await.err();
        ensure(refused.as_ref().is_some_and(|error| error.is("CHANNEL_PRIVATE")), || {
            format!("who was banned looks in: {refused:?}")
        })?;
        let refused = self.cleo.client.send_message(cleos, "Still here").await.err();
        ensure(refused.is_some(), || "who was banned can write".to_owned())?;
        let members = self.anna.client.get_participants(&self.annas, 100).await?;
        same("how many are left", members.len(), 2)?;
        let banned = types::ChannelParticipantsKicked { q: String::new() };
        let mut banned = self.anna.client.iter_participants(&self.annas).filter(banned.into());
        let her = banned.next().await?.ok_or("nobody is banned")?;
        same("who is banned", (her.peer(), her.is_banned()), (&user_peer(self.cleo.id), true))?;
        ensure(banned.next().await?.is_none(), || "somebody else is banned too".to_owned())
    }

    /// Each text once, and what has happened.
    async fn has_a_history(&self) -> Result<(), Trouble> {
        let mut history = self.anna.client.iter_messages(&self.annas);
        let (mut texts, mut actions) = (Vec::new(), Vec::new());
        while let Some(message) = history.next().await? {
            texts.extend(message.text().map(str::to_owned));
            actions.extend(message.action().map(|action| match action {
                enums::MessageAction::ChannelCreate(_) => "created",
                enums::MessageAction::ChatAddUser(_) => "added",
                enums::MessageAction::ChatJoinedByLink(_) => "joined",
                _ => "something else",
            }));
        }
        let ought = ["Thank you", "Welcome, Ben"].map(str::to_owned);
        same("the texts", texts, ought.to_vec())?;
        let happened = ["joined", "added", "created"];
        let actions: Vec<_> = actions.into_iter().filter(|it| happened.contains(it)).collect();
        same("what has happened", actions, happened.to_vec())
    }
}

fn roles(members: &[Participant]) -> Vec<(i64, &'static str)> {
    let role = |member: &Participant| match member.role() {
        Role::Creator => "creator",
        Role::Admin(_) => "admin",
        Role::Member => "member",
        _ => "something else",
    };
    let id = |member: &Participant| match member.peer() {
        enums::Peer::User(user) => user.user_id,
        _ => 0,
    };
    members.iter().map(|member| (id(member), role(member))).collect()
}

/// A message from somebody else that says this.
fn said(text: &'static str) -> impl FnMut(Update) -> Option<Message> {
    move |update| match update {
        Update::NewMessage(message) if message.text() == Some(text) && !message.outgoing() => {
            Some(message)
        }
        _ => None,
    }
}

async fn input_channel(player: &Player, group: &PeerRef) -> Result<enums::InputChannel, Trouble> {
    match player.client.resolve_peer(group).await? {
        enums::InputPeer::Channel(types::InputPeerChannel { channel_id, access_hash }) => {
            Ok(types::InputChannel { channel_id, access_hash }.into())
        }
        other => Err(format!("the group is {other:?}").into()),
    }
}

/// A user as methods name him that take no other peers.
pub(crate) async fn input_user(
    player: &Player,
    user: &PeerRef,
) -> Result<enums::InputUser, Trouble> {
    match player.client.resolve_peer(user).await? {
        enums::InputPeer::User(types::InputPeerUser { user_id, access_hash }) => {
            Ok(types::InputUser { user_id, access_hash }.into())
        }
        other => Err(format!("a user is {other:?}").into()),
    }
}
