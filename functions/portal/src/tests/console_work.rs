//! What waits for a person: cases, findings of the audit and stuck work.

use super::console_life::busy;
use super::support::*;
use ciero_domain::application::Channel;
use ciero_domain::particulars::{Customer, Purpose};
use jiff::civil::date;

async fn check(path: &str, shown: &[&str]) {
    let world = busy();
    for group in ["billing", "contracts", "support"] {
        let answer = world.open(path, &world.staff(&[group])).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.shows(shown);
    }
    for groups in [vec!["screener"], vec!["legal"], vec![]] {
        let answer = world.ask(path, &world.staff(&groups)).await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn open_cases_are_shown_with_the_form_that_closes_them() {
    let closing = "action=\"/console/cases/m-";
    check(
        "/console/cases",
        &["demand/0001", "催告が届きませんでした", closing],
    )
    .await;
}

#[tokio::test]
async fn the_findings_of_the_audit_are_shown() {
    check("/console/audit", &["番号の欠落", "0002", "2026年6月1日"]).await;
    let world = World::new();
    let answer = world
        .open("/console/audit", &world.staff(&["support"]))
        .await;
    answer.shows(&["照合はまだ行われていません。"]);
}

#[tokio::test]
async fn stuck_work_is_shown_with_its_reason_and_a_part_of_its_message() {
    let redrive = "action=\"/console/stuck/6f1c/redrive\"";
    check(
        "/console/stuck",
        &["there is no contract", "&lt;x&gt;", "…", redrive],
    )
    .await;
}

#[tokio::test]
async fn art_06_resellers_are_shown_with_their_invoices_and_what_is_not_billed_yet() {
    let world = busy();
    let invoice = "/console/resellers/mihon/invoices/1";
    let open = async |path: &str| world.open(path, &world.staff(&["billing"])).await;
    open("/console/resellers").await.shows(&[
        "Mihon Hanbai",
        "mihon-0001",
        invoice,
        "39,600円",
        "1件 12,000円",
        "残り 30,000円",
        "bank-9",
        "請求書 0001: 9,600円",
        "action=\"/console/resellers/mihon/receipts\"",
    ]);
    open(invoice).await.shows(&[
        "Mihon Hanbai 様",
        "T9000000000000",
        "Mihon Shoten",
        "10%対象（税抜）",
        "36,000円",
        "3,600円",
        "2026年5月1日",
        "2026年6月30日",
        "data-print",
    ]);
    let none = World::new();
    let page = none
        .open("/console/resellers", &none.staff(&["billing"]))
        .await;
    page.shows(&["販売店の設定がありません"]);
}

#[tokio::test]
async fn art_06_only_billing_sees_resellers_and_only_invoices_that_exist() {
    let world = busy();
    let paths = ["", "/mihon/invoices/1"].map(|path| format!("/console/resellers{path}"));
    for path in paths {
        for groups in [
            &["legal"][..],
            &["screener"],
            &["support"],
            &["contracts"],
            &[],
        ] {
            let answer = world.ask(&path, &world.staff(groups)).await;
            assert_eq!(answer.code(), "not_found", "{path}");
        }
    }
    for path in [
        "mihon/invoices/2",
        "other/invoices/1",
        "mihon/invoices/x",
        "mihon/invoices/-1",
    ] {
        let path = format!("/console/resellers/{path}");
        let answer = world.ask(&path, &world.staff(&["billing"])).await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn art_16_the_legal_desk_sees_the_cap_and_nobody_else_the_page() {
    let world = busy();
    let path = "/console/liability";
    let legal = world.staff(&["legal"]);
    world.open(path, &legal).await.shows(&["事象の日"]);
    let asked = |event: &str| format!("{path}?contract={}&event={event}", world.contract.id);
    world.open(&asked("2026-06-01"), &legal).await.shows(&[
        "限度額",
        "支払い済みの合計",
        "0円",
        "解釈 D-20 v1",
        "data-print",
    ]);
    let early = world.open(&asked("2020-01-01"), &legal).await;
    early.shows(&["該当する契約期間がありません"]);
    for event in ["2026-02-30", "", "2026-06-01T00:00:00Z"] {
        let answer = world.ask(&asked(event), &legal).await;
        assert_eq!(answer.status, 422, "{event}");
        assert!(answer.body.contains("\"code\":\"date\""), "{}", answer.body);
    }
    for groups in [
        &["billing"][..],
        &["contracts"],
        &["support"],
        &["screener"],
    ] {
        let answer = world.ask(&asked("2026-06-01"), &world.staff(groups)).await;
        assert_eq!(answer.code(), "not_found");
    }
    let other = format!("{path}?contract=c-zzzzzzzzzzzzzzzz&event=2026-06-01");
    assert_eq!(world.ask(&other, &legal).await.code(), "not_found");
}

/// Opens the page of the cap for what happened on 1 June 2026.
async fn cap(world: &World) -> Answer {
    let id = &world.contract.id;
    let path = format!("/console/liability?contract={id}&event=2026-06-01");
    world.open(&path, &world.staff(&["legal"])).await
}

#[tokio::test]
async fn art_16_the_cap_is_printed_with_each_terms_receipts_its_formula_and_what_is_outside_of_it()
{
    let world = World::new().lived(date(2026, 4, 2));
    let world = world.paid(10_000, date(2026, 4, 10));
    let world = world.paid(5_600, date(2026, 4, 20));
    let invoice = format!("{}-0001", world.contract.id);
    let page = cap(&world).await;
    page.shows(&[
        "2026年4月1日</time> – <time datetime=\"2027-03-31\">2027年3月31日",
        &invoice,
        "15,600円",
        "限度額 = 支払い済みの合計 = <strong>15,600円</strong>",
        "遅延利息と機器の代金は含みません",
        "根拠: 第16条第3項、解釈 D-20 v1",
    ]);
    page.hides(&["販売店を通じた契約です", "消費者契約法"]);
    // The next payment is in it at once; what is open is not.
    let world = world.paid(24_000, date(2026, 4, 30));
    cap(&world).await.shows(&["= <strong>39,600円</strong>"]);
}

#[tokio::test]
async fn art_16_a_resold_contract_and_an_individual_are_flagged_beside_the_figure() {
    let world = World::new().with(|world| {
        world.contract.channel = Channel::Reseller("mihon".into());
        world.contract.customer.customer = Customer::Individual {
            purpose: Purpose::Business,
        };
    });
    cap(&world).await.shows(&[
        "販売店を通じた契約です。当社への支払いはなく、限度額は0円と計算されます。個別に判断してください。",
        "消費者契約法第8条",
        "= <strong>0円</strong>",
    ]);
}
