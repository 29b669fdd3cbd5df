//! The things that the tests' world is made of.

use ciero_domain::Language;
use ciero_domain::application::{Application, Form, RawApplication};
use ciero_domain::confirmation::Confirmation;
use ciero_domain::contract::{Contract, Entry, Event, Order};
use ciero_domain::device::{Camera, Device, DeviceKind, DeviceState};
use ciero_domain::documents::{Bilingual, DeviceModel, Operator};
use ciero_domain::ids::{ApplicationId, CameraId, DeviceId, MessageId, UserId};
use ciero_domain::money::Yen;
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_domain::prices::{Plan, PriceList};
use ciero_domain::terms::{TermsText, TermsVersion};
use ciero_domain::user::{Acceptance, NewUser, Role as UserRole, User};
use ciero_runtime::Settings;
use jiff::Timestamp;
use jiff::civil::date;

pub const PORTAL: &str = "https://portal.example.jp";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Noon in Tokyo on 1 June 2026, unless a test says otherwise.
pub fn noon() -> Timestamp {
    at("2026-06-01T03:00:00Z")
}

pub fn settings() -> Settings {
    let text = |t: &str| t.to_owned();
    Settings {
        portal_url: text(PORTAL),
        session_key: "k".repeat(64),
        media_origin: text("https://media.example.jp"),
        customer_client_id: text("c"),
        customer_issuer: text("https://idp.example.jp/c"),
        customer_sign_in_url: text("https://sign-in.example.jp/c"),
        operator_client_id: text("o"),
        operator_issuer: text("https://idp.example.jp/o"),
        operator_sign_in_url: text("https://sign-in.example.jp/o"),
    }
}

fn both(ja: &str, en: &str) -> Bilingual {
    Bilingual {
        ja: ja.into(),
        en: en.into(),
    }
}

pub fn operator() -> Operator {
    Operator {
        service_name: "Ciero".into(),
        company: both("株式会社見本カメラ", "Mihon Camera"),
        representative: both("見本 太郎", "Taro Mihon"),
        address: both("東京都", "Tokyo"),
        phone: "0120-000-000".into(),
        support_email: "support@example.jp".into(),
        website: "https://www.example.jp/".into(),
        registration_number: "T9000000000000".into(),
        device_models: vec![DeviceModel {
            model: "MC-100".into(),
            kind: DeviceKind::Camera,
            name: both("見本カメラ", "Mihon camera"),
        }],
        ..Operator::default()
    }
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
        payment_ja: "翌月末日払い".into(),
        payment_en: "by the end of the next month".into(),
    }
}

pub fn terms(version: &str) -> TermsText {
    TermsText {
        version: TermsVersion {
            version: version.into(),
            published_on: date(2026, 2, 20),
            effective_from: version.parse().unwrap(),
            hash_ja: String::new(),
            hash_en: String::new(),
            supersedes: None,
        },
        ja: "## 第1条（範囲）\n\n本文 <script>alert(1)</script>".into(),
        en: "## Article 1 (Scope)\n\nText <script>alert(1)</script>".into(),
    }
}

pub fn raw_application() -> RawApplication {
    serde_json::from_value(serde_json::json!({
        "kind": "corporation", "corporate_number": "7123456789012", "name": "Mihon Shoten", "name_kana": "ミホンショウテン",
        "representative": "Taro Mihon", "postal_code": "1000001", "prefecture": "13", "address": "Chiyoda 1-1",
        "phone": "0300000000", "contact_name": "Hanako Mihon", "contact_email": "hanako@example.jp",
        "retention_days": "30", "cameras": "2", "terms_version": "2026-04-01", "consent": "on", "resident_in_japan": "on",
        "no_transfer_regulation": "on", "no_export_control": "on", "not_antisocial": "on",
    }))
    .unwrap()
}

pub fn draft() -> Application {
    let form = Form::parse(&raw_application(), "2026-04-01", &[30]).unwrap();
    let shown = Confirmation::build(&prices(), 30, 2, "2026-04-01", date(2026, 6, 1)).unwrap();
    let id = ApplicationId::from_random([1; 10]);
    Application::draft(id, form, shown, Language::Ja, noon())
}

pub fn contract() -> Contract {
    let application = draft();
    let quote = application.confirmation.quote;
    Contract {
        application: application.id,
        formed_at: at("2026-03-25T01:00:00Z"),
        customer: application.form.particulars,
        channel: application.channel,
        orders: vec![Order::accepted(1, quote, date(2026, 4, 1), "2026-04-01")],
        ..ciero_domain::samples::contract(date(2026, 4, 1)).0
    }
}

/// The first entry of the contract's history.
pub fn formed() -> Entry {
    Entry {
        at: contract().formed_at,
        on: date(2026, 3, 25),
        by: "operator:suzuki".into(),
        event: Event::Formed {
            contract: Box::new(contract()),
        },
        data_kept_days: None,
    }
}

/// A line of the notice ledger.
pub fn noticed(number: u8, notice: Notice, outcome: Outcome) -> NoticeRecord {
    NoticeRecord {
        id: MessageId::from_random([number; 10]),
        notice,
        to: "hanako@example.jp".into(),
        language: Language::Ja,
        content_hash: "00".into(),
        sent_at: noon(),
        mail_id: "mail-1".into(),
        version: 1,
        outcome,
        posted: None,
    }
}

/// A person who has accepted the terms.
pub fn person(number: u8, name: &str, role: UserRole) -> User {
    let person = NewUser {
        id: UserId::from_random([number; 10]),
        name: name.into(),
        email: format!("{}@example.jp", name.to_lowercase()),
        role,
        language: Language::Ja,
    };
    let mut user = User::add(contract().id, person, None, at("2026-04-01T00:00:00Z"));
    user.acceptances.push(Acceptance {
        terms_version: "2026-04-01".into(),
        at: at("2026-04-01T01:00:00Z"),
        channel: "portal".into(),
    });
    user
}

pub fn administrator() -> User {
    person(10, "Hanako", UserRole::Administrator)
}

pub fn watcher() -> User {
    person(11, "Jiro", UserRole::User)
}

pub fn camera(number: u8, name: &str) -> Camera {
    Camera {
        id: CameraId::from_random([number; 10]),
        version: 1,
        contract: contract().id,
        device: DeviceId::from_random([number; 10]),
        name: name.into(),
        stream_name: format!("ciero-{number}"),
        retention_hours: 720,
        since: at("2026-05-01T00:00:00Z"),
        retired_at: None,
    }
}

pub fn device(number: u8, state: DeviceState) -> Device {
    Device {
        id: DeviceId::from_random([number; 10]),
        version: 1,
        contract: contract().id,
        kind: DeviceKind::Camera,
        model: "MC-100".into(),
        serial: format!("SN-{number:04}"),
        site: contract().customer.address,
        attested_by: administrator().id,
        registered_at: at("2026-05-01T00:00:00Z"),
        camera: CameraId::from_random([number; 10]),
        state,
    }
}

pub fn registered() -> DeviceState {
    DeviceState::Registered {
        code_hash: String::new(),
        code_expires_at: at("2026-06-03T00:00:00Z"),
    }
}
