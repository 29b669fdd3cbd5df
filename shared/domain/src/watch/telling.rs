//! When a customer is told: once for an outage, once for its end, all cameras of a contract together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ledger, REST, Recording, SETTLED, SILENCE, TELL_AFTER, Trouble};
use crate::ids::{CameraId, ContractId};

/// One camera's outage as its notice names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    pub camera: CameraId,
    /// The last recorded moment.
    pub since: Timestamp,
    pub trouble: Trouble,
}

/// The end of an outage as its notice names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    pub camera: CameraId,
    pub since: Timestamp,
    /// From when on there are pictures without a gap.
    pub again: Timestamp,
    /// How much was not recorded between the two; nothing if the device sent it later.
    pub lost_seconds: i64,
}

/// An outage that the customer knows of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldOutage {
    pub since: Timestamp,
    pub told_at: Timestamp,
}

/// What a contract's customer was told and not yet told to be over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub contract: ContractId,
    pub version: u64,
    pub outages: BTreeMap<CameraId, ToldOutage>,
}

/// What there is to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    pub stopped: Vec<Outage>,
    pub resumed: Vec<Resumed>,
    /// Cameras that are not watched any more; of them nothing is told.
    pub forgotten: Vec<CameraId>,
}

impl News {
    /// Tells whether there is nothing to write down.
    pub fn is_empty(&self) -> bool {
        self.stopped.is_empty() && self.resumed.is_empty() && self.forgotten.is_empty()
    }
}

impl Told {
    /// Returns what is on record before anything was told.
    pub fn nothing(contract: ContractId) -> Self {
        Told {
            contract,
            version: 0,
            outages: BTreeMap::new(),
        }
    }

    /// Returns what is on record once the news are told.
    #[must_use]
    pub fn after(mut self, news: &News, now: Timestamp) -> Told {
        self.version += 1;
        let over = news.resumed.iter().map(|resumed| &resumed.camera);
        for camera in over.chain(&news.forgotten) {
            self.outages.remove(camera);
        }
        for outage in &news.stopped {
            let told = ToldOutage {
                since: outage.since,
                told_at: now,
            };
            self.outages.insert(outage.camera.clone(), told);
        }
        self
    }
}

/// Returns what there is to tell of a contract's watched cameras. Of one that could not be read just now nothing is told.
pub fn news(told: &Told, ledgers: &[Ledger], now: Timestamp) -> News {
    let mut news = News::default();
    let current = |ledger: &&Ledger| now.duration_since(ledger.read_to) < SILENCE;
    for ledger in ledgers.iter().filter(current) {
        match told.outages.get(&ledger.camera) {
            None => news.stopped.extend(outage(ledger, now)),
            Some(known) => news.resumed.extend(resumed(ledger, known, now)),
        }
    }
    let watched = |camera: &&CameraId| ledgers.iter().all(|ledger| ledger.camera != **camera);
    news.forgotten = told.outages.keys().filter(watched).cloned().collect();
    news
}

fn outage(ledger: &Ledger, now: Timestamp) -> Option<Outage> {
    let Recording::Stopped { since, trouble } = ledger.recording else {
        return None;
    };
    let counted_from = since.max(ledger.awake_since);
    (now.duration_since(counted_from) >= TELL_AFTER).then(|| Outage {
        camera: ledger.camera.clone(),
        since,
        trouble,
    })
}

fn resumed(ledger: &Ledger, known: &ToldOutage, now: Timestamp) -> Option<Resumed> {
    let (Recording::Running { .. }, Some(last)) = (ledger.recording, ledger.spans.last()) else {
        return None;
    };
    let settled = last.end.duration_since(last.start) >= SETTLED;
    if !settled || now.duration_since(known.told_at) < REST {
        return None;
    }
    let again = last.start.max(known.since);
    let whole_ms = again.as_millisecond() - known.since.as_millisecond();
    let lost_ms = whole_ms - ledger.recorded_ms(known.since, again);
    Some(Resumed {
        camera: ledger.camera.clone(),
        since: known.since,
        again,
        lost_seconds: lost_ms.max(0).div_euclid(1000),
    })
}
