//! The function's ports as mocks: records that can be read, and everything that acts forbidden until allowed.

use std::sync::{Arc, Mutex};

use ciero_domain::Language;
use ciero_domain::notice::NoticeRecord;
use ciero_domain::samples::{next_third_party_terms, third_party_terms};
use ciero_domain::third_party::ThirdPartyTerms;
use ciero_domain::user::{Role, User};
use ciero_ports::{
    CommitError, Decision, Mail, MockAccounts, MockApplications, MockBilling, MockCertificates,
    MockChance, MockContracts, MockDevices, MockDocuments, MockDueWork, MockInterruptions,
    MockLedger, MockMailer, MockNotices, MockPeople, MockQueues, MockRegisters, MockResellers,
    MockServiceEnds, Write,
};

use super::life::{Life, facts};
use super::samples::*;
use crate::App;

/// What went out and what was written down.
#[derive(Clone, Default)]
pub struct Trace {
    pub mails: Arc<Mutex<Vec<Mail>>>,
    pub records: Arc<Mutex<Vec<NoticeRecord>>>,
    pub decisions: Arc<Mutex<Vec<Decision>>>,
    /// Why messages failed, as it was noted for the console.
    pub reasons: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    pub fn decisions(&self) -> Vec<Decision> {
        self.decisions.lock().unwrap().clone()
    }

    pub fn records(&self) -> Vec<NoticeRecord> {
        self.records.lock().unwrap().clone()
    }
}

pub struct Mocks {
    pub applications: MockApplications,
    pub contracts: MockContracts,
    pub billing: MockBilling,
    pub resellers: MockResellers,
    pub people: MockPeople,
    pub devices: MockDevices,
    pub documents: MockDocuments,
    pub interruptions: MockInterruptions,
    pub service_ends: MockServiceEnds,
    pub registers: MockRegisters,
    pub notices: MockNotices,
    pub certificates: MockCertificates,
    pub ledger: MockLedger,
    pub queues: MockQueues,
    pub mailer: MockMailer,
    pub accounts: MockAccounts,
    pub chance: MockChance,
    pub due: MockDueWork,
}

impl Mocks {
    /// Records in a language; the ledger is empty; nothing may be sent, written or drawn yet.
    pub fn reading(language: Language) -> Self {
        Self::reading_user(language, user(language, Role::User))
    }

    /// The same with this user.
    pub fn reading_user(language: Language, person: User) -> Self {
        let mut mocks = Mocks {
            applications: MockApplications::new(),
            contracts: MockContracts::new(),
            billing: MockBilling::new(),
            resellers: MockResellers::new(),
            people: MockPeople::new(),
            devices: MockDevices::new(),
            documents: MockDocuments::new(),
            interruptions: MockInterruptions::new(),
            service_ends: MockServiceEnds::new(),
            registers: MockRegisters::new(),
            notices: MockNotices::new(),
            certificates: MockCertificates::new(),
            ledger: MockLedger::new(),
            queues: MockQueues::new(),
            mailer: MockMailer::new(),
            accounts: MockAccounts::new(),
            chance: MockChance::new(),
            due: MockDueWork::new(),
        };
        mocks
            .applications
            .expect_application()
            .returning(move |id| Ok((*id == application_id()).then(|| application(language))));
        mocks
            .contracts
            .expect_contract()
            .returning(move |id| Ok((*id == contract_id()).then(|| contract(language))));
        mocks
            .people
            .expect_user()
            .returning(move |_, id| Ok((*id == person.id).then(|| person.clone())));
        mocks.devices.expect_cameras().returning(|_| Ok(cameras()));
        let ends = &mut mocks.service_ends;
        ends.expect_service_end()
            .returning(|| Ok(Some(service_end())));
        let registers = &mut mocks.registers;
        registers.expect_third_party_terms().returning(|| {
            let list = third_party_terms();
            Ok(vec![list.clone(), next_third_party_terms(&list)])
        });
        registers.expect_agreed_third_party().returning(|id| {
            let list = third_party_terms();
            let agreed = ThirdPartyTerms::agreed(Some(&list), id.clone(), list.recorded_at);
            Ok((*id == contract_id()).then_some(agreed))
        });
        let interruptions = &mut mocks.interruptions;
        interruptions
            .expect_interruptions()
            .returning(|| Ok(vec![accident(), maintenance()]));
        let documents = &mut mocks.documents;
        documents
            .expect_operator()
            .returning(|| Ok(Some(operator())));
        documents
            .expect_price_lists()
            .returning(|| Ok(facts().prices));
        documents
            .expect_terms_versions()
            .returning(|| Ok(facts().terms));
        documents
            .expect_terms()
            .returning(|version| Ok((version == "2027-04-01").then(terms)));
        mocks
    }

    /// The same with a contract that has lived.
    pub fn living(life: &Life) -> Self {
        let mut mocks = Mocks::reading(life.contract.language);
        mocks.contracts = MockContracts::new();
        let contract = life.contract.clone();
        mocks
            .contracts
            .expect_contract()
            .returning(move |id| Ok((*id == contract.id).then(|| contract.clone())));
        let history = life.history.clone();
        mocks
            .contracts
            .expect_history()
            .returning(move |_| Ok(history.clone()));
        let invoices = life.invoices.clone();
        mocks.billing.expect_invoice().returning(move |_, number| {
            let found = invoices.iter().find(|invoice| invoice.number == number);
            Ok(found.cloned())
        });
        mocks
    }

    /// Lets mails out and the ledger be written, and looks up what was written before.
    pub fn delivering(mut self) -> (Self, Trace) {
        let trace = Trace::default();
        let mails = trace.mails.clone();
        self.mailer.expect_send().returning(move |mail| {
            mails.lock().unwrap().push(mail.clone());
            Ok("mail-1".to_owned())
        });
        let (records, decisions) = (trace.records.clone(), trace.decisions.clone());
        self.ledger.expect_commit().returning(move |decision| {
            decisions.lock().unwrap().push(decision.clone());
            records.lock().unwrap().push(record(decision));
            Ok(())
        });
        let reasons = trace.reasons.clone();
        self.due.expect_failed().returning(move |_, reason, _| {
            reasons.lock().unwrap().push(reason.to_owned());
            Ok(())
        });
        let records = trace.records.clone();
        self.notices.expect_notice().returning(move |id| {
            let records = records.lock().unwrap();
            Ok(records.iter().find(|record| record.id == *id).cloned())
        });
        (self, trace)
    }

    /// Answers that nothing was sent yet, without keeping anything.
    pub fn with_empty_ledger(mut self) -> Self {
        self.notices.expect_notice().returning(|_| Ok(None));
        self
    }

    /// Lets accounts be made and closed with a known password.
    pub fn with_accounts(mut self) -> Self {
        self.chance.expect_id().return_const([7; 10]);
        self.accounts.expect_invite().returning(|_, _, _| Ok(()));
        self.accounts.expect_close().returning(|_| Ok(()));
        self.accounts.expect_readdress().returning(|_, _| Ok(()));
        self
    }

    /// Refuses every write with an error that the function makes.
    pub fn with_commit(mut self, error: fn() -> CommitError) -> Self {
        self.ledger.expect_commit().returning(move |_| Err(error()));
        self
    }

    pub fn app(self) -> App {
        App {
            applications: Arc::new(self.applications),
            contracts: Arc::new(self.contracts),
            billing: Arc::new(self.billing),
            resellers: Arc::new(self.resellers),
            people: Arc::new(self.people),
            devices: Arc::new(self.devices),
            documents: Arc::new(self.documents),
            interruptions: Arc::new(self.interruptions),
            service_ends: Arc::new(self.service_ends),
            registers: Arc::new(self.registers),
            notices: Arc::new(self.notices),
            certificates: Arc::new(self.certificates),
            ledger: Arc::new(self.ledger),
            queues: Arc::new(self.queues),
            mailer: Arc::new(self.mailer),
            accounts: Arc::new(self.accounts),
            chance: Arc::new(self.chance),
            due: Arc::new(self.due),
            portal_url: "https://portal.example.jp".into(),
        }
    }
}

/// The one line that a decision writes.
fn record(decision: &Decision) -> NoticeRecord {
    assert!(decision.messages.is_empty());
    let lines = decision.writes.iter().filter_map(|write| match write {
        Write::Notice(record) | Write::NoticeOutcome(record) => Some((**record).clone()),
        _ => None,
    });
    let lines: Vec<NoticeRecord> = lines.collect();
    let [line] = lines.try_into().unwrap();
    line
}
