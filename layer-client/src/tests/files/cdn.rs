//! Files in a cache: deciphered, held against their hashes, or taken from where they are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use layer_sandbox::keys::{cdn_key, well_known_key};
use layer_sandbox::{Cdn, Settings};
use layer_tl_types::functions::help::GetCdnConfig;
use layer_tl_types::functions::updates::GetDifference;
use layer_tl_types::functions::upload::{GetCdnFile, GetCdnFileHashes, GetFile, ReuploadCdnFile};
use layer_tl_types::{Identifiable, Serializable, enums, types};

use rand_core::Rng;

use super::down::all;
use super::{PART, Redirects, Shelf, bytes};
use crate::net::memory::Memory;
use crate::session::SessionBackend;
use crate::tests::talk::Two;
use crate::tests::{Rig, object, refusal};
use crate::types::Document;
use crate::{Client, Downloadable, FileError, FileLocation, InvocationError, random};

pub(super) const CDN: i32 = 203;

/// Data centres and a CDN.
fn rig() -> Rig {
    let at = |dc: i32| (dc, Memory::address(dc).parse().unwrap());
    let addresses = BTreeMap::from([2, 4, CDN].map(at));
    let cdn = Some(Cdn { dc: CDN, key: cdn_key() });
    Rig::on(Memory::with(Settings { dc: 2, addresses, cdn, ..Settings::default() }))
}

/// Two people, of whom one has uploaded a file that is somewhere else than they are.
async fn shared(file: &[u8]) -> (Two, Document) {
    let two = Two::on(rig()).await;
    two.rig.server.world().habits.file_dc = Some(4);
    let document = share(&two, file).await;
    (two, document)
}

async fn share(two: &Two, file: &[u8]) -> Document {
    let uploaded = two.alice.upload_file(file, "a.bin", "a/b").await.unwrap();
    let sent = two.alice.send_file("me", uploaded, "").await.unwrap();
    sent.document().unwrap()
}

fn of_unknown_length(document: &Document) -> FileLocation {
    document.to_input_location().unwrap().into()
}

fn calls<F: Identifiable>(two: &Two) -> usize {
    two.rig.called::<F>().len()
}

fn corrupt_at(error: InvocationError) -> u64 {
    match error {
        InvocationError::File(FileError::Corrupt { offset }) => offset,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_in_a_cache_is_whole_in_every_size_and_in_pieces_of_every_size() {
    let two = Two::on(rig()).await;
    two.rig.server.world().habits.file_dc = Some(4);
    let (hashed, mib) = (128 << 10, 1 << 20);
    for len in [1, 4095, 4096, hashed - 1, hashed, hashed + 1, PART + 1, mib, 2 * mib + 5] {
        let file = bytes(len);
        let document = share(&two, &file).await;
        for chunk in [4096, 100_000, PART, mib] {
            for location in [FileLocation::from(&document), of_unknown_length(&document)] {
                let before = calls::<GetCdnFile>(&two);
                let download = two.alice.iter_download(location).chunk_size(chunk);
                assert!(all(download).await.unwrap().concat() == file, "{len} in {chunk}");
                let asked = calls::<GetCdnFile>(&two) - before;
                // Short parts are cut out of longer ones. Behind the end of a file of unknown length
                // some are asked for in vain.
                assert!(asked >= len.div_ceil(mib), "{len} in {chunk}: {asked}");
                assert!(asked <= len.div_ceil(hashed) + 9, "{len} in {chunk}: {asked}");
            }
        }
    }
    assert!(two.rig.called::<GetCdnFile>().iter().all(|dc| *dc == CDN));
    // Whatever else is asked is asked where the file is.
    for asked in [two.rig.called::<ReuploadCdnFile>(), two.rig.called::<GetCdnFileHashes>()] {
        assert!(!asked.is_empty() && asked.iter().all(|dc| *dc == 4), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cache_is_told_nothing_of_us_and_nobody_saves_its_key() {
    let file = bytes(3 * PART);
    let (two, document) = shared(&file).await;
    assert!(all(two.alice.iter_download(&document)).await.unwrap().concat() == file);
    let calls = two.rig.calls.lock().unwrap().clone();
    let there: Vec<_> = calls.iter().filter(|(dc, _)| *dc == CDN).map(|(_, id)| *id).collect();
    assert!(!there.is_empty() && there.iter().all(|id| *id == GetCdnFile::CONSTRUCTOR_ID));
    {
        let (world, now) = (two.rig.server.world(), two.rig.server.now().unix());
        let keys: Vec<_> = world.keys.ids().filter_map(|id| world.keys.get(id, now)).collect();
        let keys: Vec<_> = keys.iter().filter(|key| key.dc == Some(CDN)).collect();
        assert_eq!(keys.len(), 1, "both links use one");
        let told = keys[0].client.clone().unwrap();
        assert_eq!((told.device_model.as_str(), told.system_version.as_str()), ("n/a", "n/a"));
    }
    two.alice.save_session().await.unwrap();
    let session = two.rig.session.load().await.unwrap();
    assert!(session.dc(4).unwrap().auth_key.is_some());
    assert!(session.dc(CDN).is_none_or(|entry| entry.auth_key.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_corrupted_block_is_an_error_and_is_had_from_where_the_file_is_then() {
    let file = bytes(5 * PART + 9);
    let (two, document) = shared(&file).await;
    let mut download = two.alice.iter_download(&document);
    let mut came = download.next().await.unwrap().unwrap();
    two.rig.server.world().faults.corrupt_cdn = 1;
    let mut corrupt = Vec::new();
    loop {
        match download.next().await {
            Ok(Some(piece)) => came.extend(piece),
            Ok(None) => break,
            Err(error) => corrupt.push(corrupt_at(error)),
        }
    }
    assert!(came == file);
    assert!(corrupt.len() == 1 && corrupt[0] >= PART as u64, "{corrupt:?}");
}

#[tokio::test(start_paused = true)]
async fn a_corrupted_block_leaves_no_half_file_and_its_cache_is_not_asked_again() {
    let file = bytes(4 * PART + 9);
    let (two, document) = shared(&file).await;
    let path: PathBuf = std::env::temp_dir().join(format!("layer-cdn-{}", std::process::id()));
    two.rig.server.world().faults.corrupt_cdn = u32::MAX;
    let download = two.alice.download_media_to_file(&document, &path);
    assert_eq!(corrupt_at(download.await.unwrap_err()) % (128 << 10), 0);
    assert!(!path.exists(), "no half file under the final name");
    let asked = calls::<GetCdnFile>(&two);
    two.alice.download_media_to_file(&document, &path).await.unwrap();
    assert_eq!(calls::<GetCdnFile>(&two), asked);
    let came = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(came == file);
}

#[tokio::test(start_paused = true)]
async fn a_short_part_of_a_cache_is_corrupt_and_a_long_one_is_left() {
    for (len, is_corrupt) in [(0, true), (1000, true), ((1 << 20) + 1, false)] {
        let file = bytes(PART);
        let (two, document) = shared(&file).await;
        two.rig.answer(move |_, function, _| {
            let bytes = vec![1; len];
            let answer = enums::upload::CdnFile::from(types::upload::CdnFile { bytes });
            (function == GetCdnFile::CONSTRUCTOR_ID).then(|| object(&answer))?
        });
        let came = all(two.alice.iter_download(&document)).await;
        match is_corrupt {
            true => assert_eq!(corrupt_at(came.unwrap_err()), 0),
            false => assert!(came.unwrap().concat() == file),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_has_forgotten_the_file_or_its_token_gets_it_again() {
    let file = bytes(20 * PART);
    let (two, document) = shared(&file).await;
    let mut download = two.alice.iter_download(&document);
    let mut came = download.next().await.unwrap().unwrap();
    let brought = calls::<ReuploadCdnFile>(&two);
    two.rig.server.world().forget_cdn_files();
    came.extend(download.next().await.unwrap().unwrap());
    while came.len() < 10 * PART {
        came.extend(download.next().await.unwrap().unwrap());
    }
    assert!(calls::<ReuploadCdnFile>(&two) > brought);
    let redirected = calls::<GetFile>(&two);
    two.rig.server.world().forget_cdn_tokens();
    while let Some(piece) = download.next().await.unwrap() {
        came.extend(piece);
    }
    assert!(came == file);
    let redirected = calls::<GetFile>(&two) - redirected;
    assert!((1..=4).contains(&redirected), "another token, and not the file itself: {redirected}");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_never_taken_are_given_up() {
    let file = bytes(6 * PART);
    let (two, document) = shared(&file).await;
    two.rig.answer(|_, function, _| {
        let is_it = function == GetCdnFile::CONSTRUCTOR_ID;
        if is_it { refusal(400, "FILE_TOKEN_INVALID") } else { None }
    });
    assert!(all(two.alice.iter_download(&document)).await.unwrap().concat() == file);
    assert!(calls::<GetCdnFile>(&two) <= 12, "{}", calls::<GetCdnFile>(&two));
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_refuses_or_can_not_be_reached_is_left_for_where_the_file_is() {
    let file = bytes(6 * PART);
    let (two, document) = shared(&file).await;
    two.rig.server.dialling_takes(CDN, None);
    assert!(all(two.alice.iter_download(&document)).await.unwrap().concat() == file);
    assert_eq!(calls::<GetCdnFile>(&two), 0);
    two.rig.server.dialling_takes(CDN, Some(std::time::Duration::ZERO));
    two.rig.answer(|_, function, _| {
        let is_it = function == GetCdnFile::CONSTRUCTOR_ID;
        if is_it { refusal(400, "CDN_METHOD_INVALID") } else { None }
    });
    assert!(all(two.alice.iter_download(&document)).await.unwrap().concat() == file);
    assert!((1..=4).contains(&calls::<GetCdnFile>(&two)));
    // The refusal of one file is none of another.
    two.rig.answer(|_, _, _| None);
    assert!(all(two.alice.iter_download(&document)).await.unwrap().concat() == file);
    assert!(calls::<GetCdnFile>(&two) >= 6);
}

#[tokio::test(start_paused = true)]
async fn links_to_a_cache_that_are_cut_anywhere_fetch_again_and_the_file_is_whole() {
    let file = bytes(3 * PART + 77);
    let (two, document) = shared(&file).await;
    for seed in 0..30 {
        let mut dice = random::seeded([seed; 32]);
        let cuts = [dice.next_u64(), dice.next_u64()].map(|cut| cut % file.len() as u64);
        eprintln!("seed {seed}: cut after {cuts:?}");
        let fetched = calls::<GetCdnFile>(&two);
        two.rig.server.down.cut_after(cuts[0]);
        let mut download = two.alice.iter_download(&document).chunk_size(100_000);
        let mut came = Vec::new();
        while let Some(piece) = download.next().await.unwrap() {
            came.extend(piece);
            if came.len() == 500_000 {
                two.rig.server.down.cut_after(cuts[1]);
            }
        }
        assert!(came == file, "seed {seed}");
        assert!(calls::<GetCdnFile>(&two) > fetched, "seed {seed}");
    }
}

/// How often it was asked by which keys caches are known, if the first answers are of another key.
async fn asked_for_keys(wrong_answers: usize) -> (usize, usize) {
    let file = bytes(3 * PART);
    let (two, document) = shared(&file).await;
    let mut left = wrong_answers;
    two.rig.answer(move |_, function, _| {
        if function != GetCdnConfig::CONSTRUCTOR_ID || left == 0 {
            return None;
        }
        left -= 1;
        let public_key = well_known_key().public().to_pem();
        let key = |dc_id, public_key| types::CdnPublicKey { dc_id, public_key }.into();
        let public_keys = vec![key(CDN, public_key), key(CDN, "no key".to_owned())];
        object(&enums::CdnConfig::from(types::CdnConfig { public_keys }))
    });
    assert!(all(two.alice.iter_download(&document)).await.unwrap().concat() == file);
    (calls::<GetCdnConfig>(&two), calls::<GetCdnFile>(&two))
}

#[tokio::test(start_paused = true)]
async fn a_cache_with_another_key_than_told_is_asked_about_again_and_left_if_it_stays_so() {
    let (asked, fetched) = asked_for_keys(0).await;
    assert!(asked == 1 && fetched >= 3);
    let (asked, fetched) = asked_for_keys(1).await;
    assert!(asked == 2 && fetched >= 3, "{asked} {fetched}");
    let (_, fetched) = asked_for_keys(usize::MAX).await;
    assert_eq!(fetched, 0, "nobody who can't show the key is asked");
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_has_forgotten_our_key_costs_an_exchange_and_no_login() {
    let file = bytes(20 * PART);
    let (two, document) = shared(&file).await;
    let key = |two: &Two| {
        let (world, now) = (two.rig.server.world(), two.rig.server.now().unix());
        let is_it = |id: &i64| world.keys.get(*id, now).is_some_and(|it| it.dc == Some(CDN));
        world.keys.ids().find(is_it)
    };
    let mut download = two.alice.iter_download(&document);
    let mut came = download.next().await.unwrap().unwrap();
    for is_cut in [false, true] {
        let old = key(&two).unwrap();
        two.rig.server.world().forget_key(old);
        if is_cut {
            two.rig.server.cut_dc(CDN);
        }
        for _ in 0..6 {
            came.extend(download.next().await.unwrap().unwrap());
        }
        assert!(key(&two).is_some_and(|new| new != old));
    }
    while let Some(piece) = download.next().await.unwrap() {
        came.extend(piece);
    }
    assert!(came == file);
    assert!(calls::<GetCdnFile>(&two) >= 20, "all of it came from there");
    assert!(two.alice.is_authorized().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_a_cache_says_by_itself_or_of_logins_is_not_heard() {
    let file = bytes(20 * PART);
    let (two, document) = shared(&file).await;
    let mut download = two.alice.iter_download(&document);
    let mut came = download.next().await.unwrap().unwrap();
    let fetched = calls::<GetDifference>(&two);
    {
        let (mut world, now) = (two.rig.server.world(), two.rig.server.now().unix());
        let sessions: Vec<_> = world.sessions.ids().collect();
        let mut told = 0;
        for (key, session) in sessions {
            if world.keys.get(key, now).is_some_and(|it| it.dc == Some(CDN)) {
                let said = enums::Updates::TooLong.to_bytes();
                assert!(world.push(key, session, said));
                told += 1;
            }
        }
        assert!(told > 0);
    }
    came.extend(download.next().await.unwrap().unwrap());
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(calls::<GetDifference>(&two), fetched);
    for name in ["AUTH_KEY_UNREGISTERED", "AUTH_KEY_DUPLICATED", "USER_MIGRATE_4"] {
        let code = if name.starts_with("USER") { 303 } else { 401 };
        two.rig.answer(move |_, function, _| {
            let is_it = function == GetCdnFile::CONSTRUCTOR_ID;
            if is_it { refusal(code, name) } else { None }
        });
        let all = all(two.alice.iter_download(&document)).await;
        assert!(all.unwrap().concat() == file, "{name}");
        assert!(is_at_home(&two.alice).await, "{name}");
    }
    two.rig.answer(|_, _, _| None);
    while let Some(piece) = download.next().await.unwrap() {
        came.extend(piece);
    }
    assert!(came == file);
}

async fn is_at_home(client: &Client) -> bool {
    client.is_authorized().await.unwrap() && client.inner.dcs.home() == 2
}

#[tokio::test(start_paused = true)]
async fn blocks_lie_as_the_files_data_centre_says_or_the_file_comes_from_there() {
    type Blocks = Vec<(u64, u64)>;
    let (kib, mib) = (1 << 10, 1 << 20);
    let len = (2 * mib + 100) as usize;
    let every =
        |step: u64| (0..).map(move |at| (at * step, step)).take_while(|it| it.0 < len as u64);
    let cases: [(&str, Blocks, bool); 7] = [
        ("64 KiB", every(64 * kib).collect(), true),
        ("128 KiB, the last one longer than the file", every(128 * kib).collect(), true),
        ("256 KiB", every(256 * kib).collect(), true),
        ("1 MiB", every(mib).collect(), true),
        ("over the border of a MiB", every(300_000).collect(), false),
        ("none", Vec::new(), false),
        ("with a hole", every(128 * kib).filter(|it| it.0 != 512 * kib).collect(), false),
    ];
    for (what, hashed, is_cached) in cases {
        let file = bytes(len);
        let shelf = Shelf::on(rig(), file.clone(), 2).await;
        (shelf.store().redirects, shelf.store().hashed) = (Redirects::WhoTakesIt, hashed);
        for chunk in [4096, PART, mib as usize] {
            for location in [shelf.document(), shelf.location()] {
                shelf.store().given = 0;
                let download = shelf.client.iter_download(location).chunk_size(chunk);
                assert!(all(download).await.unwrap().concat() == file, "{what} in {chunk}");
                assert_eq!(shelf.store().given == 0, is_cached, "{what} in {chunk}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_was_not_asked_for_is_an_error_and_never_skipped() {
    // Nobody has told where the cache is, so it is left.
    let shelf = Shelf::new(bytes(5), 2).await;
    shelf.store().redirects = Redirects::WhoTakesIt;
    let came = all(shelf.client.iter_download(shelf.document())).await.unwrap();
    assert!(came.concat() == bytes(5));
    shelf.store().redirects = Redirects::Everybody;
    let error = all(shelf.client.iter_download(shelf.document())).await.unwrap_err();
    assert!(matches!(error, InvocationError::File(FileError::Cdn)), "{error}");
}
