//! A change of the terms before it is public: its text, why it is made, and who agreed (23-1, 23-2).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{TermsText, TermsVersion, earliest_effective};
use crate::calendar::tokyo_date;
use crate::rules::rules;

rules! {
    /// Why a step of a change of the terms is refused.
    Refusal {
        VersionTaken => ("terms_version_taken", "この版の名前はすでに公表された規約に使われています。公表した規約は書き換えられません。", "This version name belongs to published terms. Published terms are never edited."),
        AlreadyPublished => ("terms_published", "この改定案はすでに公表されています。", "This draft has been published already."),
        AlreadyApproved => ("terms_approved", "この改定案はすでに承認されています。", "This draft has been approved already."),
        AuthorApproves => ("second_operator_needed", "改定案を書いた人は承認できません。別の担当者が承認してください。", "Whoever wrote the draft cannot approve it. Another operator must."),
        NotApproved => ("terms_not_approved", "承認されていない改定案は公表できません。承認の後に書き換えた場合は、もう一度承認が必要です。", "A draft that is not approved cannot be published. One that was edited after its approval must be approved again."),
        TooEarly => ("effective_too_early", "適用開始日が早すぎます。公表の日の翌日から1か月が過ぎた後の日にしてください（第23条第2項）。", "It would apply too early: a month must have passed, counted from the day after the publication (23-2)."),
        NothingToSupersede => ("nothing_to_supersede", "差し替える版は、公表済みで、まだ適用されていない版に限ります。", "Only a published version that is not in force yet can be superseded."),
        OutOfOrder => ("terms_out_of_order", "同じ日またはより後に適用される版が公表されています。適用開始日を後にするか、その版を差し替えてください。", "Published terms apply from the same day or a later one. Choose a later day, or supersede that version."),
    }
}

/// Why the terms are changed (23-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    /// What makes the change necessary.
    pub necessity: String,
    /// Why it does not go against the purpose of the terms.
    pub purpose: String,
    /// Why it does not go further than is reasonable.
    pub reasonableness: String,
}

/// The agreement of a second operator with exactly this content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
}

/// What an operator wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDraft {
    /// The name of the version that it will be.
    pub name: String,
    pub effective_from: Date,
    pub supersedes: Option<String>,
    pub ja: String,
    pub en: String,
    pub reasons: Reasons,
}

/// A change of the terms on its way, and afterwards the record of why it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub name: String,
    pub version: u64,
    pub effective_from: Date,
    /// A published version, not yet in force, whose place it takes.
    pub supersedes: Option<String>,
    pub ja: String,
    pub en: String,
    pub reasons: Reasons,
    /// Who wrote it last.
    pub written_by: String,
    pub written_at: Timestamp,
    /// Gone with the next edit.
    pub approval: Option<Approval>,
    pub published_at: Option<Timestamp>,
    pub published_by: Option<String>,
}

impl Draft {
    /// Writes a draft, or writes it anew; an approval holds for what was approved only.
    pub fn write(
        before: Option<&Draft>,
        new: NewDraft,
        known: &[TermsVersion],
        (by, now): (&str, Timestamp),
    ) -> Result<Draft, Refusal> {
        if before.is_some_and(|draft| draft.published_at.is_some()) {
            return Err(Refusal::AlreadyPublished);
        }
        if known.iter().any(|other| other.version == new.name) {
            return Err(Refusal::VersionTaken);
        }
        Ok(Draft {
            name: new.name,
            version: before.map_or(0, |draft| draft.version) + 1,
            effective_from: new.effective_from,
            supersedes: new.supersedes,
            ja: new.ja,
            en: new.en,
            reasons: new.reasons,
            written_by: by.to_owned(),
            written_at: now,
            approval: None,
            published_at: None,
            published_by: None,
        })
    }

    /// Agrees to the draft as it is (23-1).
    pub fn approve(&self, by: &str, now: Timestamp) -> Result<Draft, Refusal> {
        if self.published_at.is_some() {
            return Err(Refusal::AlreadyPublished);
        }
        if self.approval.is_some() {
            return Err(Refusal::AlreadyApproved);
        }
        if self.written_by == by {
            return Err(Refusal::AuthorApproves);
        }
        let approval = Approval {
            by: by.to_owned(),
            at: now,
        };
        Ok(Draft {
            version: self.version + 1,
            approval: Some(approval),
            ..self.clone()
        })
    }

    /// Publishes the draft now: it applies after a month at the earliest, counted from the day of this very publication,
    /// so that an edit of something published begins the period anew (23-2, D-35).
    pub fn publish(
        &self,
        known: &[TermsVersion],
        by: &str,
        now: Timestamp,
    ) -> Result<(Draft, TermsText), Refusal> {
        if self.published_at.is_some() {
            return Err(Refusal::AlreadyPublished);
        }
        if self.approval.is_none() {
            return Err(Refusal::NotApproved);
        }
        if known.iter().any(|other| other.version == self.name) {
            return Err(Refusal::VersionTaken);
        }
        let today = tokyo_date(now);
        if self.effective_from < earliest_effective(today) {
            return Err(Refusal::TooEarly);
        }
        let stands = |other: &&TermsVersion| other.superseded_by(known).is_none();
        if let Some(name) = &self.supersedes {
            let old = known.iter().filter(stands).find(|old| old.version == *name);
            old.filter(|old| old.effective_from > today)
                .ok_or(Refusal::NothingToSupersede)?;
        }
        let mut others = known
            .iter()
            .filter(stands)
            .filter(|other| self.supersedes.as_ref() != Some(&other.version));
        if others.any(|other| other.effective_from >= self.effective_from) {
            return Err(Refusal::OutOfOrder);
        }
        let days = (today, self.effective_from);
        let mut text = TermsText::of(&self.name, days, self.ja.clone(), self.en.clone());
        text.version.supersedes.clone_from(&self.supersedes);
        let draft = Draft {
            version: self.version + 1,
            published_at: Some(now),
            published_by: Some(by.to_owned()),
            ..self.clone()
        };
        Ok((draft, text))
    }
}
