//! The customer's account, invoices, payments and notices (6-1, 6-2, 13-2, 19, 24).

use super::support::*;
use ciero_domain::application::Channel;
use ciero_domain::contract::{Command, Measure, MeasureGround, Standing};
use ciero_domain::notice::{Failure, Notice, Outcome};
use jiff::civil::date;

async fn open(world: &World, path: &str) -> Answer {
    world.open(path, &world.customer(&administrator())).await
}

#[tokio::test]
async fn art_06_the_account_shows_what_is_open_and_when_it_is_due() {
    let world = World::new().lived(date(2026, 4, 2));
    open(&world, "/contract").await.shows(&[
        "未払いの合計",
        "39,600円",
        // 31 May 2026 is a Sunday.
        "2026年6月1日",
        r#"href="/invoices/1""#,
        "翌月末日払い",
    ]);
    open(&world, "/invoices")
        .await
        .shows(&[&world.invoices[0].name(), "未払い", "まだご入金"]);
    open(&World::new(), "/invoices")
        .await
        .shows(&["まだ請求書がありません"]);
}

#[tokio::test]
async fn art_06_an_invoice_is_open_then_overdue_then_paid() {
    let open_world = World::new().lived(date(2026, 6, 1));
    let page = open(&open_world, "/invoices").await;
    page.shows(&["未払い"]).hides(&["期日超過", "支払済み"]);
    let late = open_world.lived(date(2026, 6, 2));
    open(&late, "/invoices")
        .await
        .shows(&["期日超過", "支払期日を過ぎたご請求"]);
    let part = late.paid(10_000, date(2026, 6, 2));
    open(&part, "/invoices").await.shows(&[
        "期日超過",
        "29,600円",
        "FURIKOMI-2026-06-02",
        "10,000円",
    ]);
    let paid = part.paid(30_000, date(2026, 6, 2));
    let page = open(&paid, "/invoices").await;
    page.shows(&["支払済み", "お預かり", "400円"])
        .hides(&["期日超過", "支払期日を過ぎた"]);
}

#[tokio::test]
async fn art_06_an_invoice_names_all_that_a_qualified_invoice_names() {
    let world = World::new().lived(date(2026, 4, 2));
    let name = world.invoices[0].name();
    assert!(name.ends_with("-0001"), "{name}");
    open(&world, "/invoices/1").await.shows(&[
        "請求書",
        &name,
        "株式会社見本カメラ",
        "T9000000000000",
        "Mihon Shoten 様",
        "2026年4月1日",
        "2027年3月31日",
        "10%対象（税抜）",
        "36,000円",
        "3,600円",
        "39,600円",
        // Both due dates, as 31 May is a Sunday.
        "2026年5月31日",
        "2026年6月1日",
        "2027年3月1日",
        "料金表の版",
        "data-print",
    ]);
}

#[tokio::test]
async fn art_06_a_document_is_the_same_whenever_it_is_opened() {
    let document = |answer: &Answer| {
        let start = answer.body.find("<article").unwrap();
        answer.body[start..answer.body.find("</article>").unwrap()].to_owned()
    };
    let world = World::new().lived(date(2026, 4, 2));
    let first = document(&open(&world, "/invoices/1").await);
    let later = world
        .lived(date(2026, 6, 30))
        .paid(39_600, date(2026, 6, 30));
    let later = later.with(|w| {
        w.operator.as_mut().unwrap().company.ja = "改名".into();
        w.contract.customer.name = "改名".into();
    });
    assert_eq!(first, document(&open(&later, "/invoices/1").await));
}

#[tokio::test]
async fn art_06_a_number_that_is_none_or_unknown_is_not_found() {
    let world = World::new().lived(date(2026, 4, 2));
    let first = open(&world, "/invoices/2").await;
    assert_eq!(first.status, 404);
    for number in ["0", "-1", "+1", "x", "99999999999", "1.0"] {
        let answer = open(&world, &format!("/invoices/{number}")).await;
        assert_eq!(
            (answer.status, &answer.body),
            (404, &first.body),
            "{number}"
        );
    }
}

#[tokio::test]
async fn art_19_a_statement_of_interest_shows_its_formula() {
    let on = date(2026, 7, 2);
    let world = World::new().lived(date(2026, 6, 5)).paid(39_600, on);
    let world = world.asked(Command::BillInterest { of: 1 }, on);
    let formula = world.contract.account.debts[0].total;
    // 2 June to 1 July are 30 days.
    open(
        &world.with(|w| w.now = at("2026-07-03T00:00:00Z")),
        "/invoices/2",
    )
    .await
    .shows(&[
        "遅延利息の請求書",
        "39,600円 × 14.6% × 30日 ÷ 365日",
        &format!("{formula}円"),
        "不課税",
        "第19条",
    ])
    .hides(&["消費税 10%"]);
}

#[tokio::test]
async fn art_06_a_credit_note_names_the_invoice_and_the_reason() {
    let credit = Command::Credit {
        debt: 1,
        yen: ciero_domain::money::Yen(1_100),
        reason: "Goodwill".into(),
    };
    let world = World::new().lived(date(2026, 4, 2));
    let world = world.asked(credit, date(2026, 4, 3));
    open(&world, "/invoices/2").await.shows(&[
        "返還請求書",
        "Goodwill",
        "-1,100円",
        "-1,000円",
        "-100円",
        &world.invoices[0].name(),
    ]);
    open(&world, "/invoices")
        .await
        .shows(&["返還", "残り 38,500円"]);
}

#[tokio::test]
async fn art_06_while_suspended_every_page_that_helps_to_pay_stays_open() {
    let world = World::new().lived(date(2026, 6, 30));
    assert!(matches!(
        world.contract.standing,
        Standing::Suspended { .. }
    ));
    for path in [
        "/contract",
        "/contract/refusal",
        "/contract/cancellation",
        "/contract/explanation",
        "/invoices",
        "/invoices/1",
        "/notices",
    ] {
        assert_eq!(open(&world, path).await.status, 200, "{path}");
    }
    open(&world, "/contract").await.shows(&[
        "ご利用を停止しています",
        "第6条第2項",
        "39,600円",
        "翌月末日払い",
        r#"href="/invoices""#,
        "録画は続いており",
    ]);
}

#[tokio::test]
async fn art_13_a_measure_shows_whom_to_ask_and_that_the_debt_fell_due_early() {
    let measure = Measure {
        ground: MeasureGround::Breach,
        evidence: "secret evidence".into(),
        arose_on: date(2026, 4, 5),
    };
    let world = World::new().lived(date(2026, 4, 2));
    let world = world.asked(Command::Suspend(measure), date(2026, 4, 6));
    open(&world, "/contract")
        .await
        .shows(&["第13条第1項", "support@example.jp"])
        .hides(&["secret evidence"]);
    open(&world, "/invoices/1")
        .await
        .shows(&["第13条第2項", "2026年4月5日"]);
}

#[tokio::test]
async fn art_06_a_resellers_customer_is_sent_to_the_reseller() {
    let world = World::new().with(|w| w.contract.channel = Channel::Reseller("mihon".into()));
    for path in ["/contract", "/invoices"] {
        open(&world, path)
            .await
            .shows(&["販売店"])
            .hides(&["未払いの合計"]);
    }
}

#[tokio::test]
async fn art_24_the_ledger_tells_what_became_of_each_notice() {
    let id = contract().id;
    let demand = Notice::Demand {
        contract: id.clone(),
        number: 1,
    };
    let failed = Outcome::Failed {
        at: noon(),
        reason: Failure::BouncedForGood,
    };
    let lifted = Notice::SuspensionLifted { contract: id };
    let world = World::new().with(|w| {
        w.notices = vec![
            noticed(1, demand, failed),
            noticed(2, lifted.clone(), Outcome::Arrived { at: noon() }),
            noticed(3, lifted, Outcome::Sent),
        ];
    });
    open(&world, "/notices").await.shows(&[
        "お支払いの催告",
        r#"href="/invoices/1""#,
        "hanako@example.jp",
        "不達",
        "宛先で受け取れません",
        "到達",
        "送信済み",
        "次の対応",
        "別の方法でご連絡します",
    ]);
    let console = format!("/console/contracts/{}", world.contract.id);
    let support = world.staff(&["support"]);
    let answer = world.open(&console, &support).await;
    answer.shows(&["お知らせの記録", "不達", "電話や郵便など別の方法で伝える"]);
    assert!(!answer.body.contains(r#"href="/invoices/1""#));
    open(&World::new(), "/notices")
        .await
        .shows(&["まだお知らせがありません"]);
}
