//! The contents of files on the disk.

use std::fs;

use layer_sandbox::{Caller, Sandbox};
use layer_tl_types::{enums, functions, types};

fn caller(sandbox: &Sandbox, user: i64) -> Caller {
    Caller::new(user, 1, sandbox.home(), sandbox.now())
}

/// Sends oneself a file of 3 MiB.
fn send(sandbox: &Sandbox, user: i64) -> Vec<u8> {
    let caller = caller(sandbox, user);
    let mut world = sandbox.world();
    let contents: Vec<u8> = (0..3 << 20).map(|at: u32| (at >> 9) as u8).collect();
    for (file_part, bytes) in contents.chunks(512 << 10).enumerate() {
        let (file_part, bytes) = (file_part as i32, bytes.to_vec());
        let query = functions::upload::SaveFilePart { file_id: 1, file_part, bytes };
        world.invoke(&caller, &query).unwrap();
    }
    let file = types::InputFile { id: 1, parts: 6, name: "a".into(), md5_checksum: "".into() };
    let media = types::InputMediaUploadedDocument::new(file.into(), "a/b".into(), vec![]);
    let (peer, media) = (enums::InputPeer::PeerSelf, media.into());
    let query = functions::messages::SendMedia::new(peer, media, String::new(), 1);
    world.invoke(&caller, &query).unwrap();
    // And one that is never finished.
    let query = functions::upload::SaveFilePart { file_id: 2, file_part: 0, bytes: vec![1] };
    world.invoke(&caller, &query).unwrap();
    contents
}

/// What is in the first message to oneself.
fn read(sandbox: &Sandbox, user: i64) -> Vec<u8> {
    let caller = caller(sandbox, user);
    let mut world = sandbox.world();
    let history = world.history(user, layer_sandbox::Peer::User(user));
    let enums::Message::Message(message) = &history[0] else { panic!() };
    let Some(enums::MessageMedia::Document(media)) = &message.media else { panic!() };
    let Some(enums::Document::Document(document)) = &media.document else { panic!() };
    let location = types::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
        thumb_size: String::new(),
    };
    let mut whole = Vec::new();
    for offset in 0..3 {
        let query = functions::upload::GetFile::new(location.clone().into(), offset << 20, 1 << 20);
        let enums::upload::File::File(file) = world.invoke(&caller, &query).unwrap() else {
            panic!()
        };
        whole.extend(file.bytes);
    }
    whole
}

#[tokio::test]
async fn files_are_there_after_a_restart_and_cut_uploads_are_not() {
    let folder = std::env::temp_dir().join(format!("layer-contents-{}", std::process::id()));
    let blobs = || fs::read_dir(folder.join("files")).unwrap().count();
    let sandbox = Sandbox::builder().folder(&folder).start().await.unwrap();
    let alice = sandbox.world().add_user("Alice", "+49 151 0000001");
    sandbox.world().log_in(alice, alice);
    let contents = send(&sandbox, alice);
    assert!(read(&sandbox, alice) == contents);
    assert_eq!(blobs(), 2);
    drop(sandbox);
    let sandbox = Sandbox::builder().folder(&folder).start().await.unwrap();
    assert_eq!(blobs(), 1);
    assert!(read(&sandbox, alice) == contents);
    drop(sandbox);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn without_a_folder_nothing_is_left_of_files() {
    let ours = format!("layer-sandbox-files-{}-", std::process::id());
    let left = || {
        let entries = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&ours)).count()
    };
    // Other tests of this process write no files.
    assert_eq!(left(), 0);
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(left(), 0);
    let alice = sandbox.world().add_user("Alice", "+49 151 0000001");
    sandbox.world().log_in(alice, alice);
    let contents = send(&sandbox, alice);
    assert!(read(&sandbox, alice) == contents);
    assert_eq!(left(), 1);
    drop(sandbox);
    assert_eq!(left(), 0);
}

#[tokio::test]
async fn a_cdn_has_a_port_and_a_key_of_its_own() {
    let sandbox = Sandbox::builder().cdn(203).start().await.unwrap();
    assert!(!sandbox.data_centres().contains(&203));
    assert_ne!(sandbox.address(203), sandbox.address(sandbox.home()));
}
