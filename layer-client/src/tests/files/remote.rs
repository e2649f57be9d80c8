//! A remote file that is read at any place.

use std::io::{ErrorKind, SeekFrom};

use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::{PART, Shelf, bytes};

#[tokio::test(start_paused = true)]
async fn it_reads_as_a_local_file_does_wherever_it_is_sought() {
    let file = bytes(3 * PART + 100);
    let shelf = Shelf::new(file.clone(), 4).await;
    let mut remote = shelf.client.open_file(shelf.document());
    let mut local = std::io::Cursor::new(file.clone());
    let seeks = [
        SeekFrom::Start(0),
        SeekFrom::Start(PART as u64 - 3),
        SeekFrom::Current(-50_000),
        SeekFrom::Current(70_000),
        SeekFrom::End(-10),
        SeekFrom::Start(5),
        SeekFrom::End(10),
        SeekFrom::Current(-200),
    ];
    for (seek, len) in seeks.into_iter().zip([10, 200_000, 30, 7, 10, 300_000, 4, 190]) {
        let (expected, came) = (local.seek(seek).await, remote.seek(seek).await);
        assert_eq!(expected.unwrap(), came.unwrap());
        let (mut expected, mut came) = (Vec::new(), Vec::new());
        (&mut local).take(len).read_to_end(&mut expected).await.unwrap();
        (&mut remote).take(len).read_to_end(&mut came).await.unwrap();
        assert!(expected == came, "{seek:?} {len}");
    }
    remote.rewind().await.unwrap();
    let mut all = Vec::new();
    remote.read_to_end(&mut all).await.unwrap();
    assert!(all == file && remote.size() == Some(file.len() as u64));
}

#[tokio::test(start_paused = true)]
async fn places_that_are_none_and_failed_downloads_are_errors() {
    let shelf = Shelf::new(bytes(PART), 2).await;
    let mut remote = shelf.client.open_file(shelf.location());
    assert_eq!(remote.seek(SeekFrom::End(0)).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let error = remote.seek(SeekFrom::Current(-1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    shelf.store().refusals.push((400, "LOCATION_INVALID"));
    let error = remote.read_u8().await.unwrap_err();
    assert!(error.to_string().contains("LOCATION_INVALID"), "{error}");
    assert_eq!(remote.read_u8().await.unwrap(), bytes(1)[0], "it can be tried again");
}
