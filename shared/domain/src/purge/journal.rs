//! 消去の記録: where a purge stands and what was asked and done, each line chained to the one before (15-3).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Refusal, Step};
use crate::contract::Contract;
use crate::device::{Camera, Device, DeviceState};
use crate::hold::Holds;
use crate::ids::{ApplicationId, CameraId, ContractId, UserId};
use crate::user::User;

/// How often what is found again leads straight back to its step; then it waits for the next run.
const MOST_RETURNS: u32 = 3;

/// One camera's stream, which is also the name of its device's thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub camera: CameraId,
    pub stream: String,
    /// Every certificate of the device that is known, on its thing or not.
    pub certificates: BTreeSet<String>,
    /// Whether the stream was ever there when somebody looked.
    pub had_stream: bool,
    /// Whether the thing, or a certificate, was ever there when somebody looked.
    pub had_device: bool,
}

/// One user's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub user: UserId,
    /// Whether it was ever there when somebody looked.
    pub was_there: bool,
}

/// What has to be found outside of the tables, by identifiers that name nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    pub cameras: Vec<Target>,
    pub accounts: Vec<Account>,
}

impl Targets {
    /// Reads what a contract has.
    pub fn of(cameras: &[Camera], devices: &[Device], users: &[User]) -> Self {
        let certificates = |camera: &Camera| {
            let devices = devices.iter().filter(|device| device.camera == camera.id);
            let known = devices.filter_map(|device| match &device.state {
                DeviceState::Active { certificate_id, .. } => Some(certificate_id.clone()),
                _ => None,
            });
            known.collect()
        };
        let target = |camera: &Camera| Target {
            camera: camera.id.clone(),
            stream: camera.stream_name.clone(),
            certificates: certificates(camera),
            had_stream: false,
            had_device: false,
        };
        let account = |user: &User| Account {
            user: user.id.clone(),
            was_there: false,
        };
        Targets {
            cameras: cameras.iter().map(target).collect(),
            accounts: users.iter().map(account).collect(),
        }
    }
}

/// One thing that a line of the journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    Begun {
        cameras: u64,
        users: u64,
    },
    /// A step, or a portion of one, of which so much is there, is asked for.
    Asked {
        step: Step,
        there: u64,
    },
    /// What was asked for is done.
    Done {
        step: Step,
    },
    /// A hold keeps something of this step (21-4).
    Held {
        step: Step,
    },
    /// The search found something that leads back to its step.
    Found {
        step: Step,
        count: u64,
    },
    /// The search found nothing.
    NothingFound,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub contract: ContractId,
    /// From 1 on, without gaps.
    pub number: u64,
    pub at: Timestamp,
    pub acts: Vec<Act>,
    /// SHA-256 of the line before, in hexadecimal; empty for the first.
    pub before: String,
}

impl Line {
    /// Returns its SHA-256, in hexadecimal. With the line before in it, it stands for the whole journal.
    pub fn hash(&self) -> String {
        // Plain structs of texts and numbers always serialise; an empty text would match nothing.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(Sha256::digest(bytes))
    }
}

/// Where a purge stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    pub contract: ContractId,
    pub application: ApplicationId,
    /// Counts the lines.
    pub version: u64,
    pub begun_at: Timestamp,
    pub targets: Targets,
    /// The step that is next, or under way.
    pub step: Step,
    /// Where the step goes on: the first of its targets, or the place in the tables.
    pub from: Option<String>,
    /// How much of files, register and records there was. Targets tell themselves whether they were there.
    pub counts: BTreeMap<String, u64>,
    /// How many of the files that are counted may still be there.
    pub files_left: u64,
    /// The hash of the last line.
    pub head: String,
    /// The version of the holds that keep something; nothing is tried again before it changes.
    pub waits_for: Option<u64>,
    /// How often the search found something since the last wait.
    pub returns: u32,
    /// When the search last found nothing, and under which version of the holds: what they kept it did not look for.
    pub searched_at: Option<Timestamp>,
    pub searched_under: Option<u64>,
}

/// What there is to do about a purge now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This step is asked for.
    Ask(Step),
    /// A hold keeps all of the step; it is passed over.
    Pass(Step),
    /// Nothing can be done until a hold ends.
    Wait,
}

impl Journal {
    /// Tells whether the data of a contract may be deleted on a day (15-3, D-16).
    pub fn may_begin(contract: &Contract, today: Date) -> Result<(), Refusal> {
        let day = contract.data_went_on().ok_or(Refusal::ContractLives)?;
        match today < day {
            true => Err(Refusal::StillKept),
            false => Ok(()),
        }
    }

    /// Begins the journal of a contract.
    pub fn begin(contract: &Contract, targets: Targets, at: Timestamp) -> (Journal, Line) {
        let begun = Act::Begun {
            cameras: targets.cameras.len() as u64,
            users: targets.accounts.len() as u64,
        };
        let mut journal = Journal {
            contract: contract.id.clone(),
            application: contract.application.clone(),
            version: 0,
            begun_at: at,
            targets,
            step: Step::Recordings,
            from: None,
            counts: BTreeMap::new(),
            files_left: 0,
            head: String::new(),
            waits_for: None,
            returns: 0,
            searched_at: None,
            searched_under: None,
        };
        let line = journal.write(vec![begun], at);
        (journal, line)
    }

    /// Writes the next line.
    pub fn write(&mut self, acts: Vec<Act>, at: Timestamp) -> Line {
        self.version += 1;
        let line = Line {
            contract: self.contract.clone(),
            number: self.version,
            at,
            acts,
            before: std::mem::take(&mut self.head),
        };
        self.head = line.hash();
        line
    }

    /// Returns what there is to do under these holds.
    pub fn next(&self, holds: &Holds) -> Next {
        if self.waits_for == Some(holds.version) {
            return Next::Wait;
        }
        match self.step {
            step if step.is_of_registered_data() && holds.keep_registered_data() => {
                Next::Pass(step)
            }
            Step::Certificate if self.is_held(holds) => Next::Wait,
            // A hold that ended since then kept something out of the search.
            Step::Certificate if self.searched_under != Some(holds.version) => {
                Next::Ask(Step::Search)
            }
            step => Next::Ask(step),
        }
    }

    /// Returns whether a hold keeps anything of it.
    pub fn is_held(&self, holds: &Holds) -> bool {
        let keeps = |target: &Target| holds.keep_recordings_of(&target.camera);
        holds.keep_registered_data() || self.targets.cameras.iter().any(keeps)
    }

    /// Returns the streams that no hold keeps.
    pub fn free_streams(&self, holds: &Holds) -> Vec<&Target> {
        let targets = self.targets.cameras.iter();
        targets
            .filter(|target| !holds.keep_recordings_of(&target.camera))
            .collect()
    }

    /// Asks for a portion of a step of which so much is there. What the certificate counts is written with this line,
    /// before anything goes, so that no kill can lose it; asked for once more, nothing is counted twice.
    pub fn ask(&mut self, step: Step, there: u64) -> Act {
        let new = match step {
            Step::Files => there.saturating_sub(std::mem::replace(&mut self.files_left, there)),
            // With the line that asks for them they are gone.
            Step::Register | Step::Records => there,
            _ => 0,
        };
        if new > 0 {
            *self.counts.entry(step.code().to_owned()).or_default() += new;
        }
        Act::Asked { step, there }
    }

    /// Returns how much of a step was there and was taken away, once nothing is found any more.
    pub fn deleted(&self, step: Step) -> u64 {
        let (cameras, accounts) = (self.targets.cameras.iter(), self.targets.accounts.iter());
        match step {
            Step::Recordings => cameras.filter(|target| target.had_stream).count() as u64,
            Step::Devices => cameras.filter(|target| target.had_device).count() as u64,
            Step::Accounts => accounts.filter(|account| account.was_there).count() as u64,
            _ => self.counts.get(step.code()).copied().unwrap_or(0),
        }
    }

    /// Notes that a portion is done. `from` says where the step goes on; without it the next step is next.
    pub fn done(&mut self, step: Step, from: Option<String>) -> Act {
        self.advance(step, from);
        Act::Done { step }
    }

    /// Passes a step over that a hold keeps.
    pub fn pass(&mut self, step: Step) -> Act {
        self.advance(step, None);
        Act::Held { step }
    }

    fn advance(&mut self, step: Step, from: Option<String>) {
        if from.is_none() {
            self.step = step.next().unwrap_or(step);
        }
        self.from = from;
    }

    /// Takes in what the search found: each step with how much. The first of them is next; when it found something too
    /// often in a row, the next run goes on. Returns whether this run goes on.
    pub fn searched(
        &mut self,
        found: &[(Step, u64)],
        holds: &Holds,
        at: Timestamp,
    ) -> (Vec<Act>, bool) {
        let Some((first, _)) = found.first() else {
            self.searched_at = Some(at);
            self.searched_under = Some(holds.version);
            self.advance(Step::Search, None);
            return (vec![Act::NothingFound], true);
        };
        self.step = *first;
        self.from = None;
        self.returns += 1;
        let goes_on = self.returns <= MOST_RETURNS;
        if !goes_on {
            self.returns = 0;
        }
        let act = |(step, count): &(Step, u64)| Act::Found {
            step: *step,
            count: *count,
        };
        (found.iter().map(act).collect(), goes_on)
    }

    /// Waits until the holds change; then everything is gone through again.
    pub fn wait(&mut self, holds: &Holds) -> Act {
        self.waits_for = Some(holds.version);
        self.step = Step::Recordings;
        self.from = None;
        self.returns = 0;
        Act::Held {
            step: Step::Certificate,
        }
    }

    /// Goes on after a wait.
    pub fn wake(&mut self) {
        self.waits_for = None;
    }
}
