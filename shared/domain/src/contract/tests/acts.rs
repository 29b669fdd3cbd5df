//! What customers and operators may do on any day, drawn at random, and the life that comes of it.

use proptest::prelude::*;

use super::*;
use crate::calendar::days;
use crate::terms::earliest_effective;

/// What a customer or operator may do on a day.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Pay(i64),
    PayAll,
    Refuse(u16),
    /// A notice on paper that arrived some days ago.
    RefuseOnPaper(i64),
    Cancel(i64),
    MoreCameras,
    Suspend(MeasureGround),
    Lift,
    Propose,
    Approve,
    Credit(u32, i64),
    DemandFails(u32),
    DemandByPost(u32),
    BillInterest(u32),
    WaiveInterest(u32),
}

/// What is published on a day, in the morning before any work.
#[derive(Debug, Clone)]
pub(super) enum Publication {
    /// Applies so many days later, at so many yen.
    Prices(i64, i64),
    /// Applies so many days after the earliest day (23-2).
    Terms(i64),
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let debt = || 1u32..5;
    prop_oneof![
        4 => (1i64..60_000).prop_map(Act::Pay),
        2 => Just(Act::PayAll),
        1 => (1u16..3).prop_map(Act::Refuse),
        1 => (0i64..40).prop_map(Act::RefuseOnPaper),
        1 => (0i64..400).prop_map(Act::Cancel),
        2 => Just(Act::MoreCameras),
        1 => Just(Act::Suspend(MeasureGround::Breach)),
        1 => Just(Act::Suspend(MeasureGround::NonPayment)),
        1 => Just(Act::Suspend(MeasureGround::Arrears)),
        2 => Just(Act::Lift),
        1 => Just(Act::Propose),
        1 => Just(Act::Approve),
        2 => (debt(), 1i64..50_000).prop_map(|(debt, yen)| Act::Credit(debt, yen)),
        1 => debt().prop_map(Act::DemandFails),
        1 => debt().prop_map(Act::DemandByPost),
        1 => debt().prop_map(Act::BillInterest),
        1 => debt().prop_map(Act::WaiveInterest),
    ]
}

/// Acts sorted by day: days after the start.
pub(super) fn acts() -> impl Strategy<Value = Vec<(i64, Act)>> {
    by_day(prop::collection::vec((1i64..1_200, act()), 0..10))
}

/// Publications sorted by day: days after the start.
pub(super) fn publications() -> impl Strategy<Value = Vec<(i64, Publication)>> {
    let one = prop_oneof![
        2 => (0i64..200, 5_000i64..30_000).prop_map(|(ahead, yen)| Publication::Prices(ahead, yen)),
        1 => (0i64..60).prop_map(Publication::Terms),
    ];
    by_day(prop::collection::vec((1i64..1_200, one), 0..4))
}

fn by_day<T: std::fmt::Debug>(
    drawn: impl Strategy<Value = Vec<(i64, T)>>,
) -> impl Strategy<Value = Vec<(i64, T)>> {
    drawn.prop_map(|mut drawn| {
        drawn.sort_by_key(|(day, _)| *day);
        drawn
    })
}

/// First days up to 2097, so that three years reach 2100.
pub(super) fn start() -> impl Strategy<Value = Date> {
    (0i64..26_000).prop_map(|ahead| days(date(2026, 4, 1), ahead))
}

impl Life {
    /// Does an act, if it is not refused: refused commands are part of life.
    pub(super) fn act(&mut self, act: &Act, today: Date) {
        let by = match act {
            Act::Approve => "operator:second",
            _ => "operator:first",
        };
        let command = self.command(act, today);
        let _ = self.ask_as(command, by, today);
    }

    pub(super) fn command(&self, act: &Act, today: Date) -> Command {
        let refuse = |order, paper| Command::RefuseRenewal {
            order,
            receipt: "R".into(),
            paper,
        };
        let measure = |ground| Measure {
            ground,
            evidence: "e".into(),
            arose_on: today,
        };
        let receive = |yen| {
            Command::RecordReceipt(NewReceipt {
                reference: format!("r-{today}"),
                received_on: today,
                yen,
            })
        };
        let reason = || "r".to_owned();
        match act {
            Act::Pay(yen) => receive(Yen(*yen)),
            Act::PayAll => receive(self.contract.account.open_yen()),
            Act::Refuse(order) => refuse(*order, None),
            Act::RefuseOnPaper(ago) => {
                let received_on = days(today, -ago);
                let channel = "post".to_owned();
                let notice = PaperNotice {
                    received_on,
                    channel,
                };
                refuse(1, Some(notice))
            }
            Act::Cancel(ahead) => Command::Cancel(Cancellation {
                on: days(today, *ahead),
                receipt: "C".into(),
                received_on: None,
            }),
            Act::MoreCameras => Command::AcceptOrder {
                start: days(today, 3),
                retention_days: 30,
                cameras: 1,
            },
            Act::Suspend(ground) => Command::Suspend(measure(*ground)),
            Act::Lift => Command::Lift { reason: reason() },
            Act::Propose => Command::ProposeRescission(measure(MeasureGround::SoftwareMisuse)),
            Act::Approve => Command::ApproveRescission,
            Act::Credit(debt, yen) => Command::Credit {
                debt: *debt,
                yen: Yen(*yen),
                reason: reason(),
            },
            Act::DemandFails(debt) => Command::DemandFailed { debt: *debt },
            Act::DemandByPost(debt) => Command::DemandSent {
                debt: *debt,
                sent_on: today,
                channel: "certified mail".into(),
            },
            Act::BillInterest(of) => Command::BillInterest { of: *of },
            Act::WaiveInterest(of) => Command::WaiveInterest {
                of: *of,
                reason: reason(),
            },
        }
    }

    /// Publishes documents as operators do.
    pub(super) fn publish(&mut self, publication: &Publication, today: Date) {
        match publication {
            Publication::Prices(ahead, yen) => {
                let version = format!("p{}", self.facts.prices.len());
                let mut prices = list(&version, days(today, *ahead), *yen);
                prices.published_on = Some(today);
                self.facts.prices.push(prices);
            }
            Publication::Terms(more) => {
                let mut terms = self.facts.terms[0].clone();
                terms.version = format!("t{}", self.facts.terms.len());
                terms.published_on = today;
                terms.effective_from = days(earliest_effective(today), *more);
                self.facts.terms.push(terms);
            }
        }
    }
}
