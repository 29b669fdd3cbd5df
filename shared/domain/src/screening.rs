//! Screening: signals for a person to weigh; nothing is refused automatically (3-2, 3-4).

mod lists;
mod names;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::application::Application;
use crate::ids::ApplicationId;
use crate::particulars::{Customer, Particulars};
use crate::rules::rules;

pub use lists::{ListEntry, ListHeader, ScreeningList, UnreadableList, lists_in_force};
use names::fold_digits;
pub use names::fold_name;

rules! {
    /// 3-4's grounds for refusing a registration. Internal: an applicant never learns which.
    Ground {
        FalseParticulars => ("3-4-1", "登録事項の虚偽・誤記・記載漏れ", "False, wrong or missing particulars"),
        AntisocialForces => ("3-4-2", "反社会的勢力等", "Antisocial forces"),
        EarlierViolation => ("3-4-3", "過去の違反者またはその関係者", "An earlier violator, or related to one"),
        EarlierMeasure => ("3-4-4", "第13条の措置を受けたことがある", "Was subject to a measure of Art. 13"),
        Unsuitable => ("3-4-5", "その他不適当", "Otherwise unsuitable"),
    }
}

rules! {
    /// What a check noticed.
    SignalKind {
        PostalCodeElsewhere => ("postal_code_elsewhere", "郵便番号が都道府県と一致しません。", "The postal code lies in another prefecture."),
        RegisterCorporateNumber => ("register_corporate_number", "登録簿と法人番号が一致しました。", "The corporate number is on the register."),
        RegisterName => ("register_name", "登録簿と名称が一致しました。", "The name is on the register."),
        RegisterAddress => ("register_address", "登録簿と住所が一致しました。", "The address is on the register."),
        RegisterPhone => ("register_phone", "登録簿と電話番号が一致しました。", "The phone number is on the register."),
        RegisterEmail => ("register_email", "登録簿とメールアドレスが一致しました。", "The e-mail address is on the register."),
        ListName => ("list_name", "照合リストと名称が一致しました。", "A name is on a screening list."),
        ListCorporateNumber => ("list_corporate_number", "照合リストと法人番号が一致しました。", "The corporate number is on a screening list."),
        OpenApplication => ("open_application", "同じ連絡先による別の申込みがあります。", "There is another application with the same contact."),
    }
}

/// One thing for a person to weigh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    pub kind: SignalKind,
    /// The ground that it may bear on.
    pub ground: Ground,
    /// What was compared, for the screener only.
    pub note: String,
}

/// Why someone stands on the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisterCause {
    /// Broke an earlier contract (3-4-3).
    Violation,
    /// Was subject to a measure of Art. 13 (3-4-4).
    Measure,
    /// Antisocial forces (3-4-2).
    Antisocial,
}

impl RegisterCause {
    fn ground(self) -> Ground {
        match self {
            RegisterCause::Violation => Ground::EarlierViolation,
            RegisterCause::Measure => Ground::EarlierMeasure,
            RegisterCause::Antisocial => Ground::AntisocialForces,
        }
    }
}

/// One entry of the register of earlier violators and Art. 13 measures. Empty texts match nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterEntry {
    /// Unique within the register.
    pub id: String,
    pub cause: RegisterCause,
    pub name: String,
    pub corporate_number: String,
    pub address: String,
    pub phone: String,
    pub email: String,
    pub note: String,
    pub recorded_by: String,
    pub recorded_at: Timestamp,
}

/// An operator's decision with the reason that nobody outside screening ever sees (3-4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub approved: bool,
    /// The ground of a refusal.
    pub ground: Option<Ground>,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

/// The confidential side of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screening {
    pub application: ApplicationId,
    pub version: u64,
    pub signals: Vec<Signal>,
    pub checked_at: Timestamp,
    /// The first approval where two must agree, and the decision itself.
    pub judgements: Vec<Judgement>,
}

impl Screening {
    /// Tells whether two screeners must agree to an approval: a hit that bears on antisocial forces.
    pub fn needs_two(&self) -> bool {
        self.signals
            .iter()
            .any(|signal| signal.ground == Ground::AntisocialForces)
    }

    /// Tells whether an approval by this operator would be enough.
    pub fn approval_completes(&self, operator: &str) -> bool {
        !self.needs_two()
            || self
                .judgements
                .iter()
                .any(|j| j.approved && j.by != operator)
    }
}

/// Compares an application's particulars with one entry of the register.
fn compare(particulars: &Particulars, entry: &RegisterEntry) -> Vec<Signal> {
    let number = match &particulars.customer {
        Customer::Corporation { number } => number.as_str(),
        _ => "",
    };
    let names = [
        Some(&particulars.name),
        particulars.representative.as_ref(),
        Some(&particulars.contact_name),
    ];
    let entry_name = fold_name(&entry.name);
    let same = |ours: &str, theirs: &str| !theirs.is_empty() && ours == theirs;
    let checks = [
        (
            SignalKind::RegisterCorporateNumber,
            same(&fold_digits(number), &fold_digits(&entry.corporate_number)),
        ),
        (
            SignalKind::RegisterName,
            names
                .into_iter()
                .flatten()
                .any(|name| same(&fold_name(name), &entry_name)),
        ),
        (
            SignalKind::RegisterAddress,
            same(
                &fold_name(&particulars.address.line),
                &fold_name(&entry.address),
            ),
        ),
        (
            SignalKind::RegisterPhone,
            same(&particulars.phone, &fold_digits(&entry.phone)),
        ),
        (
            SignalKind::RegisterEmail,
            same(
                &particulars.contact_email,
                &entry.email.trim().to_lowercase(),
            ),
        ),
    ];
    let hits = checks.into_iter().filter(|(_, hit)| *hit);
    hits.map(|(kind, _)| Signal {
        kind,
        ground: entry.cause.ground(),
        note: format!("{}: {}", entry.id, entry.note),
    })
    .collect()
}

/// Returns everything about an application that a person should weigh.
pub fn signals(
    application: &Application,
    register: &[RegisterEntry],
    lists: &[ScreeningList],
    open: &[Application],
) -> Vec<Signal> {
    let particulars = &application.form.particulars;
    let mut signals: Vec<Signal> = register
        .iter()
        .flat_map(|entry| compare(particulars, entry))
        .collect();
    signals.extend(lists::signals(particulars, lists));
    let address = &particulars.address;
    if !address.prefecture.may_have(&address.postal_code) {
        let note = format!(
            "{} {}",
            address.postal_code,
            address.prefecture.name(crate::Language::Ja)
        );
        signals.push(Signal {
            kind: SignalKind::PostalCodeElsewhere,
            ground: Ground::FalseParticulars,
            note,
        });
    }
    for other in open {
        let theirs = &other.form.particulars;
        if other.id != application.id
            && (theirs.contact_email == particulars.contact_email
                || theirs.phone == particulars.phone)
        {
            signals.push(Signal {
                kind: SignalKind::OpenApplication,
                ground: Ground::Unsuitable,
                note: theirs.name.clone(),
            });
        }
    }
    signals
}

#[cfg(test)]
mod art_03 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::application::tests_support::submitted;

    fn entry(change: impl FnOnce(&mut RegisterEntry)) -> RegisterEntry {
        let mut entry = RegisterEntry {
            id: "r1".into(),
            cause: RegisterCause::Violation,
            name: String::new(),
            corporate_number: String::new(),
            address: String::new(),
            phone: String::new(),
            email: String::new(),
            note: "unpaid".into(),
            recorded_by: "operator".into(),
            recorded_at: Timestamp::UNIX_EPOCH,
        };
        change(&mut entry);
        entry
    }

    fn kinds(entry: RegisterEntry) -> Vec<SignalKind> {
        signals(&submitted(), &[entry], &[], &[])
            .into_iter()
            .map(|s| s.kind)
            .collect()
    }

    #[test]
    fn an_earlier_violator_is_found_by_each_particular() {
        assert_eq!(
            kinds(entry(|e| e.corporate_number = "7123456789012".into())),
            [SignalKind::RegisterCorporateNumber]
        );
        assert_eq!(
            kinds(entry(|e| e.name = "（株）髙見本商店".replace('髙', ""))),
            [SignalKind::RegisterName]
        );
        assert_eq!(
            kinds(entry(|e| e.phone = "03-0000-0000".into())),
            [SignalKind::RegisterPhone]
        );
        assert_eq!(
            kinds(entry(|e| e.email = "Hanako@example.jp".into())),
            [SignalKind::RegisterEmail]
        );
        assert_eq!(
            kinds(entry(|e| e.address = "千代田区千代田 １−１".into())),
            [SignalKind::RegisterAddress]
        );
    }

    #[test]
    fn a_representative_on_the_register_is_found() {
        assert_eq!(
            kinds(entry(|e| e.name = "見本太郎".into())),
            [SignalKind::RegisterName]
        );
    }

    #[test]
    fn an_entry_without_particulars_matches_nobody() {
        assert_eq!(kinds(entry(|_| ())), []);
    }

    #[test]
    fn an_earlier_measure_bears_on_its_own_ground() {
        let found = signals(
            &submitted(),
            &[entry(|e| {
                e.cause = RegisterCause::Measure;
                e.phone = "0300000000".into()
            })],
            &[],
            &[],
        );
        assert_eq!(found[0].ground, Ground::EarlierMeasure);
    }

    #[test]
    fn a_postal_code_of_another_prefecture_is_a_signal() {
        let mut application = submitted();
        application.form.particulars.address.postal_code = "5300001".into();
        let found = signals(&application, &[], &[], &[]);
        assert_eq!(found[0].kind, SignalKind::PostalCodeElsewhere);
    }

    #[test]
    fn a_hit_on_antisocial_forces_needs_two_screeners() {
        let found = signals(
            &submitted(),
            &[entry(|e| {
                e.cause = RegisterCause::Antisocial;
                e.phone = "0300000000".into()
            })],
            &[],
            &[],
        );
        let mut screening = Screening {
            application: submitted().id,
            version: 1,
            signals: found,
            checked_at: Timestamp::UNIX_EPOCH,
            judgements: vec![],
        };
        assert!(!screening.approval_completes("first"));
        screening.judgements.push(Judgement {
            approved: true,
            ground: None,
            reason: "known".into(),
            by: "first".into(),
            at: Timestamp::UNIX_EPOCH,
        });
        assert!(!screening.approval_completes("first"));
        assert!(screening.approval_completes("second"));
    }
}
