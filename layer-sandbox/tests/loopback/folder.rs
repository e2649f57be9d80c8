//! Worlds that are kept in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use layer_sandbox::listen::FolderError;
use layer_sandbox::sandbox::StartError;
use layer_sandbox::world::KeptError;
use layer_sandbox::{Peer, Sandbox, Settings, World};
use layer_tl_types::functions;

use crate::sandbox::block_on;

/// A folder that is gone when the test is over.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Self {
        let folder = format!("layer-sandbox-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(folder))
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Path) -> Result<Sandbox, StartError> {
    block_on(Sandbox::builder().data_centres([2]).folder(folder).start())
}

/// People, groups and all that was said, with every kind of thing that is kept.
fn fill(sandbox: &Sandbox) -> (i64, i64, Peer) {
    block_on(async {
        let alice = sandbox.user_with_phone("Alice", "+49 151 0000001").await;
        let bob = sandbox.user("Bob").await;
        let bot = sandbox.bot("Echo", "echo_bot").await;
        alice.set_password("hunter2").await;
        alice.send(&bot, "/start").await.unwrap();
        bot.send_buttons(&alice, "Ready?", &[&[("Yes", "y")]]).await.unwrap();
        let id = alice.send(&bob, "one").await.unwrap();
        alice.send(&bob, "two").await.unwrap();
        alice.edit(&bob, id, "uno").await.unwrap();
        bob.read(&alice).await;
        let group = alice.create_group("Friends", [&bob]).await.unwrap();
        bob.send(group, "hello").await.unwrap();
        let supergroup = alice.create_supergroup("Village").await.unwrap();
        alice.invite(supergroup, &bob).await.unwrap();
        alice.kick(supergroup, &bob).await.unwrap();
        let last = alice.send(supergroup, "alone").await.unwrap();
        alice.delete(supergroup, &[last]).await.unwrap();
        alice.send(supergroup, "still alone").await.unwrap();
        let peer = alice.named(supergroup);
        let invite = functions::messages::ExportChatInvite::new(peer);
        alice.invoke(&invite).await.unwrap();
        sandbox.insert_key(2, [7; 256], Some(alice.id())).unwrap();
        (alice.id(), bob.id(), supergroup)
    })
}

#[test]
fn what_is_lasting_is_there_again_after_a_stop() {
    let folder = Temp::new("lasting");
    let sandbox = open(&folder.0).unwrap();
    let (alice, bob, supergroup) = fill(&sandbox);
    let before = sandbox.world().keep();
    let histories = |sandbox: &Sandbox| {
        let world = sandbox.world();
        [Peer::User(bob), supergroup].map(|peer| world.history(alice, peer))
    };
    let told = histories(&sandbox);
    assert!(told.iter().all(|history| history.len() > 1));
    drop(sandbox);

    let sandbox = open(&folder.0).unwrap();
    assert!(sandbox.world().keep() == before);
    assert_eq!(histories(&sandbox), told);
    assert_eq!(sandbox.keys_of(alice).len(), 1);
    let keys = sandbox.keys_of(alice);
    assert_eq!(*sandbox.take_key(keys[0]).unwrap().key, [7; 256]);
    let carol = block_on(sandbox.user("Carol"));
    assert!(![alice, bob].contains(&carol.id()));
}

#[test]
fn changes_are_written_by_themselves() {
    let folder = Temp::new("by_themselves");
    let sandbox = open(&folder.0).unwrap();
    let alice = block_on(sandbox.user("Alice")).id();
    let saved = |world: &World| (world.tally.saves > 0).then_some(());
    block_on(sandbox.until(Duration::from_secs(30), saved)).unwrap();
    let mut world = World::new(Settings::default());
    world.restore(&fs::read(folder.0.join("world")).unwrap()).unwrap();
    assert!(world.accounts.get(alice).is_some());
    // The same again is not written again.
    sandbox.save().unwrap();
    assert_eq!(sandbox.world().tally.saves, 1);
}

#[test]
fn a_damaged_file_is_named_and_stays_as_it_is() {
    let folder = Temp::new("damaged");
    fill(&open(&folder.0).unwrap());
    let path = folder.0.join("world");
    let whole = fs::read(&path).unwrap();
    let mut wrong = whole.clone();
    wrong[whole.len() / 2] ^= 1;
    for damaged in [wrong, whole[..whole.len() - 1].to_vec(), b"SQLite format 3\0".to_vec(), vec![]]
    {
        fs::write(&path, &damaged).unwrap();
        let error = open(&folder.0).unwrap_err();
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
        let StartError::Folder(FolderError::Kept { error, .. }) = error else { panic!("{error}") };
        assert_eq!(error, KeptError::Damaged);
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
    fs::write(&path, &whole).unwrap();
    open(&folder.0).unwrap();
}

#[test]
fn a_write_that_was_cut_off_has_left_the_last_whole_one() {
    let folder = Temp::new("cut_off");
    drop(open(&folder.0).unwrap());
    fs::write(folder.0.join("world.new"), b"layer-sandbox").unwrap();
    drop(open(&folder.0).unwrap());
}

#[test]
fn a_folder_belongs_to_one_sandbox_at_a_time() {
    let folder = Temp::new("in_use");
    let sandbox = open(&folder.0).unwrap();
    let error = open(&folder.0).unwrap_err();
    assert!(matches!(&error, StartError::Folder(FolderError::InUse(path)) if *path == folder.0));
    drop(sandbox);
    open(&folder.0).unwrap();
}

#[test]
fn a_folder_that_can_not_be_is_named() {
    let file = Temp::new("file");
    fs::write(&file.0, b"a file").unwrap();
    let error = open(&file.0.join("inside")).unwrap_err().to_string();
    assert!(error.contains("inside"), "{error}");
    fs::remove_file(&file.0).unwrap();
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Temp::new("owner");
    drop(open(&folder.0).unwrap());
    let mode = fs::metadata(folder.0.join("world")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
