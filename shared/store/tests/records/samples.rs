//! One of everything that the store keeps.

use std::collections::BTreeMap;

use ciero_domain::Language;
use ciero_domain::application::{Application, Event, Form, RawApplication};
use ciero_domain::confirmation::Confirmation;
use ciero_domain::contract::{Contract, Entry};
use ciero_domain::device::{Camera, Device, DeviceKind, DeviceState};
use ciero_domain::documents::{Bilingual, DeviceModel, Operator};
use ciero_domain::ids::{ApplicationId, CameraId, ContractId, DeviceId, MessageId, UserId};
use ciero_domain::money::Yen;
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_domain::particulars::RawParticulars;
use ciero_domain::prices::{Plan, PriceList};
use ciero_domain::screening::{
    Ground, Judgement, ListHeader, RegisterCause, RegisterEntry, Screening, Signal, SignalKind,
};
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_domain::user::{NewUser, Right, Role, User};
use ciero_ports::{AuditRow, Body, Caller, Message, Remembered};
use jiff::Timestamp;
use jiff::civil::date;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn now() -> Timestamp {
    at("2026-06-01T00:00:00.123456789Z")
}

pub fn application_id(n: u8) -> ApplicationId {
    ApplicationId::from_random([n; 10])
}

pub fn contract_id() -> ContractId {
    ContractId::from_random([3; 10])
}

pub fn user_id(n: u8) -> UserId {
    UserId::from_random([n; 10])
}

pub fn device_id(n: u8) -> DeviceId {
    DeviceId::from_random([n; 10])
}

pub fn camera_id() -> CameraId {
    CameraId::from_random([5; 10])
}

pub fn message_id(n: u8) -> MessageId {
    MessageId::from_random([n; 10])
}

pub fn prices(version: &str, effective_from: jiff::civil::Date) -> PriceList {
    PriceList {
        version: version.into(),
        effective_from,
        published_on: None,
        day_count: Default::default(),
        due: Default::default(),
        plans: vec![Plan {
            retention_days: 30,
            yearly_yen: Yen(18_000),
        }],
        tax_percent: 10,
        payment_ja: "翌月末日払い".into(),
        payment_en: "by the end of the next month".into(),
    }
}

pub fn form() -> Form {
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

pub fn draft(n: u8) -> Application {
    let list = prices("2026-04-01", date(2026, 4, 1));
    let shown = Confirmation::build(&list, 30, 2, "2026-04-01", date(2026, 6, 1)).unwrap();
    Application::draft(application_id(n), form(), shown, Language::Ja, now())
}

pub fn evolved(application: Application, event: Event) -> (Box<Application>, Box<Event>) {
    let after = ciero_domain::application::evolve(application, &event);
    (Box::new(after), Box::new(event))
}

pub fn contract() -> (Contract, Entry) {
    let (submitted, _) = evolved(draft(1), Event::Submitted { at: now() });
    let (approved, _) = evolved(*submitted, Event::Approved { at: now() });
    Contract::form(
        contract_id(),
        &approved,
        date(2026, 6, 1),
        "operator:test",
        now(),
    )
    .unwrap()
}

pub fn user(n: u8) -> User {
    let person = NewUser {
        id: user_id(n),
        name: "見本 花子".into(),
        email: format!("user{n}@example.jp"),
        role: Role::User,
        language: Language::En,
    };
    User::add(contract_id(), person, Some(user_id(9)), now())
}

pub fn user_with_rights(n: u8) -> User {
    user(n)
        .accept("2026-04-01", "2026-04-01", "portal", now())
        .unwrap()
        .with_rights(camera_id(), &[Right::View, Right::PlayBack], now())
        .unwrap()
}

pub fn device(n: u8) -> Device {
    Device {
        id: device_id(n),
        version: 1,
        contract: contract_id(),
        kind: DeviceKind::Iotbox,
        model: "BOX#1".into(),
        serial: format!("SN-{n:04}"),
        site: form().particulars.address,
        attested_by: user_id(1),
        registered_at: now(),
        camera: camera_id(),
        state: DeviceState::Registered {
            code_hash: "c0de".into(),
            code_expires_at: now() + ciero_domain::device::CODE_LIFETIME,
        },
    }
}

pub fn camera() -> Camera {
    Camera {
        id: camera_id(),
        version: 1,
        contract: contract_id(),
        device: device_id(1),
        name: "玄関".into(),
        stream_name: "ciero-k".into(),
        retention_hours: 720,
        since: now(),
        retired_at: None,
    }
}

pub fn operator() -> Operator {
    Operator {
        service_name: "Ciero".into(),
        company: Bilingual {
            ja: "見本映像株式会社".into(),
            en: "Sample Video K.K.".into(),
        },
        device_models: vec![DeviceModel {
            model: "BOX#1".into(),
            kind: DeviceKind::Iotbox,
            name: Bilingual::default(),
        }],
        ..Operator::default()
    }
}

pub fn terms(version: &str, effective_from: jiff::civil::Date) -> TermsText {
    TermsText {
        version: TermsVersion {
            version: version.into(),
            published_on: date(2026, 2, 20),
            effective_from,
            hash_ja: "aa".into(),
            hash_en: "bb".into(),
            supersedes: None,
        },
        ja: "# 規約".into(),
        en: "# Terms".into(),
    }
}

pub fn screening() -> Screening {
    Screening {
        application: application_id(1),
        version: 1,
        signals: vec![Signal {
            evidence: None,
            kind: SignalKind::RegisterName,
            ground: Ground::EarlierViolation,
            note: "r-1: 見本".into(),
        }],
        checked_at: now(),
        judgements: vec![Judgement {
            approved: false,
            ground: Some(Ground::EarlierViolation),
            reason: "内部の理由".into(),
            by: "screener".into(),
            at: now(),
        }],
    }
}

pub fn register(id: &str) -> RegisterEntry {
    RegisterEntry {
        contract: None,
        id: id.into(),
        cause: RegisterCause::Measure,
        name: "見本".into(),
        corporate_number: String::new(),
        address: String::new(),
        phone: String::new(),
        email: String::new(),
        note: "以前の契約".into(),
        recorded_by: "legal".into(),
        recorded_at: now(),
        hashes: Vec::new(),
    }
}

pub fn screening_list(list: &str, version: &str) -> ListHeader {
    ListHeader {
        issued_on: None,
        list: list.into(),
        version: version.into(),
        name: Bilingual {
            ja: "見本リスト".into(),
            en: "Sample list".into(),
        },
        source: "架空".into(),
        ground: Ground::Unsuitable,
        entries: 2,
        sha256: "cc".into(),
        object: format!("{list}/{version}-cc.json"),
        published_at: now(),
    }
}

pub fn notice(n: u8) -> NoticeRecord {
    NoticeRecord {
        id: message_id(n),
        notice: Notice::UserInvited {
            contract: contract_id(),
            user: user_id(1),
        },
        to: "hanako@example.jp".into(),
        language: Language::Ja,
        content_hash: "00".into(),
        sent_at: now(),
        mail_id: "mail-1".into(),
        version: 1,
        outcome: Outcome::Sent,
        posted: None,
    }
}

pub fn audit(n: u8, moment: &str) -> AuditRow {
    let detail = BTreeMap::from([("from", "2026-06-01T00:00:00Z"), ("to", "")]);
    AuditRow {
        id: message_id(n),
        at: at(moment),
        contract: contract_id(),
        actor: user_id(1).to_string(),
        action: "recording".into(),
        camera: Some(camera_id()),
        outcome: "granted".into(),
        detail: serde_json::json!({ "asked": detail, "seconds": 60, "note": null }),
    }
}

pub fn message(n: u8, moment: &str) -> Message {
    Message {
        id: message_id(n),
        at: at(moment),
        body: Body::Notice(notice(n).notice),
    }
}

pub fn remembered(key: &str, moment: &str) -> Remembered {
    Remembered {
        caller: Caller {
            name: user_id(1).to_string(),
            contract: Some(contract_id()),
        },
        key: key.into(),
        request_hash: "ab".into(),
        at: at(moment),
        status: 201,
        location: Some("/cameras/k".into()),
        body: serde_json::json!({ "z": 1.5, "a": [null, ""], "n": 9_007_199_254_740_993_u64 }),
    }
}
