//! Screening: signals for a person to weigh; nothing is refused automatically (3-2, 3-4).

mod hashed;
mod hits;
#[cfg(test)]
mod hits_tests;
mod lists;
mod matching;
#[cfg(test)]
mod matching_tests;
mod names;
mod review;
mod romaji;
mod variants;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::application::Application;
use crate::ids::{ApplicationId, ContractId};
use crate::particulars::{Customer, Particulars};
use crate::rules::rules;

pub use hashed::{RegisterKey, known_by_hash};
use hits::Names;
pub use hits::{Evidence, ListIndex};
pub use lists::{ListEntry, ListHeader, NotNewer, ScreeningList, UnreadableList, lists_in_force};
pub use matching::{ComparableName, LIKENESS_SHOWN, likeness};
use names::fold_digits;
pub use names::fold_name;
pub use review::{Conclusion, Opinion, Reading, Review, ReviewRefusal, Subject};

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
        RegisterNameNear => ("register_name_near", "登録簿の名称に似ています。", "A name is near one on the register."),
        RegisterAddress => ("register_address", "登録簿と住所が一致しました。", "The address is on the register."),
        RegisterPhone => ("register_phone", "登録簿と電話番号が一致しました。", "The phone number is on the register."),
        RegisterEmail => ("register_email", "登録簿とメールアドレスが一致しました。", "The e-mail address is on the register."),
        ListName => ("list_name", "照合リストと名称が一致しました。", "A name is on a screening list."),
        ListNameNear => ("list_name_near", "照合リストの名称に似ています。", "A name is near one on a screening list."),
        ListNameWeak => ("list_name_weak", "照合リストの、確度が低いとされる別名に一致したか、似ています（弱い手がかりです）。", "A name is, or is near, an alias that the screening list itself calls unreliable; a weak hint."),
        ListCorporateNumber => ("list_corporate_number", "照合リストと法人番号が一致しました。", "The corporate number is on a screening list."),
        MoreHits => ("more_hits", "ほかにも照合リストとの一致があります（件数）。", "There are more hits on screening lists (number)."),
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
    /// Which names were compared, where names were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
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
    /// The contract to which a measure was taken; that one is no news of its own entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractId>,
    pub recorded_by: String,
    pub recorded_at: Timestamp,
    /// Keyed hashes in the place of the particulars, once the customer's data were deleted (D-05).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<String>,
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
    /// What the first of two said where two must agree, and the decision itself.
    pub judgements: Vec<Judgement>,
}

impl Screening {
    /// Tells whether an approval takes two screeners: a hit, or a first judgement, bears on antisocial forces.
    pub fn needs_two(&self) -> bool {
        let mut grounds = self.signals.iter().map(|signal| Some(signal.ground));
        let antisocial = Some(Ground::AntisocialForces);
        grounds.any(|ground| ground == antisocial)
            || self.judgements.iter().any(|j| j.ground == antisocial)
    }

    /// Tells what a judgement comes to. On antisocial forces a refusal on that ground, and an approval in spite of it,
    /// each take two screeners who say the same.
    pub fn weigh(&self, judgement: &Judgement) -> Agreement {
        let on_that_ground = judgement.ground == Some(Ground::AntisocialForces);
        let takes_two = on_that_ground || (judgement.approved && self.needs_two());
        if !takes_two {
            return Agreement::Complete;
        }
        let same =
            |j: &&Judgement| (j.approved, j.ground) == (judgement.approved, judgement.ground);
        let mut agreeing = self.judgements.iter().filter(same).peekable();
        if agreeing.peek().is_none() {
            return Agreement::First;
        }
        match agreeing.any(|j| j.by == judgement.by) {
            true => Agreement::Repeated,
            false => Agreement::Complete,
        }
    }
}

/// What a screener's judgement comes to beside the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// It decides.
    Complete,
    /// It is kept; another screener must say the same.
    First,
    /// The same screener said so before, and counts once.
    Repeated,
}

/// Compares particulars with one entry of the register.
fn on_register(particulars: &Particulars, names: &Names, entry: &RegisterEntry) -> Vec<Signal> {
    let number = match &particulars.customer {
        Customer::Corporation { number } => number.as_str(),
        _ => "",
    };
    let same = |ours: &str, theirs: &str| !theirs.is_empty() && ours == theirs;
    let (name, evidence) = hits::on_register(names, entry).unzip();
    let by_number = same(&fold_digits(number), &fold_digits(&entry.corporate_number));
    let by_address = same(
        &fold_name(&particulars.address.line),
        &fold_name(&entry.address),
    );
    let by_phone = same(&particulars.phone, &fold_digits(&entry.phone));
    let email = entry.email.trim().to_lowercase();
    let by_email = same(&particulars.contact_email, &email);
    let kinds = [
        by_number.then_some(SignalKind::RegisterCorporateNumber),
        name,
        by_address.then_some(SignalKind::RegisterAddress),
        by_phone.then_some(SignalKind::RegisterPhone),
        by_email.then_some(SignalKind::RegisterEmail),
    ];
    let signal = |kind| Signal {
        kind,
        ground: entry.cause.ground(),
        note: format!("{}: {}", entry.id, entry.note),
        evidence: evidence.clone().filter(|_| Some(kind) == name),
    };
    kinds.into_iter().flatten().map(signal).collect()
}

/// Returns what the register and the lists say of particulars, whoever's they are.
pub fn known_of<'a>(
    particulars: &Particulars,
    register: impl IntoIterator<Item = &'a RegisterEntry>,
    lists: &[&ListIndex],
) -> Vec<Signal> {
    let names = Names::of(particulars);
    let mut signals: Vec<Signal> = register
        .into_iter()
        .flat_map(|entry| on_register(particulars, &names, entry))
        .collect();
    signals.extend(hits::on_lists(particulars, &names, lists));
    signals
}

/// Returns everything about an application that a person should weigh.
pub fn signals(
    application: &Application,
    register: &[RegisterEntry],
    lists: &[&ListIndex],
    open: &[Application],
) -> Vec<Signal> {
    let particulars = &application.form.particulars;
    let mut signals = known_of(particulars, register, lists);
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
            evidence: None,
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
                evidence: None,
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
            contract: None,
            recorded_by: "operator".into(),
            recorded_at: Timestamp::UNIX_EPOCH,
            hashes: Vec::new(),
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
        let judgement = |approved: bool, ground: Option<Ground>, by: &str| Judgement {
            approved,
            ground,
            reason: "known".into(),
            by: by.into(),
            at: Timestamp::UNIX_EPOCH,
        };
        let antisocial = Some(Ground::AntisocialForces);
        for (approved, ground) in [(true, None), (false, antisocial)] {
            screening.judgements = Vec::new();
            let first = judgement(approved, ground, "first");
            assert_eq!(screening.weigh(&first), Agreement::First);
            screening.judgements.push(first.clone());
            assert_eq!(screening.weigh(&first), Agreement::Repeated);
            let second = judgement(approved, ground, "second");
            assert_eq!(screening.weigh(&second), Agreement::Complete);
        }
        let other = judgement(false, Some(Ground::Unsuitable), "first");
        assert_eq!(screening.weigh(&other), Agreement::Complete);
        screening.signals = Vec::new();
        let release = judgement(true, None, "second");
        assert_eq!(
            screening.weigh(&release),
            Agreement::First,
            "what one called antisocial"
        );
        screening.judgements = Vec::new();
        assert_eq!(screening.weigh(&release), Agreement::Complete);
    }
}
