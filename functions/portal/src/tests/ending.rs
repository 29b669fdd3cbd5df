//! The pages on which a customer refuses a renewal or cancels (Art. 11, 15-1).

use super::support::*;
use ciero_domain::contract::{Cancellation, Command, Standing};
use jiff::civil::date;

async fn open(world: &World, path: &str) -> Answer {
    world.open(path, &world.customer(&administrator())).await
}

fn refusal(receipt: &str) -> Command {
    Command::RefuseRenewal {
        order: 1,
        receipt: receipt.into(),
        paper: None,
    }
}

fn cancellation() -> Command {
    Command::Cancel(Cancellation {
        on: date(2026, 9, 30),
        receipt: "C-2222222222222222".into(),
        received_on: None,
    })
}

#[tokio::test]
async fn art_11_the_form_of_a_refusal_says_what_it_means() {
    open(&World::new(), "/contract/refusal?order=1")
        .await
        .shows(&[
            r#"action="/contract/refusal" data-enhance"#,
            r#"name="order" value="1""#,
            "2027年3月31日",
            "更新はありません",
            "返金はありません",
            // 30 days are kept after the day that follows the end.
            "2027年5月1日",
            "受付番号",
        ]);
}

#[tokio::test]
async fn art_11_the_form_is_there_to_24_00_of_the_last_day_and_then_leads_to_the_cancellation() {
    let last = World::new().with(|w| w.now = at("2027-03-01T14:59:59Z"));
    open(&last, "/contract/refusal")
        .await
        .shows(&[r#"name="order" value="1""#]);
    let late = World::new().with(|w| w.now = at("2027-03-01T15:00:00Z"));
    open(&late, "/contract/refusal")
        .await
        .shows(&["期限を過ぎています", r#"href="/contract/cancellation""#])
        .hides(&[r#"name="order""#]);
    open(&late, "/contract")
        .await
        .shows(&["今期の更新拒絶の受付は終了しました"])
        .hides(&["/contract/refusal"]);
}

#[tokio::test]
async fn art_11_a_refused_renewal_shows_its_receipt_instead_of_a_form() {
    let world = World::new().asked(refusal("R-1111111111111111"), date(2026, 6, 1));
    for path in ["/contract", "/contract/refusal"] {
        open(&world, path)
            .await
            .shows(&["R-1111111111111111", "2027年3月31日"])
            .hides(&[r#"name="order""#, "更新しない（"]);
    }
}

#[tokio::test]
async fn art_24_only_a_receipt_that_the_contract_knows_is_confirmed() {
    let world = World::new().asked(refusal("R-1111111111111111"), date(2026, 6, 1));
    let text = "お手続きを受け付けました";
    let answer = open(&world, "/contract?receipt=R-1111111111111111").await;
    answer.shows(&[text]);
    let answer = open(&world, "/contract?receipt=R-9999999999999999").await;
    answer.hides(&[text]);
    let world = World::new().asked(cancellation(), date(2026, 6, 1));
    let answer = open(&world, "/contract?receipt=C-2222222222222222").await;
    answer.shows(&[text]);
}

#[tokio::test]
async fn art_11_the_order_that_is_asked_about_must_be_one() {
    let world = World::new();
    assert_eq!(open(&world, "/contract/refusal?order=2").await.status, 404);
    let cookie = world.customer(&administrator());
    let answer = world.ask("/contract/refusal?order=x", &cookie).await;
    assert_eq!(
        (answer.status, answer.code()),
        (422, "invalid_fields".into())
    );
}

#[tokio::test]
async fn art_11_the_next_price_is_shown_once_it_is_pinned() {
    open(&World::new(), "/contract")
        .await
        .shows(&["2026年12月31日", "その時点の料金表で確定します"]);
    let world = World::new().lived(date(2027, 1, 5));
    open(&world, "/contract").await.shows(&[
        "次期の1年間の料金（税込）",
        "2026年12月31日",
        "引き上げません",
    ]);
}

#[tokio::test]
async fn art_15_the_confirmation_names_the_days_left_the_refund_and_the_day_the_data_go() {
    open(&World::new(), "/contract/cancellation").await.shows(&[
        r#"type="date" value="2027-03-31" min="2026-06-01" max="2027-03-31""#,
        r#"name="on" value="2027-03-31""#,
        "304日",
        "2027年5月1日",
    ]);
    let answer = open(&World::new(), "/contract/cancellation?on=2026-09-30").await;
    answer.shows(&[
        r#"action="/contract/cancellation" data-enhance"#,
        r#"name="on" value="2026-09-30""#,
        r#"name="confirm""#,
        "122日",
        "ありません",
        "182日",
        "未払いの料金",
        "2026年10月31日",
    ]);
}

#[tokio::test]
async fn art_15_a_day_in_the_past_after_the_expiry_or_none_has_no_form() {
    let world = World::new();
    for (day, sentence) in [
        ("2026-05-31", "今日以降"),
        ("2027-04-01", "満了日までの日付"),
    ] {
        open(&world, &format!("/contract/cancellation?on={day}"))
            .await
            .shows(&[sentence])
            .hides(&[r#"name="confirm""#]);
    }
    let cookie = world.customer(&administrator());
    for day in ["2026-02-30", "x", "2026-06-01T00:00:00"] {
        let path = format!("/contract/cancellation?on={day}");
        let answer = world.ask(&path, &cookie).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "invalid_fields".into())
        );
    }
}

#[tokio::test]
async fn art_15_a_cancelled_contract_shows_its_end_and_no_form() {
    let world = World::new().asked(cancellation(), date(2026, 6, 1));
    for path in ["/contract", "/contract/cancellation", "/contract/refusal"] {
        open(&world, path)
            .await
            .shows(&["C-2222222222222222", "2026年9月30日", "2026年10月31日"])
            .hides(&[r#"name="confirm""#, r#"name="order""#, "更新しない（"]);
    }
    let ended = world.lived(date(2026, 10, 2));
    assert!(matches!(ended.contract.standing, Standing::Ended { .. }));
    for path in ["/contract", "/contract/cancellation", "/contract/refusal"] {
        open(&ended, path)
            .await
            .shows(&["契約は終了しています", "2026年10月31日"])
            .hides(&[r#"name="confirm""#, r#"name="order""#]);
    }
}
