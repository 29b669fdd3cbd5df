//! The records that tests start from: an application in every state, and what the checks found.

use ciero_domain::Language;
use ciero_domain::application::{Application, Event, Form, RawApplication, State, evolve};
use ciero_domain::confirmation::Confirmation;
use ciero_domain::ids::ApplicationId;
use ciero_domain::money::Yen;
use ciero_domain::particulars::RawParticulars;
use ciero_domain::prices::{Plan, PriceList};
use ciero_domain::screening::{
    Ground, Judgement, ListEntry, ListHeader, RegisterCause, RegisterEntry, Screening,
    ScreeningList, Signal, SignalKind,
};
use ciero_domain::terms::TermsVersion;
use jiff::civil::date;

pub(super) const TERMS: &str = "2026-04-01";

pub(super) fn terms() -> TermsVersion {
    TermsVersion {
        version: TERMS.into(),
        published_on: date(2026, 2, 20),
        effective_from: date(2026, 4, 1),
        hash_ja: String::new(),
        hash_en: String::new(),
        supersedes: None,
    }
}

pub(super) fn prices() -> PriceList {
    PriceList {
        version: "2026-04-01".into(),
        effective_from: date(2026, 4, 1),
        published_on: None,
        day_count: Default::default(),
        due: Default::default(),
        plans: vec![Plan {
            retention_days: 30,
            yearly_yen: Yen(21_600),
        }],
        tax_percent: 10,
        payment_ja: "翌月末日払い".into(),
        payment_en: "by the end of the next month".into(),
    }
}

pub(super) fn raw() -> RawApplication {
    let on = || "on".to_owned();
    RawApplication {
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
        terms_version: TERMS.into(),
        consent: on(),
        resident_in_japan: on(),
        no_transfer_regulation: on(),
        no_export_control: on(),
        not_antisocial: on(),
    }
}

/// Returns the application "a-0000000000000000" in a state.
pub(super) fn application(state: State) -> Application {
    let form = Form::parse(&raw(), TERMS, &[30]).unwrap();
    let confirmation = Confirmation::build(&prices(), 30, 2, TERMS, date(2026, 5, 30)).unwrap();
    let at = "2026-05-30T01:00:00Z".parse().unwrap();
    let id = ApplicationId::from_random([0; 10]);
    let draft = Application::draft(id, form, confirmation, Language::Ja, at);
    let submitted = [Event::Submitted { at }];
    let screening = [Event::Submitted { at }, Event::ScreeningBegun { at }];
    let events: Vec<Event> = match state {
        State::Draft => Vec::new(),
        State::Submitted => submitted.to_vec(),
        State::Screening => screening.to_vec(),
        State::Approved => [&screening[..], &[Event::Approved { at }]].concat(),
        State::Declined => [&screening[..], &[Event::Declined { at }]].concat(),
        State::Withdrawn => [&submitted[..], &[Event::Withdrawn { at }]].concat(),
        State::Registered => panic!("no test needs a registered application"),
    };
    events.iter().fold(draft, evolve)
}

/// Returns what the checks of the application found.
pub(super) fn screening(ground: Option<Ground>) -> Screening {
    let signals = ground.map(|ground| Signal {
        kind: SignalKind::RegisterPhone,
        ground,
        note: "r-1: 内部の覚え".into(),
        evidence: None,
    });
    Screening {
        application: ApplicationId::from_random([0; 10]),
        version: 1,
        signals: signals.into_iter().collect(),
        checked_at: "2026-05-30T01:01:00Z".parse().unwrap(),
        judgements: Vec::new(),
    }
}

/// Returns a version of a screening list that names one person, published on a day of May, with its file.
pub(super) fn list(version: &str, name: &str, day: u8) -> (ListHeader, Option<Vec<u8>>) {
    let list = ScreeningList {
        list: "sanctions".into(),
        version: version.into(),
        name: Default::default(),
        source: "架空".into(),
        issued_on: None,
        ground: Ground::AntisocialForces,
        entries: vec![ListEntry {
            id: "e-1".into(),
            names: vec![name.into()],
            weak_names: Vec::new(),
            corporate_number: None,
            note: None,
        }],
    };
    let at = format!("2026-05-{day:02}T00:00:00Z").parse().unwrap();
    let (header, file) = list.publish(at).unwrap();
    (header, Some(file))
}

pub(super) fn approval(by: &str) -> Judgement {
    Judgement {
        approved: true,
        ground: None,
        reason: "確認済み".into(),
        by: by.into(),
        at: "2026-05-31T01:00:00Z".parse().unwrap(),
    }
}

pub(super) fn entry(cause: RegisterCause) -> RegisterEntry {
    RegisterEntry {
        id: "r-1".into(),
        cause,
        name: String::new(),
        corporate_number: String::new(),
        address: String::new(),
        phone: "03-0000-0000".into(),
        email: String::new(),
        note: "内部の覚え".into(),
        contract: None,
        recorded_by: "operator-1".into(),
        recorded_at: "2026-05-01T00:00:00Z".parse().unwrap(),
        hashes: Vec::new(),
    }
}

pub(super) fn refusal(by: &str, ground: Ground) -> Judgement {
    Judgement {
        approved: false,
        ground: Some(ground),
        reason: "内部の理由".into(),
        ..approval(by)
    }
}
