//! Files between two clients, by the sandbox's own rules.

use crate::tests::talk::Two;
use crate::types::InputMessage;

use super::{PART, bytes};

#[tokio::test(start_paused = true)]
async fn what_one_sends_the_other_has_in_every_size() {
    let two = Two::new().await;
    for len in [1, PART - 1, PART, PART + 1, (10 << 20) - 1, 10 << 20, (10 << 20) + 1] {
        let file = bytes(len);
        let uploaded = two.alice.upload_file_concurrent(&file, "a.bin", "a/b").await.unwrap();
        let sent = two.alice.send_file("bob_b", uploaded, "bread").await.unwrap();
        assert_eq!(sent.text(), Some("bread"));
        let document = sent.document().unwrap();
        assert_eq!((document.name(), document.len()), (Some("a.bin"), len as u64));
        let mut history = two.bob.iter_messages("alice");
        let message = history.next().await.unwrap().unwrap();
        let mut download = two.bob.iter_download(&message.document().unwrap());
        let mut came = Vec::new();
        while let Some(piece) = download.next().await.unwrap() {
            came.extend(piece);
        }
        assert!(came == file, "{len}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_and_an_album_arrive_whole_and_in_order() {
    let two = Two::new().await;
    let file = bytes(3 * PART);
    let streamed = two.alice.upload_stream(&file[..], "s.bin", "a/b").await.unwrap();
    let small = two.alice.upload_file(bytes(9), "t.bin", "a/b").await.unwrap();
    let items =
        [InputMessage::text("first").media(streamed), InputMessage::text("second").media(small)];
    let sent = two.alice.send_multi_media("bob_b", items).await.unwrap();
    let names: Vec<_> = sent.iter().map(|message| message.text().unwrap()).collect();
    assert_eq!(names, ["first", "second"]);
    assert!(sent[0].grouped_id().is_some() && sent[0].grouped_id() == sent[1].grouped_id());
    let path = std::env::temp_dir().join(format!("layer-album-{}", std::process::id()));
    sent[0].download(&path).await.unwrap();
    let came = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(came == file);
}
