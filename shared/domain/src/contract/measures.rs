//! Measures of Art. 13: what an operator may impose, and on which ground (13-1, 17-2).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Contract, Refusal, Standing, TerminationCause};
use crate::rules::rules;

rules! {
    /// The grounds of 13-1, of 17-2 which is carried out as a rescission (D-23), and of 6-2 which only suspends (D-06).
    MeasureGround {
        Arrears => ("6-2", "料金の支払いを確認できない", "Payment is not confirmed"),
        Breach => ("13-1-1", "規約違反", "Breach of the terms"),
        NonPayment => ("13-1-2", "催告後の料金不払い", "Unpaid in spite of a demand"),
        FalseParticulars => ("13-1-3", "登録事項の虚偽", "False particulars"),
        Insolvency => ("13-1-4", "支払停止・倒産手続の申立て", "Insolvency"),
        Unsuitable => ("13-1-5", "契約の継続が不適当", "Unsuitable to go on"),
        SoftwareMisuse => ("17-2", "ソフトウェアに関する禁止事項", "What Art. 17 forbids"),
    }
}

impl MeasureGround {
    /// Reads the code of a ground.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|g| g.code() == code)
    }

    /// Tells whether a contract may be rescinded on this ground.
    pub fn may_rescind(self) -> bool {
        self != MeasureGround::Arrears
    }

    /// Returns the cause of a termination on this ground.
    pub fn cause(self) -> TerminationCause {
        match self {
            MeasureGround::SoftwareMisuse => TerminationCause::RescissionForSoftware,
            _ => TerminationCause::Rescission,
        }
    }
}

/// A measure: its ground with the evidence, and the day on which the ground arose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    pub ground: MeasureGround,
    pub evidence: String,
    /// From here all debts are due (13-2, D-08).
    pub arose_on: Date,
}

/// A rescission that waits for a second operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub measure: Measure,
    pub by: String,
    pub at: Timestamp,
}

impl Proposal {
    /// Names the case that waits for another operator.
    pub fn about(&self) -> String {
        format!("rescission/{}", self.at)
    }
}

impl Contract {
    /// Refuses what begins a new use of the service while use is suspended; what limits or ends a use stays open, as do payments
    /// and particulars (D-09).
    pub fn check_use(&self) -> Result<(), Refusal> {
        match self.standing {
            Standing::Suspended { .. } => Err(Refusal::UseSuspended),
            _ => Ok(()),
        }
    }

    /// Checks that a measure may rest on its ground today.
    pub(super) fn check_measure(&self, measure: &Measure, today: Date) -> Result<(), Refusal> {
        if measure.evidence.trim().is_empty() {
            return Err(Refusal::EvidenceMissing);
        }
        let formed_on = crate::calendar::tokyo_date(self.formed_at);
        if measure.arose_on < formed_on || measure.arose_on > today {
            return Err(Refusal::GroundInTheFuture);
        }
        match measure.ground {
            // Whether a reseller was paid is known from the reseller: the evidence is its report (6-2).
            MeasureGround::Arrears if self.is_resold() => return Ok(()),
            MeasureGround::Arrears => {
                let overdue = self.account.open().any(|debt| debt.is_overdue(today));
                return overdue.then_some(()).ok_or(Refusal::NothingOverdue);
            }
            MeasureGround::NonPayment if self.is_resold() => return Err(Refusal::ResellerBills),
            MeasureGround::NonPayment => {}
            _ => return Ok(()),
        }
        let lapsed = self.account.open().any(|debt| {
            let demand = debt.demand.as_ref();
            let lapses = demand.and_then(|demand| demand.lapses_on(debt.grace_days));
            lapses.is_some_and(|day| day < today)
        });
        lapsed.then_some(()).ok_or(Refusal::DemandMissing)
    }
}
