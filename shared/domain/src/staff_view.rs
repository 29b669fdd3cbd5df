//! 保守閲覧: staff look at a customer's video only to operate the service, on another's grant and for minutes (21-7, D-33).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::tokyo_date;
use crate::contract::Contract;
use crate::device::Camera;
use crate::entitlement::{ADDRESS_SECONDS, LONGEST, retained_since};
use crate::ids::{CameraId, ContractId, StaffViewId};
use crate::rules::rules;

/// How many minutes may be asked for.
pub const BOXES_MINUTES: [u16; 4] = [10, 15, 30, 60];
/// For how long a request may be granted: its reason is of the day.
const ASKED_FOR: SignedDuration = SignedDuration::from_hours(24);

rules! {
    /// What staff may look at a customer's video for: to operate the service, and nothing else (21-7, D-33).
    Ground {
        Fault => ("fault", "障害の解析", "Analysis of a fault"),
        Capacity => ("capacity", "設備容量の管理", "Management of capacity"),
        Abuse => ("abuse", "不正利用への対応", "Handling of abuse"),
    }
}

rules! {
    /// How far a staff view is.
    Progress {
        Asked => ("asked", "承認待ち", "Waits for a grant"),
        Lapsed => ("lapsed", "承認されず失効", "Lapsed without a grant"),
        Open => ("open", "閲覧可", "Open"),
        Over => ("over", "終了", "Over"),
        Closed => ("closed", "取消し", "Closed"),
    }
}

rules! {
    /// Why a step with a staff view is refused.
    Refusal {
        SpanEmpty => ("span_empty", "開始は終了より前にしてください。", "The start must be before the end."),
        SpanTooLong => ("span_too_long", "範囲は24時間以内にしてください。", "The span may be at most 24 hours long."),
        SpanInTheFuture => ("span_in_the_future", "終了がまだ録画されていない時刻です。", "The end has not been recorded yet."),
        SpanNotRetained => ("outside_retention", "保存期間を過ぎた時刻です。", "That time is past the retention."),
        CameraRetired => ("camera_retired", "このカメラは登録を解除されています。", "The camera is retired."),
        DataGo => ("data_are_deleted", "このご契約のデータは消去の対象のため、閲覧できません。", "The data of this contract are being deleted and may not be looked at."),
        NotWaiting => ("view_not_waiting", "この申請は承認待ちではありません。", "The request does not wait for a grant."),
        SecondOperatorNeeded => ("second_operator_needed", "申請した人とは別の担当者の承認が必要です。", "Another operator than the one who asked must grant it."),
        AlreadyOver => ("view_over", "この閲覧はすでに終わっています。", "The view is over already."),
    }
}

impl Ground {
    /// Returns the ground of a code.
    pub fn parse(code: &str) -> Option<Ground> {
        Ground::ALL.iter().copied().find(|one| one.code() == code)
    }
}

/// Which pictures: those of now, or those recorded in [from, to).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pictures", rename_all = "snake_case")]
pub enum Pictures {
    Live,
    Recorded { from: Timestamp, to: Timestamp },
}

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStaffView {
    /// The number under which the matter is handled elsewhere.
    pub ticket: String,
    pub ground: Ground,
    pub reason: String,
    pub pictures: Pictures,
    /// One of `BOXES_MINUTES`; they begin with the grant.
    pub minutes: u16,
}

/// The grant, which fixes the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub by: String,
    pub at: Timestamp,
    pub until: Timestamp,
}

/// Who closed a view early, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    pub by: String,
    pub at: Timestamp,
}

/// One look of one operator at one camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffView {
    pub id: StaffViewId,
    pub version: u64,
    pub contract: ContractId,
    pub camera: CameraId,
    pub ticket: String,
    pub ground: Ground,
    pub reason: String,
    #[serde(flatten)]
    pub pictures: Pictures,
    pub minutes: u16,
    /// Who asked, and alone may watch.
    pub asked_by: String,
    pub asked_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
}

impl StaffView {
    /// Asks to look at a camera of a contract. Nothing can be seen before another operator grants it.
    pub fn ask(
        id: StaffViewId,
        new: NewStaffView,
        (contract, camera): (&Contract, &Camera),
        by: &str,
        now: Timestamp,
    ) -> Result<StaffView, Refusal> {
        must_keep_its_data(contract, now)?;
        match new.pictures {
            Pictures::Live if camera.retired_at.is_some() => return Err(Refusal::CameraRetired),
            Pictures::Live => {}
            Pictures::Recorded { from, to } => span(camera, from, to, now)?,
        }
        Ok(StaffView {
            id,
            version: 1,
            contract: contract.id.clone(),
            camera: camera.id.clone(),
            ticket: new.ticket,
            ground: new.ground,
            reason: new.reason,
            pictures: new.pictures,
            minutes: new.minutes,
            asked_by: by.to_owned(),
            asked_at: now,
            grant: None,
            closing: None,
        })
    }

    /// Returns how far it is.
    pub fn progress(&self, now: Timestamp) -> Progress {
        if self.closing.is_some() {
            return Progress::Closed;
        }
        match &self.grant {
            Some(grant) if now < grant.until => Progress::Open,
            Some(_) => Progress::Over,
            None if now < self.asked_at + ASKED_FOR => Progress::Asked,
            None => Progress::Lapsed,
        }
    }

    /// Grants it: the minutes begin now. The one who asked cannot.
    pub fn grant(
        &self,
        contract: &Contract,
        by: &str,
        now: Timestamp,
    ) -> Result<StaffView, Refusal> {
        if self.progress(now) != Progress::Asked {
            return Err(Refusal::NotWaiting);
        }
        if self.asked_by == by {
            return Err(Refusal::SecondOperatorNeeded);
        }
        must_keep_its_data(contract, now)?;
        let minutes = SignedDuration::from_mins(i64::from(self.minutes));
        Ok(StaffView {
            grant: Some(Grant {
                by: by.to_owned(),
                at: now,
                until: now + minutes,
            }),
            ..self.next()
        })
    }

    /// Takes back the request, or closes the view before its end.
    pub fn close(&self, by: &str, now: Timestamp) -> Result<StaffView, Refusal> {
        match self.progress(now) {
            Progress::Asked | Progress::Open => Ok(StaffView {
                closing: Some(Closing {
                    by: by.to_owned(),
                    at: now,
                }),
                ..self.next()
            }),
            Progress::Lapsed | Progress::Over | Progress::Closed => Err(Refusal::AlreadyOver),
        }
    }

    /// Tells whether an operator may look into the view now: only who asked, and only while it is open.
    pub fn is_open_to(&self, by: &str, contract: &Contract, now: Timestamp) -> bool {
        self.asked_by == by
            && self.contract == contract.id
            && self.progress(now) == Progress::Open
            && must_keep_its_data(contract, now).is_ok()
    }

    /// Tells whether an operator may have an address of these pictures now. An address lives for minutes of its own, so
    /// none is given that would outlive the view.
    pub fn admits(
        &self,
        (contract, camera): (&Contract, &Camera),
        asked: Pictures,
        by: &str,
        now: Timestamp,
    ) -> bool {
        let lives = SignedDuration::from_secs(i64::from(ADDRESS_SECONDS));
        let ends_in_time = self.grant.as_ref().is_some_and(|g| now + lives <= g.until);
        let within = match (self.pictures, asked) {
            (Pictures::Live, Pictures::Live) => camera.retired_at.is_none(),
            (
                Pictures::Recorded {
                    from: first,
                    to: last,
                },
                Pictures::Recorded { from, to },
            ) => first <= from && from < to && to <= last && from >= retained_since(camera, now),
            _ => false,
        };
        self.is_open_to(by, contract, now)
            && ends_in_time
            && camera.contract == contract.id
            && camera.id == self.camera
            && within
    }

    fn next(&self) -> StaffView {
        StaffView {
            version: self.version + 1,
            ..self.clone()
        }
    }
}

/// What is being deleted is looked at by nobody (15-3).
fn must_keep_its_data(contract: &Contract, now: Timestamp) -> Result<(), Refusal> {
    let day_has_come = |day| day <= tokyo_date(now);
    match contract.deletion.begun || contract.data_went_on().is_some_and(day_has_come) {
        true => Err(Refusal::DataGo),
        false => Ok(()),
    }
}

fn span(camera: &Camera, from: Timestamp, to: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if from >= to {
        return Err(Refusal::SpanEmpty);
    }
    if to.duration_since(from) > LONGEST {
        return Err(Refusal::SpanTooLong);
    }
    if to > now {
        return Err(Refusal::SpanInTheFuture);
    }
    match from < retained_since(camera, now) {
        true => Err(Refusal::SpanNotRetained),
        false => Ok(()),
    }
}

#[cfg(test)]
#[path = "staff_view_tests.rs"]
mod art_21;
