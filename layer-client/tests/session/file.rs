//! A session file on the real disk.

use std::fs;

use layer_client::session::{
    BinaryFileBackend, Change, PeerKind, SavedPeer, SavedSession, SessionBackend, SessionError,
};

use crate::samples::full;
use crate::temp::TempFolder;

#[tokio::test]
async fn names_the_file_when_a_second_backend_opens_it() {
    let folder = TempFolder::new();
    let first = BinaryFileBackend::new(folder.file());
    first.load().await.unwrap();
    let second = BinaryFileBackend::new(folder.file());
    for refused in [
        second.load().await.map(drop),
        second.save(&[Change::HomeDc(1)]).await,
        second.load().await.map(drop),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, SessionError::Locked { .. }), "{error}");
        assert!(error.to_string().contains("my.session"), "{error}");
    }
    first.save(&[Change::HomeDc(2)]).await.unwrap();
    drop(first);
    assert_eq!(second.load().await.unwrap().home_dc, Some(2));
}

#[tokio::test]
async fn stands_under_the_name_that_was_given_when_the_folder_changes() {
    let folder = TempFolder::new();
    let other = folder.path().join("sub").join("..").join("my.session");
    fs::create_dir(folder.path().join("sub")).unwrap();
    let first = BinaryFileBackend::new(folder.file());
    first.save(&[Change::HomeDc(2)]).await.unwrap();
    // Another way to say the same.
    let second = BinaryFileBackend::new(&other);
    assert!(matches!(second.load().await, Err(SessionError::Locked { .. })));
}

#[tokio::test]
async fn says_what_the_system_refuses() {
    let folder = TempFolder::new();
    let missing = BinaryFileBackend::new(folder.path().join("no").join("my.session"));
    let directory = BinaryFileBackend::new(folder.path());
    let nameless = BinaryFileBackend::new("");
    for backend in [missing, directory, nameless] {
        let error = backend.load().await.unwrap_err();
        assert!(matches!(error, SessionError::Io { .. }), "{error}");
        assert!(!error.is_disk_full());
    }
}

#[tokio::test]
async fn begins_in_an_empty_file() {
    let folder = TempFolder::new();
    fs::write(folder.file(), b"").unwrap();
    let backend = BinaryFileBackend::new(folder.file());
    assert_eq!(backend.load().await.unwrap(), SavedSession::default());
    backend.save(&full(1).to_changes()).await.unwrap();
    assert_eq!(backend.load().await.unwrap(), full(1));
}

#[tokio::test]
async fn leaves_a_damaged_file_as_it_is() {
    let folder = TempFolder::new();
    let backend = BinaryFileBackend::new(folder.file());
    backend.save(&full(1).to_changes()).await.unwrap();
    backend.close().await.unwrap();
    let mut bytes = fs::read(folder.file()).unwrap();
    bytes[100] ^= 1;
    fs::write(folder.file(), &bytes).unwrap();
    fs::write(folder.path().join("my.session.new"), b"perhaps of help").unwrap();
    let error = backend.load().await.unwrap_err();
    assert!(matches!(error, SessionError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("my.session"), "{error}");
    backend.save(&[Change::HomeDc(1)]).await.unwrap_err();
    assert_eq!(fs::read(folder.file()).unwrap(), bytes);
    assert_eq!(fs::read(folder.path().join("my.session.new")).unwrap(), b"perhaps of help");
    // It is not held either.
    bytes[100] ^= 1;
    fs::write(folder.file(), &bytes).unwrap();
    assert_eq!(BinaryFileBackend::new(folder.file()).load().await.unwrap(), full(1));
}

#[tokio::test]
async fn holds_100_000_peers() {
    let folder = TempFolder::new();
    let backend = BinaryFileBackend::new(folder.file());
    let peer = |id: i64| {
        let mut peer = SavedPeer::new(PeerKind::User, id);
        peer.access_hash = Some(id.wrapping_mul(0x1e37_79b9_7f4a_7c15));
        peer.usernames = vec![format!("user_{id}")];
        Change::Peer(peer)
    };
    let all: Vec<_> = (1..=100_000).map(peer).collect();
    backend.save(&all).await.unwrap();
    for round in 0..24 {
        let some: Vec<_> = (0..5000).map(|i| peer(1 + (i * 7 + round * 311) % 100_000)).collect();
        backend.save(&some).await.unwrap();
    }
    let len = fs::metadata(folder.file()).unwrap().len();
    assert!(len < 15_000_000, "{len} bytes");
    backend.close().await.unwrap();
    let loaded = BinaryFileBackend::new(folder.file()).load().await.unwrap();
    assert_eq!(loaded.peers.len(), 100_000);
    let last = loaded.peer(PeerKind::User, 100_000).unwrap();
    assert_eq!(Change::Peer(last.clone()), peer(100_000));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::*;

    fn mode(path: impl AsRef<Path>) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn is_readable_to_its_user_only() {
        let folder = TempFolder::new();
        let backend = BinaryFileBackend::new(folder.file()).rewrite_above(0);
        for round in 0..20 {
            backend.save(&[Change::HomeDc(round)]).await.unwrap();
            for file in fs::read_dir(folder.path()).unwrap() {
                assert_eq!(mode(file.unwrap().path()), 0o600);
            }
        }
    }

    /// Copied by hand, it may have been opened to all.
    #[tokio::test]
    async fn closes_a_file_that_was_open_to_all() {
        let folder = TempFolder::new();
        let backend = BinaryFileBackend::new(folder.file());
        backend.save(&full(1).to_changes()).await.unwrap();
        fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o644)).unwrap();
        backend.save(&[Change::HomeDc(1)]).await.unwrap();
        assert_eq!(mode(folder.file()), 0o600);
    }

    /// What lies where the new file is written is not written into.
    #[tokio::test]
    async fn follows_no_link_when_it_writes_a_new_file() {
        let folder = TempFolder::new();
        let victim = folder.path().join("victim");
        fs::write(&victim, b"as it was").unwrap();
        symlink(&victim, folder.path().join("my.session.new")).unwrap();
        let backend = BinaryFileBackend::new(folder.file());
        backend.save(&[Change::HomeDc(1)]).await.unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"as it was");
        assert!(fs::symlink_metadata(folder.file()).unwrap().is_file());
        assert_eq!(mode(folder.file()), 0o600);
    }

    /// A session behind a link stays behind it, and is locked by either name.
    #[tokio::test]
    async fn follows_a_link_to_the_session() {
        let folder = TempFolder::new();
        let link = folder.path().join("link");
        let real = BinaryFileBackend::new(folder.file());
        real.save(&[Change::HomeDc(1)]).await.unwrap();
        symlink(folder.file(), &link).unwrap();
        let linked = BinaryFileBackend::new(&link).rewrite_above(0);
        assert!(matches!(linked.load().await, Err(SessionError::Locked { .. })));
        real.close().await.unwrap();
        linked.save(&full(1).to_changes()).await.unwrap();
        linked.save(&full(2).to_changes()).await.unwrap();
        linked.close().await.unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(real.load().await.unwrap(), full(2));
    }

    /// Opening a pipe would wait for somebody to write to it.
    #[tokio::test]
    async fn waits_for_no_pipe() {
        let folder = TempFolder::new();
        let made = std::process::Command::new("mkfifo").arg(folder.file()).status();
        if made.is_ok_and(|status| status.success()) {
            let error = BinaryFileBackend::new(folder.file()).load().await.unwrap_err();
            assert!(matches!(error, SessionError::Io { .. }), "{error}");
        }
    }
}
