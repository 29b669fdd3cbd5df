//! Every mail as it goes out, in both languages.

use ciero_domain::Language;
use ciero_domain::documents::Operator;
use ciero_domain::interruption::Told;
use ciero_domain::notice::Notice;
use ciero_domain::reseller::ResellerAccount;
use ciero_domain::samples::{reseller, resold_fee};
use ciero_domain::user::Role;
use ciero_ports::MockDocuments;
use ciero_runtime::Moment;
use jiff::civil::date;

use super::life::scene;
use super::mocks::Mocks;
use super::samples::*;
use crate::letter::Letter;

async fn letter(mocks: Mocks, notice: &Notice) -> Letter {
    letter_at(mocks, notice, now()).await
}

async fn letter_at(mocks: Mocks, notice: &Notice, at: Moment) -> Letter {
    let app = mocks.with_accounts().app();
    let letter = crate::letter::write(&app, notice, at).await;
    letter.unwrap().unwrap()
}

fn page(letter: &Letter) -> String {
    let Letter {
        to, subject, text, ..
    } = letter;
    format!("To: {to}\nSubject: {subject}\n\n{text}")
}

#[tokio::test]
async fn every_text_in_both_languages() {
    for language in [Language::Ja, Language::En] {
        let recording = [
            recording_stopped(),
            recording_resumed(),
            recordings_deleted(),
        ];
        for notice in every_notice().into_iter().chain(recording) {
            let (life, at) = scene(&notice, language);
            let letter = letter_at(Mocks::living(&life), &notice, at).await;
            assert_eq!(letter.language, language);
            check_layout(&letter);
            let name = format!("{}.{}", notice.kind(), language.tag());
            insta::assert_snapshot!(name, page(&letter));
        }
    }
}

#[tokio::test]
async fn art_08_an_interruption_is_told_ahead_when_it_is_called_off_and_afterwards() {
    for language in [Language::Ja, Language::En] {
        for (one, told) in [
            (maintenance(), Told::Ahead),
            (maintenance(), Told::CalledOff),
            (accident(), Told::Afterwards),
        ] {
            let letter = letter(Mocks::reading(language), &interrupted(&one, told)).await;
            check_layout(&letter);
            let name = format!("interruption-{}.{}", told.name(), language.tag());
            insta::assert_snapshot!(name, page(&letter));
        }
    }
    let app = Mocks::reading(Language::Ja).app();
    let late = interrupted(&accident(), Told::Ahead);
    let letter = crate::letter::write(&app, &late, now()).await.unwrap();
    assert_eq!(letter, None, "what is over is not announced any more");
}

#[tokio::test]
async fn art_14_the_end_of_the_service_is_told_first_with_its_earliest_day_and_then_with_its_last()
{
    for language in [Language::Ja, Language::En] {
        let announced = Notice::ServiceEndAnnounced {
            contract: contract_id(),
        };
        let set = Notice::ServiceEndSet {
            contract: contract_id(),
        };
        for notice in [announced, set] {
            let letter = letter(Mocks::reading(language), &notice).await;
            check_layout(&letter);
            let name = format!("{}.{}", notice.kind(), language.tag());
            insta::assert_snapshot!(name, page(&letter));
        }
    }
}

#[tokio::test]
async fn art_21_a_new_address_gets_its_code_and_the_former_one_learns_of_the_change() {
    for language in [Language::Ja, Language::En] {
        for (notice, to) in [
            (address_asked(), "jiro.new@example.jp"),
            (address_changed(), "jiro@example.jp"),
        ] {
            let mocks = Mocks::reading_user(language, moving_user(language));
            let letter = letter(mocks, &notice).await;
            assert_eq!(letter.to, to);
            check_layout(&letter);
            let name = format!("{}.{}", notice.kind(), language.tag());
            insta::assert_snapshot!(name, page(&letter));
        }
    }
}

#[tokio::test]
async fn art_25_a_later_list_of_third_party_terms_is_told_and_the_agreed_one_stays() {
    for language in [Language::Ja, Language::En] {
        let notice = Notice::ThirdPartyTermsChanged {
            contract: contract_id(),
            list_version: 2,
        };
        let letter = letter(Mocks::reading(language), &notice).await;
        check_layout(&letter);
        let name = format!("{}.{}", notice.kind(), language.tag());
        insta::assert_snapshot!(name, page(&letter));
    }
}

#[tokio::test]
async fn art_23_a_version_that_takes_the_place_of_another_names_it() {
    for language in [Language::Ja, Language::En] {
        let mut mocks = Mocks::reading(language);
        mocks.documents = MockDocuments::new();
        let documents = &mut mocks.documents;
        documents
            .expect_operator()
            .returning(|| Ok(Some(operator())));
        documents.expect_terms().returning(|_| {
            let mut later = terms();
            later.version.supersedes = Some("2027-02-01".into());
            Ok(Some(later))
        });
        let notice = Notice::TermsPublished {
            terms_version: "2027-04-01".into(),
            contract: contract_id(),
        };
        let letter = letter(mocks, &notice).await;
        check_layout(&letter);
        assert!(letter.text.contains("2027-02-01"), "{}", letter.text);
    }
}

/// A reseller reads Japanese, and has no page to sign in to: its mail says all of its invoice.
#[tokio::test]
async fn art_06_a_reseller_is_sent_its_invoice_with_every_fee() {
    let fees = [1, 2].map(|n| resold_fee(n, date(2026, 4, 10), 18_000));
    let account = ResellerAccount::new("mihon").open_invoice(fees[0].on, date(2026, 5, 1));
    let account = account.unwrap().take(2).unwrap();
    let settings = Operator {
        resellers: vec![reseller()],
        registration_number: "T9000000000000".into(),
        ..operator()
    };
    let (_, invoice) = account.close(&fees, &reseller(), &settings).unwrap();
    let mut mocks = Mocks::reading(Language::Ja);
    mocks.documents = MockDocuments::new();
    let documents = &mut mocks.documents;
    documents
        .expect_operator()
        .returning(move || Ok(Some(settings.clone())));
    let resellers = &mut mocks.resellers;
    resellers
        .expect_reseller_invoice()
        .returning(move |_, number| Ok((number == 1).then(|| invoice.clone())));
    resellers
        .expect_billed()
        .returning(move |_, _| Ok(fees.to_vec()));
    let app = mocks.app();
    let notice = |reseller: &str, number| Notice::ResellerInvoiceIssued {
        reseller: reseller.into(),
        number,
    };
    let letter = crate::letter::write(&app, &notice("mihon", 1), now()).await;
    let letter = letter.unwrap().unwrap();
    check_layout(&letter);
    insta::assert_snapshot!("reseller_invoice_issued.ja", page(&letter));
    for unknown in [notice("mihon", 2), notice("other", 1)] {
        let error = crate::letter::write(&app, &unknown, now())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("reseller"), "{error}");
    }
}

/// Nothing is left unfilled, and no paragraph is empty.
fn check_layout(letter: &Letter) {
    let text = &letter.text;
    assert!(!text.contains(['{', '}']), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    assert!(
        !letter.subject.contains(['{', '}', '\n']),
        "{}",
        letter.subject
    );
}

#[test]
fn the_rules_ask_for_each_notice_about_a_contract_s_life() {
    for notice in every_notice().into_iter().skip(7) {
        let (life, _) = scene(&notice, Language::Ja);
        assert!(
            life.notices.contains(&notice),
            "{notice:?} in {:?}",
            life.notices
        );
    }
}

#[tokio::test]
async fn an_administrator_is_invited_as_one() {
    for (language, word) in [
        (Language::Ja, "担当者として"),
        (Language::En, "administrator"),
    ] {
        let administrator = user(language, Role::Administrator);
        let mocks = Mocks::reading_user(language, administrator);
        let letter = letter(mocks, &invited()).await;
        assert!(letter.text.contains(word), "{}", letter.text);
    }
}

#[tokio::test]
async fn dates_read_as_people_write_them() {
    let notice = Notice::RegistrationCompleted {
        contract: contract_id(),
    };
    let ja = letter(Mocks::reading(Language::Ja), &notice).await.text;
    for date in ["2026年6月1日", "2027年5月31日", "2027年5月1日"] {
        assert!(ja.contains(date), "{date} is missing in\n{ja}");
    }
    let en = letter(Mocks::reading(Language::En), &notice).await.text;
    for date in ["1 June 2026", "31 May 2027", "1 May 2027"] {
        assert!(en.contains(date), "{date} is missing in\n{en}");
    }
}

/// 3-4, D-03: from outside, a refusal looks like any other outcome and gives no reason.
mod art_03 {
    use super::*;

    async fn approved(language: Language) -> Letter {
        let application = application_id();
        let notice = Notice::ApplicationApproved { application };
        letter(Mocks::reading(language), &notice).await
    }

    async fn declined(language: Language) -> Letter {
        let application = application_id();
        let notice = Notice::ApplicationDeclined { application };
        letter(Mocks::reading(language), &notice).await
    }

    #[tokio::test]
    async fn a_refusal_is_the_same_bytes_every_time_and_under_the_same_subject_as_an_approval() {
        for language in [Language::Ja, Language::En] {
            let refusal = declined(language).await;
            assert_eq!(refusal, declined(language).await);
            let approval = approved(language).await;
            assert_eq!(refusal.subject, approval.subject);
            assert_eq!(refusal.to, approval.to);
        }
    }

    #[tokio::test]
    async fn a_refusal_is_of_the_size_of_an_approval() {
        for language in [Language::Ja, Language::En] {
            let refusal = declined(language).await.text.len();
            let approval = approved(language).await.text.len();
            assert!(refusal.abs_diff(approval) * 10 < approval);
        }
    }

    #[tokio::test]
    async fn a_refusal_names_no_ground() {
        use ciero_domain::screening::Ground;
        for language in [Language::Ja, Language::En] {
            let text = declined(language).await.text;
            for ground in Ground::ALL {
                assert!(!text.contains(ground.sentence(language)));
                assert!(!text.contains(ground.code()));
            }
        }
    }
}
