//! Uploads: sizes, unknown lengths, bad sources, faults, progress.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use layer_tl_types::enums;
use layer_tl_types::functions::help::GetNearestDc;
use layer_tl_types::functions::upload::{SaveBigFilePart, SaveFilePart};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, sleep, timeout};

use super::{PART, Shelf, bytes};
use crate::{FileError, InvocationError, ProgressStream, UploadedFile};

async fn shelf() -> Shelf {
    Shelf::new(Vec::new(), 2).await
}

fn file_error(error: InvocationError) -> FileError {
    match error {
        InvocationError::File(error) => error,
        other => panic!("{other}"),
    }
}

/// How many parts it says that it has, and whether it is big.
fn parts(file: &UploadedFile) -> (i32, bool) {
    match file.input_file() {
        enums::InputFile::File(file) => (file.parts, false),
        enums::InputFile::Big(file) => (file.parts, true),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_uploaded_is_what_was_given_at_every_border_of_sizes() {
    let mib = 1 << 20;
    for len in [1, PART - 1, PART, PART + 1, 10 * mib - 1, 10 * mib, 10 * mib + 1] {
        let (file, is_big) = (bytes(len), len > 10 * mib);
        let count = i32::try_from(len.div_ceil(PART)).unwrap();
        let shelf = shelf().await;
        let uploaded = shelf.client.upload_file_concurrent(&file, "a.bin", "a/b").await.unwrap();
        assert_eq!((parts(&uploaded), uploaded.size()), ((count, is_big), len as u64));
        let (saved, totals) = shelf.store().whole();
        assert!(saved == file, "{len}");
        let total = is_big.then_some(count);
        assert!(totals.iter().all(|told| *told == total), "{totals:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_file_is_an_error_and_nothing_is_sent() {
    let shelf = shelf().await;
    let error = shelf.client.upload_file([], "a", "b").await.unwrap_err();
    assert!(matches!(file_error(error), FileError::Empty));
    let error = shelf.client.upload_stream(&[][..], "a", "b").await.unwrap_err();
    assert!(matches!(file_error(error), FileError::Empty));
    let long = shelf.client.upload_stream(&[1][..], "a", "b").size(u64::MAX).await;
    assert!(matches!(file_error(long.unwrap_err()), FileError::TooLarge { .. }));
    assert!(shelf.store().saved.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_unknown_length_tells_it_with_its_last_part() {
    for len in [1, PART - 1, PART, PART + 1, 3 * PART, 30 * PART + 7] {
        let shelf = shelf().await;
        let file = bytes(len);
        let uploaded = shelf.client.upload_stream(&file[..], "a", "b").await.unwrap();
        let count = i32::try_from(len.div_ceil(PART)).unwrap();
        // What has ended within the first part is known.
        assert_eq!(parts(&uploaded), (count, len >= PART), "{len}");
        let (saved, totals) = shelf.store().whole();
        assert!(saved == file, "{len}");
        let (last, others) = totals.split_last().unwrap();
        assert_eq!(*last, (len >= PART).then_some(count));
        assert!(others.iter().all(|told| *told == Some(-1)), "{totals:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_known_length_is_held_against_it() {
    let file = bytes(2 * PART + 9);
    let shelf = shelf().await;
    let len = file.len() as u64;
    let uploaded = shelf.client.upload_stream(&file[..], "a", "b").size(len).await.unwrap();
    assert_eq!(parts(&uploaded), (3, false));
    let error = shelf.client.upload_stream(&file[..], "a", "b").size(len + 1).await.unwrap_err();
    let FileError::SourceEnded { expected, came } = file_error(error) else { panic!() };
    assert_eq!((expected, came), (len + 1, len));
    for short in [1, len - 1, len - 9, 2 * PART as u64 - 5] {
        let error = shelf.client.upload_stream(&file[..], "a", "b").size(short).await.unwrap_err();
        assert!(matches!(file_error(error), FileError::SourceGoesOn { .. }), "{short}");
    }
}

/// Bytes that come in dribs and drabs, and end in an error.
struct Broken(Vec<u8>);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let len = self.0.len().min(1000).min(buffer.remaining());
        buffer.put_slice(&self.0.drain(..len).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_fails_the_upload() {
    let shelf = shelf().await;
    let error = shelf.client.upload_stream(Broken(bytes(PART + 5)), "a", "b").await.unwrap_err();
    let FileError::Source(error) = file_error(error) else { panic!() };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test(start_paused = true)]
async fn several_parts_are_on_their_way_and_calls_are_not_held_up() {
    let shelf = shelf().await;
    shelf.store().takes = Duration::from_secs(1);
    let (file, started) = (bytes(16 * PART), Instant::now());
    let client = shelf.client.clone();
    let calls = tokio::spawn(async move {
        sleep(Duration::from_millis(500)).await;
        let asked = Instant::now();
        client.invoke(&GetNearestDc {}).await.unwrap();
        asked.elapsed()
    });
    shelf.client.upload_file_concurrent(&file, "a", "b").await.unwrap();
    // Eight at a time, a second each.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert!(calls.await.unwrap() < Duration::from_millis(200));
    let started = Instant::now();
    shelf.client.upload_file(&file, "a", "b").await.unwrap();
    assert!(started.elapsed() > Duration::from_secs(7), "two at a time");
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_after_each_part_to_a_function_and_a_stream() {
    let shelf = shelf().await;
    let file = bytes(2 * PART + 5);
    let (mut report, mut stream) = ProgressStream::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let upload = shelf.client.upload_file(&file, "a", "b").on_progress(move |progress| {
        sender.send((progress.done, progress.total)).unwrap();
        report(progress);
    });
    upload.await.unwrap();
    let told: Vec<_> = receiver.try_iter().collect();
    let len = file.len() as u64;
    assert_eq!(told.len(), 3);
    assert_eq!(told.last(), Some(&(len, Some(len))));
    assert!(told.is_sorted());
    assert_eq!(stream.next().await.map(|progress| progress.done), Some(len));
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_upload_asks_for_nothing_more() {
    let shelf = shelf().await;
    shelf.store().takes = Duration::from_secs(1);
    let file = bytes(40 * PART);
    let upload = shelf.client.upload_file_concurrent(&file, "a", "b").into_future();
    assert!(timeout(Duration::from_millis(1500), upload).await.is_err());
    sleep(Duration::from_secs(1)).await;
    let saved = shelf.store().saved.len();
    sleep(Duration::from_secs(20)).await;
    assert_eq!(shelf.store().saved.len(), saved);
    assert!(saved <= 16, "{saved}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_one_file_is_no_wait_for_another() {
    let shelf = shelf().await;
    let file = bytes(5);
    shelf.store().refusals.push((420, "FLOOD_PREMIUM_WAIT_9"));
    let (client, started) = (shelf.client.clone(), Instant::now());
    let slow = tokio::spawn(async move {
        client.upload_file(bytes(7), "a", "b").await.unwrap();
        started.elapsed()
    });
    sleep(Duration::from_secs(1)).await;
    shelf.client.upload_file(&file, "a", "b").await.unwrap();
    shelf.client.invoke(&GetNearestDc {}).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(slow.await.unwrap() >= Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn cut_links_send_again_and_the_file_is_whole() {
    let shelf = shelf().await;
    shelf.store().takes = Duration::from_millis(600);
    let file = bytes(30 * PART + 11);
    let cuts = async {
        for _ in 0..4 {
            sleep(Duration::from_millis(370)).await;
            shelf.rig.server.cut();
        }
    };
    let (uploaded, ()) =
        tokio::join!(shelf.client.upload_stream(&file[..], "a", "b").into_future(), cuts);
    uploaded.unwrap();
    assert!(shelf.store().whole().0 == file);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_server_ends_the_upload() {
    let shelf = shelf().await;
    shelf.store().refusals.push((400, "FILE_PARTS_INVALID"));
    let file = bytes(9 * PART);
    let error = shelf.client.upload_file(&file, "a", "b").await.unwrap_err();
    assert!(error.is("FILE_PARTS_INVALID"));
    let asked = shelf.rig.called::<SaveFilePart>().len();
    assert!(asked <= 2, "{asked}");
    assert!(shelf.rig.called::<SaveBigFilePart>().is_empty());
}
