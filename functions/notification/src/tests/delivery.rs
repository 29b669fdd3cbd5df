//! Each notice goes out once, is written down, and comes again if it fails.

use ciero_domain::Language;
use ciero_domain::ids::ContractId;
use ciero_domain::notice::{Notice, Outcome};
use ciero_domain::user::Role;
use ciero_ports::{CloudError, CommitError, Mail, MockDocuments, StoreError, WriteKind};
use sha2::{Digest, Sha256};

use super::mocks::Mocks;
use super::samples::*;
use crate::deliver::{Delivered, deliver};

fn ja() -> Mocks {
    Mocks::reading(Language::Ja)
}

fn no_mail() -> CloudError {
    CloudError {
        service: "SES",
        detail: "Throttling".into(),
    }
}

/// Delivers a notice whose account cannot be changed: an error, so that it is tried again, and no mail.
async fn fails_unsent(mut mocks: Mocks, notice: &Notice) {
    mocks.mailer.expect_send().never();
    let delivered = deliver(&mocks.app(), &message_id(1), notice, now()).await;
    assert!(delivered.is_err());
}

#[tokio::test]
async fn a_doubled_message_sends_one_mail() {
    let (mocks, trace) = ja().delivering();
    let app = mocks.app();
    let first = deliver(&app, &message_id(1), &received(), now()).await;
    let second = deliver(&app, &message_id(1), &received(), now()).await;
    assert_eq!(first.unwrap(), Delivered::Sent);
    assert_eq!(second.unwrap(), Delivered::Already);
    assert_eq!(trace.mails().len(), 1);
    let another = deliver(&app, &message_id(2), &received(), now()).await;
    assert_eq!(another.unwrap(), Delivered::Sent);
    assert_eq!(trace.mails().len(), 2);
}

#[tokio::test]
async fn the_ledger_keeps_what_was_sent_to_whom_and_when() {
    let (mocks, trace) = ja().delivering();
    let app = mocks.app();
    deliver(&app, &message_id(1), &received(), now())
        .await
        .unwrap();
    let [record] = trace.records().try_into().unwrap();
    let [
        Mail {
            to,
            subject,
            text,
            kind,
            notice,
            attachment,
        },
    ] = trace.mails().try_into().unwrap();
    assert_eq!(record.id, message_id(1));
    assert_eq!(record.notice, received());
    assert_eq!(to, "hanako@example.jp");
    assert_eq!(record.to, to);
    assert_eq!(record.language, Language::Ja);
    assert_eq!(record.sent_at, now().0);
    assert_eq!(record.mail_id, "mail-1");
    assert_eq!(kind, "application_received");
    assert_eq!((notice, attachment), (message_id(1), None));
    assert_eq!((record.version, record.outcome), (1, Outcome::Sent));
    let digest = Sha256::digest(format!("{subject}\n\n{text}"));
    assert_eq!(record.content_hash, hex::encode(digest));
}

#[tokio::test]
async fn a_line_that_another_delivery_wrote_first_is_fine() {
    let mut mocks = ja()
        .with_empty_ledger()
        .with_commit(|| CommitError::Conflict(WriteKind::Once));
    mocks.mailer.expect_send().return_once(|_| Ok("m".into()));
    let delivered = deliver(&mocks.app(), &message_id(1), &received(), now()).await;
    assert_eq!(delivered.unwrap(), Delivered::Already);
}

#[tokio::test]
async fn a_mail_that_fails_is_an_error_and_is_not_written_down() {
    let mut mocks = ja().with_empty_ledger();
    mocks.mailer.expect_send().return_once(|_| Err(no_mail()));
    mocks.ledger.expect_commit().never();
    let delivered = deliver(&mocks.app(), &message_id(1), &received(), now()).await;
    assert_eq!(delivered.unwrap_err().to_string(), "SES failed: Throttling");
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_down_is_an_error() {
    let mut mocks = ja()
        .with_empty_ledger()
        .with_commit(|| CommitError::Unavailable("busy".into()));
    mocks.mailer.expect_send().return_once(|_| Ok("m".into()));
    let delivered = deliver(&mocks.app(), &message_id(1), &received(), now()).await;
    assert!(delivered.is_err());
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_sends_nothing() {
    let mut mocks = ja();
    mocks
        .notices
        .expect_notice()
        .return_once(|_| Err(StoreError::Unavailable("busy".into())));
    fails_unsent(mocks, &received()).await;
}

#[tokio::test]
async fn an_unknown_subject_of_a_notice_is_an_error_and_sends_nothing() {
    let unknown = Notice::RegistrationCompleted {
        contract: ContractId::from_random([9; 10]),
    };
    let no_such_terms = Notice::TermsPublished {
        terms_version: "1999-01-01".into(),
        contract: contract_id(),
    };
    for notice in [unknown, no_such_terms] {
        let mut mocks = ja().with_empty_ledger();
        mocks.mailer.expect_send().never();
        let delivered = deliver(&mocks.app(), &message_id(1), &notice, now()).await;
        assert!(delivered.is_err(), "{notice:?}");
    }
}

#[tokio::test]
async fn nothing_is_sent_before_the_operator_has_settings() {
    let mut mocks = ja().with_empty_ledger();
    mocks.documents = MockDocuments::new();
    mocks.documents.expect_operator().returning(|| Ok(None));
    fails_unsent(mocks, &received()).await;
}

#[tokio::test]
async fn an_invitation_makes_an_account_with_the_password_of_the_mail_and_of_nothing_else() {
    let (mut mocks, trace) = ja().delivering();
    mocks.chance.expect_id().return_const([7; 10]);
    let password = "0w3g-e1r7-0w3g-e1r7";
    mocks
        .accounts
        .expect_invite()
        .withf(move |user, email, first| {
            *user == user_id() && email == "jiro@example.jp" && first == password
        })
        .times(1)
        .returning(|_, _, _| Ok(()));
    deliver(&mocks.app(), &message_id(1), &invited(), now())
        .await
        .unwrap();
    let mail = &trace.mails()[0];
    assert_eq!(mail.to, "jiro@example.jp");
    assert!(mail.text.contains(password));
    let kept = format!("{:?}", trace.records());
    assert!(!kept.contains(password), "{kept}");
}

#[tokio::test]
async fn somebody_removed_meanwhile_is_not_invited() {
    let (mut mocks, trace) = Mocks::reading_user(Language::Ja, removed_user()).delivering();
    mocks.accounts.expect_invite().never();
    let delivered = deliver(&mocks.app(), &message_id(1), &invited(), now()).await;
    assert_eq!(delivered.unwrap(), Delivered::Overtaken);
    assert!(trace.mails().is_empty());
    let [line] = trace.records().try_into().unwrap();
    assert_eq!((line.to.as_str(), line.outcome.name()), ("", "not_sent"));
}

#[tokio::test]
async fn an_account_that_cannot_be_made_sends_no_password() {
    let mut mocks = ja().with_empty_ledger();
    mocks.chance.expect_id().return_const([7; 10]);
    mocks
        .accounts
        .expect_invite()
        .returning(|_, _, _| Err(no_mail()));
    fails_unsent(mocks, &invited()).await;
}

#[tokio::test]
async fn a_removal_closes_the_account_and_tells_the_person() {
    let (mut mocks, trace) = Mocks::reading_user(Language::Ja, removed_user()).delivering();
    mocks
        .accounts
        .expect_close()
        .withf(|user| *user == user_id())
        .times(1)
        .returning(|_| Ok(()));
    let delivered = deliver(&mocks.app(), &message_id(1), &user_removed(), now()).await;
    assert_eq!(delivered.unwrap(), Delivered::Sent);
    assert_eq!(trace.mails()[0].to, "jiro@example.jp");
}

#[tokio::test]
async fn an_account_that_cannot_be_closed_is_an_error() {
    let mut mocks = Mocks::reading_user(Language::Ja, removed_user()).with_empty_ledger();
    mocks.accounts.expect_close().returning(|_| Err(no_mail()));
    fails_unsent(mocks, &user_removed()).await;
}

#[tokio::test]
async fn art_21_a_code_is_in_its_mail_alone() {
    let person = moving_user(Language::Ja);
    let code = person.address_change.clone().unwrap().code;
    let (mocks, trace) = Mocks::reading_user(Language::Ja, person).delivering();
    let delivered = deliver(&mocks.app(), &message_id(1), &address_asked(), now()).await;
    assert_eq!(delivered.unwrap(), Delivered::Sent);
    assert!(trace.mails()[0].text.contains(&code));
    let kept = format!("{:?}", trace.records());
    assert!(!kept.contains(&code), "{kept}");
}

#[tokio::test]
async fn art_21_an_address_that_is_not_waited_for_any_more_gets_no_code() {
    let person = user(Language::Ja, Role::User);
    let (mocks, trace) = Mocks::reading_user(Language::Ja, person).delivering();
    let delivered = deliver(&mocks.app(), &message_id(1), &address_asked(), now()).await;
    assert_eq!(delivered.unwrap(), Delivered::Overtaken);
    assert!(trace.mails().is_empty());
}

#[tokio::test]
async fn art_21_the_account_moves_to_the_address_that_holds_before_the_former_one_is_told() {
    let mut person = user(Language::Ja, Role::User);
    person.email = "jiro.new@example.jp".into();
    let (mut mocks, trace) = Mocks::reading_user(Language::Ja, person.clone()).delivering();
    mocks
        .accounts
        .expect_readdress()
        .withf(|user, email| *user == user_id() && email == "jiro.new@example.jp")
        .times(1)
        .returning(|_, _| Ok(()));
    let delivered = deliver(&mocks.app(), &message_id(1), &address_changed(), now()).await;
    assert_eq!(delivered.unwrap(), Delivered::Sent);
    assert_eq!(trace.mails()[0].to, "jiro@example.jp");
    let mut mocks = Mocks::reading_user(Language::Ja, person).with_empty_ledger();
    mocks
        .accounts
        .expect_readdress()
        .returning(|_, _| Err(no_mail()));
    fails_unsent(mocks, &address_changed()).await;
}

#[tokio::test]
async fn art_21_somebody_removed_meanwhile_is_not_moved() {
    let (mut mocks, trace) = Mocks::reading_user(Language::Ja, removed_user()).delivering();
    mocks.accounts.expect_readdress().never();
    let delivered = deliver(&mocks.app(), &message_id(1), &address_changed(), now()).await;
    assert_eq!(delivered.unwrap(), Delivered::Overtaken);
    assert!(trace.mails().is_empty());
}
