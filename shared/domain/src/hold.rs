//! 保全: what lawful disclosure keeps from deletion, and nothing beyond its scope (21-4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{CameraId, ContractId};

/// What one hold keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The registered data of the customer: users, devices, cameras, notices and what else the tables hold.
    RegisteredData,
    /// What one camera recorded, from a moment to before another by the camera's clock.
    Recordings {
        camera: CameraId,
        from: Timestamp,
        until: Timestamp,
    },
}

/// One hold, placed for one disclosure case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The number of the disclosure case.
    pub case: String,
    pub scope: Scope,
    pub placed_at: Timestamp,
    /// When it ended; until then it keeps its scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

/// Every hold that was ever placed on a contract's data. Whoever deletes something names the version on which that
/// rests, in the same transaction: a hold that is placed meanwhile stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    pub contract: ContractId,
    /// 0 while nothing was ever held.
    pub version: u64,
    pub holds: Vec<Hold>,
}

impl Holds {
    /// The holds of a contract on whose data nothing was ever held.
    pub fn none(contract: ContractId) -> Self {
        Holds {
            contract,
            version: 0,
            holds: Vec::new(),
        }
    }

    /// Places holds for a case.
    #[must_use]
    pub fn placed(mut self, case: &str, scopes: Vec<Scope>, at: Timestamp) -> Self {
        self.version += 1;
        self.holds.extend(scopes.into_iter().map(|scope| Hold {
            case: case.to_owned(),
            scope,
            placed_at: at,
            released_at: None,
        }));
        self
    }

    /// Ends the holds of a case, and of no other.
    #[must_use]
    pub fn released(mut self, case: &str, at: Timestamp) -> Self {
        self.version += 1;
        let mine = |hold: &&mut Hold| hold.case == case && hold.released_at.is_none();
        for hold in self.holds.iter_mut().filter(mine) {
            hold.released_at = Some(at);
        }
        self
    }

    /// Returns the holds that have not ended.
    pub fn in_force(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| hold.released_at.is_none())
    }

    /// Returns whether the registered data must stay.
    pub fn keep_registered_data(&self) -> bool {
        self.in_force()
            .any(|hold| hold.scope == Scope::RegisteredData)
    }

    /// Returns whether something that a camera recorded must stay.
    pub fn keep_recordings_of(&self, of: &CameraId) -> bool {
        self.in_force()
            .any(|hold| matches!(&hold.scope, Scope::Recordings { camera, .. } if camera == of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(scope: Scope, is_released: bool) -> Hold {
        Hold {
            case: "2026-001".into(),
            scope,
            placed_at: Timestamp::UNIX_EPOCH,
            released_at: is_released.then_some(Timestamp::MAX),
        }
    }

    fn recordings(camera: u8) -> Scope {
        Scope::Recordings {
            camera: CameraId::from_random([camera; 10]),
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
        }
    }

    #[test]
    fn art_21_a_release_ends_the_holds_of_its_case_and_of_no_other() {
        let camera = |n: u8| CameraId::from_random([n; 10]);
        let at = Timestamp::UNIX_EPOCH;
        let holds = Holds::none(ContractId::from_random([1; 10]))
            .placed("x-1", vec![Scope::RegisteredData, recordings(1)], at)
            .placed("x-2", vec![recordings(1), recordings(2)], at)
            .released("x-1", at);
        assert_eq!(holds.version, 3);
        assert!(!holds.keep_registered_data());
        assert!(holds.keep_recordings_of(&camera(1)) && holds.keep_recordings_of(&camera(2)));
        assert_eq!(holds.released("x-2", at).in_force().count(), 0);
    }

    #[test]
    fn art_21_a_hold_keeps_its_scope_alone_and_only_until_it_ends() {
        let camera = |n: u8| CameraId::from_random([n; 10]);
        let mut holds = Holds::none(ContractId::from_random([1; 10]));
        assert!(!holds.keep_registered_data() && !holds.keep_recordings_of(&camera(1)));
        holds.holds = vec![hold(recordings(1), false), hold(recordings(2), true)];
        assert!(holds.keep_recordings_of(&camera(1)));
        assert!(!holds.keep_recordings_of(&camera(2)));
        assert!(!holds.keep_registered_data());
        holds.holds.push(hold(Scope::RegisteredData, false));
        assert!(holds.keep_registered_data());
        assert!(!holds.keep_recordings_of(&camera(3)));
    }
}
