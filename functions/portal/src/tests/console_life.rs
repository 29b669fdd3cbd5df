//! A contract's life on the console: orders, account, measures, arrears and the explanation.

use super::support::*;
use ciero_domain::contract::{
    Case, CaseKind, Command, Contract, Entry, Finding, FindingKind, Measure, MeasureGround,
    NewReceipt, PaperNotice, Receipt, evolve, perform,
};
use ciero_domain::documents::Reseller;
use ciero_domain::ids::MessageId;
use ciero_domain::money::Yen;
use ciero_domain::reseller::{ResellerAccount, ResoldFee};
use ciero_domain::samples::{reseller, resold_fee};
use ciero_ports::{AuditReport, Parked};
use http::Request;
use jiff::civil::date;

/// A contract with its history.
struct Life {
    contract: Contract,
    history: Vec<Entry>,
}

impl Life {
    /// A contract since 1 March 2026, its first invoice unpaid since 30 April.
    fn new() -> Self {
        let (formed, entry) = ciero_domain::samples::contract(date(2026, 3, 1));
        let mut life = Life {
            contract: formed,
            history: vec![entry],
        };
        let first = life.contract.owed().into_iter().min().unwrap();
        let at = life.contract.formed_at;
        let entry = perform(&life.contract, &first, &facts(), at).unwrap();
        life.follow(entry);
        life
    }

    fn follow(&mut self, entry: Entry) {
        self.contract = evolve(Some(&self.contract), &entry).unwrap();
        self.history.push(entry);
    }

    fn then(mut self, command: Command, by: &str) -> Self {
        let entry = self.contract.decide(command, by, &facts(), noon());
        self.follow(entry.unwrap());
        self
    }

    fn world(self) -> World {
        World::new().with(|world| {
            world.contract = Contract {
                customer: contract().customer,
                ..self.contract
            };
            world.history = self.history;
        })
    }
}

fn facts() -> ciero_domain::contract::Facts {
    ciero_domain::contract::Facts {
        operator: operator(),
        prices: vec![prices()],
        terms: vec![terms("2026-04-01").version],
    }
}

fn demanded() -> Command {
    Command::DemandSent {
        debt: 1,
        sent_on: date(2026, 5, 8),
        channel: "certified".into(),
    }
}

fn proposed() -> Command {
    Command::ProposeRescission(Measure {
        ground: MeasureGround::Breach,
        evidence: "case 17 <b>".into(),
        arose_on: date(2026, 5, 20),
    })
}

fn paid_in_full() -> Command {
    Command::RecordReceipt(NewReceipt {
        reference: "bank-1".into(),
        received_on: date(2026, 5, 29),
        yen: Life::new().contract.account.open_yen(),
    })
}

/// Bills a reseller for April, with one more fee in May.
fn resell(world: &mut World) {
    let operator = world.operator.as_mut().unwrap();
    let reseller = Reseller {
        name: "Mihon Hanbai".into(),
        address: "Tokyo".into(),
        ..reseller()
    };
    operator.resellers = vec![reseller.clone()];
    let resold_fee = |n, on, net| ResoldFee {
        customer: "Mihon Shoten".into(),
        ..resold_fee(n, on, net)
    };
    let fees = [1, 2].map(|n| resold_fee(n, date(2026, 4, 10), 18_000));
    let account = ResellerAccount::new("mihon").open_invoice(fees[0].on, date(2026, 5, 1));
    let account = account.unwrap().take(2).unwrap();
    let (account, invoice) = account.close(&fees, &reseller, operator).unwrap();
    let payment = NewReceipt {
        reference: "bank-9".into(),
        received_on: date(2026, 5, 29),
        yen: Yen(9_600),
    };
    let (account, receipt) = account.receive(payment, "operator:b", noon()).unwrap();
    world.back.reseller_account = Some(account);
    world.back.reseller_receipts = vec![receipt];
    world.back.resold = Some((invoice, fees.to_vec()));
    world.back.waiting = vec![resold_fee(3, date(2026, 5, 20), 12_000)];
}

/// A world in which something waits on every page of the console.
pub fn busy() -> World {
    let refusal = Command::RefuseRenewal {
        order: 1,
        receipt: "R-1".into(),
        paper: Some(PaperNotice {
            received_on: date(2026, 5, 29),
            channel: "post".into(),
        }),
    };
    let life = Life::new().then(demanded(), "operator:tanaka");
    let life = life.then(refusal, "operator:suzuki");
    let life = life.then(proposed(), "operator:sato");
    life.world().with(|world| {
        let contract = world.contract.id.clone();
        world.receipts = vec![Receipt {
            reference: "bank-0".into(),
            received_on: date(2026, 5, 1),
            yen: Yen(500),
            allocations: Vec::new(),
            credit: Yen(500),
        }];
        world.back.cases = vec![Case {
            id: MessageId::from_random([8; 10]),
            version: 1,
            kind: CaseKind::DemandFailed,
            contract: contract.clone(),
            opened_at: noon(),
            about: "demand/0001".into(),
            closed: None,
        }];
        world.back.report = AuditReport {
            at: Some(noon()),
            contracts: 1,
            missing: 1,
            doubled: 0,
            findings: vec![(
                contract,
                Finding {
                    kind: FindingKind::NumberGap,
                    about: "0002".into(),
                },
            )],
        };
        world.back.watch = super::recording::report(&world.contract.id);
        resell(world);
        world.back.parked = vec![Parked {
            id: "6f1c".into(),
            queue: "invoice".into(),
            body: "<x>".repeat(400),
            reason: "there is no contract".into(),
            tries: 0,
            parked_at: noon(),
        }];
    })
}

async fn open(world: &World, groups: &[&str]) -> Answer {
    let path = format!("/console/contracts/{}", world.contract.id);
    world.open(&path, &world.staff(groups)).await
}

#[tokio::test]
async fn each_group_sees_the_forms_that_it_may_post() {
    let world = busy();
    let action = |command: &str| {
        let id = &world.contract.id;
        format!("action=\"/console/contracts/{id}/{command}\"")
    };
    let (orders, receipts) = (action("orders"), action("receipts"));
    let approval = action("rescission/approval");
    let answer = open(&world, &["contracts"]).await;
    answer.shows(&[&orders, &approval]).hides(&[&receipts]);
    let answer = open(&world, &["billing"]).await;
    answer.shows(&[&receipts]).hides(&[&orders, &approval]);
    let answer = open(&world, &["support"]).await;
    answer.hides(&[&orders, &receipts, &approval, "case 17"]);
}

#[tokio::test]
async fn debts_payments_and_the_demand_are_shown() {
    let answer = open(&busy(), &["billing"]).await;
    answer.shows(&[
        "-0001",
        "2026年4月30日",
        "certified",
        "2026年5月22日",
        "bank-0",
        "R-1",
    ]);
}

#[tokio::test]
async fn drafted_interest_is_shown_with_its_steps_and_both_ways_to_decide() {
    let world = Life::new().then(paid_in_full(), "operator:tanaka").world();
    let answer = open(&world, &["billing"]).await;
    answer.shows(&["14.6%", "value=\"bill\"", "value=\"waive\"", "28日"]);
}

#[tokio::test]
async fn whoever_proposed_a_rescission_cannot_agree_to_it() {
    let other = open(&busy(), &["contracts"]).await;
    other.shows(&["case 17 &lt;b&gt;", "rescission/approval", "sato"]);
    // The operator of these tests is suzuki.
    let own = Life::new().then(proposed(), "operator:suzuki").world();
    let answer = open(&own, &["contracts"]).await;
    answer
        .hides(&["rescission/approval"])
        .shows(&["rescission/withdrawal"]);
}

#[tokio::test]
async fn a_customer_sees_nothing_of_a_proposal() {
    let world = busy().with(|world| {
        let contract = world.contract.id.clone();
        world
            .users
            .iter_mut()
            .for_each(|user| user.contract = contract.clone());
    });
    let person = world.users[0].clone();
    let answer = world.open("/contract", &world.customer(&person)).await;
    assert_eq!(answer.status, 200);
    answer.hides(&["case 17", "提案", "13-1"]);
}

#[tokio::test]
async fn arrears_tell_the_days_and_the_interest_if_paid_today() {
    let world = busy();
    let path = "/console/arrears";
    for group in ["billing", "contracts"] {
        let answer = world.open(path, &world.staff(&[group])).await;
        // Due on 30 April, today 1 June: 32 days late, 31 of which bear interest.
        answer.shows(&["32日", "-0001", "certified"]);
    }
    let answer = world.ask(path, &world.staff(&["support"])).await;
    assert_eq!(answer.code(), "not_found");
}

#[tokio::test]
async fn a_debt_is_in_arrears_from_the_day_after_its_due_date() {
    let path = "/console/arrears";
    let on = |day| World::new().lived(day);
    // The world's first invoice, on the last day that it may be paid and on the day after.
    let invoiced = on(date(2026, 6, 1));
    let due_on = invoiced.contract.account.debts[0].due_on();
    let none = "支払期日を過ぎた請求はありません";
    let world = on(due_on);
    world
        .open(path, &world.staff(&["billing"]))
        .await
        .shows(&[none]);
    let world = on(ciero_domain::calendar::days(due_on, 1));
    let answer = world.open(path, &world.staff(&["billing"])).await;
    answer.shows(&["催告予定", "-0001"]);
    assert!(!answer.body.contains(none));
}

#[tokio::test]
async fn interest_that_waits_for_a_decision_is_in_the_list_of_arrears() {
    let world = World::new().lived(date(2026, 6, 1));
    let due_on = world.contract.account.debts[0].due_on();
    let yen = world.contract.account.open_yen().0;
    let late = ciero_domain::calendar::days(due_on, 60);
    let world = World::new().lived(late).paid(yen, late);
    let answer = world
        .open("/console/arrears", &world.staff(&["billing"]))
        .await;
    answer.shows(&[
        "支払期日を過ぎた請求はありません",
        "確認待ちの遅延利息",
        "-0001",
    ]);
}

#[tokio::test]
async fn the_explanation_is_a_page_or_a_document() {
    let world = busy();
    let path = format!("/console/contracts/{}/explanation", world.contract.id);
    let staff = world.staff(&["support"]);
    let page = world.open(&path, &staff).await;
    page.shows(&["D-11 v1", "解除が提案されました。", "予定"]);
    let request = Request::get(format!("{path}?as_of=2026-06-01&if=pay@2026-06-02"))
        .header("accept", "application/json")
        .header("cookie", &staff);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let document: serde_json::Value =
        serde_json::from_str(&world.send(request).await.body).unwrap();
    assert_eq!(document["as_of"], "2026-06-01");
    let lines = document["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["status"] == "assumed"));
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused() {
    let world = busy();
    let path = format!("/console/contracts/{}/explanation", world.contract.id);
    let staff = world.staff(&["support"]);
    for query in [
        "as_of=2026-02-30",
        "if=refuse",
        "if=forget@2026-06-02",
        "if=pay@soon",
    ] {
        let answer = world.ask(&format!("{path}?{query}"), &staff).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "invalid_fields"),
            "{query}"
        );
    }
    let other = world.ask(&path, &world.staff(&["screener"])).await;
    assert_eq!(other.code(), "not_found");
}
