//! The tour, and how it ends when something is broken.

use crate::stage::{Folder, run};

#[tokio::test]
async fn without_a_command_the_tour_is_shown_and_every_step_is_checked() {
    let out = run(&Folder::new(), &[]).await.well();
    assert_eq!(out.matches(" ✓ ").count(), 12, "{out}");
    assert!(out.contains("12 steps in ") && !out.contains('✗'), "{out}");
}

#[tokio::test]
async fn a_step_that_is_broken_is_named_and_ends_the_tour() {
    let folder = Folder::new();
    let told = run(&folder, &["tour", "--json"]).await.json();
    let names: Vec<&str> = told.iter().filter_map(|line| line["step"].as_str()).collect();
    assert_eq!(names.len(), 12);
    for (at, name) in names.iter().enumerate() {
        let ended = run(&folder, &["tour", "--json", "--fault", name]).await;
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        assert!(ended.err.contains(name), "{name}: {}", ended.err);
        let steps = ended.out.lines().skip(1).map(|line| line.contains("\"ok\":true"));
        let mut expected = vec![true; at];
        expected.push(false);
        assert_eq!(steps.collect::<Vec<_>>(), expected, "{}", ended.out);
    }
}

#[tokio::test]
async fn a_step_that_is_none_is_said_with_those_that_are() {
    let ended = run(&Folder::new(), &["tour", "--fault", "coffee"]).await;
    assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{ended:#?}");
    assert!(ended.err.contains("coffee") && ended.err.contains("a key is agreed"), "{ended:#?}");
}
