//! Payments of resellers (6-2).

use ciero_domain::money::Yen;
use ciero_domain::samples::{reseller, resold_fee};
use jiff::civil::date;

use super::*;

const PATH: &str = "/console/resellers/mihon/receipts";

/// A reseller that was billed 39,600 yen for April.
fn billed() -> Known {
    let account = ResellerAccount::new("mihon");
    let fees = [resold_fee(1, date(2026, 4, 10), 36_000)];
    let account = account.open_invoice(fees[0].on, date(2026, 5, 1)).unwrap();
    let account = account.take(1).unwrap();
    let closed = account.close(&fees, &reseller(), &facts().operator);
    Known {
        account: Some(closed.unwrap().0),
        ..Known::default()
    }
}

fn body(yen: &str) -> Value {
    json!({"reference": "2026-0002", "received_on": "2026-05-29", "yen": yen})
}

async fn check(known: Known, path: &str, body: Value) -> Came {
    post(known, &operator("tanaka", &["billing"]), path, body).await
}

#[tokio::test]
async fn art_06_a_resellers_payment_is_set_against_its_invoice_and_the_rest_is_kept() {
    let sample = sample(include_str!(
        "../../../../events/operations/reseller-receipt.json"
    ));
    let came = check(billed(), PATH, sample).await;
    assert_eq!(came.status, 200);
    assert_eq!(came.body["paid"], json!([{"invoice": 1, "yen": 39_600}]));
    assert_eq!(came.body["credit"], 10_400);
    let [
        Write::ResellerAccount(account),
        Write::ResellerReceipt(receipt),
    ] = came.writes()
    else {
        panic!("{:?}", came.committed);
    };
    assert_eq!((account.debts.len(), account.credit), (0, Yen(10_400)));
    assert_eq!(receipt.recorded_by, "operator:tanaka");
}

#[tokio::test]
async fn art_06_a_resellers_payment_is_recorded_once() {
    let known = Known {
        references: vec!["2026-0002".into()],
        ..billed()
    };
    check(known, PATH, body("1"))
        .await
        .is_refused(409, "receipt_recorded");
}

#[tokio::test]
async fn what_is_no_payment_is_refused() {
    for (yen, status, code) in [
        ("-1", 422, "amount_not_positive"),
        ("much", 422, "amount"),
        ("", 422, "required"),
    ] {
        check(billed(), PATH, body(yen))
            .await
            .is_refused(status, code);
    }
    let mut tomorrow = body("1");
    tomorrow["received_on"] = json!("2026-06-02");
    check(billed(), PATH, tomorrow)
        .await
        .is_refused(409, "received_in_the_future");
}

#[tokio::test]
async fn a_reseller_that_was_never_billed_is_not_found_nor_is_any_to_other_groups() {
    let other = "/console/resellers/other/receipts";
    check(billed(), other, body("1"))
        .await
        .is_refused(404, "not_found");
    let session = operator("sato", &["contracts", "support", "legal", "screener"]);
    let came = post(billed(), &session, PATH, body("1")).await;
    came.is_refused(404, "not_found");
}
