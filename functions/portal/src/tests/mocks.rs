//! Ports that answer from the tests' world.

use std::sync::Arc;

use ciero_ports::{
    ContractPage, MockApplications, MockAudit, MockBilling, MockChance, MockContracts, MockDevices,
    MockDocuments, MockExports, MockInterruptions, MockNotices, MockPeople, MockRegisters,
    MockServiceEnds, MockStaffViews, MockTermsChanges, MockViewing, MockWatch, Seen, StaffSeen,
    StoreError,
};
use ciero_ports::{HeldTask, MockAuditReports, MockCases, MockDueWork, MockResellers};

use super::support::World;
use crate::app::ConsoleRecords;

pub fn people(world: &World) -> MockPeople {
    let mut mock = MockPeople::new();
    let users = world.users.clone();
    mock.expect_user().returning(move |contract, id| {
        let own = users
            .iter()
            .find(|u| u.contract == *contract && u.id == *id);
        Ok(own.cloned())
    });
    let users = world.users.clone();
    mock.expect_users().returning(move |_| Ok(users.clone()));
    let users = world.users.clone();
    mock.expect_contract_of().returning(move |id| {
        let known = users.iter().find(|u| u.id == *id);
        Ok(known.map(|u| u.contract.clone()))
    });
    mock
}

pub fn applications(world: &World) -> MockApplications {
    let mut mock = MockApplications::new();
    let application = world.application.clone();
    mock.expect_application()
        .returning(move |id| Ok(application.clone().filter(|a| a.id == *id)));
    mock
}

pub fn contracts(world: &World) -> MockContracts {
    let mut mock = MockContracts::new();
    let contract = world.contract.clone();
    mock.expect_contract()
        .returning(move |id| Ok(Some(contract.clone()).filter(|c| c.id == *id)));
    let contract = world.contract.clone();
    mock.expect_in_arrears().returning(move || {
        let stands = contract
            .account
            .debts
            .iter()
            .any(|debt| debt.demand.is_some() || debt.draft.is_some());
        Ok(stands.then(|| contract.clone()).into_iter().collect())
    });
    let id = world.contract.id.clone();
    mock.expect_page().returning(move |_| {
        Ok(ContractPage {
            contracts: vec![id.clone()],
            next: None,
        })
    });
    let contract = world.contract.clone();
    mock.expect_contracts()
        .returning(move || Ok(vec![contract.clone()]));
    let (id, history) = (world.contract.id.clone(), world.history.clone());
    mock.expect_history()
        .returning(move |asked| match *asked == id {
            true => Ok(history.clone()),
            false => Ok(Vec::new()),
        });
    mock
}

pub fn billing(world: &World) -> MockBilling {
    let mut mock = MockBilling::new();
    let all = world.invoices.clone();
    mock.expect_invoice().returning(move |contract, number| {
        let known = all
            .iter()
            .find(|i| i.contract == *contract && i.number == number);
        Ok(known.cloned())
    });
    let all = world.invoices.clone();
    mock.expect_invoices().returning(move |_| Ok(all.clone()));
    let all = world.receipts.clone();
    mock.expect_receipts().returning(move |_| Ok(all.clone()));
    mock
}

pub fn notices(world: &World) -> MockNotices {
    let mut mock = MockNotices::new();
    let all = world.notices.clone();
    mock.expect_of_contract()
        .returning(move |_, _| Ok(all.clone()));
    let all = world.notices.clone();
    mock.expect_notice()
        .returning(move |id| Ok(all.iter().find(|line| line.id == *id).cloned()));
    mock
}

/// Records that only the console reads.
pub fn console(world: &World) -> ConsoleRecords {
    let [b, c, d, e, f] = [(); 5].map(|()| world.back.clone());
    let mut cases = MockCases::new();
    cases
        .expect_open_cases()
        .returning(move || Ok(b.cases.clone()));
    let mut due = MockDueWork::new();
    due.expect_parked().returning(move || Ok(c.parked.clone()));
    due.expect_shards().return_const(1u16);
    let owed = world.contract.owed();
    due.expect_due().returning(move |span, _| {
        let due = owed.iter().filter(|task| task.due <= span.through);
        let held = due.map(|task| HeldTask {
            task: task.clone(),
            handed_at: None,
        });
        Ok(held.collect())
    });
    let mut reports = MockAuditReports::new();
    reports
        .expect_report()
        .returning(move || Ok(d.report.clone()));
    let mut resellers = MockResellers::new();
    resellers
        .expect_unbilled()
        .returning(move |_, _, _| Ok(e.waiting.clone()));
    let resold = f.resold.clone();
    resellers.expect_billed().returning(move |_, _| {
        let fees = resold.iter().map(|(_, fees)| fees.clone());
        Ok(fees.flatten().collect())
    });
    let account = f.reseller_account.clone();
    resellers
        .expect_account()
        .returning(move |_| Ok(account.clone()));
    let receipts = f.reseller_receipts.clone();
    resellers
        .expect_reseller_receipts()
        .returning(move |_| Ok(receipts.clone()));
    let resold = f.resold.clone();
    resellers.expect_reseller_invoices().returning(move |_| {
        let invoices = resold.iter().map(|(invoice, _)| invoice.clone());
        Ok(invoices.collect())
    });
    resellers
        .expect_reseller_invoice()
        .returning(move |code, number| {
            let invoice = f.resold.as_ref().map(|(invoice, _)| invoice.clone());
            Ok(invoice.filter(|i| i.reseller == code && i.number == number))
        });
    ConsoleRecords {
        cases: Arc::new(cases),
        due: Arc::new(due),
        reports: Arc::new(reports),
        resellers: Arc::new(resellers),
        changes: Arc::new(changes(world)),
        service_ends: Arc::new(service_ends(world)),
        staff_views: Arc::new(staff_views(world)),
    }
}

fn staff_views(world: &World) -> MockStaffViews {
    let mut mock = MockStaffViews::new();
    let views = world.back.staff_views.clone();
    mock.expect_newest_staff_views()
        .returning(move || Ok(views.clone()));
    let world = world.clone();
    mock.expect_staff_seen().returning(move |contract, id| {
        let view = world.back.staff_views.iter().find(|view| view.id == *id);
        let view = view.filter(|view| view.contract == *contract);
        Ok(view.map(|view| StaffSeen {
            contract: world.contract.clone(),
            camera: world.cameras[0].clone(),
            view: view.clone(),
        }))
    });
    mock
}

fn service_ends(world: &World) -> MockServiceEnds {
    let mut mock = MockServiceEnds::new();
    let end = world.back.service_end.clone();
    mock.expect_service_end().returning(move || Ok(end.clone()));
    mock
}

fn changes(world: &World) -> MockTermsChanges {
    let mut mock = MockTermsChanges::new();
    let [a, b, c, d] = [(); 4].map(|()| world.back.clone());
    mock.expect_drafts().returning(move || Ok(a.drafts.clone()));
    mock.expect_draft()
        .returning(move |name| Ok(b.drafts.iter().find(|draft| draft.name == name).cloned()));
    mock.expect_sightings()
        .returning(move |_, _| Ok(c.sightings.clone()));
    mock.expect_seen_page().returning(move |_, sha256| {
        let pages = d.pages.iter();
        Ok(pages.clone().find(|page| page.sha256 == sha256).cloned())
    });
    mock
}

pub fn interruptions(world: &World) -> MockInterruptions {
    let mut mock = MockInterruptions::new();
    let all = world.interruptions.clone();
    mock.expect_interruptions().returning(move || {
        let broken = || StoreError::Unavailable("the table does not answer".into());
        all.clone().ok_or_else(broken)
    });
    mock
}

pub fn registers(world: &World) -> MockRegisters {
    let mut mock = MockRegisters::new();
    let all = world.processors.clone();
    mock.expect_processors().returning(move || Ok(all.clone()));
    let all = world.third_party_terms.clone();
    mock.expect_third_party_terms()
        .returning(move || Ok(all.clone()));
    let agreed = world.agreed.clone();
    mock.expect_agreed_third_party()
        .returning(move |contract| Ok(agreed.clone().filter(|one| one.contract == *contract)));
    mock
}

pub fn devices(world: &World) -> MockDevices {
    let mut mock = MockDevices::new();
    let all = world.devices.clone();
    mock.expect_device()
        .returning(move |_, id| Ok(all.iter().find(|d| d.id == *id).cloned()));
    let all = world.devices.clone();
    mock.expect_devices().returning(move |_| Ok(all.clone()));
    let all = world.cameras.clone();
    mock.expect_camera()
        .returning(move |_, id| Ok(all.iter().find(|c| c.id == *id).cloned()));
    let all = world.cameras.clone();
    mock.expect_cameras().returning(move |_| Ok(all.clone()));
    mock
}

pub fn watch(world: &World) -> MockWatch {
    let mut mock = MockWatch::new();
    let all = world.ledgers.clone();
    mock.expect_ledgers().returning(move |_| Ok(all.clone()));
    let report = world.back.watch.clone();
    mock.expect_watch_report()
        .returning(move || Ok(report.clone()));
    mock
}

pub fn exports(world: &World) -> MockExports {
    let mut mock = MockExports::new();
    let all = world.exports.clone();
    mock.expect_exports().returning(move |_| Ok(all.clone()));
    mock
}

pub fn documents(world: &World) -> MockDocuments {
    let mut mock = MockDocuments::new();
    let operator = world.operator.clone();
    mock.expect_operator()
        .returning(move || Ok(operator.clone()));
    let prices = world.prices.clone();
    mock.expect_prices().returning(move |_| Ok(prices.clone()));
    let prices = world.prices.clone();
    mock.expect_price_lists()
        .returning(move || Ok(prices.clone().into_iter().collect()));
    let all = world.terms.clone();
    mock.expect_terms_versions()
        .returning(move || Ok(all.iter().map(|t| t.version.clone()).collect()));
    let all = world.terms.clone();
    mock.expect_terms()
        .returning(move |v| Ok(all.iter().find(|t| t.version.version == v).cloned()));
    mock
}

pub fn viewing(world: &World) -> MockViewing {
    let mut mock = MockViewing::new();
    let world = world.clone();
    mock.expect_seen().returning(move |contract, user, camera| {
        let user = world.users.iter().find(|u| u.id == *user);
        let camera = world.cameras.iter().find(|c| c.id == *camera);
        let seen = user.zip(camera).map(|(user, camera)| Seen {
            contract: world.contract.clone(),
            user: user.clone(),
            camera: camera.clone(),
        });
        Ok(seen.filter(|seen| seen.contract.id == *contract))
    });
    mock
}

pub fn audit(world: &World) -> MockAudit {
    let mut mock = MockAudit::new();
    let rows = world.trail.clone();
    mock.expect_trail().returning(move |_, _| Ok(rows.clone()));
    mock
}

/// Draws 1, 2, 3 … so that no two draws are the same.
pub fn chance() -> MockChance {
    let mut mock = MockChance::new();
    let drawn = std::sync::atomic::AtomicU8::new(0);
    mock.expect_id()
        .returning(move || [drawn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1; 10]);
    mock
}
