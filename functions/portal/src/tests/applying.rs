//! The application form, the confirmation screen, and the applicant's page.

use super::support::*;
use ciero_domain::application::State;
use ciero_domain::ids::ApplicationId;
use ciero_domain::money::Yen;

fn place() -> String {
    format!("/applications/{}", draft().id)
}

async fn page_of(state: State) -> Answer {
    let world = World::new().with(|w| {
        let application = w.application.as_mut().unwrap();
        application.state = state;
        application.submitted_at = Some(noon());
    });
    world.open(&place(), "").await
}

#[tokio::test]
async fn the_form_offers_every_plan_and_asks_for_each_declaration() {
    let answer = World::new().open("/apply", "").await;
    answer.shows(&[
        r#"action="/applications""#,
        r#"name="csrf""#,
        r#"name="terms_version" value="2026-04-01""#,
        r#"<option value="30""#,
        "19,800円",
        r#"name="resident_in_japan""#,
        r#"name="no_transfer_regulation""#,
        r#"name="no_export_control""#,
        r#"name="not_antisocial""#,
        r#"name="consent""#,
        r#"<option value="47">沖縄県"#,
        "/terms/2026-04-01",
    ]);
    answer.hides(&[" checked"]);
}

#[tokio::test]
async fn a_draft_fills_the_form_in() {
    let answer = World::new()
        .open(&format!("/apply?draft={}", draft().id), "")
        .await;
    answer.shows(&[
        &format!(r#"name="draft" value="{}""#, draft().id),
        r#"value="7123456789012""#,
        r#"value="corporation" checked"#,
        r#"<option value="13" selected>"#,
        r#"<option value="30" selected>"#,
        r#"name="cameras" type="number" value="2""#,
        r#"name="consent" value="on" checked"#,
    ]);
}

#[tokio::test]
async fn consent_to_an_earlier_version_is_not_taken_over() {
    let world = World::new().with(|w| w.terms.push(terms("2026-05-01")));
    let answer = world
        .open(&format!("/apply?draft={}", draft().id), "")
        .await;
    answer.shows(&[r#"name="terms_version" value="2026-05-01""#]);
    answer.hides(&[r#"name="consent" value="on" checked"#]);
}

#[tokio::test]
async fn a_draft_that_is_not_there_is_not_found() {
    let other = ApplicationId::from_random([9; 10]);
    for draft in [other.as_str(), "nonsense", "../x"] {
        let answer = World::new().ask(&format!("/apply?draft={draft}"), "").await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "not_found".into()),
            "{draft}"
        );
    }
}

#[tokio::test]
async fn what_was_sent_cannot_be_changed_in_the_form() {
    let world = World::new().with(|w| w.application.as_mut().unwrap().state = State::Submitted);
    let answer = world
        .open(&format!("/apply?draft={}", draft().id), "")
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, place().as_str())
    );
}

#[tokio::test]
async fn the_confirmation_states_price_payment_dates_renewal_and_refund() {
    let answer = World::new().open(&place(), "").await;
    answer.shows(&[
        "2台",
        "18,000円",
        "36,000円",
        "3,600円",
        "39,600円",
        "翌月末日払い",
        "2026年6月1日",
        "2027年5月31日",
        "2027年5月1日",
        "自動で更新",
        "返金しません",
        "株式会社見本カメラ",
        "Mihon Shoten",
        "申し込みを確定する",
        &format!("/apply?draft={}", draft().id),
        &format!(
            r#"name="confirmation" value="{}""#,
            draft().confirmation.hash()
        ),
    ]);
}

#[tokio::test]
async fn a_confirmation_that_no_longer_holds_cannot_be_sent() {
    let dearer =
        World::new().with(|w| w.prices.as_mut().unwrap().plans[0].yearly_yen = Yen(20_000));
    let other_terms = World::new().with(|w| w.terms.push(terms("2026-05-01")));
    for world in [dearer, other_terms] {
        let answer = world.open(&place(), "").await;
        answer.shows(&["料金または利用規約が変わりました", "内容を変更する"]);
        answer.hides(&["申し込みを確定する（支払義務あり）</button>"]);
    }
}

#[tokio::test]
async fn an_applicant_sees_where_the_application_stands() {
    for state in [State::Submitted, State::Screening] {
        page_of(state)
            .await
            .shows(&["審査しています", "39,600円", "/withdrawal"]);
    }
    page_of(State::Approved)
        .await
        .shows(&["承認しました", "/withdrawal"]);
    page_of(State::Registered)
        .await
        .shows(&["契約が成立しました", "/sign-in"])
        .hides(&["/withdrawal"]);
    page_of(State::Withdrawn)
        .await
        .shows(&["取り下げられました"])
        .hides(&["/withdrawal"]);
}

#[tokio::test]
async fn a_refusal_is_one_constant_text_without_anything_of_the_application() {
    let main = |answer: &Answer| {
        let start = answer.body.find("<main").unwrap();
        answer.body[start..].to_owned()
    };
    let first = page_of(State::Declined).await;
    first.hides(&["Mihon Shoten", "39,600", "受付番号", "/withdrawal"]);
    let other = World::new().with(|w| {
        let application = w.application.as_mut().unwrap();
        application.state = State::Declined;
        application.form.particulars.name = "Someone else".into();
        application.decided_at = Some(noon());
    });
    assert_eq!(main(&first), main(&other.open(&place(), "").await));
}

#[tokio::test]
async fn an_unknown_application_and_an_unreadable_one_are_the_same() {
    let unknown = World::new()
        .open(
            &format!("/applications/{}", ApplicationId::from_random([9; 10])),
            "",
        )
        .await;
    let unreadable = World::new().open("/applications/nonsense", "").await;
    assert_eq!((unknown.status, unreadable.status), (404, 404));
    assert_eq!(unknown.body, unreadable.body);
}
