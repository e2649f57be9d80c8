//! What happens in the steps of the tour.

use layer_client::tl::{enums, functions, types};
use layer_client::types::{Button, InlineKeyboard, InputMessage};
use layer_client::update::Update;
use layer_client::{PasswordToken, PeerRef, SignInError};
use layer_sandbox::Sandbox;

use super::Trouble;
use super::cast::Player;

const PHONE: &str = "+10000000001";
const BOBS_PHONE: &str = "+10000000002";
const PASSWORD: &str = "correct horse";
/// So many messages are on their way when the links are cut, and so many are missed.
const MANY: usize = 20;

/// Where it happens.
pub(super) struct Stage<'a> {
    pub(super) sandbox: &'a Sandbox,
}

/// What a step has shown, behind what later steps need.
pub(super) type Shown<T> = Result<(T, String), Trouble>;

impl<'a> Stage<'a> {
    pub(super) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    pub(super) async fn agrees_on_a_key(&self) -> Shown<Player> {
        let player = Player::connect(self.sandbox).await?;
        let nearest = player.client.invoke(&functions::help::GetNearestDc {}).await?;
        let enums::NearestDc::Dc(nearest) = nearest;
        Ok((player, format!("Diffie-Hellman over TCP with data centre {}", nearest.this_dc)))
    }

    pub(super) async fn logs_in_by_code(&self, alice: &Player) -> Shown<Box<PasswordToken>> {
        let actor = self.sandbox.user_with_phone("Alice", PHONE).await;
        actor.set_password(PASSWORD).await;
        let token = alice.client.request_login_code(PHONE).await?;
        let code = actor.login_code().await?;
        match alice.client.sign_in(&token, &code).await {
            Err(SignInError::PasswordRequired(token)) => {
                Ok((token, format!("code {code} is right")))
            }
            Err(error) => Err(error.into()),
            Ok(_) => Err(Trouble::Unexpected("nobody asked for her password".to_owned())),
        }
    }

    pub(super) async fn gives_her_password(
        &self,
        alice: &Player,
        token: Box<PasswordToken>,
    ) -> Shown<()> {
        let name = alice.client.check_password(*token, PASSWORD).await?;
        Trouble::unless(name == "Alice", || format!("{name} is logged in, not Alice"))?;
        Ok(((), format!("proved by SRP, never sent; welcome, {name}")))
    }

    pub(super) async fn bot_signs_in(&self) -> Shown<Player> {
        let actor = self.sandbox.bot("Echo", "echo_bot").await;
        let bot = Player::connect(self.sandbox).await?;
        let name = bot.client.bot_sign_in(actor.token()).await?;
        Ok((bot, format!("{name}, on a key of its own")))
    }

    pub(super) async fn bot_echoes(&self, alice: &mut Player, bot: &mut Player) -> Shown<()> {
        alice.client.send_message("@echo_bot", "/start").await?;
        let asked = bot.hears_message().await?;
        let text = format!("Echo: {}", asked.text().unwrap_or_default());
        asked.reply(text.as_str()).await?;
        let heard = alice.hears_message().await?;
        let heard = heard.text().unwrap_or_default();
        Trouble::unless(heard == text, || format!("she hears {heard:?}, not {text:?}"))?;
        Ok(((), format!("\"{heard}\"")))
    }

    pub(super) async fn bot_answers_a_button(
        &self,
        alice: &mut Player,
        bot: &mut Player,
    ) -> Shown<()> {
        let keyboard = InlineKeyboard::new().row([Button::callback("Ready?", "ready")]);
        let me = alice.client.get_me().await?.id;
        bot.client.send_message(me, InputMessage::text("Press").keyboard(keyboard)).await?;
        let message = alice.hears_message().await?;
        let press = alice.client.press_button("@echo_bot", message.id(), "ready");
        let answer = async {
            let query = bot.hears(|update| match update {
                Update::CallbackQuery(query) => Some(query),
                _ => None,
            });
            let query = query.await?;
            bot.client.answer_callback_query(query.query_id, Some("Done!"), false).await?;
            Ok::<_, Trouble>(())
        };
        let (pressed, answered) = tokio::join!(press, answer);
        answered?;
        let text = pressed?.message.unwrap_or_default();
        Trouble::unless(text == "Done!", || format!("the answer is {text:?}"))?;
        Ok(((), format!("\"{text}\"")))
    }

    pub(super) async fn edits_and_deletes(&self, alice: &Player, bot: &mut Player) -> Shown<()> {
        let sent = alice.client.send_message("@echo_bot", "Helo").await?;
        sent.edit("Hello").await?;
        let edited = bot.hears(|update| match update {
            Update::MessageEdited(message) => Some(message),
            _ => None,
        });
        let edited = edited.await?;
        let text = edited.text().unwrap_or_default();
        Trouble::unless(text == "Hello", || format!("the bot sees {text:?}"))?;
        sent.delete().await?;
        let gone = bot.hears(|update| match update {
            Update::MessageDeleted(gone) => Some(gone),
            _ => None,
        });
        let gone = gone.await?;
        Trouble::unless(gone.message_ids == [edited.id()], || {
            "another message is gone".to_owned()
        })?;
        Ok(((), "\"Helo\" became \"Hello\", then nothing".to_owned()))
    }

    pub(super) async fn talk_in_a_supergroup(
        &self,
        alice: &Player,
        bot: &mut Player,
    ) -> Shown<(Player, PeerRef)> {
        let actor = self.sandbox.user_with_phone("Bob", BOBS_PHONE).await;
        let mut bob = Player::connect(self.sandbox).await?;
        let token = bob.client.request_login_code(BOBS_PHONE).await?;
        bob.client.sign_in(&token, &actor.login_code().await?).await?;

        let group = alice.client.create_supergroup("Tour", "a group of three").await?;
        let enums::Chat::Channel(channel) = &group else {
            return Err(Trouble::Unexpected("what was made is no supergroup".to_owned()));
        };
        let peer = PeerRef::from(enums::Peer::from(types::PeerChannel { channel_id: channel.id }));
        self.invites_the_bot(alice, &peer).await?;
        let export = functions::messages::ExportChatInvite::new(
            alice.client.resolve_peer(peer.clone()).await?,
        );
        let enums::ExportedChatInvite::ChatInviteExported(invite) =
            alice.client.invoke(&export).await?
        else {
            return Err(Trouble::Unexpected("the invitation is for asking only".to_owned()));
        };
        bob.client.accept_invite_link(&invite.link).await?;

        alice.client.send_message(peer.clone(), "/hello to all three").await?;
        for (name, player) in [("Bob", &mut bob), ("the bot", bot)] {
            let heard = player.hears_message().await?;
            let text = heard.text().unwrap_or_default();
            Trouble::unless(text == "/hello to all three", || format!("{name} hears {text:?}"))?;
        }
        let members = alice.client.get_participants(peer.clone(), 10).await?.len();
        Trouble::unless(members == 3, || format!("it has {members} members"))?;
        Ok(((bob, peer), format!("{members} members, one by an invite link")))
    }

    async fn invites_the_bot(&self, alice: &Player, group: &PeerRef) -> Result<(), Trouble> {
        let wrong = || Trouble::Unexpected("a name stands for somebody else".to_owned());
        let enums::InputPeer::Channel(channel) = alice.client.resolve_peer(group.clone()).await?
        else {
            return Err(wrong());
        };
        let enums::InputPeer::User(bot) = alice.client.resolve_peer("@echo_bot").await? else {
            return Err(wrong());
        };
        let types::InputPeerChannel { channel_id, access_hash } = channel;
        let channel = types::InputChannel { channel_id, access_hash }.into();
        let types::InputPeerUser { user_id, access_hash } = bot;
        let users = vec![types::InputUser { user_id, access_hash }.into()];
        alice.client.invoke(&functions::channels::InviteToChannel { channel, users }).await?;
        Ok(())
    }

    pub(super) async fn links_are_cut(&self, alice: &Player, group: &PeerRef) -> Shown<()> {
        let texts: Vec<String> =
            (0..MANY).map(|number| format!("over cut links {number}")).collect();
        let mut sending = tokio::task::JoinSet::new();
        for text in texts.clone() {
            let (client, group) = (alice.client.clone(), group.clone());
            sending.spawn(async move { client.send_message(group, text).await });
        }
        self.sandbox.cut_links();
        while let Some(sent) = sending.join_next().await {
            let sent = sent.map_err(|error| Trouble::Unexpected(error.to_string()))?;
            sent?;
        }
        let mut history = alice.client.iter_messages(group.clone()).limit(2 * MANY);
        let mut found = Vec::new();
        while let Some(message) = history.next().await? {
            found.extend(message.text().filter(|text| text.starts_with("over")).map(str::to_owned));
        }
        found.sort_unstable();
        let mut expected = texts;
        expected.sort_unstable();
        Trouble::unless(found == expected, || format!("{} of {MANY} are there", found.len()))?;
        Ok(((), format!("{MANY} messages under way, each there once")))
    }

    pub(super) async fn catches_up(
        &self,
        alice: &Player,
        mut bob: Player,
        group: &PeerRef,
    ) -> Shown<Player> {
        let last = "over cut links";
        for _ in 0..MANY {
            let heard = bob.hears_message().await?;
            let text = heard.text().unwrap_or_default();
            Trouble::unless(text.starts_with(last), || format!("Bob hears {text:?}"))?;
        }
        bob.leave().await;
        let texts: Vec<String> = (0..MANY).map(|number| format!("missed {number}")).collect();
        for text in &texts {
            alice.client.send_message(group.clone(), text.as_str()).await?;
        }
        let mut bob = bob.again(self.sandbox).await?;
        let mut heard = Vec::new();
        while heard.len() < MANY {
            let message = bob.hears_message().await?;
            // The last one before he left may not have been acknowledged.
            heard.extend(message.text().filter(|text| !text.starts_with(last)).map(str::to_owned));
        }
        Trouble::unless(heard == texts, || format!("Bob hears {heard:?}"))?;
        Ok((bob, format!("{MANY} while Bob was away, all in order")))
    }

    pub(super) async fn all_log_out(&self, players: [Player; 3]) -> Shown<()> {
        for player in &players {
            player.client.sign_out().await?;
            player.leave().await;
        }
        let logins = self.sandbox.world().accounts.logins().count();
        Trouble::unless(logins == 0, || format!("{logins} are still logged in"))?;
        Ok(((), "nothing is left on the server".to_owned()))
    }
}
