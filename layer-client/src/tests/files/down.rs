//! Downloads, piece by piece: sizes, data centres, references, faults.

use std::time::Duration;

use layer_tl_types::functions::help::GetNearestDc;
use layer_tl_types::functions::messages::GetMessages;
use tokio::time::{Instant, sleep, timeout};

use super::{PART, Shelf, bytes};
use crate::{DownloadIter, FileError, InvocationError};

pub(super) async fn all(mut download: DownloadIter) -> Result<Vec<Vec<u8>>, InvocationError> {
    let mut pieces = Vec::new();
    while let Some(piece) = download.next().await? {
        pieces.push(piece);
    }
    assert!(download.next().await?.is_none(), "the end stays the end");
    Ok(pieces)
}

#[tokio::test(start_paused = true)]
async fn pieces_are_as_long_as_asked_for_and_the_last_is_what_is_left() {
    for len in [0, 1, 4095, 4096, 4097, PART, PART + 1, 3 * PART, (5 << 20) + 13] {
        let file = bytes(len);
        let shelf = Shelf::new(file.clone(), 2).await;
        for chunk in [5000, 64 << 10, PART, 1 << 20, (3 << 20) + 1] {
            for location in [shelf.location(), shelf.document()] {
                let download = shelf.client.iter_download(location).chunk_size(chunk);
                let pieces = all(download).await.unwrap();
                assert!(pieces.concat() == file, "{len} in {chunk}");
                assert_eq!(pieces.len(), len.div_ceil(chunk));
                let full = pieces.iter().rev().skip(1);
                assert!(full.into_iter().all(|piece| piece.len() == chunk));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_begins_where_it_is_told_to() {
    let file = bytes(2 * PART + 77);
    let shelf = Shelf::new(file.clone(), 2).await;
    for offset in [0, 1, 4096, PART - 1, PART, PART + 5000, file.len() - 1, file.len(), 9 << 20] {
        for location in [shelf.location(), shelf.document()] {
            let download = shelf.client.iter_download(location).offset(offset as u64);
            let pieces = all(download.chunk_size(100_000)).await.unwrap();
            assert!(pieces.concat() == file.get(offset..).unwrap_or_default(), "{offset}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_elsewhere_is_fetched_there_and_the_other_parts_are_asked_for_there_at_once() {
    let file = bytes(20 * PART);
    let shelf = Shelf::new(file.clone(), 4).await;
    let pieces = all(shelf.client.iter_download(shelf.location())).await.unwrap();
    assert!(pieces.concat() == file);
    let at_home = shelf.store().asked.iter().filter(|(dc, ..)| *dc == 2).count();
    assert_eq!(at_home, 1);
    // Those behind the end, which nobody knew.
    sleep(Duration::from_secs(1)).await;
    // Where it is said where it is, nobody else is asked.
    shelf.store().asked.clear();
    all(shelf.client.iter_download(shelf.document())).await.unwrap();
    assert!(shelf.store().asked.iter().all(|(dc, ..)| *dc == 4));
    assert_eq!(shelf.store().asked.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_sent_around_is_left_after_a_few_moves() {
    let shelf = Shelf::new(bytes(5), 2).await;
    for _ in 0..5 {
        shelf.store().refusals.extend([(303, "FILE_MIGRATE_4"), (303, "FILE_MIGRATE_2")]);
    }
    let error = all(shelf.client.iter_download(shelf.location())).await.unwrap_err();
    assert!(error.is("FILE_MIGRATE"), "{error}");
    assert_eq!(shelf.store().refusals.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_expired_reference_is_looked_up_once_for_all_parts() {
    let file = bytes(20 * PART + 3);
    let shelf = Shelf::new(file.clone(), 2).await;
    let old = shelf.document();
    shelf.store().reference = 2;
    let mut download = shelf.client.iter_download(old.clone());
    let mut came = download.next().await.unwrap().unwrap();
    assert_eq!(shelf.rig.called::<GetMessages>().len(), 1);
    // Once more in the middle.
    shelf.store().reference = 3;
    while let Some(piece) = download.next().await.unwrap() {
        came.extend(piece);
    }
    assert!(came == file);
    assert_eq!(shelf.rig.called::<GetMessages>().len(), 2);
    // Of one that was seen nowhere, it is an error.
    let location = shelf.location();
    shelf.store().reference = 4;
    let error = all(shelf.client.iter_download(location)).await.unwrap_err();
    assert!(error.is("FILE_REFERENCE_EXPIRED"), "{error}");
    assert_eq!(shelf.rig.called::<GetMessages>().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_expires_always_is_an_error_in_the_end() {
    let shelf = Shelf::new(bytes(5), 2).await;
    for _ in 0..50 {
        shelf.store().refusals.push((400, "FILE_REFERENCE_EXPIRED"));
    }
    let error = all(shelf.client.iter_download(shelf.document())).await.unwrap_err();
    assert!(error.is("FILE_REFERENCE_EXPIRED"), "{error}");
    assert!(shelf.store().refusals.len() >= 45);
}

#[tokio::test(start_paused = true)]
async fn another_length_than_told_is_an_error() {
    let shelf = Shelf::new(bytes(PART + 5), 2).await;
    for size in [PART as u64 + 4, PART as u64 + 6, 5 * PART as u64, 100] {
        let location = shelf.location().size(size);
        let error = all(shelf.client.iter_download(location)).await.unwrap_err();
        let InvocationError::File(FileError::WrongSize { .. }) = error else { panic!("{error}") };
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_error_it_goes_on_where_it_was() {
    let file = bytes(12 * PART);
    let shelf = Shelf::new(file.clone(), 2).await;
    let mut download = shelf.client.iter_download(shelf.document());
    let mut came = download.next().await.unwrap().unwrap();
    shelf.store().refusals.push((400, "LOCATION_INVALID"));
    let mut errors = 0;
    loop {
        match download.next().await {
            Ok(Some(piece)) => came.extend(piece),
            Ok(None) => break,
            Err(_) => errors += 1,
        }
    }
    assert_eq!(errors, 1);
    assert!(came == file);
}

#[tokio::test(start_paused = true)]
async fn parts_are_fetched_ahead_and_calls_are_not_held_up() {
    let shelf = Shelf::new(bytes(16 * PART), 2).await;
    shelf.store().takes = Duration::from_secs(1);
    let (client, started) = (shelf.client.clone(), Instant::now());
    let calls = tokio::spawn(async move {
        sleep(Duration::from_millis(500)).await;
        let asked = Instant::now();
        client.invoke(&GetNearestDc {}).await.unwrap();
        asked.elapsed()
    });
    all(shelf.client.iter_download(shelf.document())).await.unwrap();
    // Four at a time, a second each.
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    assert!(calls.await.unwrap() < Duration::from_millis(200));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_and_a_dropped_one_ask_for_no_more_than_the_window() {
    let shelf = Shelf::new(bytes(40 * PART), 2).await;
    let mut download = shelf.client.iter_download(shelf.document());
    download.next().await.unwrap().unwrap();
    sleep(Duration::from_secs(60)).await;
    assert!(shelf.store().asked.len() <= 5, "{:?}", shelf.store().asked.len());
    shelf.store().takes = Duration::from_secs(1);
    for _ in 0..4 {
        // Given up in the middle, nothing is lost.
        let _ = timeout(Duration::from_millis(100), download.next()).await;
    }
    drop(download);
    sleep(Duration::from_secs(60)).await;
    assert!(shelf.store().asked.len() <= 12, "{:?}", shelf.store().asked.len());
}

#[tokio::test(start_paused = true)]
async fn cut_links_fetch_again_and_the_file_is_whole() {
    let file = bytes(30 * PART + 11);
    let shelf = Shelf::new(file.clone(), 4).await;
    shelf.store().takes = Duration::from_millis(600);
    let cuts = async {
        for _ in 0..8 {
            sleep(Duration::from_millis(370)).await;
            shelf.rig.server.cut();
        }
    };
    let (came, ()) = tokio::join!(all(shelf.client.iter_download(shelf.document())), cuts);
    assert!(came.unwrap().concat() == file);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_one_part_is_no_wait_for_another_download() {
    let file = bytes(8 * PART);
    let shelf = Shelf::new(file.clone(), 4).await;
    shelf.store().refusals.push((420, "FLOOD_PREMIUM_WAIT_9"));
    let (mut slow, started) = (shelf.client.iter_download(shelf.document()), Instant::now());
    assert!(timeout(Duration::from_secs(1), slow.next()).await.is_err());
    let quick = all(shelf.client.iter_download(shelf.document())).await.unwrap();
    assert!(quick.concat() == file && started.elapsed() < Duration::from_secs(2));
    assert!(all(slow).await.unwrap().concat() == file);
    assert!(started.elapsed() >= Duration::from_secs(9));
    // Parts that were not refused were not asked for again.
    assert_eq!(shelf.store().asked.len(), 16);
}
