//! What a run finds, with mocked records.
#![allow(clippy::unwrap_used)]

mod parts;
mod world;

use ciero_domain::application::Channel;
use ciero_domain::contract::FindingKind;
use ciero_domain::samples::{reseller, resold_fee};
use ciero_ports::AuditReport;
use jiff::civil::date;
use serde_json::json;

use world::*;

const SECOND: &str = "2026-04-02T03:00:00+09:00";

#[tokio::test]
async fn an_effect_whose_day_has_passed_is_reported_missing() {
    let world = World {
        effects: &[],
        ..World::default()
    };
    let (answer, report) = audit(world, SECOND).await;
    assert_eq!(answer, json!({"contracts": 1, "missing": 1, "doubled": 0}));
    assert_eq!(report.findings[0].1.kind, FindingKind::MissingEffect);
    assert_eq!(report.findings[0].1.about, "invoice/01/0001");
    assert!(report.at.is_some());
}

#[tokio::test]
async fn a_contract_with_all_its_effects_has_no_finding() {
    let (answer, report) = audit(World::default(), SECOND).await;
    assert_eq!(answer, json!({"contracts": 1, "missing": 0, "doubled": 0}));
    assert!(report.findings.is_empty());
}

#[tokio::test]
async fn an_effect_that_nothing_explains_and_work_in_no_list_are_reported() {
    let world = World {
        effects: &["invoice/01/0001", "invoice/01/0007"],
        held: false,
        ..World::default()
    };
    let (answer, report) = audit(world, SECOND).await;
    assert_eq!(answer, json!({"contracts": 1, "missing": 2, "doubled": 1}));
    let kinds: Vec<FindingKind> = report.findings.iter().map(|(_, f)| f.kind).collect();
    assert!(kinds.contains(&FindingKind::MissingTask));
}

#[tokio::test]
async fn overdue_work_in_no_list_is_reported_once_it_cannot_be_on_its_way() {
    let lost = |report: &AuditReport| {
        let tasks = report.findings.iter().filter(|(_, finding)| {
            finding.kind == FindingKind::MissingTask && finding.about == "invoice/01/0001"
        });
        tasks.count()
    };
    let world = World {
        held: false,
        ..World::default()
    };
    let (_, report) = audit(world.clone(), SECOND).await;
    assert_eq!(lost(&report), 0, "yesterday's work may be under way");
    let (_, report) = audit(world, "2026-04-03T03:00:00+09:00").await;
    assert_eq!(lost(&report), 1);
}

mod art_06 {
    use super::*;

    const JUNE: &str = "2026-06-15T03:00:00+09:00";

    async fn kinds(world: World) -> Vec<FindingKind> {
        let (_, report) = audit(world, JUNE).await;
        let kinds = report.findings.iter().map(|(_, finding)| finding.kind);
        kinds
            .filter(|kind| {
                matches!(
                    kind,
                    FindingKind::UnbilledFee | FindingKind::UnknownReseller
                )
            })
            .collect()
    }

    #[tokio::test]
    async fn a_fee_older_than_the_month_before_last_on_no_invoice_is_reported() {
        let with = |day| World {
            fees: vec![resold_fee(1, day, 18_000)],
            ..World::default()
        };
        assert_eq!(kinds(with(date(2026, 4, 1))).await, []);
        let old = kinds(with(date(2026, 3, 31))).await;
        assert_eq!(old, [FindingKind::UnbilledFee]);
    }

    #[tokio::test]
    async fn any_fee_of_a_reseller_that_the_settings_do_not_name_is_reported() {
        let world = World {
            channel: Channel::Reseller(reseller().code),
            fees: vec![resold_fee(1, date(2026, 6, 15), 18_000)],
            ..World::default()
        };
        assert_eq!(kinds(world.clone()).await, []);
        let gone = World {
            resellers: false,
            ..world
        };
        assert_eq!(kinds(gone).await, [FindingKind::UnknownReseller]);
    }
}
