//! Reviews: what became known of a customer or an open application after it was screened (3-4, 13-1).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ground, Screening, Signal};
use crate::ids::{ApplicationId, ContractId};
use crate::rules::rules;

rules! {
    /// Why a conclusion on a review is refused.
    ReviewRefusal {
        Concluded => ("review_concluded", "この再審査はすでに結論が出ています。", "This review has been concluded."),
        SecondOperatorNeeded => ("second_operator_needed", "この結論には、別の審査担当者の同意が必要です。", "A second screener must agree to this conclusion."),
    }
}

rules! {
    /// What a screener concludes; what follows from it is done by those who decide about contracts.
    Conclusion {
        Cleared => ("cleared", "問題なし（別人、または支障なし）", "Cleared: someone else, or no obstacle"),
        ToAct => ("to_act", "対応が必要", "Something must be done"),
    }
}

/// Whose particulars were screened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Application(ApplicationId),
    Contract(ContractId),
}

impl Subject {
    /// Reads the identifier of either.
    pub fn parse(text: &str) -> Option<Self> {
        let contract = ContractId::parse(text).map(Subject::Contract);
        contract
            .or_else(|_| ApplicationId::parse(text).map(Subject::Application))
            .ok()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Application(id) => id.fmt(f),
            Subject::Contract(id) => id.fmt(f),
        }
    }
}

/// One screener's word on a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    pub conclusion: Conclusion,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

/// What screening again found for one subject, until a person concludes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub subject: Subject,
    pub version: u64,
    /// Everything that was found since the subject was screened first.
    pub signals: Vec<Signal>,
    pub found_at: Timestamp,
    /// The words on what was found last.
    pub opinions: Vec<Opinion>,
    pub concluded: Option<Conclusion>,
}

impl Review {
    /// Tells whether a screener has still to look at it.
    pub fn is_open(&self) -> bool {
        self.concluded.is_none()
    }

    /// Tells whether two screeners must conclude the same: something bears on antisocial forces.
    pub fn needs_two(&self) -> bool {
        let mut signals = self.signals.iter();
        signals.any(|signal| signal.ground == Ground::AntisocialForces)
    }

    /// Opens a review, or opens one again, if something was found that neither the screening nor an earlier review
    /// showed. `None` if there is nothing new.
    pub fn of_found(
        before: Option<&Review>,
        subject: &Subject,
        screened: &[Signal],
        found: Vec<Signal>,
        at: Timestamp,
    ) -> Option<Review> {
        let known = before.map_or(&[][..], |review| &review.signals);
        let is_new = |signal: &Signal| {
            let mut seen = screened.iter().chain(known);
            !seen.any(|known| known.tells_the_same(signal))
        };
        let new: Vec<Signal> = found.into_iter().filter(is_new).collect();
        if new.is_empty() {
            return None;
        }
        let mut signals = before.map_or(Vec::new(), |review| review.signals.clone());
        signals.extend(new);
        Some(Review {
            subject: subject.clone(),
            version: before.map_or(1, |review| review.version + 1),
            signals,
            found_at: at,
            opinions: Vec::new(),
            concluded: None,
        })
    }

    /// Adds a screener's word, which concludes the review if it is enough.
    pub fn conclude(&self, opinion: Opinion) -> Result<Review, ReviewRefusal> {
        if !self.is_open() {
            return Err(ReviewRefusal::Concluded);
        }
        let same = |other: &&Opinion| other.conclusion == opinion.conclusion;
        let agreeing: Vec<&Opinion> = self.opinions.iter().filter(same).collect();
        if agreeing.iter().any(|other| other.by == opinion.by) {
            return Err(ReviewRefusal::SecondOperatorNeeded);
        }
        let complete = !self.needs_two() || !agreeing.is_empty();
        let mut review = self.clone();
        review.version += 1;
        review.concluded = complete.then_some(opinion.conclusion);
        review.opinions.push(opinion);
        Ok(review)
    }
}

impl Screening {
    /// Adds what was found since the checks, for an application that nobody has decided yet. `None` if nothing is new.
    pub fn with_found(&self, found: Vec<Signal>) -> Option<Screening> {
        let mut screening = self.clone();
        let is_new = |signal: &Signal| !self.signals.iter().any(|s| s.tells_the_same(signal));
        screening.signals.extend(found.into_iter().filter(is_new));
        screening.version += 1;
        (screening.signals.len() > self.signals.len()).then_some(screening)
    }
}

impl Signal {
    /// Tells whether another signal says nothing new; a later version of a list repeats what an earlier one said.
    fn tells_the_same(&self, other: &Signal) -> bool {
        let place = |signal: &Signal| match &signal.evidence {
            Some(e) => (
                e.list.clone(),
                e.entry.clone(),
                e.given.clone(),
                e.listed.clone(),
            ),
            None => (
                signal.note.clone(),
                String::new(),
                String::new(),
                String::new(),
            ),
        };
        (self.kind, self.ground, place(self)) == (other.kind, other.ground, place(other))
    }
}

/// One reading of screening reasons; it is written down before they are shown (3-4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Unique.
    pub id: crate::ids::MessageId,
    pub at: Timestamp,
    /// The operator who read.
    pub by: String,
    /// What was read: an application, a contract, `reviews` or `register`.
    pub what: String,
}

#[cfg(test)]
mod art_03 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::screening::{Evidence, SignalKind};

    fn signal(ground: Ground, version: &str, listed: &str) -> Signal {
        Signal {
            kind: SignalKind::ListName,
            ground,
            note: format!("sanctions {version}: e-1"),
            evidence: Some(Evidence {
                list: "sanctions".into(),
                version: version.into(),
                entry: "e-1".into(),
                given: "見本太郎".into(),
                listed: listed.into(),
                given_form: String::new(),
                listed_form: String::new(),
                likeness_permille: 1000,
            }),
        }
    }

    fn found(before: Option<&Review>, screened: &[Signal], found: Signal) -> Option<Review> {
        let subject = Subject::Contract(ContractId::from_random([1; 10]));
        Review::of_found(
            before,
            &subject,
            screened,
            vec![found],
            Timestamp::UNIX_EPOCH,
        )
    }

    fn opinion(by: &str, conclusion: Conclusion) -> Opinion {
        Opinion {
            conclusion,
            reason: "確認".into(),
            by: by.into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_what_nobody_has_seen_opens_a_review() {
        let old = signal(Ground::Unsuitable, "1", "見本太郎");
        let again = signal(Ground::Unsuitable, "2", "見本太郎");
        let new = signal(Ground::Unsuitable, "2", "見本 太郎");
        assert_eq!(found(None, std::slice::from_ref(&old), again.clone()), None);
        let review = found(None, &[], old).unwrap();
        assert!(review.is_open());
        assert_eq!(found(Some(&review), &[], again), None);
        let cleared = review.conclude(opinion("a", Conclusion::Cleared)).unwrap();
        assert!(!cleared.is_open());
        let reopened = found(Some(&cleared), &[], new).unwrap();
        assert_eq!((reopened.version, reopened.signals.len()), (3, 2));
        assert!(reopened.is_open() && reopened.opinions.is_empty());
    }

    #[test]
    fn on_antisocial_forces_two_screeners_conclude_the_same() {
        for conclusion in [Conclusion::Cleared, Conclusion::ToAct] {
            let review = found(None, &[], signal(Ground::AntisocialForces, "1", "x")).unwrap();
            let half = review.conclude(opinion("a", conclusion)).unwrap();
            assert!(half.is_open());
            let twice = half.conclude(opinion("a", conclusion));
            assert_eq!(twice, Err(ReviewRefusal::SecondOperatorNeeded));
            let whole = half.conclude(opinion("b", conclusion)).unwrap();
            assert_eq!(whole.concluded, Some(conclusion));
            let after = whole.conclude(opinion("c", conclusion));
            assert_eq!(after, Err(ReviewRefusal::Concluded));
        }
    }

    #[test]
    fn two_who_disagree_conclude_nothing() {
        let review = found(None, &[], signal(Ground::AntisocialForces, "1", "x")).unwrap();
        let half = review.conclude(opinion("a", Conclusion::Cleared)).unwrap();
        let split = half.conclude(opinion("b", Conclusion::ToAct)).unwrap();
        assert!(split.is_open());
        let third = split.conclude(opinion("c", Conclusion::ToAct)).unwrap();
        assert_eq!(third.concluded, Some(Conclusion::ToAct));
    }

    #[test]
    fn a_subject_is_named_by_its_identifier() {
        let contract = Subject::Contract(ContractId::from_random([1; 10]));
        assert_eq!(Subject::parse(&contract.to_string()), Some(contract));
        let application = Subject::Application(ApplicationId::from_random([1; 10]));
        assert_eq!(Subject::parse(&application.to_string()), Some(application));
        assert_eq!(Subject::parse("x"), None);
    }
}
