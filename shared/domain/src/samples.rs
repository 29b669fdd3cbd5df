//! An application and a contract for tests, made by the rules themselves.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::application::tests_support::submitted;
use crate::application::{Application, Event, evolve};
use crate::calendar::start_of;
use crate::contract::{self, Contract, Entry, Facts, Kind, TerminationCause, perform};
use crate::device::Camera;
use crate::documents::{Bilingual, Reseller};
use crate::due_date::PaymentTerms;
use crate::ids::{CameraId, ContractId, DeviceId, InterruptionId};
use crate::interruption::{Category, Interruption, Scope};
use crate::invoice::InvoiceLine;
use crate::money::Yen;
use crate::prices::{Plan, PriceList};
use crate::processor::{DataClass, Location, Processor, Use};
use crate::purge::{Certificate, Counted, FORMAT, Statement};
use crate::reseller::ResoldFee;
use crate::staff_view::{Ground, NewStaffView, Pictures};
use crate::third_party::{TermsUrl, ThirdParty, ThirdPartyTerms};

/// An application that waits for registration.
pub fn approved() -> Application {
    let at = Timestamp::UNIX_EPOCH;
    evolve(submitted(), &Event::Approved { at })
}

/// A contract that was formed at the start of its first day.
pub fn contract(start: Date) -> (Contract, Entry) {
    let id = ContractId::from_random([2; 10]);
    Contract::form(id, &approved(), start, "operator:test", start_of(start)).unwrap()
}

/// A contract with everything done whose day has come by `today` but the deletion of its data; no mail was sent.
pub fn up_to_date(mut contract: Contract, facts: &Facts, today: Date) -> Contract {
    loop {
        let due = contract.owed().into_iter().filter(|task| task.due <= today);
        let due = due.filter(|task| task.work.kind() != Kind::Purge);
        let Some(task) = due.min() else {
            return contract;
        };
        let entry = perform(&contract, &task, facts, start_of(today)).unwrap();
        contract = contract::evolve(Some(&contract), &entry).unwrap();
    }
}

/// A certificate of a contract that ended on 10 July 2026.
pub fn certificate(key_sha256: String) -> Certificate {
    let text = |text: &str| Bilingual {
        ja: text.into(),
        en: text.into(),
    };
    let day = start_of(date(2026, 8, 10));
    Certificate {
        format: FORMAT.into(),
        statement: Statement::DataDeleted,
        operator: text("見本"),
        contract: ContractId::from_random([2; 10]),
        ended_on: date(2026, 7, 10),
        cause: TerminationCause::CustomerCancellation,
        begun_at: day,
        searched_at: day,
        issued_at: day,
        deleted: vec![Counted {
            step: "recordings".into(),
            store: "Kinesis Video Streams".into(),
            what: text("録画"),
            deleted: 2,
        }],
        kept: Vec::new(),
        journal_sha256: "00".into(),
        journal_lines: 9,
        recovery_copies_gone_on: date(2026, 9, 15),
        key_sha256,
    }
}

pub fn reseller() -> Reseller {
    Reseller {
        code: "mihon".into(),
        name: "見本販売株式会社".into(),
        address: "東京都見本区架空町二丁目3番4号".into(),
        email: "reseller@example.jp".into(),
        due: PaymentTerms::default(),
    }
}

/// A price list since 1 April 2026.
pub fn price_list() -> PriceList {
    PriceList {
        version: "2026-04-01".into(),
        effective_from: date(2026, 4, 1),
        published_on: None,
        plans: vec![Plan {
            retention_days: 30,
            yearly_yen: Yen(21_600),
        }],
        tax_percent: 10,
        due: PaymentTerms::default(),
        day_count: Default::default(),
        payment_ja: "翌月末日まで".into(),
        payment_en: "by the end of the next month".into(),
    }
}

/// A sub-processor since 1 April 2026 that is handed everything for these uses.
pub fn processor(id: &str, uses: &[&str]) -> Processor {
    let text = |ja: &str, en: &str| Bilingual {
        ja: ja.into(),
        en: en.into(),
    };
    Processor {
        id: id.into(),
        name: text("株式会社見本委託", "Mihon Itaku Co., Ltd."),
        task: text("データの保管", "Keeping data"),
        uses: uses.iter().map(|code| Use::parse(code).unwrap()).collect(),
        data: DataClass::ALL.to_vec(),
        location: Location::parse("ap-northeast-1").unwrap(),
        nda: Some("NDA-2026-001".into()),
        since: date(2026, 4, 1),
        until: None,
    }
}

/// A first list of third-party terms, of 1 April 2026.
pub fn third_party_terms() -> ThirdPartyTerms {
    let folder = vec![third_party("v1")];
    let at = start_of(date(2026, 4, 1));
    ThirdPartyTerms::lay_down(None, folder, ("publication", at)).unwrap()
}

/// The list after its only service has other terms.
pub fn next_third_party_terms(list: &ThirdPartyTerms) -> ThirdPartyTerms {
    let at = start_of(date(2026, 5, 1));
    ThirdPartyTerms::enter(Some(list), third_party("v2"), "operator:mori", at).unwrap()
}

fn third_party(terms_version: &str) -> ThirdParty {
    let text = |ja: &str, en: &str| Bilingual {
        ja: ja.into(),
        en: en.into(),
    };
    ThirdParty {
        id: "map".into(),
        name: text("見本地図", "Mihon Map"),
        provider: text("見本地図社", "Mihon Maps, Inc."),
        terms_url: TermsUrl::parse("https://www.example.jp/map/terms").unwrap(),
        terms_version: terms_version.into(),
        since: date(2026, 4, 1),
    }
}

/// The n-th fee of a resold contract, of a day.
pub fn resold_fee(n: u16, on: Date, net: i64) -> ResoldFee {
    ResoldFee {
        reseller: reseller().code,
        contract: ContractId::from_random([u8::try_from(n % 200).unwrap(); 10]),
        order: 1,
        term_number: n,
        on,
        takes_back: false,
        customer: "株式会社見本商店".into(),
        line: InvoiceLine {
            text: Bilingual {
                ja: "クラウド録画サービス 保存30日プラン 年額".into(),
                en: "Cloud recording, 30-day plan, one year".into(),
            },
            quantity: 1,
            unit_yen: Yen(net),
            net_yen: Yen(net),
            tax_percent: Some(10),
        },
    }
}

/// A camera whose recordings are kept for 30 days.
pub fn camera(contract: &ContractId, since: Timestamp) -> Camera {
    Camera {
        id: CameraId::from_random([0; 10]),
        version: 1,
        contract: contract.clone(),
        device: DeviceId::from_random([0; 10]),
        name: "玄関".into(),
        stream_name: "ciero-k".into(),
        retention_hours: 720,
        since,
        retired_at: None,
    }
}

/// A wish to look at a live picture for a quarter of an hour.
pub fn new_staff_view() -> NewStaffView {
    NewStaffView {
        ticket: "T-1024".into(),
        ground: Ground::Fault,
        reason: "映像が乱れるとの連絡を受けた".into(),
        pictures: Pictures::Live,
        minutes: 15,
    }
}

/// An accident of all of the service that began at a moment and lasts.
pub fn interruption(starts_at: Timestamp) -> Interruption {
    Interruption {
        id: InterruptionId::from_random([8; 10]),
        version: 1,
        category: Category::Accident,
        scope: Scope::All,
        starts_at,
        planned_end: None,
        ended_at: None,
        called_off_at: None,
        announced_at: starts_at,
        text: Bilingual {
            ja: "回線の事故です。".into(),
            en: "An accident of a line.".into(),
        },
        updates: Vec::new(),
    }
}
