//! The people, application and contract that the tests write to.

use ciero_domain::Language;
use ciero_domain::application::{Application, Event, Form, RawApplication, evolve};
use ciero_domain::confirmation::Confirmation;
use ciero_domain::contract::{Contract, Entry};
use ciero_domain::device::Camera;
use ciero_domain::documents::{Bilingual, Operator};
use ciero_domain::ids::{
    ApplicationId, CameraId, ContractId, DeviceId, InterruptionId, MessageId, UserId,
};
use ciero_domain::interruption::{Category, Interruption, Scope, Told, Update};
use ciero_domain::money::Yen;
use ciero_domain::notice::Notice;
use ciero_domain::particulars::RawParticulars;
use ciero_domain::prices::{Plan, PriceList};
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_domain::user::{NewUser, Role, User};
use ciero_domain::watch::{Outage, Resumed, Trouble};
use ciero_runtime::Moment;
use jiff::Timestamp;
use jiff::civil::date;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// 09:00 in Tokyo on 1 June 2026.
pub fn now() -> Moment {
    Moment(at("2026-06-01T00:00:00Z"))
}

pub fn message_id(n: u8) -> MessageId {
    MessageId::from_random([n; 10])
}

pub fn application_id() -> ApplicationId {
    ApplicationId::from_random([1; 10])
}

pub fn contract_id() -> ContractId {
    ContractId::from_random([3; 10])
}

pub fn user_id() -> UserId {
    UserId::from_random([1; 10])
}

pub fn operator() -> Operator {
    let both = |ja: &str, en: &str| Bilingual {
        ja: ja.into(),
        en: en.into(),
    };
    Operator {
        service_name: "Ciero".into(),
        company: both("見本映像株式会社", "Sample Video K.K."),
        address: both("東京都見本区1-2-3", "1-2-3 Mihon-ku, Tokyo"),
        phone: "0120-000-000".into(),
        support_email: "support@example.jp".into(),
        ..Operator::default()
    }
}

fn form() -> Form {
    let on = || "on".to_owned();
    let raw = RawApplication {
        particulars: RawParticulars {
            kind: "corporation".into(),
            corporate_number: "7123456789012".into(),
            name: "株式会社見本商店".into(),
            name_kana: "ミホンショウテン".into(),
            representative: "見本 太郎".into(),
            postal_code: "1000001".into(),
            prefecture: "13".into(),
            address: "千代田区千代田1-1".into(),
            phone: "0300000000".into(),
            contact_name: "見本 花子".into(),
            contact_email: "hanako@example.jp".into(),
            ..RawParticulars::default()
        },
        retention_days: "30".into(),
        cameras: "2".into(),
        terms_version: "2026-04-01".into(),
        consent: on(),
        resident_in_japan: on(),
        no_transfer_regulation: on(),
        no_export_control: on(),
        not_antisocial: on(),
    };
    Form::parse(&raw, "2026-04-01", &[30]).unwrap()
}

pub fn prices() -> PriceList {
    PriceList {
        version: "2026-04-01".into(),
        effective_from: date(2026, 4, 1),
        published_on: None,
        day_count: Default::default(),
        due: Default::default(),
        plans: vec![Plan {
            retention_days: 30,
            yearly_yen: Yen(18_000),
        }],
        tax_percent: 10,
        payment_ja: String::new(),
        payment_en: String::new(),
    }
}

pub fn application(language: Language) -> Application {
    let shown = Confirmation::build(&prices(), 30, 2, "2026-04-01", date(2026, 5, 20)).unwrap();
    Application::draft(application_id(), form(), shown, language, now().0)
}

/// Formed late in the evening of 31 May by UTC, which is 1 June in Tokyo.
pub fn formed(language: Language) -> (Contract, Entry) {
    let approved = evolve(
        evolve(application(language), &Event::Submitted { at: now().0 }),
        &Event::Approved { at: now().0 },
    );
    let formed_at = at("2026-05-31T15:30:00Z");
    let start = date(2026, 6, 1);
    Contract::form(contract_id(), &approved, start, "operator:test", formed_at).unwrap()
}

pub fn contract(language: Language) -> Contract {
    formed(language).0
}

pub fn user(language: Language, role: Role) -> User {
    let person = NewUser {
        id: user_id(),
        name: "見本 次郎".into(),
        email: "jiro@example.jp".into(),
        role,
        language,
    };
    User::add(contract_id(), person, None, now().0)
}

pub fn removed_user() -> User {
    user(Language::Ja, Role::User).remove(1, now().0).unwrap()
}

pub fn terms() -> TermsText {
    TermsText {
        version: TermsVersion {
            version: "2027-04-01".into(),
            published_on: date(2027, 2, 20),
            effective_from: date(2027, 4, 1),
            hash_ja: String::new(),
            hash_en: String::new(),
            supersedes: None,
        },
        ja: String::new(),
        en: String::new(),
    }
}

pub fn received() -> Notice {
    Notice::ApplicationReceived {
        application: application_id(),
    }
}

pub fn invited() -> Notice {
    Notice::UserInvited {
        contract: contract_id(),
        user: user_id(),
    }
}

pub fn user_removed() -> Notice {
    Notice::UserRemoved {
        contract: contract_id(),
        user: user_id(),
    }
}

/// A person who asked for another address.
pub fn moving_user(language: Language) -> User {
    let user = user(language, Role::User);
    let (email, code) = ("jiro.new@example.jp".into(), "k7qm2f9xk7qm2f9x".into());
    user.ask_address(email, code, now().0).unwrap()
}

pub fn address_asked() -> Notice {
    Notice::AddressAsked {
        contract: contract_id(),
        user: user_id(),
    }
}

pub fn address_changed() -> Notice {
    Notice::AddressChanged {
        contract: contract_id(),
        user: user_id(),
        former: "jiro@example.jp".into(),
    }
}

/// One notice of every kind.
pub fn every_notice() -> [Notice; 19] {
    let contract = contract_id;
    let (order, receipt) = (1, "R-0001".to_owned());
    [
        received(),
        Notice::ApplicationApproved {
            application: application_id(),
        },
        Notice::ApplicationDeclined {
            application: application_id(),
        },
        Notice::RegistrationCompleted {
            contract: contract(),
        },
        invited(),
        user_removed(),
        Notice::TermsPublished {
            terms_version: "2027-04-01".into(),
            contract: contract(),
        },
        Notice::InvoiceIssued {
            contract: contract(),
            number: 1,
        },
        Notice::RenewalReminder {
            contract: contract(),
            order,
            term: 1,
            days_before: 90,
        },
        Notice::Renewed {
            contract: contract(),
            order,
            term: 2,
        },
        Notice::Expired {
            contract: contract(),
            order,
            term: 1,
        },
        Notice::RefusalReceived {
            contract: contract(),
            order,
            receipt: receipt.clone(),
        },
        Notice::CancellationReceived {
            contract: contract(),
            receipt,
        },
        Notice::BackupReminder {
            contract: contract(),
            last: jiff::civil::date(2026, 12, 31),
        },
        Notice::ContractEnded {
            contract: contract(),
        },
        demand(),
        Notice::Suspended {
            contract: contract(),
        },
        Notice::SuspensionLifted {
            contract: contract(),
        },
        Notice::Rescinded {
            contract: contract(),
        },
    ]
}

pub fn demand() -> Notice {
    Notice::Demand {
        contract: contract_id(),
        number: 1,
    }
}

/// Two cameras of the contract.
pub fn cameras() -> Vec<Camera> {
    let camera = |n: u8, name: &str| Camera {
        id: CameraId::from_random([n; 10]),
        version: 1,
        contract: contract_id(),
        device: DeviceId::from_random([n; 10]),
        name: name.into(),
        stream_name: format!("stream-{n}"),
        retention_hours: 720,
        since: now().0,
        retired_at: None,
    };
    vec![camera(1, "玄関"), camera(2, "倉庫")]
}

/// Planned work that is to come.
pub fn maintenance() -> Interruption {
    Interruption {
        id: InterruptionId::from_random([1; 10]),
        version: 1,
        category: Category::Planned,
        scope: Scope::Viewing,
        starts_at: at("2026-06-09T17:00:00Z"),
        planned_end: Some(at("2026-06-09T19:00:00Z")),
        ended_at: None,
        called_off_at: None,
        announced_at: now().0,
        text: Bilingual {
            ja: "設備を入れ替えます。録画は続きます。".into(),
            en: "Equipment is replaced. Recording goes on.".into(),
        },
        updates: Vec::new(),
    }
}

/// An accident that is over, with a word about its cause.
pub fn accident() -> Interruption {
    Interruption {
        ended_at: Some(at("2026-06-01T02:30:00Z")),
        updates: vec![Update {
            at: now().0,
            text: Bilingual {
                ja: "原因は回線の切断でした。".into(),
                en: "A line was cut.".into(),
            },
        }],
        ..ciero_domain::samples::interruption(now().0)
    }
}

/// The end of the service as it was announced, with its last day.
pub fn service_end() -> ServiceEnd {
    ServiceEnd {
        version: 2,
        announced_at: now().0,
        announced_by: "operator:ueda".into(),
        not_before: date(2026, 9, 30),
        text: Bilingual {
            ja: "事業の見直しのためです。".into(),
            en: "We are changing our business.".into(),
        },
        last_day: Some(date(2026, 10, 31)),
        set_by: Some("operator:ueda".into()),
    }
}

/// What is told of an interruption.
pub fn interrupted(one: &Interruption, told: Told) -> Notice {
    Notice::Interruption {
        contract: contract_id(),
        interruption: one.id.clone(),
        told,
    }
}

/// Both cameras stopped at once, each in its own way.
pub fn recording_stopped() -> Notice {
    let outage = |n: u8, trouble| Outage {
        camera: CameraId::from_random([n; 10]),
        since: at("2026-06-01T00:41:30Z"),
        trouble,
    };
    Notice::RecordingStopped {
        contract: contract_id(),
        seen_at: at("2026-06-01T00:46:00Z"),
        cameras: vec![
            outage(1, Trouble::Offline),
            outage(2, Trouble::NotRecording),
        ],
    }
}

pub fn recordings_deleted() -> Notice {
    Notice::RecordingsDeleted {
        contract: contract_id(),
        camera: CameraId::from_random([1; 10]),
        before: at("2026-06-01T00:46:00Z"),
    }
}

/// One lost pictures, the other sent them later.
pub fn recording_resumed() -> Notice {
    let end = |n: u8, again: &str, lost_seconds| Resumed {
        camera: CameraId::from_random([n; 10]),
        since: at("2026-06-01T00:41:30Z"),
        again: at(again),
        lost_seconds,
    };
    Notice::RecordingResumed {
        contract: contract_id(),
        seen_at: at("2026-06-01T01:20:00Z"),
        cameras: vec![
            end(1, "2026-06-01T01:05:10Z", 1420),
            end(2, "2026-06-01T00:41:30Z", 0),
        ],
    }
}
