//! 利用資格: whether a person may see a camera's picture, with every rule that was asked (18-1-1).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::tokyo_date;
use crate::contract::{Contract, Standing};
use crate::device::Camera;
use crate::rules::rules;
use crate::user::{Right, User, UserState};

rules! {
    /// The rules of 18-1-1 in the order in which they are asked; the first that fails is the denial.
    Rule {
        CameraOfContract => ("camera_not_found", "カメラが見つかりません。", "There is no such camera."),
        UserActive => ("user_not_active", "このユーザは利用できません。", "This user is not active."),
        ContractRunning => ("contract_ended", "ご契約は終了しています。", "The contract has ended."),
        NotSuspended => ("suspended", "ご利用は停止されています。担当者にお問い合わせください。", "The service is suspended. Please ask your administrator."),
        InTerm => ("not_in_term", "利用開始日の前です。", "The term has not begun yet."),
        TermsAccepted => ("terms_not_accepted", "視聴の前に利用規約への同意が必要です。", "You must accept the terms before watching."),
        RightHeld => ("right_missing", "このカメラを見る権限がありません。担当者にお問い合わせください。", "You have no right to this camera. Please ask your administrator."),
        TimeOrdered => ("time_invalid", "開始は終了より前で、長さは24時間以内にしてください。", "The start must be before the end, at most 24 hours apart."),
        NotInTheFuture => ("time_in_the_future", "まだ録画されていない時刻です。", "That time has not been recorded yet."),
        WithinRetention => ("outside_retention", "保存期間を過ぎた時刻です。", "That time is past the retention."),
        AfterGrant => ("before_grant", "権限が与えられる前の録画は見られません。", "Recordings from before your right began cannot be seen."),
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Live,
    /// Recorded pictures in [from, to).
    Recorded {
        from: Timestamp,
        to: Timestamp,
    },
}

impl Ask {
    /// Returns the right that it needs.
    pub fn right(self) -> Right {
        match self {
            Ask::Live => Right::View,
            Ask::Recorded { .. } => Right::PlayBack,
        }
    }
}

/// A rule that was asked and what it compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: Rule,
    pub holds: bool,
}

/// The answer, with the trail of rules that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Entitlement {
    Grant { trail: Vec<Finding> },
    Denial { rule: Rule, trail: Vec<Finding> },
}

impl Entitlement {
    /// Returns the rule that denied, if any.
    pub fn denial(&self) -> Option<Rule> {
        match self {
            Entitlement::Grant { .. } => None,
            Entitlement::Denial { rule, .. } => Some(*rule),
        }
    }
}

/// The longest stretch that one session shows.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Returns the first moment whose recordings a person may see: the later of retention and grant.
pub fn earliest_visible(user: &User, camera: &Camera, now: Timestamp) -> Option<Timestamp> {
    let granted = user.right_since(&camera.id, camera.since, Right::PlayBack)?;
    Some(granted.max(retained_since(camera, now)))
}

fn retained_since(camera: &Camera, now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(i64::from(
        camera.retention_hours,
    )))
    .unwrap_or(Timestamp::MIN)
}

/// Decides whether a person may see what is asked for, now.
pub fn entitle(
    contract: &Contract,
    user: &User,
    camera: &Camera,
    ask: Ask,
    now: Timestamp,
) -> Entitlement {
    let today = tokyo_date(now);
    let since = user.right_since(&camera.id, camera.since, ask.right());
    let running = !contract.has_ended(today);
    let mut asked = vec![
        (
            Rule::CameraOfContract,
            camera.contract == contract.id
                && user.contract == contract.id
                && camera.retired_at.is_none_or(|_| ask != Ask::Live),
        ),
        (Rule::UserActive, user.state == UserState::Active),
        (Rule::ContractRunning, running),
        (
            Rule::NotSuspended,
            !matches!(contract.standing, Standing::Suspended { .. }),
        ),
        (
            Rule::InTerm,
            contract
                .orders
                .iter()
                .any(|order| order.term_on(today).is_some()),
        ),
        (Rule::TermsAccepted, user.accepted_terms()),
        (Rule::RightHeld, since.is_some_and(|since| since <= now)),
    ];
    if let Ask::Recorded { from, to } = ask {
        asked.extend([
            (
                Rule::TimeOrdered,
                from < to && to.duration_since(from) <= LONGEST,
            ),
            (Rule::NotInTheFuture, from <= now),
            (Rule::WithinRetention, from >= retained_since(camera, now)),
            (Rule::AfterGrant, since.is_some_and(|since| from >= since)),
        ]);
    }
    let denied = asked.iter().position(|(_, holds)| !holds);
    let trail = asked
        .iter()
        .take(denied.map_or(asked.len(), |place| place + 1))
        .map(|(rule, holds)| Finding {
            rule: *rule,
            holds: *holds,
        })
        .collect();
    match denied {
        Some(place) => Entitlement::Denial {
            rule: asked[place].0,
            trail,
        },
        None => Entitlement::Grant { trail },
    }
}

#[cfg(test)]
#[path = "entitlement_tests.rs"]
mod art_18;
