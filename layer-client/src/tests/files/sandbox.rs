//! Files between two clients, by the sandbox's own rules.

use layer_tl_types::Identifiable;
use layer_tl_types::functions::messages::{SendMedia, SendMultiMedia};

use crate::tests::refusal;
use crate::tests::talk::Two;
use crate::types::{Document, InputMessage};

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

#[tokio::test(start_paused = true)]
async fn what_was_received_is_sent_on_though_its_reference_has_expired() {
    let two = Two::new().await;
    let mut received = Vec::new();
    for name in ["a.bin", "b.bin"] {
        let uploaded = two.alice.upload_file(bytes(9), name, "a/b").await.unwrap();
        two.alice.send_file("bob_b", uploaded, "").await.unwrap();
        let message = two.bob.iter_messages("alice").next().await.unwrap().unwrap();
        received.push(message.document().unwrap());
    }
    two.rig.server.world().expire_references();
    let sent = two.bob.send_file("me", &received[0], "mine").await.unwrap();
    assert_eq!(sent.document().unwrap().id(), received[0].id());
    assert_eq!(two.rig.called::<SendMedia>().len(), 2 + 2);
    two.rig.server.world().expire_references();
    let items = received.iter().map(|document| InputMessage::new().media(document));
    let album = two.bob.send_multi_media("me", items).await.unwrap();
    let ids: Vec<_> = album.iter().map(|message| message.document().unwrap().id()).collect();
    assert_eq!(ids, [received[0].id(), received[1].id()]);
    assert_eq!(two.rig.called::<SendMultiMedia>().len(), 2);
    // Of one that was seen nowhere, and of one that is refused again, it is an error.
    two.rig.answer(|_, function, _| match function {
        SendMedia::CONSTRUCTOR_ID => refusal(400, "FILE_REFERENCE_EXPIRED"),
        _ => None,
    });
    let mut unseen = received[0].raw().clone();
    unseen.id += 1;
    for (document, times) in [(Document::from(unseen), 1), (received[0].clone(), 2)] {
        let asked = two.rig.called::<SendMedia>().len();
        let error = two.bob.send_file("me", &document, "").await.unwrap_err();
        assert!(error.is("FILE_REFERENCE_EXPIRED"), "{error}");
        assert_eq!(two.rig.called::<SendMedia>().len() - asked, times);
    }
}
