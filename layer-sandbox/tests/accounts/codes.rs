//! Login by a code, and signing up.

use layer_sandbox::world::CodeKind;
use layer_tl_types::{enums, functions, types};

use crate::room::{ALICE, ALICES, BOB, NEW, NOBODYS, Room, logged_in, send_code, sent, sign_in};

type Kind = enums::auth::SentCodeType;
type Fits = fn(&Kind, &str) -> bool;

#[test]
fn the_code_that_was_sent_logs_in() {
    let mut room = Room::new();
    assert_eq!(room.log_in_by_code(NOBODYS, BOB), Ok(room.bob));
    assert_eq!(room.whoami(NOBODYS), Ok(room.bob));
    assert_eq!(room.world.code_for(BOB), None, "it is used up");
}

#[test]
fn a_wrong_code_is_refused_and_the_right_one_still_works() {
    let mut room = Room::new();
    room.world.set_code(ALICE, "12345");
    let hash = room.code_hash(NOBODYS, ALICE);
    let refused = |room: &mut Room, code| room.refused(NOBODYS, &sign_in(ALICE, &hash, code));
    assert_eq!(refused(&mut room, "12346"), "400 PHONE_CODE_INVALID");
    assert_eq!(refused(&mut room, ""), "400 PHONE_CODE_EMPTY");
    assert_eq!(room.whoami(NOBODYS), Err("401 AUTH_KEY_UNREGISTERED".into()));
    let right = room.ask(NOBODYS, &sign_in(ALICE, &hash, "12345")).unwrap();
    assert_eq!(logged_in(right), room.alice);
    assert_eq!(refused(&mut room, "12345"), "400 PHONE_CODE_EXPIRED");
}

#[test]
fn a_code_is_worth_nothing_with_another_hash_or_number_or_too_late() {
    let mut room = Room::new();
    let hash = room.code_hash(NOBODYS, ALICE);
    let code = room.world.code_for(ALICE).unwrap();
    let mut refused = |phone, hash: &str| room.refused(NOBODYS, &sign_in(phone, hash, &code));
    assert_eq!(refused(ALICE, "0123"), "400 PHONE_CODE_EXPIRED");
    assert_eq!(refused(ALICE, ""), "400 PHONE_CODE_HASH_EMPTY");
    assert_eq!(refused(BOB, &hash), "400 PHONE_CODE_EXPIRED");
    room.pass(600);
    let late = room.refused(NOBODYS, &sign_in(ALICE, &hash, &code));
    assert_eq!(late, "400 PHONE_CODE_EXPIRED");
}

#[test]
fn who_tries_too_many_codes_has_to_wait() {
    let mut room = Room::new();
    room.world.set_code(ALICE, "12345");
    let hash = room.code_hash(NOBODYS, ALICE);
    for _ in 0..5 {
        let wrong = room.refused(NOBODYS, &sign_in(ALICE, &hash, "54321"));
        assert_eq!(wrong, "400 PHONE_CODE_INVALID");
    }
    room.pass(100);
    let right = room.refused(NOBODYS, &sign_in(ALICE, &hash, "12345"));
    assert_eq!(right, "420 FLOOD_WAIT_500");
}

#[test]
fn who_asks_for_too_many_codes_gets_no_more() {
    let mut room = Room::new();
    for _ in 0..19 {
        room.code_hash(NOBODYS, ALICE);
    }
    room.log_in_by_code(NOBODYS, ALICE).unwrap();
    for _ in 0..20 {
        room.code_hash(NOBODYS, ALICE);
    }
    assert_eq!(room.refused(NOBODYS, &send_code(ALICE)), "406 PHONE_PASSWORD_FLOOD");
    room.code_hash(NOBODYS, BOB);
}

#[test]
fn what_is_no_number_or_no_application_is_refused() {
    let mut room = Room::new();
    for wrong in ["", "12", "hello", "+49 151 0000001 or so", "1234567890123456"] {
        assert_eq!(room.refused(NOBODYS, &send_code(wrong)), "400 PHONE_NUMBER_INVALID", "{wrong}");
    }
    let mut query = send_code(ALICE);
    query.api_hash.clear();
    assert_eq!(room.refused(NOBODYS, &query), "400 API_ID_INVALID");
    let query = functions::auth::SendCode { api_id: 0, ..send_code(ALICE) };
    assert_eq!(room.refused(NOBODYS, &query), "400 API_ID_INVALID");
    room.world.accounts.ban(BOB);
    assert_eq!(room.refused(NOBODYS, &send_code(BOB)), "400 PHONE_NUMBER_BANNED");
}

#[test]
fn codes_go_to_the_app_of_who_has_one_and_by_text_message_to_others() {
    let mut room = Room::new();
    let code = sent(room.ask(NOBODYS, &send_code(ALICE)).unwrap());
    assert_eq!(code.r#type, types::auth::SentCodeTypeApp { length: 5 }.into());
    assert_eq!(code.next_type, Some(enums::auth::CodeType::Sms));
    let code = sent(room.ask(NOBODYS, &send_code(NEW)).unwrap());
    assert_eq!(code.r#type, types::auth::SentCodeTypeSms { length: 5 }.into());
    assert_eq!((code.next_type, code.timeout), (Some(enums::auth::CodeType::Call), Some(60)));
}

#[test]
fn a_code_is_sent_again_in_other_ways_until_there_are_none() {
    let mut room = Room::new();
    let first = sent(room.ask(NOBODYS, &send_code(NEW)).unwrap());
    let (phone, hash) = (NEW.to_owned(), first.phone_code_hash);
    let query = functions::auth::ResendCode::new(phone, hash.clone());
    let again = sent(room.ask(NOBODYS, &query).unwrap());
    assert_eq!(again.r#type, types::auth::SentCodeTypeCall { length: 5 }.into());
    assert_eq!((again.phone_code_hash, again.next_type, again.timeout), (hash, None, None));
    // What can't be sent again is not lost.
    assert_eq!(room.refused(NOBODYS, &query), "406 SEND_CODE_UNAVAILABLE");
    let code = room.world.code_for(NEW).unwrap();
    let query = sign_in(NEW, &query.phone_code_hash, &code);
    assert_eq!(room.refused(NOBODYS, &query), "answered");
}

#[test]
fn a_cancelled_code_is_worth_nothing() {
    let mut room = Room::new();
    let phone_code_hash = room.code_hash(NOBODYS, ALICE);
    let code = room.world.code_for(ALICE).unwrap();
    let phone_number = ALICE.to_owned();
    let query = functions::auth::CancelCode { phone_number, phone_code_hash };
    assert_eq!(room.ask(NOBODYS, &query), Ok(true));
    assert_eq!(room.refused(NOBODYS, &query), "400 PHONE_CODE_EXPIRED");
    let query = sign_in(ALICE, &query.phone_code_hash, &code);
    assert_eq!(room.refused(NOBODYS, &query), "400 PHONE_CODE_EXPIRED");
}

#[test]
fn each_way_of_sending_describes_itself_and_its_code_logs_in() {
    let mut room = Room::new();
    let matches: [(CodeKind, Fits); 8] = [
        (
            CodeKind::App,
            |kind, code| matches!(kind, Kind::App(app) if app.length == 5 && code.len() == 5),
        ),
        (
            CodeKind::Sms,
            |kind, code| matches!(kind, Kind::Sms(sms) if sms.length == 5 && code.len() == 5),
        ),
        (CodeKind::Call, |kind, _| matches!(kind, Kind::Call(call) if call.length == 5)),
        (CodeKind::FlashCall, |kind, code| match kind {
            Kind::FlashCall(call) => code.starts_with(call.pattern.trim_end_matches('*')),
            _ => false,
        }),
        (CodeKind::MissedCall, |kind, code| match kind {
            Kind::MissedCall(call) => !call.prefix.is_empty() && code.len() == call.length as usize,
            _ => false,
        }),
        (
            CodeKind::FragmentSms,
            |kind, _| matches!(kind, Kind::FragmentSms(sms) if sms.url.starts_with("https://")),
        ),
        (CodeKind::SmsWord, |kind, code| match kind {
            Kind::SmsWord(word) => code.starts_with(word.beginning.as_deref().unwrap()),
            _ => false,
        }),
        (CodeKind::SmsPhrase, |kind, code| match kind {
            Kind::SmsPhrase(phrase) => {
                code.starts_with(phrase.beginning.as_deref().unwrap()) && code.contains(' ')
            }
            _ => false,
        }),
    ];
    for (at, (kind, fits)) in matches.into_iter().enumerate() {
        room.world.send_codes_by(ALICE, [kind]);
        let key = 100 + at as i64;
        let sent = sent(room.ask(key, &send_code(ALICE)).unwrap());
        let code = room.world.code_for(ALICE).unwrap();
        assert!(fits(&sent.r#type, &code), "{:?} {code}", sent.r#type);
        let typed = code.to_uppercase();
        let answer = room.ask(key, &sign_in(ALICE, &sent.phone_code_hash, &typed)).unwrap();
        assert_eq!(logged_in(answer), room.alice);
    }
    room.world.send_codes_by(ALICE, []);
    let sent = sent(room.ask(NOBODYS, &send_code(ALICE)).unwrap());
    assert!(matches!(sent.r#type, Kind::App(_)));
}

#[test]
fn what_sends_no_code_leads_to_another_way() {
    let mut room = Room::new();
    room.world.send_codes_by(ALICE, [CodeKind::FirebaseSms, CodeKind::Payment, CodeKind::Sms]);
    let first = sent(room.ask(NOBODYS, &send_code(ALICE)).unwrap());
    assert!(matches!(first.r#type, Kind::FirebaseSms(_)));
    assert_eq!(room.world.code_for(ALICE), None);
    let (phone_number, phone_code_hash) = (ALICE.to_owned(), first.phone_code_hash);
    let mut paid = functions::auth::CheckPaidAuth { phone_number, phone_code_hash, form_id: 1 };
    assert_eq!(room.refused(NOBODYS, &paid), "400 FORM_ID_EMPTY");
    let query = functions::auth::ResendCode::new(ALICE.into(), paid.phone_code_hash);
    let answer = room.ask(NOBODYS, &query).unwrap();
    let enums::auth::SentCode::PaymentRequired(bill) = answer else { panic!("{answer:?}") };
    assert!(bill.amount > 0);
    let unpaid = room.refused(NOBODYS, &sign_in(ALICE, &bill.phone_code_hash, "12345"));
    assert_eq!(unpaid, "400 PHONE_CODE_INVALID");
    paid.phone_code_hash = bill.phone_code_hash;
    let last = sent(room.ask(NOBODYS, &paid).unwrap());
    assert!(matches!(last.r#type, Kind::Sms(_)));
    let code = room.world.code_for(ALICE).unwrap();
    let query = sign_in(ALICE, &last.phone_code_hash, &code);
    assert_eq!(logged_in(room.ask(NOBODYS, &query).unwrap()), room.alice);
}

#[test]
fn a_mailed_code_is_given_as_such() {
    let mut room = Room::new();
    room.world.send_codes_by(ALICE, [CodeKind::Email("alice@example.org".into())]);
    let sent = sent(room.ask(NOBODYS, &send_code(ALICE)).unwrap());
    let Kind::EmailCode(kind) = &sent.r#type else { panic!("{sent:?}") };
    assert_eq!((&*kind.email_pattern, kind.length), ("a***@example.org", 6));
    let code = room.world.mailed_code("alice@example.org").unwrap();
    assert_eq!(room.world.code_for(ALICE).as_ref(), Some(&code));
    // Where a code is typed that was not sent by mail, it is the wrong field.
    let mut query = sign_in(ALICE, &sent.phone_code_hash, &code);
    assert_eq!(room.refused(NOBODYS, &query), "400 PHONE_CODE_EMPTY");
    query.phone_code = None;
    let google = types::EmailVerificationGoogle { token: "t".into() };
    query.email_verification = Some(google.into());
    assert_eq!(room.refused(NOBODYS, &query), "400 EMAIL_NOT_ALLOWED");
    let mailed = |code: &str| Some(types::EmailVerificationCode { code: code.into() }.into());
    query.email_verification = mailed("000");
    assert_eq!(room.refused(NOBODYS, &query), "400 PHONE_CODE_INVALID");
    query.email_verification = mailed(&code);
    assert_eq!(logged_in(room.ask(NOBODYS, &query).unwrap()), room.alice);
}

#[test]
fn a_login_may_want_an_address_for_mail_first() {
    let mut room = Room::new();
    room.world.send_codes_by(ALICE, [CodeKind::SetUpEmail]);
    let first = sent(room.ask(NOBODYS, &send_code(ALICE)).unwrap());
    assert!(matches!(first.r#type, Kind::SetUpEmailRequired(_)));
    assert_eq!(room.world.code_for(ALICE), None);
    let purpose: enums::EmailVerifyPurpose = types::EmailVerifyPurposeLoginSetup {
        phone_number: ALICE.into(),
        phone_code_hash: first.phone_code_hash.clone(),
    }
    .into();
    let email = "alice@example.org".to_owned();
    let mut query = functions::account::SendVerifyEmailCode { purpose: purpose.clone(), email };
    room.ask(NOBODYS, &query).unwrap();
    query.email = "nowhere".into();
    assert_eq!(room.refused(NOBODYS, &query), "400 EMAIL_INVALID");
    let code = room.world.mailed_code("alice@example.org").unwrap();
    let verification = types::EmailVerificationCode { code }.into();
    let query = functions::account::VerifyEmail { purpose, verification };
    let verified = room.ask(NOBODYS, &query).unwrap();
    let enums::account::EmailVerified::Login(login) = verified else { panic!() };
    let code = sent(login.sent_code);
    assert!(matches!(code.r#type, Kind::EmailCode(_)));
    let verification = types::EmailVerificationCode { code: room.world.code_for(ALICE).unwrap() };
    let mut query = functions::auth::SignIn::new(ALICE.into(), code.phone_code_hash);
    query.email_verification = Some(verification.into());
    assert_eq!(logged_in(room.ask(NOBODYS, &query).unwrap()), room.alice);
}

#[test]
fn who_has_no_account_agrees_to_the_terms_and_signs_up() {
    let mut room = Room::new();
    let hash = room.code_hash(NOBODYS, NEW);
    let name = |first: &str| {
        let last = "Long".to_owned();
        functions::auth::SignUp::new(NEW.into(), hash.clone(), first.into(), last)
    };
    assert_eq!(room.refused(NOBODYS, &name("Carol")), "400 PHONE_CODE_INVALID");
    let code = room.world.code_for(NEW).unwrap();
    let answer = room.ask(NOBODYS, &sign_in(NEW, &hash, &code)).unwrap();
    let enums::auth::Authorization::SignUpRequired(required) = answer else { panic!() };
    assert!(required.terms_of_service.is_some());
    assert_eq!(room.refused(NOBODYS, &name(" ")), "400 FIRSTNAME_INVALID");
    let carol = logged_in(room.ask(NOBODYS, &name("Carol")).unwrap());
    assert_eq!(room.whoami(NOBODYS), Ok(carol));
    let user = room.world.accounts.by_phone(NEW).unwrap();
    assert_eq!((user.id, &*user.first_name, &*user.last_name), (carol, "Carol", "Long"));
}

#[test]
fn nobody_signs_up_twice() {
    let mut room = Room::new();
    let phone_code_hash = room.code_hash(NOBODYS, ALICE);
    let query =
        functions::auth::SignUp::new(ALICE.into(), phone_code_hash, "Alice".into(), "".into());
    assert_eq!(room.refused(NOBODYS, &query), "400 PHONE_NUMBER_OCCUPIED");
}

#[test]
fn test_numbers_have_codes_and_data_centres_that_all_know() {
    let mut room = Room::new();
    let (at_two, at_one) = (room.key_of(1, 2), room.key_of(2, 1));
    let phone = "99966 1 1234";
    let error = room.ask_at((at_two, 2), &send_code(phone)).unwrap_err();
    assert_eq!(error.to_string(), "303 PHONE_MIGRATE_1");
    let hash = sent(room.ask_at((at_one, 1), &send_code(phone)).unwrap()).phone_code_hash;
    let error = room.ask_at((at_two, 2), &sign_in(phone, &hash, "11111")).unwrap_err();
    assert_eq!(error.to_string(), "303 PHONE_MIGRATE_1");
    room.ask_at((at_one, 1), &sign_in(phone, &hash, "11111")).unwrap();
}

#[test]
fn who_logged_out_here_needs_no_code() {
    let mut room = Room::new();
    let enums::auth::LoggedOut::Out(out) = room.ask(ALICES, &functions::auth::LogOut {}).unwrap();
    let token = out.future_auth_token.unwrap();
    let with = |token: &[u8], phone| {
        let logout_tokens = Some(vec![token.to_vec()]);
        let settings = types::CodeSettings { logout_tokens, ..Default::default() }.into();
        functions::auth::SendCode { settings, ..send_code(phone) }
    };
    // Neither another token nor another number will do.
    sent(room.ask(ALICES, &with(&[1; 32], ALICE)).unwrap());
    sent(room.ask(ALICES, &with(&token, BOB)).unwrap());
    let answer = room.ask(ALICES, &with(&token, ALICE)).unwrap();
    let enums::auth::SentCode::Success(success) = answer else { panic!("{answer:?}") };
    assert_eq!(logged_in(success.authorization), room.alice);
    assert_eq!(room.whoami(ALICES), Ok(room.alice));
    sent(room.ask(ALICES, &with(&token, ALICE)).unwrap());
}
