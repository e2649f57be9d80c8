//! Who takes part: clients on the sandbox, with what they hear.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use layer_client::session::InMemoryBackend;
use layer_client::tl::{enums, functions, types};
use layer_client::types::Message;
use layer_client::update::{RawUpdate, Update, UpdateStream};
use layer_client::{Client, Config, PeerRef, ShutdownToken, SignInError};
use tokio::time::timeout;

use crate::arguments::{Arguments, Framing};
use crate::control::Control;
use crate::{Trouble, ensure, same};

/// So long an update may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where it happens.
pub(crate) struct Stage {
    pub(crate) control: Control,
    pub(crate) address: String,
    key: String,
    framing: Framing,
}

impl Stage {
    pub(crate) async fn new(arguments: &Arguments) -> Result<Self, Trouble> {
        Ok(Self {
            control: Control::connect(&arguments.control).await?,
            address: arguments.address.clone(),
            key: std::fs::read_to_string(&arguments.key)?,
            framing: Framing::named(arguments)?,
        })
    }

    /// A client without a login.
    pub(crate) async fn connect(&self) -> Result<Player, Trouble> {
        let Framing { transport, proxy, temporary_keys } = &self.framing;
        let config = Config {
            session_backend: Some(Arc::new(InMemoryBackend::default())),
            api_id: 1,
            api_hash: "0".repeat(32),
            dc_addr: Some(self.address.clone()),
            server_keys: vec![self.key.clone()],
            transport: transport.clone(),
            proxy: proxy.clone(),
            temporary_keys: *temporary_keys,
            ..Config::default()
        };
        let (client, shutdown) = Client::connect(config).await?;
        let updates = client.stream_updates();
        Ok(Player { client, updates, id: 0, seen: BTreeSet::new(), shutdown })
    }

    /// A client of a user who is there from now on, logged in.
    pub(crate) async fn user(&self, name: &str, phone: &str) -> Result<Player, Trouble> {
        let id = self.control.command(&format!("add-user {phone} {name}")).await?;
        let mut player = self.connect().await?;
        let welcome = self.sign_in(&player, phone).await?;
        same("who is logged in", welcome.as_str(), name)?;
        player.id = player.client.get_me().await?.id;
        same("the id", player.id.to_string(), id)?;
        Ok(player)
    }

    /// Logs a client in by the right code, as far as that goes.
    pub(crate) async fn sign_in(
        &self,
        player: &Player,
        phone: &str,
    ) -> Result<String, SignInError> {
        let token = player.client.request_login_code(phone).await?;
        let code = self.code(phone).await.unwrap_or_default();
        player.client.sign_in(&token, &code).await
    }

    /// The code that was sent to this number.
    pub(crate) async fn code(&self, phone: &str) -> Result<String, Trouble> {
        self.control.command(&format!("code {phone}")).await
    }

    /// The token of a bot that there is from now on, and that can be asked inline.
    pub(crate) async fn bot(&self, name: &str, username: &str) -> Result<String, Trouble> {
        let told = self.control.command(&format!("add-bot {username} {name}")).await?;
        let (_, token) = told.split_once(' ').ok_or("no token")?;
        self.control.command(&format!("set-inline {username} Search")).await?;
        Ok(token.to_owned())
    }
}

/// A client and what it hears.
pub(crate) struct Player {
    pub(crate) client: Client,
    pub(crate) updates: UpdateStream,
    /// The user's, once he is logged in.
    pub(crate) id: i64,
    /// Messages of which he was told: what is told is told once.
    seen: BTreeSet<(String, i32)>,
    shutdown: ShutdownToken,
}

impl Player {
    /// Ends the client and waits until it has ended.
    pub(crate) async fn leave(self) {
        self.shutdown.cancel();
        self.shutdown.closed().await;
    }

    /// Has somebody among the contacts, by his number; gives how he is named.
    pub(crate) async fn knows(&self, phone: &str) -> Result<PeerRef, Trouble> {
        let (phone, name) = (phone.to_owned(), "Somebody".to_owned());
        let contact = types::InputPhoneContact::new(1, phone, name, String::new());
        let request = functions::contacts::ImportContacts { contacts: vec![contact.into()] };
        let enums::contacts::ImportedContacts::Contacts(imported) =
            self.client.invoke(&request).await?;
        same("who was imported", imported.imported.len(), 1)?;
        let user = imported.users.into_iter().next().ok_or("nobody was imported")?;
        Ok(PeerRef::from(&user))
    }

    /// The next update in which something is found; others are passed over, but a message that is told
    /// a second time.
    pub(crate) async fn hears<T>(
        &mut self,
        what: &str,
        find: impl FnMut(Update) -> Option<T>,
    ) -> Result<T, Trouble> {
        self.hears_within(PATIENCE, what, find).await
    }

    /// The same with a patience of one's own.
    pub(crate) async fn hears_within<T>(
        &mut self,
        patience: Duration,
        what: &str,
        mut find: impl FnMut(Update) -> Option<T>,
    ) -> Result<T, Trouble> {
        let heard = async {
            while let Some(update) = self.updates.next().await {
                if let Update::NewMessage(message) = &update {
                    let (chat, id) = (format!("{:?}", message.peer_id()), message.id());
                    let is_new = self.seen.insert((chat, id));
                    ensure(is_new, || format!("told twice: {:?}", message.text()))?;
                }
                if let Some(found) = find(update) {
                    return Ok(found);
                }
            }
            Err(Trouble::from(format!("the client ended before {what} came")))
        };
        let heard = timeout(patience, heard).await;
        heard.unwrap_or_else(|_| Err(format!("{what} did not come").into()))
    }

    /// The next message that somebody else has sent.
    pub(crate) async fn hears_message(&mut self, what: &str) -> Result<Message, Trouble> {
        // What is forwarded into the saved messages counts as incoming there.
        let saved = user_peer(self.id);
        let find = |update| match update {
            Update::NewMessage(message) if !message.outgoing() => {
                Some(message).filter(|message| message.peer_id() != Some(&saved))
            }
            _ => None,
        };
        self.hears(what, find).await
    }

    /// The next message that somebody else has sent, which must say this.
    pub(crate) async fn hears_text(&mut self, text: &str) -> Result<Message, Trouble> {
        let message = self.hears_message(&format!("{text:?}")).await?;
        same("a message", message.text(), Some(text))?;
        Ok(message)
    }

    /// The next message that was edited, which must say this now.
    pub(crate) async fn hears_edit(&mut self, text: &str) -> Result<Message, Trouble> {
        let find = |update| match update {
            Update::MessageEdited(message) => Some(message),
            _ => None,
        };
        let message = self.hears(&format!("the edit to {text:?}"), find).await?;
        same("an edited message", message.text(), Some(text))?;
        Ok(message)
    }
}

/// What the schema knows, where there is no friendlier form.
pub(crate) fn raw(update: Update) -> Option<enums::Update> {
    match update {
        Update::Raw(RawUpdate::Known(update)) => Some(*update),
        _ => None,
    }
}

/// The peer that a user is.
pub(crate) fn user_peer(user_id: i64) -> enums::Peer {
    types::PeerUser { user_id }.into()
}
