//! `cut`: links are cut in the midst of a conversation, which loses nothing and doubles nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use layer_client::PeerRef;
use layer_client::update::Update;

use crate::cast::{Player, Stage};
use crate::{Trouble, ensure, same};

const ANNAS: &str = "+10000000001";
const BENS: &str = "+10000000002";
/// So many texts each sends at once around each cut.
const EACH: usize = 5;
/// So long after the last cut all has come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is done before the texts are sent, and what when the first of them has come.
const ROUNDS: [(&[&str], &[&str]); 6] = [
    (&[], &["cut-links"]),
    (&["cut-links"], &[]),
    (&["fault cut-when-sent 2"], &[]),
    (&["fault cut-when-sent 4"], &[]),
    (&["cut-links", "refuse-links 2"], &[]),
    (&[], &["refuse-links 2", "cut-links"]),
];

pub(crate) async fn cut(stage: &Stage) -> Result<String, Trouble> {
    let mut anna = stage.user("Anna", ANNAS).await?;
    let mut ben = stage.user("Ben", BENS).await?;
    let (to_ben, to_anna) = (anna.knows(BENS).await?, ben.knows(ANNAS).await?);
    let keys = count_of(stage, "keys").await?;

    for (round, (before, after)) in ROUNDS.into_iter().enumerate() {
        for command in before {
            stage.control.command(command).await?;
        }
        let queries = count_of(stage, "queries").await?;
        let says = async {
            tokio::try_join!(say(&anna, &to_ben, "a", round), say(&ben, &to_anna, "b", round))
        };
        let cuts = async {
            while !after.is_empty() && count_of(stage, "queries").await? == queries {}
            for command in after {
                stage.control.command(command).await?;
            }
            Ok(())
        };
        tokio::try_join!(says, cuts)?;
    }
    let count = ROUNDS.len() * EACH;
    hear_all(&mut ben, "a", count).await?;
    hear_all(&mut anna, "b", count).await?;
    for (player, peer) in [(&anna, &to_ben), (&ben, &to_anna)] {
        let mut history = player.client.iter_messages(peer);
        let mut texts = Vec::new();
        while let Some(message) = history.next().await? {
            texts.extend(message.text().map(str::to_owned));
        }
        same("messages in a history", texts.len(), 2 * count)?;
        let different: BTreeSet<_> = texts.into_iter().collect();
        same("different ones", different.len(), 2 * count)?;
    }
    // And nothing comes twice, up to what is said last.
    anna.client.send_message(&to_ben, "The end").await?;
    ben.hears_text("The end").await?;
    ben.client.send_message(&to_anna, "The end").await?;
    anna.hears_text("The end").await?;

    for player in [&anna, &ben] {
        same("who is logged in", player.client.get_me().await?.id, player.id)?;
    }
    same("keys", count_of(stage, "keys").await?, keys)?;
    anna.leave().await;
    ben.leave().await;
    Ok(format!(
        "{} rounds of cuts, {} texts, each once in both histories and told once",
        ROUNDS.len(),
        2 * count
    ))
}

/// What the sandbox has counted under this name.
async fn count_of(stage: &Stage, name: &str) -> Result<i64, Trouble> {
    let count = stage.control.stats().await?.get(name).copied();
    count.ok_or_else(|| format!("the sandbox does not count {name}").into())
}

/// Several texts at once; all are answered with the message.
async fn say(player: &Player, to: &PeerRef, who: &str, round: usize) -> Result<(), Trouble> {
    let mut sends = Vec::new();
    for number in round * EACH..(round + 1) * EACH {
        let text = format!("{who}{number}");
        let send = player.client.send_message(to, text.as_str()).into_future();
        sends.push((text, tokio::spawn(send)));
    }
    for (text, send) in sends {
        let sent = send.await??;
        ensure(sent.id() > 0, || format!("{text} has no number"))?;
        same("what was sent", sent.text(), Some(text.as_str()))?;
    }
    Ok(())
}

/// All the other's texts, each once.
async fn hear_all(player: &mut Player, who: &str, count: usize) -> Result<(), Trouble> {
    let mut missing: BTreeSet<_> = (0..count).map(|number| format!("{who}{number}")).collect();
    while !missing.is_empty() {
        let text = |update| match update {
            Update::NewMessage(message) if !message.outgoing() => {
                Some(message.text().unwrap_or_default().to_owned())
            }
            _ => None,
        };
        let what = format!("one of {missing:?}");
        let text = player.hears_within(PATIENCE, &what, text).await?;
        ensure(missing.remove(&text), || format!("{text} was told twice"))?;
    }
    Ok(())
}
