//! 利用申込み: from draft to registration (Art. 3).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::confirmation::Confirmation;
use crate::ids::{ApplicationId, ContractId};
use crate::language::Language;
use crate::particulars::{FieldError, FieldErrors, FieldRule, Particulars, RawParticulars};
use crate::rules::rules;

rules! {
    /// Where an application stands.
    State {
        Draft => ("draft", "入力中", "Draft"),
        Submitted => ("submitted", "受付済み", "Received"),
        Screening => ("screening", "審査中", "In screening"),
        Approved => ("approved", "承認済み（登録待ち）", "Approved, not yet registered"),
        Registered => ("registered", "登録完了", "Registered"),
        Declined => ("declined", "お断り", "Declined"),
        Withdrawn => ("withdrawn", "取下げ", "Withdrawn"),
    }
}

rules! {
    /// Why a command on an application is refused.
    Refusal {
        WrongState => ("application_wrong_state", "この申込みは、その操作ができる状態ではありません。", "The application is not in a state that allows this."),
        ConfirmationOutdated => ("confirmation_outdated", "確認画面の内容が変わりました。もう一度ご確認ください。", "What the confirmation screen states has changed. Please confirm again."),
        ReasonMissing => ("reason_missing", "理由を記入してください。", "A reason must be given."),
        SecondOperatorNeeded => ("second_operator_needed", "この判断には、別の審査担当者の同意が必要です。", "A second screener must agree to this decision."),
    }
}

/// What an applicant declares (preamble, 3-4-2). Every one is needed; none is detected (D-39).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declarations {
    /// Lives in Japan (P-1).
    pub resident_in_japan: bool,
    /// No law that restricts the transfer of personal data abroad applies (P-3).
    pub no_transfer_regulation: bool,
    /// No export control applies (P-4).
    pub no_export_control: bool,
    /// Has no part in antisocial forces (3-4-2).
    pub not_antisocial: bool,
}

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    pub retention_days: u16,
    pub cameras: u16,
}

/// How the applicant came to us (6-2).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    #[default]
    Direct,
    Reseller(String),
}

/// A form of application, nothing checked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RawApplication {
    #[serde(flatten)]
    pub particulars: RawParticulars,
    pub retention_days: String,
    pub cameras: String,
    pub terms_version: String,
    pub consent: String,
    pub resident_in_japan: String,
    pub no_transfer_regulation: String,
    pub no_export_control: String,
    pub not_antisocial: String,
}

/// What an applicant agreed to, and what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    pub particulars: Particulars,
    pub order: OrderRequest,
    pub declarations: Declarations,
    /// The terms version consented to.
    pub terms_version: String,
}

/// Whether a form's checkbox was ticked; "on", "true", "yes" and "1" count.
pub fn ticked(text: &str) -> bool {
    matches!(text, "on" | "true" | "yes" | "1")
}

impl Form {
    /// Reads a form; every refused field is named. Consent must name the terms version in force (3-1).
    pub fn parse(
        raw: &RawApplication,
        terms_in_force: &str,
        retentions: &[u16],
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let particulars = match Particulars::parse(&raw.particulars) {
            Ok(particulars) => Some(particulars),
            Err(refused) => {
                refused
                    .into_iter()
                    .for_each(|e| errors.add(&e.field, e.rule));
                None
            }
        };
        let retention = raw
            .retention_days
            .parse()
            .ok()
            .filter(|days| retentions.contains(days));
        let retention = errors.keep("retention_days", retention.ok_or(FieldRule::Plan));
        let cameras = raw
            .cameras
            .trim()
            .parse()
            .ok()
            .filter(|n| (1..=1000).contains(n));
        let cameras = errors.keep("cameras", cameras.ok_or(FieldRule::Cameras));
        let declarations = [
            ("resident_in_japan", &raw.resident_in_japan),
            ("no_transfer_regulation", &raw.no_transfer_regulation),
            ("no_export_control", &raw.no_export_control),
            ("not_antisocial", &raw.not_antisocial),
        ];
        for (field, value) in declarations {
            if !ticked(value) {
                errors.add(field, FieldRule::Declaration);
            }
        }
        if !ticked(&raw.consent) || raw.terms_version != terms_in_force {
            errors.add("consent", FieldRule::Consent);
        }
        let form = particulars.zip(retention).zip(cameras).map(
            |((particulars, retention_days), cameras)| Form {
                particulars,
                order: OrderRequest {
                    retention_days,
                    cameras,
                },
                declarations: Declarations {
                    resident_in_japan: true,
                    no_transfer_regulation: true,
                    no_export_control: true,
                    not_antisocial: true,
                },
                terms_version: raw.terms_version.clone(),
            },
        );
        errors.finish(form)
    }
}

/// One application as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub id: ApplicationId,
    /// Number of events folded in; the store writes only on top of the version before.
    pub version: u64,
    pub state: State,
    pub channel: Channel,
    pub form: Form,
    /// What the confirmation screen states.
    pub confirmation: Confirmation,
    /// The language that the applicant reads; mails are written in it.
    pub language: Language,
    pub drafted_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub contract: Option<ContractId>,
}

/// What can be asked of an application.
#[derive(Debug, Clone)]
pub enum Command {
    /// The applicant changes a draft.
    Redraft {
        form: Box<Form>,
        confirmation: Box<Confirmation>,
    },
    /// The applicant confirms what the screen states; `fresh` is that content built anew now.
    Submit {
        shown_hash: String,
        fresh: Box<Confirmation>,
    },
    /// The checks are done; an operator can decide.
    BeginScreening,
    Approve,
    /// The ground and reason go to the confidential table, never here (3-4).
    Decline,
    Withdraw,
    /// The operator completes the registration, which forms the contract (3-3, D-02).
    Register {
        contract: ContractId,
        channel: Channel,
    },
}

/// What happened to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Drafted {
        form: Box<Form>,
        confirmation: Box<Confirmation>,
        at: Timestamp,
    },
    Submitted {
        at: Timestamp,
    },
    ScreeningBegun {
        at: Timestamp,
    },
    Approved {
        at: Timestamp,
    },
    Declined {
        at: Timestamp,
    },
    Withdrawn {
        at: Timestamp,
    },
    Registered {
        contract: ContractId,
        /// Known to the operator only; an applicant is not asked.
        #[serde(default)]
        channel: Channel,
        at: Timestamp,
    },
}

impl Application {
    /// Returns a new draft, version 1.
    pub fn draft(
        id: ApplicationId,
        form: Form,
        confirmation: Confirmation,
        language: Language,
        now: Timestamp,
    ) -> Self {
        Application {
            id,
            version: 1,
            state: State::Draft,
            channel: Channel::Direct,
            form,
            confirmation,
            language,
            drafted_at: now,
            submitted_at: None,
            decided_at: None,
            contract: None,
        }
    }
}

/// Decides a command; nothing is changed by a refusal.
pub fn decide(
    application: &Application,
    command: Command,
    now: Timestamp,
) -> Result<Event, Refusal> {
    use State::{Approved, Draft, Screening, Submitted};
    match (application.state, command) {
        (Draft, Command::Redraft { form, confirmation }) => Ok(Event::Drafted {
            form,
            confirmation,
            at: now,
        }),
        (Draft, Command::Submit { shown_hash, fresh }) => {
            let shown = &application.confirmation;
            // The example term moves with the day; what binds is the price, the terms and the conditions.
            let same = Confirmation {
                example_term: shown.example_term,
                ..*fresh
            } == *shown;
            if shown_hash == shown.hash() && same {
                Ok(Event::Submitted { at: now })
            } else {
                Err(Refusal::ConfirmationOutdated)
            }
        }
        (Submitted, Command::BeginScreening) => Ok(Event::ScreeningBegun { at: now }),
        (Screening, Command::Approve) => Ok(Event::Approved { at: now }),
        (Screening, Command::Decline) => Ok(Event::Declined { at: now }),
        (Draft | Submitted | Screening | Approved, Command::Withdraw) => {
            Ok(Event::Withdrawn { at: now })
        }
        (Approved, Command::Register { contract, channel }) => Ok(Event::Registered {
            contract,
            channel,
            at: now,
        }),
        _ => Err(Refusal::WrongState),
    }
}

/// Folds an event into the application.
pub fn evolve(mut application: Application, event: &Event) -> Application {
    application.version += 1;
    match event {
        Event::Drafted {
            form, confirmation, ..
        } => {
            application.form = (**form).clone();
            application.confirmation = (**confirmation).clone();
        }
        Event::Submitted { at } => {
            application.state = State::Submitted;
            application.submitted_at = Some(*at);
        }
        Event::ScreeningBegun { .. } => application.state = State::Screening,
        Event::Approved { at } => {
            application.state = State::Approved;
            application.decided_at = Some(*at);
        }
        Event::Declined { at } => {
            application.state = State::Declined;
            application.decided_at = Some(*at);
        }
        Event::Withdrawn { .. } => application.state = State::Withdrawn,
        Event::Registered {
            contract, channel, ..
        } => {
            application.channel = channel.clone();
            application.state = State::Registered;
            application.contract = Some(contract.clone());
        }
    }
    application
}

#[cfg(test)]
#[path = "application_tests.rs"]
mod art_03;

/// Examples that tests of several modules start from.
#[cfg(any(test, feature = "samples"))]
pub mod tests_support {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::prices::{Plan, PriceList};
    use jiff::civil::date;

    pub(crate) fn prices() -> PriceList {
        PriceList {
            version: "2026-04-01".into(),
            effective_from: date(2026, 4, 1),
            published_on: None,
            day_count: Default::default(),
            due: Default::default(),
            plans: vec![Plan {
                retention_days: 30,
                yearly_yen: crate::money::Yen(18_000),
            }],
            tax_percent: 10,
            payment_ja: "翌月末日払い".into(),
            payment_en: "by the end of the next month".into(),
        }
    }

    pub(crate) fn raw() -> RawApplication {
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
            terms_version: "2026-04-01".into(),
            consent: on(),
            resident_in_japan: on(),
            no_transfer_regulation: on(),
            no_export_control: on(),
            not_antisocial: on(),
        }
    }

    pub(crate) fn draft() -> Application {
        let form = Form::parse(&raw(), "2026-04-01", &[30]).unwrap();
        let confirmation =
            Confirmation::build(&prices(), 30, 2, "2026-04-01", date(2026, 4, 1)).unwrap();
        Application::draft(
            ApplicationId::from_random([1; 10]),
            form,
            confirmation,
            Language::Ja,
            Timestamp::UNIX_EPOCH,
        )
    }

    pub(crate) fn submitted() -> Application {
        evolve(
            draft(),
            &Event::Submitted {
                at: Timestamp::UNIX_EPOCH,
            },
        )
    }
}
