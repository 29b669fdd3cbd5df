//! バックアップのご案内: shortly before the last day of use, as long as the customer can still save what is needed (Art. 9, 15-2).

use jiff::civil::Date;

use super::{Contract, Order, Work};
use crate::calendar::{days, tokyo_date};

/// So many days before the last day of use; who told of an end later than that was told with the receipt.
const DAYS_BEFORE: i64 = 14;

impl Contract {
    /// Returns the last day of use that is foreseen, and the day on which it came to be known: every order was refused, or the
    /// contract was cancelled, or the service ends. `None` while the contract goes on, and after its end.
    fn foreseen_end(&self) -> Option<(Date, Date)> {
        if self.is_over() {
            return None;
        }
        let open = || self.orders.iter().filter(|order| !order.closed);
        let ends: Option<Vec<(Date, Date)>> = open()
            .map(|order| Some((order.last_day?, self.known_on(order)?)))
            .collect();
        let ends = ends?;
        let last = ends.iter().map(|(last, _)| *last).max()?;
        let known = ends.iter().map(|(_, known)| *known).max()?;
        Some((last, known))
    }

    /// Returns the last day of use that is foreseen.
    pub fn foreseen_last_day(&self) -> Option<Date> {
        self.foreseen_end().map(|(last, _)| last)
    }

    /// Returns when the last day of an order came to be known.
    fn known_on(&self, order: &Order) -> Option<Date> {
        let refused = order.refused.as_ref().map(|refused| refused.received_on);
        let ending = self.ending.as_ref();
        let ended = ending.map(|ending| (ending.on, tokyo_date(ending.received_at)));
        match (refused, ended) {
            (Some(refused), Some((on, _))) if order.last_day.is_some_and(|last| last < on) => {
                Some(refused)
            }
            (refused, ended) => ended.map(|(_, known)| known).or(refused),
        }
    }

    /// Returns the reminder that is owed, with its day.
    pub(super) fn backup_owed(&self) -> Option<(Date, Work)> {
        let (last, known) = self.foreseen_end()?;
        let due = days(last, -DAYS_BEFORE);
        let is_owed = known < due && self.backup_reminded != Some(last);
        is_owed.then_some((due, Work::BackupReminder { last }))
    }
}
