//! Running day by day equals catching up in jumps, over 2026–2100.

use proptest::prelude::*;

use super::acts::{Act, Publication, acts, publications, start};
use super::*;
use crate::calendar::days;

/// How the work of the days between two acts is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    DayByDay,
    /// The service was down: all of it is done late, just before the next act.
    InOneJump,
}

/// Lives with what is published and done on its days, and some time after.
fn lived(
    start: Date,
    published: &[(i64, Publication)],
    acts: &[(i64, Act)],
    after: i64,
    pace: Pace,
) -> Life {
    let mut life = Life::begin(start);
    let last = acts.last().map_or(0, |(day, _)| *day) + after;
    let mut next_work = 0;
    for day in 0..=last {
        let today = days(start, day);
        for (_, publication) in published.iter().filter(|(on, _)| *on == day) {
            life.publish(publication, today);
        }
        let todays: Vec<&Act> = acts
            .iter()
            .filter(|(on, _)| *on == day)
            .map(|(_, act)| act)
            .collect();
        if pace == Pace::DayByDay || !todays.is_empty() || day == last {
            life.tick(today);
            next_work = day + 1;
        }
        for act in todays {
            life.act(act, today);
        }
    }
    assert_eq!(next_work, last + 1);
    life
}

/// The civil facts of a contract: what may not depend on when work was done. A demand counts from its
/// sending (D-07), so demands and the suspension of 6-2 that rests on them are left out.
#[derive(Debug, Clone, PartialEq)]
struct CivilFacts {
    orders: Vec<Order>,
    account: Account,
    ending: Option<Ending>,
    /// Whether a measure of Art. 13 suspends it, or it has ended.
    measure: Option<String>,
    invoices: Vec<crate::invoice::Invoice>,
    effects: Vec<String>,
    /// Notices of which none is lost or doubled: all but reminders, which may be overtaken.
    notices: Vec<crate::notice::Notice>,
}

fn facts_of(life: &Life) -> CivilFacts {
    let mut account = life.contract.account.clone();
    for debt in &mut account.debts {
        debt.demand = None;
        debt.demands = 0;
        debt.suspended_after = None;
    }
    // The recovery copies expire so many days after the deletion was really done.
    let timed = |name: &&String| {
        let prefixes = ["demand/", "suspension/", "purge/recovery"];
        !prefixes.iter().any(|prefix| name.starts_with(prefix))
    };
    let kinds = [
        "demand",
        "suspended",
        "suspension_lifted",
        "renewal_reminder",
        "backup_reminder",
    ];
    let notices = life.notices.iter().map(|(_, notice)| notice);
    CivilFacts {
        orders: life.contract.orders.clone(),
        account,
        ending: life.contract.ending.clone(),
        measure: match &life.contract.standing {
            Standing::Active => None,
            Standing::Suspended { clause, .. } if clause == "6-2" => None,
            // It keeps the moment of the suspension of 6-2 that it replaces.
            Standing::Suspended { clause, .. } => Some(clause.clone()),
            other => Some(format!("{other:?}")),
        },
        invoices: life.invoices.clone(),
        effects: life.effects.iter().filter(timed).cloned().collect(),
        notices: notices
            .filter(|notice| !kinds.contains(&notice.kind()))
            .cloned()
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn catching_up_in_one_jump_equals_running_day_by_day(start in start(), length in 1i64..1_500) {
        let [daily, jump] = [Pace::DayByDay, Pace::InOneJump].map(|pace| lived(start, &[], &[], length, pace));
        prop_assert_eq!(facts_of(&daily), facts_of(&jump));
    }

    #[test]
    fn catching_up_before_each_act_equals_running_day_by_day_whatever_is_done_and_published(
        start in start(),
        published in publications(),
        acts in acts(),
        after in 0i64..500,
    ) {
        // What rests on a demand counts from its sending (13-1-2).
        let rests_on_demand = |act: &Act| matches!(act, Act::Suspend(MeasureGround::NonPayment));
        let acts: Vec<(i64, Act)> =
            acts.into_iter().filter(|(_, act)| !rests_on_demand(act)).collect();
        let [daily, jump] =
            [Pace::DayByDay, Pace::InOneJump].map(|pace| lived(start, &published, &acts, after, pace));
        prop_assert_eq!(facts_of(&daily), facts_of(&jump));
    }
}
