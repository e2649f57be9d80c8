//! `across`: our client and another's hold accounts on one sandbox and write to each other. What ours
//! sends theirs must read as it was meant, and the other way round.

use std::path::{Path, PathBuf};

use layer_client::tl::enums::MessageEntity;
use layer_client::tl::functions;
use layer_client::types::{Button, InlineKeyboard, InputMessage, Message};
use layer_client::update::Update;
use serde_json::{Value, json};

use crate::bot::labels;
use crate::cast::{Player, Stage, user_peer};
use crate::files::{LARGE, download, hex, noise};
use crate::partner::Partner;
use crate::{Trouble, ensure, same};

/// Where each emoji takes more than one unit of UTF-16.
const TEXT: &str = "🦀 bold 👩‍👩‍👧 link you";
const LINK: &str = "https://example.org/?a=1&b=2";

pub(crate) async fn across(stage: &Stage, partner: &mut Partner) -> Result<String, Trouble> {
    let mut ours = stage.user("Anna", "+10000000001").await?;
    let request = functions::account::UpdateUsername { username: "anna_across".to_owned() };
    ours.client.invoke(&request).await?;
    let theirs = logs_in(stage, partner).await?;
    let folder = Folder::new()?;

    we_write(&ours, theirs, partner).await?;
    they_write(&mut ours, theirs, partner).await?;
    we_send_files(&ours, partner, &folder).await?;
    they_send_files(&mut ours, partner, &folder).await?;
    our_bot(stage, theirs, partner).await?;
    their_bot(stage, &mut ours, partner).await?;
    ours.leave().await;
    Ok("both ways: entities, reply, edit, delete, photo, album, 5 MB, buttons".to_owned())
}

/// Their user logs in, by a code, and can be found. Gives his id.
async fn logs_in(stage: &Stage, partner: &mut Partner) -> Result<i64, Trouble> {
    let phone = "+10000000002";
    stage.control.command(&format!("add-user {phone} Ben")).await?;
    partner.does("user", "send_code", json!({ "phone": phone })).await?;
    let code = stage.code(phone).await?;
    let id = partner.does("user", "sign_in", json!({ "phone": phone, "code": code })).await?;
    partner.does("user", "set_username", json!({ "username": "ben_across" })).await?;
    id.as_i64().ok_or_else(|| format!("the id is {id}").into())
}

/// The text in HTML, which mentions somebody.
fn html(mentioned: i64) -> String {
    let link = LINK.replace('&', "&amp;");
    format!(
        "🦀 <b>bold</b> 👩‍👩‍👧 <a href=\"{link}\">link</a> <a href=\"tg://user?id={mentioned}\">you</a>"
    )
}

/// Its entities: kind, offset and length in UTF-16, and what it is about.
fn entities(mentioned: i64) -> Value {
    json!([["bold", 3, 4, null], ["link", 17, 4, LINK], ["mention", 22, 3, mentioned]])
}

/// The entities of a message that we got, in the same form.
fn entities_of(message: &Message) -> Value {
    let told = message.entities().iter().map(|entity| match entity {
        MessageEntity::Bold(it) => json!(["bold", it.offset, it.length, null]),
        MessageEntity::TextUrl(it) => json!(["link", it.offset, it.length, it.url]),
        MessageEntity::MentionName(it) => json!(["mention", it.offset, it.length, it.user_id]),
        other => json!([format!("{other:?}")]),
    });
    told.collect()
}

/// Text with entities, a reply, an edit, a deletion, from us to them.
async fn we_write(ours: &Player, theirs: i64, partner: &mut Partner) -> Result<(), Trouble> {
    // Whom we have met can be mentioned.
    let first = ours.client.send_message("@ben_across", "Hello").await?;
    let hello = partner.hears_text("user", "Hello").await?;
    same("who wrote", &hello["from"], &json!(ours.id))?;
    let message = InputMessage::html(html(theirs));
    let sent = ours.client.send_message("@ben_across", message).reply_to(first.id()).await?;
    let heard = partner.hears_text("user", TEXT).await?;
    same("our entities", &heard["entities"], &entities(theirs))?;
    same("what we answer", &heard["reply_to"], &hello["id"])?;
    sent.edit("🦀🦀 edited").await?;
    let edited = partner.hears("user", "edit").await?;
    same("our edit", (&edited["id"], &edited["text"]), (&heard["id"], &json!("🦀🦀 edited")))?;
    sent.delete().await?;
    let gone = partner.hears("user", "delete").await?;
    same("what we delete", &gone["ids"], &json!([heard["id"]]))
}

/// The same from them to us.
async fn they_write(ours: &mut Player, theirs: i64, partner: &mut Partner) -> Result<(), Trouble> {
    let first =
        partner.does("user", "send", json!({ "to": "anna_across", "html": "Hello" })).await?;
    let hello = ours.hears_text("Hello").await?;
    same("who wrote", hello.peer_id(), Some(&user_peer(theirs)))?;
    let with = json!({ "to": "anna_across", "html": html(ours.id), "reply_to": first });
    let sent = partner.does("user", "send", with).await?;
    let heard = ours.hears_text(TEXT).await?;
    same("their entities", entities_of(&heard), entities(ours.id))?;
    same("what they answer", heard.reply_to_message_id(), Some(hello.id()))?;
    let with = json!({ "to": "anna_across", "id": sent, "html": "🦀🦀 edited" });
    partner.does("user", "edit", with).await?;
    let edited = ours.hears_edit("🦀🦀 edited").await?;
    same("their edit", edited.id(), heard.id())?;
    partner.does("user", "delete", json!({ "to": "anna_across", "ids": [sent] })).await?;
    let gone = |update| match update {
        Update::MessageDeleted(gone) => Some(gone.message_ids),
        _ => None,
    };
    same("what they delete", ours.hears("the deletion", gone).await?, vec![heard.id()])
}

/// A photo, an album and a large document, from us to them.
async fn we_send_files(
    ours: &Player,
    partner: &mut Partner,
    folder: &Folder,
) -> Result<(), Trouble> {
    let to = "@ben_across";
    let photo = noise(11, 40_000);
    let uploaded = ours.client.upload_file(&photo, "photo.jpg", "image/jpeg").await?;
    ours.client.send_file(to, uploaded, "our photo").await?;
    let heard = partner.hears_text("user", "our photo").await?;
    they_have(partner, &heard, "photo", &photo, folder).await?;

    let two = [noise(12, 30_000), noise(13, 50_000)];
    let mut items = Vec::new();
    for (bytes, caption) in two.iter().zip(["our first", "our second"]) {
        let uploaded = ours.client.upload_file(bytes, "album.jpg", "image/jpeg").await?;
        items.push(InputMessage::text(caption).media(uploaded));
    }
    ours.client.send_multi_media(to, items).await?;
    let mut groups = Vec::new();
    for (bytes, caption) in two.iter().zip(["our first", "our second"]) {
        let heard = partner.hears_text("user", caption).await?;
        they_have(partner, &heard, "photo", bytes, folder).await?;
        groups.push(heard["group"].clone());
    }
    ensure(groups.iter().all(|group| !group.is_null()), || "not an album".to_owned())?;
    same("our album", groups.first(), groups.last())?;

    let large = noise(14, LARGE);
    let uploaded = ours.client.upload_file_concurrent(&large, "ours.bin", "a/noise").await?;
    ours.client.send_file(to, uploaded, "our document").await?;
    let heard = partner.hears_text("user", "our document").await?;
    same("its name", &heard["media"]["name"], &json!("ours.bin"))?;
    same("its type", &heard["media"]["mime"], &json!("a/noise"))?;
    same("its size", &heard["media"]["size"], &json!(LARGE))?;
    they_have(partner, &heard, "document", &large, folder).await
}

/// What they download of a message has the same SHA-256, taken of their file.
async fn they_have(
    partner: &mut Partner,
    heard: &Value,
    kind: &str,
    bytes: &[u8],
    folder: &Folder,
) -> Result<(), Trouble> {
    same("the kind of media", &heard["media"]["kind"], &json!(kind))?;
    let path = folder.0.join("down");
    partner.does("user", "download", json!({ "id": heard["id"], "path": path })).await?;
    let came = std::fs::read(&path)?;
    std::fs::remove_file(&path)?;
    same("the length that they have", came.len(), bytes.len())?;
    same("the SHA-256 that they have", hex(&came), hex(bytes))
}

/// The same from them to us.
async fn they_send_files(
    ours: &mut Player,
    partner: &mut Partner,
    folder: &Folder,
) -> Result<(), Trouble> {
    let photo = noise(21, 40_000);
    let path = folder.file("photo.jpg", &photo)?;
    let with = json!({ "to": "anna_across", "path": path, "caption": "their photo" });
    partner.does("user", "send_photo", with).await?;
    let heard = ours.hears_text("their photo").await?;
    we_have(ours, &heard.photo().ok_or("not a photo")?, &photo).await?;

    let two = [noise(22, 30_000), noise(23, 50_000)];
    let paths = [folder.file("first.jpg", &two[0])?, folder.file("second.jpg", &two[1])?];
    let captions = ["their first", "their second"];
    let with = json!({ "to": "anna_across", "paths": paths, "captions": captions });
    partner.does("user", "send_album", with).await?;
    let mut groups = Vec::new();
    for (bytes, caption) in two.iter().zip(captions) {
        let heard = ours.hears_text(caption).await?;
        we_have(ours, &heard.photo().ok_or("not a photo")?, bytes).await?;
        groups.push(heard.grouped_id());
    }
    ensure(groups.first().is_some_and(Option::is_some), || "not an album".to_owned())?;
    same("their album", groups.first(), groups.last())?;

    let large = noise(24, LARGE);
    let path = folder.file("theirs.bin", &large)?;
    let with = json!({ "to": "anna_across", "path": path, "caption": "their document" });
    partner.does("user", "send_document", with).await?;
    let heard = ours.hears_text("their document").await?;
    let document = heard.document().ok_or("not a document")?;
    let described = (document.name(), document.len());
    same("what it is said to be", described, (Some("theirs.bin"), LARGE as u64))?;
    we_have(ours, &document, &large).await
}

async fn we_have(
    ours: &Player,
    location: impl Into<layer_client::FileLocation>,
    bytes: &[u8],
) -> Result<(), Trouble> {
    let came = download(&ours.client, location).await?;
    same("the length that we have", came.len(), bytes.len())?;
    same("the SHA-256 that we have", hex(&came), hex(bytes))
}

/// Our bot's buttons, pressed by their user.
async fn our_bot(stage: &Stage, theirs: i64, partner: &mut Partner) -> Result<(), Trouble> {
    let token = stage.bot("Ours", "ours_bot").await?;
    let mut bot = stage.connect().await?;
    bot.client.bot_sign_in(&token).await?;
    partner.does("user", "send", json!({ "to": "ours_bot", "html": "/start" })).await?;
    let start = bot.hears_text("/start").await?;
    same("who starts our bot", start.peer_id(), Some(&user_peer(theirs)))?;
    let keyboard = InlineKeyboard::new()
        .row([Button::callback("Press", "pressed"), Button::url("Look", "https://example.org/")]);
    start.respond(InputMessage::text("Ours").keyboard(keyboard)).await?;
    let heard = partner.hears_text("user", "Ours").await?;
    same("our buttons", &heard["buttons"], &json!([["Press", "Look"]]))?;

    let with = json!({ "to": "ours_bot", "id": heard["id"], "data": "pressed" });
    let press = partner.does("user", "press", with);
    let answer = async {
        let pressed = |update| match update {
            Update::CallbackQuery(query) => Some(query),
            _ => None,
        };
        let query = bot.hears("their press", pressed).await?;
        same("the data", (query.data(), query.user_id), (Some("pressed"), theirs))?;
        query.answer().text("Done 🦀").alert().await?;
        Ok::<_, Trouble>(())
    };
    let (pressed, answered) = tokio::join!(press, answer);
    answered?;
    same("our answer", pressed?, json!({ "text": "Done 🦀", "alert": true }))?;
    bot.leave().await;
    Ok(())
}

/// Their bot's buttons, pressed by our user.
async fn their_bot(stage: &Stage, ours: &mut Player, partner: &mut Partner) -> Result<(), Trouble> {
    let token = stage.bot("Theirs", "theirs_bot").await?;
    partner.does("bot", "sign_in_bot", json!({ "token": token })).await?;
    ours.client.send_message("@theirs_bot", "/start").await?;
    let start = partner.hears_text("bot", "/start").await?;
    same("who starts their bot", &start["from"], &json!(ours.id))?;
    let buttons = json!([[["Press", "pressed"], ["Again", "again"]]]);
    let with = json!({ "to": ours.id, "html": "Theirs", "buttons": buttons });
    partner.does("bot", "send", with).await?;
    let heard = ours.hears_text("Theirs").await?;
    same("their buttons", labels(heard.reply_markup()), vec![vec!["Press", "Again"]])?;

    let press = ours.client.press_button("@theirs_bot", heard.id(), "again");
    let answer = async {
        let query = partner.hears("bot", "press").await?;
        same("the data", (&query["data"], &query["from"]), (&json!("again"), &json!(ours.id)))?;
        partner.does("bot", "answer", json!({ "text": "Done 🦀", "alert": true })).await
    };
    let (pressed, answered) = tokio::join!(press, answer);
    answered?;
    let pressed = pressed?;
    same("their answer", (pressed.message.as_deref(), pressed.alert), (Some("Done 🦀"), true))
}

/// A folder for files between the two, gone when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Trouble> {
        let path = std::env::temp_dir().join(format!("layer-across-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Trouble> {
        let path = Path::new(&self.0).join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
