//! 録画の消去: a customer deletes what one camera recorded (15-2); nothing is ever restored (9).
//!
//! Kinesis Video deletes whole streams, or what is older than a stream's retention. So a deletion waits until a whole
//! number of hours has passed since it was asked for, lowers the retention to that number and raises it again: what was
//! recorded before is gone, and recording goes on without a break. A hold delays that and nothing else, so nobody who
//! may not know of it sees a difference (21-4).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::device::Camera;
use crate::ids::{CameraId, ContractId};
use crate::rules::rules;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How long after a whole hour the retention may be lowered; what was recorded so long after the request goes too.
const WINDOW: SignedDuration = SignedDuration::from_mins(2);
/// How long after the request recordings are not shown, because they may go with the rest: the window, and the time in
/// which a run that was killed is followed by another.
pub const HIDDEN: SignedDuration = SignedDuration::from_mins(5);

rules! {
    /// Why a deletion is refused.
    Refusal {
        JustAsked => ("deletion_just_asked", "このカメラの録画の消去は受け付けたばかりです。5分ほどたってからもう一度お試しください。", "A deletion of this camera's recordings was accepted a moment ago. Please try again in five minutes."),
    }
}

/// The lowering of a stream's retention, noted before it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowering {
    /// What the stream kept before, in hours, and is to keep again.
    pub from_hours: u32,
    /// For which request it is.
    pub asked_at: Timestamp,
}

/// A deletion that was asked for and is not carried out yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    pub contract: ContractId,
    pub camera: CameraId,
    pub version: u64,
    pub stream_name: String,
    /// What was recorded before is to go. Asked for again, it is that of the last request.
    pub asked_at: Timestamp,
    /// Whether the exports of these recordings are gone.
    pub exports_gone: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowering: Option<Lowering>,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Wait,
    /// Lower the retention to so many hours, once that is noted.
    Lower {
        to_hours: u32,
    },
    /// Raise the retention to what it was.
    Raise {
        to_hours: u32,
        then: Then,
    },
    Done,
}

/// What follows when the retention is what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Done,
    /// The lowering was for an earlier request.
    GoOn,
}

/// Asks for the deletion of everything that a camera recorded until now; joins one that waits. Returns the camera, of
/// which nothing earlier is shown any more, and the deletion.
pub fn ask(
    camera: &Camera,
    waiting: Option<Deletion>,
    now: Timestamp,
) -> Result<(Camera, Deletion), Refusal> {
    if camera.since > now {
        return Err(Refusal::JustAsked);
    }
    let deletion = Deletion {
        contract: camera.contract.clone(),
        camera: camera.id.clone(),
        version: waiting.as_ref().map_or(1, |waiting| waiting.version + 1),
        stream_name: camera.stream_name.clone(),
        asked_at: now,
        exports_gone: false,
        lowering: waiting.and_then(|waiting| waiting.lowering),
    };
    let camera = Camera {
        version: camera.version + 1,
        since: deletion.shown_from(),
        ..camera.clone()
    };
    Ok((camera, deletion))
}

impl Deletion {
    /// Returns the first moment whose recordings stay.
    pub fn shown_from(&self) -> Timestamp {
        self.asked_at
            .saturating_add(HIDDEN)
            .unwrap_or(Timestamp::MAX)
    }

    /// Returns the whole hours since the request, and the time beyond them.
    fn age(&self, now: Timestamp) -> (u32, SignedDuration) {
        let age = now.duration_since(self.asked_at).max(SignedDuration::ZERO);
        let hours = u32::try_from(age.as_hours()).unwrap_or(u32::MAX);
        (hours, age - HOUR * i32::try_from(hours).unwrap_or(i32::MAX))
    }

    fn may_lower(&self, now: Timestamp) -> bool {
        let (hours, beyond) = self.age(now);
        hours >= 1 && beyond <= WINDOW
    }

    /// Tells whether there may be something to do now, so that one that waits costs nothing.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.exports_gone || self.lowering.is_some() || self.may_lower(now)
    }

    /// Returns the deletion once the exports are gone.
    #[must_use]
    pub fn without_exports(mut self) -> Self {
        self.version += 1;
        self.exports_gone = true;
        self
    }

    /// Notes that the retention is about to be lowered.
    #[must_use]
    pub fn lowering(mut self, from_hours: u32) -> Self {
        self.version += 1;
        self.lowering = Some(Lowering {
            from_hours,
            asked_at: self.asked_at,
        });
        self
    }

    /// Decides what comes next, by what the stream keeps; `None` if there is no stream. Where it keeps no more hours than have passed
    /// since the request, nothing from before is left. What was lowered is raised whatever else holds.
    pub fn next(&self, kept_hours: Option<u32>, is_held: bool, now: Timestamp) -> Next {
        let Some(kept) = kept_hours else {
            return Next::Done;
        };
        if let Some(lowering) = &self.lowering
            && kept < lowering.from_hours
        {
            let then = match lowering.asked_at >= self.asked_at {
                true => Then::Done,
                false => Then::GoOn,
            };
            return Next::Raise {
                to_hours: lowering.from_hours,
                then,
            };
        }
        let (hours, _) = self.age(now);
        match kept <= hours {
            true => Next::Done,
            false if is_held || !self.may_lower(now) => Next::Wait,
            false => Next::Lower { to_hours: hours },
        }
    }
}

#[cfg(test)]
#[path = "deletion_tests.rs"]
mod art_15;
