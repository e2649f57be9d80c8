//! What every backend must do.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use layer_client::session::{
    BoxFuture, Change, SavedSession, SavedUser, SessionBackend, SessionError,
};

use crate::samples::{Dice, after, full};

/// Where a backend keeps its session.
pub(crate) trait Place: Send + Sync {
    /// A place where nothing is.
    fn new() -> Self
    where
        Self: Sized;

    /// A backend on what is in the place. The one before, if any, is dropped by then.
    fn open(&self) -> BoxFuture<'_, Arc<dyn SessionBackend>>;

    /// The backend is about to be dropped, as at the end of a process.
    fn leave(&self, _: Arc<dyn SessionBackend>) {}

    /// What of a session is there when it is opened again.
    fn kept(&self, session: &SavedSession) -> SavedSession {
        session.clone()
    }
}

/// Makes a test of each line of the suite.
macro_rules! suite {
    ($place:ty) => {
        crate::suite::suite!($place:
            begins_with_nothing
            gives_back_what_was_saved
            keeps_a_session_when_it_is_opened_again
            keeps_a_login_that_nobody_closed
            carries_a_session_over_from_another_backend
            does_what_apply_does
            refuses_to_save_when_closed_until_loaded
            saves_in_the_order_of_the_first_polls
            saves_all_or_nothing_of_a_dropped_future
            gives_keys_aside_and_takes_them_back
        );
    };
    ($place:ty: $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                crate::suite::$name::<$place>().await;
            }
        )*
    };
}
pub(crate) use suite;

pub(crate) async fn begins_with_nothing<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    assert_eq!(backend.load().await.unwrap(), SavedSession::default());
}

pub(crate) async fn gives_back_what_was_saved<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    let session = full(1);
    for change in session.to_changes() {
        backend.save(&[change]).await.unwrap();
    }
    assert_eq!(backend.load().await.unwrap(), session);
    backend.save(&[]).await.unwrap();
    assert_eq!(backend.load().await.unwrap(), session);
}

pub(crate) async fn keeps_a_session_when_it_is_opened_again<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    let session = full(2);
    backend.save(&session.to_changes()).await.unwrap();
    backend.close().await.unwrap();
    place.leave(backend);
    let backend = place.open().await;
    assert_eq!(backend.load().await.unwrap(), place.kept(&session));
}

/// Login survives without an explicit save: what a save has said to be durable is.
pub(crate) async fn keeps_a_login_that_nobody_closed<P: Place>() {
    let place = P::new();
    let session = full(3);
    let backend = place.open().await;
    backend.save(&session.to_changes()).await.unwrap();
    let user = Some(SavedUser { id: 1, is_bot: false });
    backend.save(&[Change::User(user)]).await.unwrap();
    place.leave(backend);
    let expected = place.kept(&after(&session, &[Change::User(user)]));
    assert_eq!(place.open().await.load().await.unwrap(), expected);
}

pub(crate) async fn carries_a_session_over_from_another_backend<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    backend.save(&full(4).to_changes()).await.unwrap();
    backend.save(&full(5).to_changes()).await.unwrap();
    assert_eq!(backend.load().await.unwrap(), full(5));
}

pub(crate) async fn does_what_apply_does<P: Place>() {
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let place = P::new();
        let mut backend = place.open().await;
        let mut model = SavedSession::default();
        for round in 0..12 {
            let batch = dice.batch(8);
            backend.save(&batch).await.unwrap();
            model = after(&model, &batch);
            if dice.one_in(4) {
                backend.load().await.unwrap();
            }
            if dice.one_in(4) {
                place.leave(backend);
                backend = place.open().await;
                model = place.kept(&model);
            }
            assert_eq!(backend.load().await.unwrap(), model, "seed {seed}, round {round}");
        }
    }
}

pub(crate) async fn refuses_to_save_when_closed_until_loaded<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    backend.save(&[Change::HomeDc(1)]).await.unwrap();
    backend.close().await.unwrap();
    backend.close().await.unwrap();
    let refused = backend.save(&[Change::HomeDc(2)]).await;
    assert!(matches!(refused, Err(SessionError::Closed)), "{refused:?}");
    assert_eq!(backend.load().await.unwrap().home_dc, Some(1));
    backend.save(&[Change::HomeDc(3)]).await.unwrap();
    assert_eq!(backend.load().await.unwrap().home_dc, Some(3));
}

pub(crate) async fn saves_in_the_order_of_the_first_polls<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    let batches: Vec<_> = (0..200).map(|i| [Change::HomeDc(i), Change::HomeDc(-i)]).collect();
    let mut saves: Vec<_> = batches.iter().map(|batch| backend.save(batch)).collect();
    for save in &mut saves {
        let _ = poll_once(save);
    }
    // Also what is loaded meanwhile comes after them.
    assert_eq!(backend.load().await.unwrap().home_dc, Some(-199));
    assert_eq!(backend.load().await.unwrap().home_dc, Some(-199));
}

pub(crate) async fn saves_all_or_nothing_of_a_dropped_future<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    let first = [Change::HomeDc(1), Change::ChannelPts { channel: 1, pts: 1 }];
    let second = [Change::HomeDc(2), Change::ChannelPts { channel: 1, pts: 2 }];
    drop(backend.save(&first));
    assert_eq!(backend.load().await.unwrap(), SavedSession::default());
    let _ = poll_once(&mut backend.save(&first));
    let _ = poll_once(&mut backend.load());
    let _ = poll_once(&mut backend.save(&second));
    let saved = backend.load().await.unwrap();
    let pts = saved.channels.get(&1).copied();
    assert_eq!((saved.home_dc, pts), (Some(2), Some(2)));
    let _ = poll_once(&mut backend.close());
    assert_eq!(backend.load().await.unwrap(), saved);
}

/// A key that is given up is kept aside on disk.
pub(crate) async fn gives_keys_aside_and_takes_them_back<P: Place>() {
    let place = P::new();
    let backend = place.open().await;
    let session = full(6);
    backend.save(&session.to_changes()).await.unwrap();
    let key = session.dc(2).unwrap().auth_key.clone().unwrap();
    let change = Change::KeySetAside { dc: 2, date: 1_750_000_000, reason: "refused".into() };
    backend.save(&[change]).await.unwrap();
    let saved = backend.load().await.unwrap();
    let dc = saved.dc(2).unwrap();
    let aside = dc.set_aside.last().unwrap();
    assert_eq!((&aside.auth_key, aside.date, &*aside.reason), (&key, 1_750_000_000, "refused"));
    assert!(dc.auth_key.is_none() && !dc.is_authorized && dc.salts.is_empty());
    let mut again = dc.clone();
    again.auth_key = Some(key.clone());
    backend.save(&[Change::Dc(Box::new(again))]).await.unwrap();
    let saved = backend.load().await.unwrap();
    let dc = saved.dc(2).unwrap();
    assert_eq!(dc.auth_key.as_ref(), Some(&key));
    assert!(dc.set_aside.iter().all(|aside| aside.auth_key != key));
}

/// Polls a future, as a task does that is dropped at its first await.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
