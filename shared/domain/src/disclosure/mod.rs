//! 開示: what a state organ asks for, how it is judged and approved, and what is handed over (21-4).
//!
//! A case is decided by commands and folded from its entries. Whoever prepares it cannot approve it, and two approve
//! every judgement. Recordings are given on a warrant or with the customer's consent only, with an approval of their own (D-31).

mod copy;
mod decide;
mod evolve;
#[cfg(test)]
mod tests;

pub use copy::{Batch, CopyOrder, Fragment, HoldCopy, batches};
pub use decide::{Command, HoldWhen, Opening};
pub use evolve::evolve;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::hold;
use crate::ids::{CameraId, ContractId, DisclosureId};
use crate::rules::rules;

rules! {
    /// Why a command on a disclosure case is refused.
    Refusal {
        CaseClosed => ("disclosure_closed", "この開示案件は終了しています。", "This disclosure case is closed."),
        StatuteMissing => ("statute_missing", "その他の法令による場合は、法令名と条項を記入してください。", "Name the statute and its article when the basis is another one."),
        NothingAsked => ("nothing_asked", "開示を求められた範囲がありません。", "Nothing is asked for."),
        StretchInvalid => ("stretch_invalid", "録画の範囲は、開始が終了より前で、現在までの、31日以内としてください。", "A stretch of recording begins before it ends, ends by now, and is no longer than 31 days."),
        TooManyStretches => ("too_many_stretches", "録画の範囲は10個までです。", "A case names at most ten stretches of recording."),
        DocumentMissing => ("document_missing", "開示する判断の前に、求めの書面を登録してください。", "The document of the request must be added before a judgement to disclose."),
        TooManyDocuments => ("too_many_documents", "登録できる書面は20通までです。", "A case holds at most twenty documents."),
        ReasonMissing => ("reason_missing", "理由を記入してください。", "A reason must be given."),
        PartOutsideScope => ("part_outside_scope", "一部開示の範囲は、求められた範囲の一部でなければなりません。", "What is disclosed in part must be a part of what was asked for."),
        VideoNeedsWarrant => ("video_needs_warrant", "映像は、令状またはお客様の同意がある場合に限り開示できます。", "Recordings are disclosed on a warrant or with the customer's consent only (D-31)."),
        NotJudged => ("not_judged", "まだ判断がありません。", "There is no judgement yet."),
        ApprovalOwn => ("approval_own", "案件を起案した人は承認できません。", "Whoever prepared the case cannot approve it."),
        ApprovalRepeated => ("approval_repeated", "同じ人が二度承認することはできません。", "The same operator cannot approve twice."),
        ApprovedAlready => ("approved_already", "すでに承認されています。", "It is approved already."),
        NotApproved => ("not_approved", "二人の承認が必要です。", "Two approvals are needed."),
        VideoNotApproved => ("video_not_approved", "映像の開示には、別の承認が必要です。", "Recordings need an approval of their own."),
        NoVideo => ("no_video", "開示する映像がありません。", "No recordings are to be disclosed."),
        NothingToDisclose => ("nothing_to_disclose", "開示しない判断のため、開示資料は作成できません。", "The judgement is to refuse, so there is no package."),
        CopyIncomplete => ("copy_incomplete", "映像の保全の複製が完了していません。", "The copy of the held recordings is not complete."),
        PackageMade => ("package_made", "開示資料はすでに作成されています。", "The package is made already."),
        PackageMissing => ("package_missing", "開示資料がまだ作成されていません。", "There is no package yet."),
        HashDiffers => ("hash_differs", "受領された資料のハッシュ値が開示資料と一致しません。", "The hash that was acknowledged is not that of the package."),
        DeliveredInTheFuture => ("delivered_in_the_future", "交付日は資料の作成日から今日までの日付にしてください。", "The day of delivery lies between the package and today."),
        DeliveredAlready => ("delivered_already", "すでに交付されています。", "It is delivered already."),
        NotDelivered => ("not_delivered", "まだ交付されていません。", "It is not delivered yet."),
        NotRefused => ("not_refused", "開示しない判断が承認されていません。", "No refusal has been approved."),
        HoldPlaced => ("hold_placed", "保全はすでに行われています。", "The hold is placed already."),
        HoldMissing => ("hold_missing", "有効な保全がありません。", "There is no hold in force."),
        HoldInForce => ("hold_in_force", "保全を解除してから終了してください。", "Release the hold before closing the case."),
        ReleaseProposed => ("release_proposed", "保全の解除はすでに提案されています。", "The release of the hold is proposed already."),
        ReleaseNotProposed => ("release_not_proposed", "保全の解除は提案されていません。", "The release of the hold is not proposed."),
        ReleaseOwn => ("release_own", "保全の解除には、提案した人とは別の担当者の同意が必要です。", "Another operator than the one who proposed must agree to the release."),
    }
}

rules! {
    /// Who asks (21-4).
    RequesterKind {
        Court => ("court", "裁判所", "Court"),
        Police => ("police", "警察", "Police"),
        Prosecutor => ("prosecutor", "検察", "Public prosecutor"),
        StateOrgan => ("state_organ", "その他の国・地方公共団体の機関", "Other organ of the state or a municipality"),
        Similar => ("similar", "これらに準ずる機関", "A body similar to these"),
    }
}

rules! {
    /// On what a request rests (21-4): the statute, or the customer's consent.
    LegalBasis {
        Warrant => ("warrant", "令状による差押え等（刑事訴訟法第99条、第218条）", "Seizure or search by warrant (Code of Criminal Procedure 99, 218)"),
        Inquiry => ("inquiry", "捜査関係事項照会（刑事訴訟法第197条第2項）", "Inquiry in an investigation (Code of Criminal Procedure 197-2)"),
        CourtInquiry => ("court_inquiry", "調査の嘱託（民事訴訟法第186条）", "Commission of inquiry by a court (Code of Civil Procedure 186)"),
        DocumentOrder => ("document_order", "文書提出命令（民事訴訟法第223条）", "Order to produce documents (Code of Civil Procedure 223)"),
        BarInquiry => ("bar_inquiry", "弁護士会照会（弁護士法第23条の2）", "Inquiry by a bar association (Attorneys Act 23-2)"),
        TaxInquiry => ("tax_inquiry", "税務調査（国税通則法第74条の2、第131条）", "Tax inquiry (General Act of National Taxes 74-2, 131)"),
        OtherStatute => ("other_statute", "その他の法令", "Another statute"),
        Consent => ("consent", "お客様の同意（個人情報保護法第27条第1項）", "The customer's consent (Act on the Protection of Personal Information 27-1)"),
    }
}

impl LegalBasis {
    /// Tells whether recordings may be disclosed on this basis (D-31).
    pub fn allows_video(self) -> bool {
        matches!(self, LegalBasis::Warrant | LegalBasis::Consent)
    }
}

rules! {
    /// A kind of registered personal data.
    DataKind {
        Particulars => ("particulars", "登録事項", "Particulars"),
        Users => ("users", "担当者と登録ユーザ", "Administrators and registered users"),
        Devices => ("devices", "機器とカメラ", "Devices and cameras"),
        Billing => ("billing", "請求と入金", "Invoices and payments"),
        Notices => ("notices", "通知", "Notices"),
        AuditTrail => ("audit_trail", "操作記録", "Audit rows"),
    }
}

rules! {
    /// What the company makes of a request.
    Verdict {
        All => ("all", "すべて開示する", "Disclose all"),
        Part => ("part", "一部を開示する", "Disclose a part"),
        Refuse => ("refuse", "開示しない", "Refuse"),
    }
}

rules! {
    /// Why a case ends.
    ClosingCause {
        Delivered => ("delivered", "交付済み", "Delivered"),
        Refused => ("refused", "開示しない", "Refused"),
        Withdrawn => ("withdrawn", "求めの取下げ", "The request was withdrawn"),
    }
}

rules! {
    /// How far a case is.
    Stage {
        Open => ("open", "受付", "Open"),
        Judged => ("judged", "承認待ち", "Waits for approval"),
        Approved => ("approved", "承認済み", "Approved"),
        Packaged => ("packaged", "資料作成済み", "Packaged"),
        Delivered => ("delivered", "交付済み", "Delivered"),
        Closed => ("closed", "終了", "Closed"),
    }
}

/// What one camera recorded, from a moment to before another by the camera's clock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stretch {
    pub camera: CameraId,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// What is asked for, or disclosed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub data: Vec<DataKind>,
    pub recordings: Vec<Stretch>,
}

impl Scope {
    /// Tells whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty() && self.recordings.is_empty()
    }

    /// Tells whether all of it is in another one.
    pub fn is_within(&self, other: &Scope) -> bool {
        self.data.iter().all(|kind| other.data.contains(kind))
            && self.recordings.iter().all(|s| other.recordings.contains(s))
    }

    /// Returns what a hold must keep of it: exactly this and nothing else.
    pub fn held(&self) -> Vec<hold::Scope> {
        let data = (!self.data.is_empty()).then_some(hold::Scope::RegisteredData);
        let recordings = self.recordings.iter().map(|s| hold::Scope::Recordings {
            camera: s.camera.clone(),
            from: s.from,
            until: s.until,
        });
        data.into_iter().chain(recordings).collect()
    }
}

/// Who asks, on what basis and by which document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub requester: RequesterKind,
    /// For example the name of the police station.
    pub name: String,
    pub office: String,
    pub officer: String,
    pub contact: String,
    pub basis: LegalBasis,
    /// The statute where the basis is another one; else what there is to add.
    pub statute: String,
    pub document_number: String,
    pub received_on: Date,
}

/// A scan that was added to the case; its file is named by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub by: String,
    pub at: Timestamp,
}

/// What was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub verdict: Verdict,
    /// What is to be disclosed; empty if it is refused.
    pub scope: Scope,
    pub reason: String,
}

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedFile {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// A copied stretch of recording that belongs to a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedRecording {
    pub stretch: Stretch,
    pub pieces: u32,
    pub fragments: u64,
    pub bytes: u64,
    /// SHA-256 of the last piece's manifest, which names the manifest before it; `None` if nothing was recorded.
    pub last_manifest: Option<String>,
}

/// What is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// SHA-256 of the manifest, which names every other file with its own, in hexadecimal.
    pub sha256: String,
    pub files: Vec<PackedFile>,
    pub recordings: Vec<PackedRecording>,
}

/// How the package was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub on: Date,
    pub method: String,
    pub recipient: String,
    /// Who handed it over.
    pub handed_by: String,
    /// The hash that the recipient acknowledged, in hexadecimal.
    pub acknowledged: String,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    pub cause: ClosingCause,
    pub note: String,
}

/// Where the hold of a case stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HoldState {
    #[default]
    None,
    InForce {
        since: Timestamp,
        /// Who proposed to end it.
        release: Option<Signed>,
    },
    Released {
        at: Timestamp,
    },
}

/// One thing that happened to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Opened(Box<Opening>),
    DocumentAdded(Document),
    HoldPlaced,
    ReleaseProposed { reason: String },
    HoldReleased,
    Judged(Judgement),
    Approved,
    VideoApproved,
    Packaged(Package),
    Delivered(Delivery),
    Closed(Closing),
}

/// An event with who caused it and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub version: u64,
    pub by: String,
    pub at: Timestamp,
    pub event: Event,
}

/// One case; the fold of its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    pub id: DisclosureId,
    pub version: u64,
    pub contract: ContractId,
    pub opened: Signed,
    pub request: Request,
    pub scope: Scope,
    pub documents: Vec<Document>,
    /// Who added the documents: they prepared the case too.
    pub added_by: Vec<String>,
    pub hold: HoldState,
    pub judgement: Option<Judgement>,
    pub judged: Option<Signed>,
    pub approvals: Vec<Signed>,
    pub video_approval: Option<Signed>,
    pub package: Option<Package>,
    pub packaged: Option<Signed>,
    pub delivery: Option<Delivery>,
    pub closing: Option<Closing>,
}

/// How many operators approve a judgement.
pub const APPROVALS: usize = 2;

impl Disclosure {
    /// Returns how far the case is.
    pub fn stage(&self) -> Stage {
        match self {
            Disclosure {
                closing: Some(_), ..
            } => Stage::Closed,
            Disclosure {
                delivery: Some(_), ..
            } => Stage::Delivered,
            Disclosure {
                package: Some(_), ..
            } => Stage::Packaged,
            Disclosure { approvals, .. } if approvals.len() >= APPROVALS => Stage::Approved,
            Disclosure {
                judgement: Some(_), ..
            } => Stage::Judged,
            _ => Stage::Open,
        }
    }

    /// Tells whether an operator had a hand in what is to be approved.
    pub fn was_prepared_by(&self, by: &str) -> bool {
        self.opened.by == by
            || self.added_by.iter().any(|one| one == by)
            || self.judged.as_ref().is_some_and(|judged| judged.by == by)
    }

    /// Tells whether an entry of the case places its hold.
    pub fn places_hold(event: &Event) -> bool {
        match event {
            Event::Opened(opening) => opening.hold == HoldWhen::AtOnce,
            event => *event == Event::HoldPlaced,
        }
    }

    /// Tells whether the hold keeps its scope.
    pub fn is_held(&self) -> bool {
        matches!(self.hold, HoldState::InForce { .. })
    }

    /// Refuses what only a case with a hold in force allows.
    pub fn must_be_held(&self) -> Result<(), Refusal> {
        match self.is_held() {
            true => Ok(()),
            false => Err(Refusal::HoldMissing),
        }
    }

    /// Returns the recordings that are to be disclosed.
    pub fn disclosed_recordings(&self) -> &[Stretch] {
        let judgement = self.judgement.as_ref();
        judgement.map_or(&[], |judgement| &judgement.scope.recordings)
    }
}
