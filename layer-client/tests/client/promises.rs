//! Every name that users were promised, used once as they would: that this compiles is the test.
//!
//! Not yet there: the backends on databases, and fake TLS.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use layer_client::session::{
    BinaryFileBackend, InMemoryBackend, SessionBackend, StringSessionBackend,
};
use layer_client::tl::{enums, functions, types};
use layer_client::types::{
    AdminRightsBuilder, BanRights, Button, CallbackQuery, ChatActionUpdate, Document,
    InlineKeyboard, InlineQuery, InlineSend, InputMessage, Message, MessageDeletion, Photo,
    ReplyKeyboard, Sticker, UserStatusUpdate,
};
use layer_client::update::{Ack, Delivery, Update, UpdateStream};
use layer_client::{
    AutoSleep, Client, Config, DownloadIter, Downloadable, GlobalSearchBuilder, InvocationError,
    LoginToken, NoRetries, PasswordToken, PeerRef, RetryContext, RetryPolicy, RpcError,
    SearchBuilder, ShutdownToken, SignInError, Socks5Config, TransportKind, TypingGuard,
    UploadedFile, parsers,
};

#[allow(dead_code, reason = "it is to be compiled")]
async fn media(client: &Client, message: &Message) -> Done {
    let bytes = vec![1, 2, 3];
    let file: UploadedFile = client.upload_file(&bytes, "a.txt", "text/plain").await?;
    let _ = client.upload_file_concurrent(Arc::<[u8]>::from(bytes), "a", "text/plain").await?;
    let mut source = tokio::io::empty();
    let _ = client.upload_stream(&mut source, "a", "text/plain").await?;
    let _: Message = client.send_file("me", file.clone(), "caption").await?;
    let _: Vec<Message> = client.send_multi_media("me", [file]).await?;
    let document: Document = message.document().ok_or("no document")?;
    let photo: Photo = message.photo().ok_or("no photo")?;
    let sticker: Sticker = document.sticker().ok_or("no sticker")?;
    let all: [&dyn Downloadable; 3] = [&photo, &document, &sticker];
    let location: enums::InputFileLocation =
        all.iter().find_map(|file| file.to_input_location()).ok_or("nothing")?;
    let mut download: DownloadIter = client.iter_download(location.clone()).chunk_size(65_536);
    while let Some(chunk) = download.next().await? {
        drop::<Vec<u8>>(chunk);
    }
    client.download_media_to_file(location, "a.txt").await?;
    client.download_media_to_file(&photo, "a.jpg").await?;
    message.download("b.txt").await?;
    Ok(())
}

type Done = Result<(), Box<dyn std::error::Error>>;

#[derive(Debug)]
struct Policy;

impl RetryPolicy for Policy {
    fn should_retry(&self, _: &RetryContext<'_>) -> ControlFlow<(), Duration> {
        ControlFlow::Break(())
    }
}

#[allow(dead_code, reason = "it is to be compiled")]
async fn connecting() -> Done {
    let backend: Arc<dyn SessionBackend> = Arc::new(BinaryFileBackend::new("my.session"));
    let config = Config {
        session_path: "my.session".into(),
        session_backend: Some(backend),
        api_id: 1,
        api_hash: "hash".into(),
        dc_addr: Some("127.0.0.1:443".to_owned()),
        retry_policy: Arc::new(AutoSleep {
            threshold: Duration::from_secs(60),
            io_errors_as_flood_of: Some(Duration::from_secs(1)),
        }),
        socks5: Some(Socks5Config::with_auth("127.0.0.1:1080", "user", "password")),
        allow_ipv6: true,
        transport: TransportKind::Abridged,
        catch_up: true,
        ..Default::default()
    };
    let (client, token): (Client, ShutdownToken) = Client::connect(config).await?;
    let (_, _) = Client::builder()
        .session_path("my.session")
        .session_backend(Arc::new(InMemoryBackend::default()))
        .api_id(1)
        .api_hash("hash")
        .dc_addr("127.0.0.1:443")
        .retry_policy(Arc::new(NoRetries))
        .retry_policy(Arc::new(Policy))
        .socks5(Socks5Config::new("127.0.0.1:1080"))
        .allow_ipv6(true)
        .transport(TransportKind::Obfuscated { secret: None })
        .catch_up(true)
        .connect()
        .await?;
    let text: String = client.export_session_string().await?;
    let _ = StringSessionBackend::parse(&text)?;
    let (other, _) = Client::with_string_session(&text).await?;
    other.signal_network_restored();
    other.sync_update_state().await?;
    other.save_session().await?;
    let _: enums::NearestDc = other.invoke(&functions::help::GetNearestDc {}).await?;
    let _: enums::NearestDc = other.invoke_on_dc(4, &functions::help::GetNearestDc {}).await?;
    other.disconnect();
    token.cancel();
    let _ = [TransportKind::Intermediate, TransportKind::PaddedIntermediate, TransportKind::Full];
    Ok(())
}

#[allow(dead_code, reason = "it is to be compiled")]
fn errors(error: InvocationError, sign_in: SignInError) -> Option<(u32, i32)> {
    match sign_in {
        SignInError::SignUpRequired | SignInError::InvalidCode | SignInError::PaymentRequired => {}
        SignInError::PasswordRequired(token) => drop::<Box<PasswordToken>>(token),
        SignInError::Other(InvocationError::Rpc(_)) => {}
        _ => {}
    }
    match error {
        InvocationError::Rpc(error) => {
            let RpcError { code: _, name: _, value: _, .. } = &error;
            let _: Option<u32> = error.value;
            assert!(error.is("FLOOD_*"));
            Some((error.flood_wait_seconds()?, error.migrate_dc_id()?))
        }
        InvocationError::Io(_)
        | InvocationError::Deserialize(_)
        | InvocationError::Dropped
        | InvocationError::Timeout(_)
        | InvocationError::UnknownPeer(_)
        | InvocationError::Config(_)
        | InvocationError::Protocol(_)
        | InvocationError::Session(_) => None,
        _ => None,
    }
}

#[allow(dead_code, reason = "it is to be compiled")]
async fn logging_in(client: &Client) -> Done {
    let _: bool = client.is_authorized().await?;
    let token: LoginToken = client.request_login_code("+1234567890").await?;
    match client.sign_in(&token, "12345").await {
        Err(SignInError::PasswordRequired(token)) => {
            let _ = client.check_password(*token, "password").await?;
        }
        name => println(&name?),
    }
    println(&client.bot_sign_in("1:a").await?);
    let _: types::User = client.get_me().await?;
    let _ = client.sign_out().await?;
    Ok(())
}

fn println(_: &str) {}

fn status(_: &UserStatusUpdate) {}

#[allow(dead_code, reason = "it is to be compiled")]
async fn messages(
    client: &Client,
    chat: enums::Peer,
    inline: enums::InputBotInlineMessageId,
) -> Done {
    let text = "text".to_owned();
    let message = InputMessage::text("text")
        .reply_to(1)
        .silent()
        .background()
        .clear_draft()
        .no_webpage()
        .invert_media()
        .schedule_date(1)
        .schedule_once_online()
        .entities(Vec::new())
        .reply_markup(InlineKeyboard::new())
        .keyboard(InlineKeyboard::new())
        .copy_media(&enums::MessageMedia::Empty)
        .clear_media();
    let sent: Message = client.send_message("me", &text).reply_to(1).silent().await?;
    client.send_message_to_peer(chat.clone(), message).await?;
    client.send_to_self(InputMessage::markdown("*b*")).await?;
    client.edit_message("me", sent.id(), InputMessage::html("<b>b</b>")).await?;
    client.edit_inline_message(inline, "text", None).await?;
    client.forward_messages("me", &[1], chat.clone()).await?;
    client.delete_messages(chat.clone(), &[1], true).await?;
    let _ = client.get_messages_by_id("me", &[1]).await?;
    let _ = client.get_scheduled_messages("me").await?;
    client.delete_scheduled_messages("me", &[1]).await?;
    client.pin_message("me", 1).await?;
    client.unpin_message("me", 1).await?;
    client.unpin_all_messages("me").await?;
    let _ = client.get_pinned_message("me").await?;
    client.send_chat_action("me", enums::SendMessageAction::SendMessageTypingAction, None).await?;
    client.send_reaction("me", 1, ["👍"]).await?;
    client.mark_as_read("me").await?;
    client.clear_mentions("me").await?;
    let typing: TypingGuard = client.typing("me").await?;
    drop(typing);
    drop(client.uploading_document("me").await?);
    drop(client.recording_video("me").await?);
    client.answer_callback_query(1, Some("Done!"), false).await?;
    client.answer_inline_query(1, Vec::new(), 0, true, None).await?;
    Ok(())
}

#[allow(dead_code, reason = "it is to be compiled")]
async fn chats(client: &Client, chat: enums::Peer) -> Done {
    let _ = client.get_participants(chat.clone(), 10).await?;
    let _ = client.iter_participants(chat.clone()).next().await?;
    client.kick_participant(chat.clone(), 1).await?;
    client.ban_participant(chat.clone(), 1).await?;
    client.set_banned_rights(chat.clone(), 1, BanRights::new()).await?;
    client.promote_participant(chat.clone(), 1).await?;
    client.set_admin_rights(chat.clone(), 1, AdminRightsBuilder::new()).await?;
    let _ = client.get_profile_photos("me", 1).await?;
    let _ = client.search_peer("name", 1).await?;
    let _ = client.get_permissions(chat.clone(), "me").await?;
    let _ = client.join_chat("@name").await?;
    let _ = client.accept_invite_link("https://t.me/+abc").await?;
    client.delete_dialog(chat.clone()).await?;
    let _ = client.get_dialogs(10).await?;
    let _ = client.iter_dialogs().next().await?;
    let _: Option<Message> = client.iter_messages(chat.clone()).next().await?;
    let search: SearchBuilder = client.search(chat, "query");
    let filter = enums::MessagesFilter::InputMessagesFilterPhotos;
    let search = search.min_date(1).max_date(2).filter(filter).limit(1).offset_id(1);
    let _ = search.min_id(1).max_id(2).from_peer("me").top_msg_id(1).next().await?;
    let search: GlobalSearchBuilder = client.search_global("query");
    let search = search.folder(1).broadcasts_only().groups_only().users_only();
    let filter = enums::MessagesFilter::InputMessagesFilterPhotos;
    let _ = search.min_date(1).max_date(2).filter(filter).limit(1).next().await?;
    let _: enums::InputPeer = client.resolve_username("name").await?;
    let _: enums::InputPeer = client.resolve_peer("https://t.me/name").await?;
    Ok(())
}

#[allow(dead_code, reason = "it is to be compiled")]
fn peers(message: &Message, peer: enums::Peer) -> [PeerRef; 6] {
    let name = "@name".to_owned();
    ["me".into(), (&name).into(), name.into(), (-1_001_234_i64).into(), peer.into(), message.into()]
}

#[allow(dead_code, reason = "it is to be compiled")]
async fn updates(client: &Client) -> Done {
    let mut updates: UpdateStream = client.stream_updates();
    if let Some(Delivery { update, ack, .. }) = updates.next_delivery().await {
        drop::<Update>(update);
        Ack::ack(ack);
    }
    match updates.next().await {
        Some(Update::NewMessage(it) | Update::MessageEdited(it)) => message(&it).await?,
        Some(Update::MessageDeleted(it)) => {
            let _: (&Vec<i32>, Option<i64>) = (&it.message_ids, it.channel_id);
            drop::<MessageDeletion>(it);
        }
        Some(Update::CallbackQuery(it)) => {
            let _: (i64, i64, Option<i32>) = (it.query_id, it.user_id, it.message_id);
            let _: (i64, Option<&str>) = (it.chat_instance, it.data());
            it.answer().text("Done!").alert().await?;
            drop::<CallbackQuery>(it);
        }
        Some(Update::InlineQuery(it)) => {
            let _: (i64, i64, &str, &str) = (it.query_id, it.user_id, it.query(), &it.offset);
            let _ = it.peer.as_ref();
            drop::<InlineQuery>(it);
        }
        Some(Update::InlineSend(it)) => drop::<InlineSend>(it),
        Some(Update::ChatAction(it)) => drop::<ChatActionUpdate>(it),
        Some(Update::UserStatus(it)) => status(&it),
        Some(Update::Raw(it)) => drop(it.known().cloned()),
        _ => {}
    }
    Ok(())
}

async fn message(it: &Message) -> Done {
    let _: (i32, Option<&str>, Option<&enums::Peer>) = (it.id(), it.text(), it.peer_id());
    let _: (Option<&enums::Peer>, bool, i32) = (it.sender_id(), it.outgoing(), it.date());
    let _: (Option<i32>, bool, bool) = (it.edit_date(), it.mentioned(), it.silent());
    let _: (bool, bool, Option<i32>) = (it.post(), it.pinned(), it.reply_to_message_id());
    let _: (Option<&enums::MessageMedia>, &[enums::MessageEntity]) = (it.media(), it.entities());
    let _: (Option<i64>, Option<i64>) = (it.grouped_id(), it.via_bot_id());
    let _ = (it.reply_markup(), it.forward_header(), it.reaction_count(), it.view_count());
    let _ = (it.markdown_text(), it.html_text(), it.raw());
    it.reply("text").await?;
    it.respond("text").await?;
    it.edit("text").await?;
    it.forward_to("me").await?;
    it.pin().await?;
    it.react("👍").await?;
    it.delete().await?;
    Ok(())
}

#[test]
fn keyboards_and_texts_have_the_names_that_were_promised() {
    let inline = InlineKeyboard::new()
        .row([
            Button::callback("a", b"data".to_vec()),
            Button::url("a", "https://example.com"),
            Button::url_auth("a", "https://example.com", None),
            Button::switch_inline("a", "query"),
            Button::switch_elsewhere("a", "query"),
        ])
        .row([
            Button::webview("a", "https://example.com"),
            Button::game("a"),
            Button::buy("a"),
            Button::copy_text("a", "text"),
        ]);
    let reply = ReplyKeyboard::new()
        .row([Button::text("a"), Button::request_phone("a"), Button::request_geo("a")])
        .row([
            Button::request_poll("a"),
            Button::request_quiz("a"),
            Button::simple_webview("a", "https://example.com"),
        ]);
    let markups: [enums::ReplyMarkup; 2] = [inline.into(), reply.into()];
    assert!(matches!(&markups[0], enums::ReplyMarkup::ReplyInlineMarkup(it) if it.rows.len() == 2));
    assert!(
        matches!(&markups[1], enums::ReplyMarkup::ReplyKeyboardMarkup(it) if it.rows.len() == 2)
    );
    let (text, entities) = parsers::parse_markdown("*a*");
    assert_eq!(parsers::generate_markdown(&text, &entities), "*a*");
    assert_eq!(parsers::parse_html("<b>a</b>"), (text.clone(), entities.clone()));
    assert_eq!(parsers::generate_html(&text, &entities), "<b>a</b>");
}
