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
        AfterGrant => ("before_grant", "権限が与えられる前の録画と、消去された録画は見られません。", "Recordings from before your right began, and those that were deleted, cannot be seen."),
        ExportHeld => ("export_right_missing", "このカメラの録画を書き出す権限がありません。担当者にお問い合わせください。", "You have no right to export this camera's recordings. Please ask your administrator."),
        DataHeld => ("data_right_missing", "登録データは担当者だけが書き出せます。", "Only an administrator may export the registered data."),
        SpanOrdered => ("span_empty", "開始は終了より前にしてください。", "The start must be before the end."),
        SpanPast => ("span_in_the_future", "終了がまだ録画されていない時刻です。", "The end has not been recorded yet."),
        SpanRetained => ("span_longer_than_retention", "保存期間より長い範囲は書き出せません。", "The span is longer than recordings are kept."),
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
    /// A copy of what was recorded in [from, to), of any length (9).
    Export {
        from: Timestamp,
        to: Timestamp,
    },
    /// To go on with a copy that was granted, or to fetch it: what it holds may have passed the retention meanwhile.
    Exported {
        from: Timestamp,
    },
}

impl Ask {
    /// Returns the right that it needs.
    pub fn right(self) -> Right {
        match self {
            Ask::Live => Right::View,
            Ask::Recorded { .. } => Right::PlayBack,
            Ask::Export { .. } | Ask::Exported { .. } => Right::Export,
        }
    }

    /// The rule that fails where the right is missing.
    fn right_rule(self) -> Rule {
        match self.right() {
            Right::Export => Rule::ExportHeld,
            _ => Rule::RightHeld,
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

/// How long an address of pictures lives: the shortest that Kinesis Video offers, so that a suspension or a measure ends
/// viewing within it (6-2, 13-1).
pub const ADDRESS_SECONDS: i32 = 300;
/// The longest stretch that one session shows.
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Returns the first moment whose recordings a person may see: the later of retention and grant.
pub fn earliest_visible(user: &User, camera: &Camera, now: Timestamp) -> Option<Timestamp> {
    let granted = user.right_since(&camera.id, camera.since, Right::PlayBack)?;
    Some(granted.max(retained_since(camera, now)))
}

/// Returns the first moment whose recordings a person may export: the later of retention and grant.
pub fn earliest_exportable(user: &User, camera: &Camera, now: Timestamp) -> Option<Timestamp> {
    let granted = user.right_since(&camera.id, camera.since, Right::Export)?;
    Some(granted.max(retained_since(camera, now)))
}

/// Returns the first moment that the camera's recordings are kept from.
pub fn retained_since(camera: &Camera, now: Timestamp) -> Timestamp {
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
    // Whoever deletes a camera's recordings may watch it all the same.
    let held_since = user.right_since(&camera.id, Timestamp::MIN, ask.right());
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
        (
            ask.right_rule(),
            held_since.is_some_and(|since| since <= now),
        ),
    ];
    asked.extend(of_time(camera, ask, since, now));
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

/// Decides whether a person may have the contract's registered data: administrators only (2-6, 9). It stops where the service does.
pub fn entitle_data(contract: &Contract, user: &User, now: Timestamp) -> Result<(), Rule> {
    let today = tokyo_date(now);
    let asked = [
        (
            Rule::UserActive,
            user.contract == contract.id && user.state == UserState::Active,
        ),
        (Rule::ContractRunning, !contract.has_ended(today)),
        (
            Rule::NotSuspended,
            !matches!(contract.standing, Standing::Suspended { .. }),
        ),
        (Rule::TermsAccepted, user.accepted_terms()),
        (Rule::DataHeld, user.is_administrator()),
    ];
    let denied = asked.iter().find(|(_, holds)| !holds);
    denied.map_or(Ok(()), |(rule, _)| Err(*rule))
}

/// The rules about the time that is asked for.
fn of_time(
    camera: &Camera,
    ask: Ask,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Vec<(Rule, bool)> {
    let after_grant = |from| (Rule::AfterGrant, since.is_some_and(|since| from >= since));
    let retained = retained_since(camera, now);
    match ask {
        Ask::Live => Vec::new(),
        Ask::Recorded { from, to } => vec![
            (
                Rule::TimeOrdered,
                from < to && to.duration_since(from) <= LONGEST,
            ),
            (Rule::NotInTheFuture, from <= now),
            (Rule::WithinRetention, from >= retained),
            after_grant(from),
        ],
        Ask::Export { from, to } => vec![
            (Rule::SpanOrdered, from < to),
            (Rule::SpanPast, to <= now),
            (
                Rule::SpanRetained,
                to.duration_since(from) <= now.duration_since(retained),
            ),
            (Rule::WithinRetention, from >= retained),
            after_grant(from),
        ],
        Ask::Exported { from } => vec![after_grant(from)],
    }
}

#[cfg(test)]
#[path = "entitlement_tests.rs"]
mod art_18;
