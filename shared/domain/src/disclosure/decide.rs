//! Decides the commands on a case.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    APPROVALS, Closing, ClosingCause, Delivery, Disclosure, Document, Entry, Event, HoldState,
    Judgement, LegalBasis, Package, Refusal, Request, Scope, Stage, Stretch, Verdict,
};
use crate::calendar::tokyo_date;
use crate::ids::{ContractId, DisclosureId};

/// The longest stretch of one camera's recording.
const LONGEST_STRETCH: SignedDuration = SignedDuration::from_hours(31 * 24);
/// How many stretches one case may name: each has a copy and a message in the transaction that places the hold.
const MOST_STRETCHES: usize = 10;
const MOST_DOCUMENTS: usize = 20;

/// What a case begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub id: DisclosureId,
    pub contract: ContractId,
    pub request: Request,
    pub scope: Scope,
    pub hold: HoldWhen,
}

/// When the hold is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldWhen {
    /// With the case.
    AtOnce,
    /// By a command of its own, or never.
    Later,
}

impl Opening {
    /// Begins a case.
    ///
    /// # Errors
    /// Refuses a request without a scope, a stretch that is none, and another statute without its name.
    pub fn decide(self, by: &str, now: Timestamp) -> Result<Entry, Refusal> {
        if self.request.basis == LegalBasis::OtherStatute && self.request.statute.is_empty() {
            return Err(Refusal::StatuteMissing);
        }
        if self.scope.is_empty() {
            return Err(Refusal::NothingAsked);
        }
        if self.scope.recordings.len() > MOST_STRETCHES {
            return Err(Refusal::TooManyStretches);
        }
        let is_sound = |stretch: &Stretch| {
            stretch.from < stretch.until
                && stretch.until <= now
                && stretch.until.duration_since(stretch.from) <= LONGEST_STRETCH
        };
        if !self.scope.recordings.iter().all(is_sound) {
            return Err(Refusal::StretchInvalid);
        }
        Ok(Entry {
            version: 1,
            by: by.to_owned(),
            at: now,
            event: Event::Opened(Box::new(self)),
        })
    }
}

/// What an operator asks of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    AddDocument(Document),
    PlaceHold,
    ProposeRelease {
        reason: String,
    },
    ApproveRelease,
    /// `part` counts where the verdict is to disclose a part.
    Judge {
        verdict: Verdict,
        part: Scope,
        reason: String,
    },
    Approve,
    ApproveVideo,
    Package(Package),
    Deliver(Delivery),
    Close(Closing),
}

impl Disclosure {
    /// Decides a command.
    ///
    /// # Errors
    /// Returns the rule that stands against it; nothing has happened then.
    pub fn decide(&self, command: Command, by: &str, now: Timestamp) -> Result<Entry, Refusal> {
        if self.stage() == Stage::Closed {
            return Err(Refusal::CaseClosed);
        }
        let event = match command {
            Command::AddDocument(document) => self.add(document),
            Command::PlaceHold => self.place_hold(),
            Command::ProposeRelease { reason } => self.propose_release(reason),
            Command::ApproveRelease => self.approve_release(by),
            Command::Judge {
                verdict,
                part,
                reason,
            } => self.judge(verdict, part, reason),
            Command::Approve => self.approve(by),
            Command::ApproveVideo => self.approve_video(by),
            Command::Package(package) => self.make(package),
            Command::Deliver(delivery) => self.deliver(delivery, now),
            Command::Close(closing) => self.close(closing),
        }?;
        Ok(Entry {
            version: self.version + 1,
            by: by.to_owned(),
            at: now,
            event,
        })
    }

    fn add(&self, document: Document) -> Result<Event, Refusal> {
        let is_full = self.documents.len() >= MOST_DOCUMENTS;
        let added = Event::DocumentAdded(document);
        (!is_full).then_some(added).ok_or(Refusal::TooManyDocuments)
    }

    fn place_hold(&self) -> Result<Event, Refusal> {
        match self.hold {
            HoldState::None => Ok(Event::HoldPlaced),
            HoldState::InForce { .. } | HoldState::Released { .. } => Err(Refusal::HoldPlaced),
        }
    }

    fn propose_release(&self, reason: String) -> Result<Event, Refusal> {
        match &self.hold {
            HoldState::InForce {
                release: Some(_), ..
            } => Err(Refusal::ReleaseProposed),
            HoldState::InForce { .. } if reason.is_empty() => Err(Refusal::ReasonMissing),
            HoldState::InForce { .. } => Ok(Event::ReleaseProposed { reason }),
            HoldState::None | HoldState::Released { .. } => Err(Refusal::HoldMissing),
        }
    }

    fn approve_release(&self, by: &str) -> Result<Event, Refusal> {
        match &self.hold {
            HoldState::InForce {
                release: Some(proposed),
                ..
            } if proposed.by == by => Err(Refusal::ReleaseOwn),
            HoldState::InForce {
                release: Some(_), ..
            } => Ok(Event::HoldReleased),
            HoldState::InForce { release: None, .. } => Err(Refusal::ReleaseNotProposed),
            HoldState::None | HoldState::Released { .. } => Err(Refusal::HoldMissing),
        }
    }

    fn judge(&self, verdict: Verdict, part: Scope, reason: String) -> Result<Event, Refusal> {
        if self.package.is_some() {
            return Err(Refusal::PackageMade);
        }
        if reason.is_empty() {
            return Err(Refusal::ReasonMissing);
        }
        let scope = match verdict {
            Verdict::All => self.scope.clone(),
            Verdict::Refuse => Scope::default(),
            Verdict::Part => {
                let is_part = part.is_within(&self.scope) && !self.scope.is_within(&part);
                if part.is_empty() || !is_part {
                    return Err(Refusal::PartOutsideScope);
                }
                part
            }
        };
        if verdict != Verdict::Refuse && self.documents.is_empty() {
            return Err(Refusal::DocumentMissing);
        }
        if !scope.recordings.is_empty() && !self.request.basis.allows_video() {
            return Err(Refusal::VideoNeedsWarrant);
        }
        Ok(Event::Judged(Judgement {
            verdict,
            scope,
            reason,
        }))
    }

    fn approve(&self, by: &str) -> Result<Event, Refusal> {
        if self.judgement.is_none() {
            return Err(Refusal::NotJudged);
        }
        if self.approvals.len() >= APPROVALS {
            return Err(Refusal::ApprovedAlready);
        }
        if self.was_prepared_by(by) {
            return Err(Refusal::ApprovalOwn);
        }
        let has_approved = self.approvals.iter().any(|one| one.by == by);
        let approved = Event::Approved;
        (!has_approved)
            .then_some(approved)
            .ok_or(Refusal::ApprovalRepeated)
    }

    fn approve_video(&self, by: &str) -> Result<Event, Refusal> {
        if self.disclosed_recordings().is_empty() {
            return Err(Refusal::NoVideo);
        }
        if self.approvals.len() < APPROVALS {
            return Err(Refusal::NotApproved);
        }
        if self.video_approval.is_some() {
            return Err(Refusal::ApprovedAlready);
        }
        let is_own = self.was_prepared_by(by);
        let approved = Event::VideoApproved;
        (!is_own).then_some(approved).ok_or(Refusal::ApprovalOwn)
    }

    /// Tells whether a package may be made now.
    ///
    /// # Errors
    /// Returns the rule that stands against it.
    pub fn may_be_packaged(&self) -> Result<&Judgement, Refusal> {
        let judgement = self.judgement.as_ref().ok_or(Refusal::NotJudged)?;
        if self.stage() == Stage::Closed {
            return Err(Refusal::CaseClosed);
        }
        if self.approvals.len() < APPROVALS {
            return Err(Refusal::NotApproved);
        }
        if judgement.verdict == Verdict::Refuse {
            return Err(Refusal::NothingToDisclose);
        }
        if !judgement.scope.recordings.is_empty() && self.video_approval.is_none() {
            return Err(Refusal::VideoNotApproved);
        }
        if self.package.is_some() {
            return Err(Refusal::PackageMade);
        }
        Ok(judgement)
    }

    fn make(&self, package: Package) -> Result<Event, Refusal> {
        let judgement = self.may_be_packaged()?;
        let packed: Vec<&Stretch> = package.recordings.iter().map(|r| &r.stretch).collect();
        let is_whole = judgement.scope.recordings.iter().eq(packed);
        let packaged = Event::Packaged(package);
        is_whole.then_some(packaged).ok_or(Refusal::CopyIncomplete)
    }

    fn deliver(&self, delivery: Delivery, now: Timestamp) -> Result<Event, Refusal> {
        let Some((package, packaged)) = self.package.as_ref().zip(self.packaged.as_ref()) else {
            return Err(Refusal::PackageMissing);
        };
        if self.delivery.is_some() {
            return Err(Refusal::DeliveredAlready);
        }
        if delivery.acknowledged != package.sha256 {
            return Err(Refusal::HashDiffers);
        }
        let days = tokyo_date(packaged.at)..=tokyo_date(now);
        if !days.contains(&delivery.on) {
            return Err(Refusal::DeliveredInTheFuture);
        }
        Ok(Event::Delivered(delivery))
    }

    fn close(&self, closing: Closing) -> Result<Event, Refusal> {
        if self.is_held() {
            return Err(Refusal::HoldInForce);
        }
        let is_refused = self
            .judgement
            .as_ref()
            .is_some_and(|j| j.verdict == Verdict::Refuse)
            && self.approvals.len() >= APPROVALS;
        match closing.cause {
            ClosingCause::Delivered if self.delivery.is_none() => Err(Refusal::NotDelivered),
            ClosingCause::Refused if !is_refused => Err(Refusal::NotRefused),
            ClosingCause::Withdrawn if self.delivery.is_some() => Err(Refusal::DeliveredAlready),
            _ => Ok(Event::Closed(closing)),
        }
    }
}
