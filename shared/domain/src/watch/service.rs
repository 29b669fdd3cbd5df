//! Whether cameras stand still because of us: an interruption on record, or nearly all of them at once (8-1).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::AFTERMATH;
use crate::interruption::{Interruption, Scope};

/// How much longer than planned an interruption is taken to last while nobody has recorded its end.
const OVERRUN: SignedDuration = SignedDuration::from_hours(4);

/// Tells whether an interruption of the recording lasts, or ended so lately that cameras may still be coming back.
pub fn is_interrupted(interruptions: &[Interruption], now: Timestamp) -> bool {
    interruptions.iter().any(|one| {
        let concerns = matches!(one.scope, Scope::All | Scope::Recording);
        let planned = one.planned_end.map(|end| (end, OVERRUN));
        let end = one.ended_at.map(|end| (end, AFTERMATH)).or(planned);
        let over = end.is_some_and(|(end, after)| now.duration_since(end) >= after);
        concerns && one.called_off_at.is_none() && one.starts_at <= now && !over
    })
}

/// The cameras of the whole service in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Cameras that were looked at; those that never recorded are not among the next three.
    pub watched: u32,
    pub running: u32,
    /// Stopped, and their customer was told.
    pub told: u32,
    /// Stopped, and nobody was told yet.
    pub untold: u32,
    /// How many contracts those are of.
    pub contracts_untold: u32,
    /// Cameras that could not be looked at.
    pub unread: u32,
}

/// Of fewer cameras or contracts nobody can say that they stopped because of us.
const FEWEST_CAMERAS: u32 = 5;
const FEWEST_CONTRACTS: u32 = 3;
/// Shares of the cameras, in percent: where an outage of the service begins, and under which it is over.
const NEARLY_ALL: u32 = 80;
const FEW: u32 = 20;
/// The share of cameras that cannot be read, in percent, from which the reading itself is taken to be disturbed.
const MANY_UNREAD: u32 = 20;
/// An outage of the service is over when for this long not nearly all cameras have stood still.
const LINGERS: SignedDuration = SignedDuration::from_hours(1);

impl Tally {
    /// Adds what another part of the run counted.
    pub fn add(&mut self, other: Tally) {
        self.watched += other.watched;
        self.running += other.running;
        self.told += other.told;
        self.untold += other.untold;
        self.contracts_untold += other.contracts_untold;
        self.unread += other.unread;
    }

    /// Cameras whose customers were told stopped for reasons of their own and count on neither side.
    fn share_untold(&self) -> u32 {
        percent(self.untold, self.untold + self.running)
    }

    fn is_nearly_all(&self) -> bool {
        self.untold >= FEWEST_CAMERAS
            && self.contracts_untold >= FEWEST_CONTRACTS
            && self.share_untold() >= NEARLY_ALL
    }

    /// Tells whether so many cameras cannot be read that what is missing of the others is not believed either.
    pub fn is_disturbed(&self) -> bool {
        self.unread > 1 && percent(self.unread, self.watched) >= MANY_UNREAD
    }
}

fn percent(part: u32, whole: u32) -> u32 {
    u32::try_from(u64::from(part) * 100 / u64::from(whole.max(1))).unwrap_or(u32::MAX)
}

/// Whether the service as a whole has stopped recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Service {
    /// When it was first seen so.
    pub stopped_since: Option<Timestamp>,
    /// When last nearly all cameras stood still.
    pub nearly_all_at: Option<Timestamp>,
}

impl Service {
    /// Returns the judgement after a run.
    #[must_use]
    pub fn next(self, tally: &Tally, now: Timestamp) -> Service {
        if tally.is_nearly_all() {
            return Service {
                stopped_since: self.stopped_since.or(Some(now)),
                nearly_all_at: Some(now),
            };
        }
        let lingers = self
            .nearly_all_at
            .is_some_and(|at| now.duration_since(at) < LINGERS);
        match lingers && tally.share_untold() >= FEW {
            true => self,
            false => Service::default(),
        }
    }

    /// Tells whether customers are not told now.
    pub fn is_quiet(&self) -> bool {
        self.stopped_since.is_some()
    }
}
