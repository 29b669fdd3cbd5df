//! The state machine of a case: who may do what, in which order, and what stands against it.
#![allow(clippy::unwrap_used)]

mod art_21;
mod random;

use super::*;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub(super) fn stretch(camera: u8) -> Stretch {
    Stretch {
        camera: CameraId::from_random([camera; 10]),
        from: at(-7200),
        until: at(-3600),
    }
}

pub(super) fn opening(basis: LegalBasis) -> Opening {
    Opening {
        id: DisclosureId::from_random([1; 10]),
        contract: ContractId::from_random([2; 10]),
        request: Request {
            requester: RequesterKind::Police,
            name: "見本警察署".into(),
            office: "刑事課".into(),
            officer: "見本 一郎".into(),
            contact: "03-0000-0000".into(),
            basis,
            statute: "見本法第1条".into(),
            document_number: "第1号".into(),
            received_on: crate::calendar::tokyo_date(at(0)),
        },
        scope: Scope {
            data: vec![DataKind::Particulars, DataKind::Users],
            recordings: vec![stretch(1)],
        },
        hold: HoldWhen::Later,
    }
}

pub(super) fn document() -> Document {
    Document {
        name: "shokai.pdf".into(),
        content_type: "application/pdf".into(),
        bytes: 10,
        sha256: "00".into(),
    }
}

pub(super) fn package(recordings: &[Stretch]) -> Package {
    let packed = |stretch: &Stretch| PackedRecording {
        stretch: stretch.clone(),
        pieces: 1,
        fragments: 1,
        bytes: 1,
        last_manifest: Some("11".into()),
    };
    Package {
        sha256: "22".into(),
        files: Vec::new(),
        recordings: recordings.iter().map(packed).collect(),
    }
}

pub(super) fn delivery(acknowledged: &str, second: i64) -> Delivery {
    Delivery {
        on: crate::calendar::tokyo_date(at(second)),
        method: "手交".into(),
        recipient: "見本 一郎".into(),
        handed_by: "a".into(),
        acknowledged: acknowledged.into(),
    }
}

pub(super) fn closing(cause: ClosingCause) -> Command {
    Command::Close(Closing {
        cause,
        note: String::new(),
    })
}

pub(super) fn judge(verdict: Verdict, part: Scope) -> Command {
    Command::Judge {
        verdict,
        part,
        reason: "適法".into(),
    }
}

/// A case that goes on command by command.
pub(super) struct Case(pub Disclosure);

impl Case {
    pub fn open(basis: LegalBasis) -> Self {
        let entry = opening(basis).decide("a", at(0)).unwrap();
        Case(evolve(None, &entry).unwrap())
    }

    pub fn tries(&mut self, command: Command, by: &str) -> Result<(), Refusal> {
        let entry = self.0.decide(command, by, at(10))?;
        self.0 = evolve(Some(&self.0), &entry).unwrap();
        Ok(())
    }

    #[track_caller]
    pub fn does(mut self, command: Command, by: &str) -> Self {
        self.tries(command, by).unwrap();
        self
    }

    #[track_caller]
    pub fn refusing(mut self, command: Command, by: &str, refusal: Refusal) -> Self {
        let before = self.0.clone();
        assert_eq!(self.tries(command, by), Err(refusal));
        assert_eq!(self.0, before);
        self
    }
}
