//! Data centres: each opened on its own and once, the login carried over, home moved.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layer_sandbox::Reply;
use layer_tl_types::{Deserializable, Identifiable, Serializable, enums, functions, types};
use tokio::time::Instant;

use super::{Rig, object, refusal};
use crate::{Client, InvocationError};

const NEAREST: functions::help::GetNearestDc = functions::help::GetNearestDc {};
const NEAREST_ID: u32 = functions::help::GetNearestDc::CONSTRUCTOR_ID;
const EXPORT: u32 = functions::auth::ExportAuthorization::CONSTRUCTOR_ID;
const IMPORT: u32 = functions::auth::ImportAuthorization::CONSTRUCTOR_ID;

async fn nearest(client: &Client, dc: i32) -> Result<i32, InvocationError> {
    let enums::NearestDc::Dc(nearest) = client.invoke_on_dc(dc, &NEAREST).await?;
    Ok(nearest.this_dc)
}

/// What a data centre answers that takes part in carrying a login over.
fn transfer(function: u32, query: &[u8]) -> Option<Reply> {
    match function {
        EXPORT => {
            let asked = functions::auth::ExportAuthorization::from_bytes(&query[4..]).unwrap();
            let exported =
                types::auth::ExportedAuthorization { id: 4711, bytes: vec![asked.dc_id as u8] };
            object(&enums::auth::ExportedAuthorization::from(exported))
        }
        IMPORT => {
            let user = enums::User::Empty(types::UserEmpty { id: 4711 });
            object(&enums::auth::Authorization::from(types::auth::Authorization::new(user)))
        }
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_for_the_same_link_get_one() {
    let rig = Rig::new();
    rig.answer(|_, function, query| transfer(function, query));
    let (client, _token) = rig.logged_in().await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { nearest(&client, 4).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 4);
    }
    assert_eq!(rig.server.dialled.load(Ordering::Relaxed), 2, "home, and the other one");
    assert_eq!(rig.called::<functions::auth::ExportAuthorization>(), [2]);
    assert_eq!(rig.called::<functions::auth::ImportAuthorization>(), [4]);
    assert!(rig.session.session().dc(4).unwrap().is_authorized);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_carried_over_for_somebody_who_is_not_logged_in_nor_twice() {
    let rig = Rig::new();
    rig.answer(|_, function, query| transfer(function, query));
    let (client, token) = rig.connect().await.unwrap();
    assert_eq!(nearest(&client, 4).await.unwrap(), 4);
    assert!(rig.called::<functions::auth::ExportAuthorization>().is_empty());
    token.cancel();
    token.closed().await;
    for _ in 0..2 {
        let (client, token) = rig.logged_in().await;
        assert_eq!(nearest(&client, 4).await.unwrap(), 4);
        token.cancel();
        token.closed().await;
        assert_eq!(
            rig.called::<functions::auth::ExportAuthorization>(),
            [2],
            "known by the session"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_not_taken_is_exported_anew_a_few_times() {
    for failures in [1, 100] {
        let rig = Rig::new();
        let mut left = failures;
        rig.answer(move |_, function, query| {
            if function == IMPORT && left > 0 {
                left -= 1;
                return refusal(400, "AUTH_BYTES_INVALID");
            }
            transfer(function, query)
        });
        let (client, _token) = rig.logged_in().await;
        let called = nearest(&client, 4).await;
        let exports = rig.called::<functions::auth::ExportAuthorization>().len();
        if failures == 1 {
            assert_eq!((called.unwrap(), exports), (4, 2));
        } else {
            assert!(called.unwrap_err().is("AUTH_BYTES_INVALID"));
            assert_eq!(exports, 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_gone_elsewhere_is_carried_over_again_and_at_home_it_is_gone() {
    let rig = Rig::new();
    let mut refusals = 1;
    rig.answer(move |caller, function, query| {
        if function == NEAREST_ID && caller.dc == 4 && refusals > 0 {
            refusals -= 1;
            return refusal(401, "AUTH_KEY_UNREGISTERED");
        }
        transfer(function, query)
    });
    let (client, _token) = rig.logged_in().await;
    assert_eq!(nearest(&client, 4).await.unwrap(), 4);
    assert_eq!(rig.called::<functions::auth::ImportAuthorization>(), [4, 4]);
    assert!(rig.session.session().user.is_some());

    rig.answer(|_, function, query| match function {
        NEAREST_ID => refusal(401, "AUTH_KEY_UNREGISTERED"),
        _ => transfer(function, query),
    });
    let error = nearest(&client, 4).await.unwrap_err();
    assert!(error.is("AUTH_KEY_UNREGISTERED"), "bounded: {error}");
    assert!(rig.session.session().user.is_some(), "home has said nothing");
    assert!(client.invoke(&NEAREST).await.unwrap_err().is("AUTH_KEY_UNREGISTERED"));
    client.save_session().await.unwrap();
    let saved = rig.session.session();
    assert_eq!(saved.user, None);
    assert!(saved.dcs.iter().all(|dc| !dc.is_authorized));
    assert!(saved.dc(2).unwrap().auth_key.is_some(), "no key is given up for that");
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_wanted_is_no_logout() {
    let rig = Rig::new();
    let (client, _token) = rig.logged_in().await;
    rig.answer(|_, _, _| refusal(401, "SESSION_PASSWORD_NEEDED"));
    assert!(client.invoke(&NEAREST).await.unwrap_err().is("SESSION_PASSWORD_NEEDED"));
    client.save_session().await.unwrap();
    assert!(rig.session.session().user.is_some());
}

#[tokio::test(start_paused = true)]
async fn some_migrations_move_one_call_and_others_move_home() {
    for (name, home) in [
        ("FILE_MIGRATE_4", 2),
        ("STATS_MIGRATE_4", 2),
        ("PHONE_MIGRATE_4", 4),
        ("NETWORK_MIGRATE_4", 4),
        ("USER_MIGRATE_4", 4),
    ] {
        let rig = Rig::new();
        rig.answer(move |caller, function, query| match function {
            NEAREST_ID if caller.dc != 4 => refusal(303, name),
            _ => transfer(function, query),
        });
        let (client, token) = rig.logged_in().await;
        let enums::NearestDc::Dc(nearest) = client.invoke(&NEAREST).await.unwrap();
        assert_eq!(nearest.this_dc, 4, "{name}");
        client.save_session().await.unwrap();
        assert_eq!(rig.session.session().home_dc.unwrap_or(2), home, "{name}");
        assert_eq!(rig.called::<functions::auth::ImportAuthorization>(), [4], "{name}");
        rig.answer(|_, _, _| None);
        let enums::NearestDc::Dc(nearest) = client.invoke(&NEAREST).await.unwrap();
        assert_eq!(nearest.this_dc, home, "{name}");
        // The next client finds home by its address in the session, and the login there.
        token.cancel();
        token.closed().await;
        let (client, _token) = rig.connect().await.unwrap();
        let enums::NearestDc::Dc(nearest) = client.invoke(&NEAREST).await.unwrap();
        assert_eq!(nearest.this_dc, home, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_data_centre_is_told_first_who_we_are_and_then_given_the_login() {
    let rig = Rig::new();
    let (_, token) = rig.server.world().add_bot("Echo", "echo_bot");
    // A call that comes before `initConnection` under its key is refused.
    rig.server.world().faults.want_init = true;
    let (client, _token) = rig.connect().await.unwrap();
    client.bot_sign_in(&token).await.unwrap();
    for dc in [1, 3, 4, 5] {
        assert_eq!(nearest(&client, dc).await.unwrap(), dc);
    }
    assert_eq!(rig.called::<functions::auth::ImportAuthorization>(), [1, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn home_is_found_by_asking_where_all_begins_if_its_address_is_not_known() {
    let rig = Rig::new();
    rig.answer(|caller, function, _| {
        (function == NEAREST_ID && caller.dc != 4).then(|| refusal(303, "USER_MIGRATE_4"))?
    });
    let (client, token) = rig.connect().await.unwrap();
    client.invoke(&NEAREST).await.unwrap();
    let text = client.export_session_string().await.unwrap();
    token.cancel();
    rig.answer(|_, _, _| None);
    let config = crate::Config::from_string_session(&text).unwrap();
    let (client, _token) = Client::connect_with(config, rig.seams()).await.unwrap();
    let enums::NearestDc::Dc(nearest) = client.invoke(&NEAREST).await.unwrap();
    assert_eq!(nearest.this_dc, 4);
}

#[tokio::test(start_paused = true)]
async fn data_centres_that_send_each_other_are_left_after_a_few_moves() {
    let rig = Rig::new();
    rig.answer(|caller, function, _| {
        let other = if caller.dc == 2 { "FILE_MIGRATE_4" } else { "FILE_MIGRATE_2" };
        (function == NEAREST_ID).then(|| refusal(303, other))?
    });
    let (client, _token) = rig.connect().await.unwrap();
    assert!(client.invoke(&NEAREST).await.unwrap_err().is("FILE_MIGRATE"));
    assert!(rig.called::<functions::help::GetNearestDc>().len() <= 6);
    rig.answer(|_, function, _| {
        (function == NEAREST_ID).then(|| refusal(303, "USER_MIGRATE_900"))?
    });
    let error = client.invoke(&NEAREST).await.unwrap_err();
    assert!(matches!(error, InvocationError::UnknownDc(900)), "{error}");
    let error = client.invoke_on_dc(77, &NEAREST).await.unwrap_err();
    assert!(matches!(error, InvocationError::UnknownDc(77)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_data_centre_that_says_nothing_holds_up_no_other() {
    let rig = Rig::new();
    rig.answer(|caller, function, query| match function {
        NEAREST_ID if caller.dc == 3 => {
            Some(Reply::After(Duration::from_secs(3600), Ok(vec![0; 4])))
        }
        IMPORT if caller.dc == 5 => Some(Reply::After(Duration::from_secs(3600), Ok(vec![0; 4]))),
        _ => transfer(function, query),
    });
    let (client, _token) = rig.logged_in().await;
    let slow: Vec<_> = [3, 5]
        .into_iter()
        .map(|dc| {
            let client = client.clone();
            tokio::spawn(async move { nearest(&client, dc).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    assert_eq!(nearest(&client, 4).await.unwrap(), 4);
    client.invoke(&NEAREST).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(slow.iter().all(|call| !call.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_dead_elsewhere_is_agreed_again_and_the_old_one_kept_aside() {
    let rig = Rig::new();
    rig.answer(|_, function, query| transfer(function, query));
    let (client, _token) = rig.logged_in().await;
    nearest(&client, 4).await.unwrap();
    let old = rig.session.session().dc(4).unwrap().auth_key.clone().unwrap();
    // A young key may not be known everywhere yet: that is not held against it.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    rig.server.world().forget_key(old.id());
    rig.server.cut();
    assert_eq!(nearest(&client, 4).await.unwrap(), 4);
    let saved = rig.session.session();
    let entry = saved.dc(4).unwrap();
    assert_ne!(entry.auth_key.as_ref(), Some(&old));
    assert_eq!(entry.set_aside.last().map(|aside| aside.auth_key.id()), Some(old.id()));
    assert!(saved.user.is_some() && entry.is_authorized);
}

#[tokio::test(start_paused = true)]
async fn waits_that_the_server_asks_for_are_sat_out_and_long_ones_are_told() {
    let rig = Rig::new();
    let waits = Arc::new(Mutex::new(vec!["FLOOD_WAIT_30", "FLOOD_PREMIUM_WAIT_20"]));
    rig.answer(move |_, function, _| {
        let wait = (function == NEAREST_ID).then(|| waits.lock().unwrap().pop())??;
        refusal(420, wait)
    });
    let (client, _token) = rig.connect().await.unwrap();
    let started = Instant::now();
    client.invoke(&NEAREST).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 50);
    rig.answer(|_, function, _| (function == NEAREST_ID).then(|| refusal(420, "FLOOD_WAIT_61"))?);
    let InvocationError::Rpc(error) = client.invoke(&NEAREST).await.unwrap_err() else { panic!() };
    assert_eq!(error.flood_wait_seconds(), Some(61));
    assert_eq!(started.elapsed().as_secs(), 50);
}

#[tokio::test(start_paused = true)]
async fn files_go_over_a_link_of_their_own_under_the_same_key() {
    let rig = Rig::new();
    let part = functions::upload::SaveFilePart { file_id: 1, file_part: 0, bytes: vec![7; 1000] };
    rig.answer(|_, function, query| {
        (function == functions::upload::SaveFilePart::CONSTRUCTOR_ID).then(|| {
            // What wraps it is taken off by then.
            let part = functions::upload::SaveFilePart::from_bytes(&query[4..]).unwrap();
            assert_eq!(part.bytes.len(), 1000);
            object(&true)
        })?
    });
    let (client, _token) = rig.connect().await.unwrap();
    assert!(client.invoke(&part).await.unwrap());
    assert!(client.invoke_on_dc(4, &part).await.unwrap());
    assert_eq!(rig.server.dialled.load(Ordering::Relaxed), 4, "two links to each of the two");
    assert_eq!(rig.server.world().keys.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_must_run_once_is_not_sent_again_when_its_link_is_ended() {
    let rig = Rig::new();
    let send_code = functions::auth::SendCode::CONSTRUCTOR_ID;
    rig.answer(move |_, function, _| match function {
        NEAREST_ID => refusal(406, "AUTH_KEY_DUPLICATED"),
        id if id == send_code => Some(Reply::After(Duration::from_secs(60), Ok(vec![0; 4]))),
        _ => None,
    });
    let (client, _token) = rig.connect().await.unwrap();
    let other = client.clone();
    let once = tokio::spawn(async move { other.request_login_code("+4930901820").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.invoke(&NEAREST).await.unwrap_err();
    let error = once.await.unwrap().unwrap_err();
    assert!(matches!(error, InvocationError::Unknown), "{error}");
    assert_eq!(rig.called::<functions::auth::SendCode>(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_server_has_already_is_not_a_refusal() {
    let rig = Rig::new();
    let send =
        functions::messages::SendMessage::new(enums::InputPeer::PeerSelf, "hello".to_owned(), 42);
    let mut tries = 0;
    rig.answer(move |_, function, _| {
        if function != functions::messages::SendMessage::CONSTRUCTOR_ID {
            return None;
        }
        tries += 1;
        // It has run the first one, and failed to say so.
        if tries == 1 { refusal(500, "INTERNAL") } else { refusal(500, "RANDOM_ID_DUPLICATE") }
    });
    let (client, _token) = rig.connect().await.unwrap();
    let error = client.invoke(&send).await.unwrap_err();
    assert!(matches!(error, InvocationError::AnswerLost), "{error}");
}

#[tokio::test(start_paused = true)]
async fn links_that_find_the_same_key_dead_put_aside_no_other() {
    let rig = Rig::new();
    rig.answer(|_, function, query| match function {
        functions::upload::SaveFilePart::CONSTRUCTOR_ID => object(&true),
        _ => transfer(function, query),
    });
    let part = functions::upload::SaveFilePart { file_id: 1, file_part: 0, bytes: vec![7; 4] };
    let (client, _token) = rig.logged_in().await;
    nearest(&client, 4).await.unwrap();
    client.invoke_on_dc(4, &part).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let old = rig.session.session().dc(4).unwrap().auth_key.clone().unwrap();
    rig.server.world().forget_key(old.id());
    rig.server.cut();
    let (called, uploaded) = tokio::join!(nearest(&client, 4), client.invoke_on_dc(4, &part));
    assert_eq!((called.unwrap(), uploaded.unwrap()), (4, true));
    let key = rig.session.session().dc(4).unwrap().auth_key.clone().unwrap();
    // One of them comes late.
    client.inner.give_up_key(4, old.id(), "unknown to the server");
    client.save_session().await.unwrap();
    let saved = rig.session.session();
    let entry = saved.dc(4).unwrap();
    assert_eq!((entry.auth_key.as_ref(), entry.set_aside.len()), (Some(&key), 1));
}

#[tokio::test(start_paused = true)]
async fn where_data_centres_have_moved_to_is_learnt_from_updates() {
    let rig = Rig::new();
    let (client, _token) = rig.connect().await.unwrap();
    let known = |dc| client.inner.saver.read(|session| session.dc(dc).unwrap().addresses.clone());
    let before = known(4);
    let option = types::DcOption {
        ipv6: false,
        media_only: false,
        tcpo_only: false,
        cdn: false,
        r#static: false,
        this_port_only: false,
        id: 4,
        ip_address: "10.1.2.3".to_owned(),
        port: 4430,
        secret: None,
    };
    let moved = types::UpdateDcOptions { dc_options: vec![option.into()] };
    rig.server.push(&short(moved.into()));
    client.invoke(&NEAREST).await.unwrap();
    assert_eq!(known(4).first().unwrap().addr.to_string(), "10.1.2.3:4430");
    let asked = rig.called::<functions::help::GetConfig>().len();
    // As often as it comes, it is asked for once at a time.
    (0..10).for_each(|_| rig.server.push(&short(enums::Update::Config)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = rig.called::<functions::help::GetConfig>().len() - asked;
    assert!((1..=2).contains(&asked), "{asked} times");
    assert_eq!(known(4), before, "as the server has it");
}

fn short(update: enums::Update) -> Vec<u8> {
    enums::Updates::from(types::UpdateShort { update, date: 1 }).to_bytes()
}
