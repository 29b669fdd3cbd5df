//! サービスの終了: every customer is told, and only when that is proven of each is the last day set (14-1).

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::tokyo_date;
use crate::documents::Bilingual;
use crate::notice::{NoticeRecord, Outcome};
use crate::rules::rules;

rules! {
    /// Why a step towards the end of the service is refused.
    Refusal {
        AlreadyAnnounced => ("service_end_announced", "サービスの終了はすでにお知らせしています。", "The end of the service has been announced already."),
        NotAnnounced => ("service_end_not_announced", "サービスの終了をまだお知らせしていません。", "The end of the service has not been announced."),
        TooSoon => ("service_end_too_soon", "最終日が早すぎます。すべてのお客様への到達から、定められた月数が過ぎた後の日にしてください（第14条第1項）。", "The last day is too soon: the set months must have passed since every customer was reached (14-1)."),
        BeforeAnnounced => ("service_end_before_announced", "お客様にお知らせした日より前の日は、最終日にできません。", "The last day cannot lie before the day that customers were told."),
        NotProven => ("notices_not_proven", "お知らせの到達を確認できていないお客様がいます。別の手段でご連絡し、記録してください。", "The notice has not been proven for every customer. Reach the rest in another way and record it."),
        AlreadySet => ("service_end_set", "サービスの最終日はすでに決まっています。", "The last day of the service is set already."),
        ServiceEnds => ("service_ends", "サービスの最終日が決まっているため、新しい契約は登録できません（第14条第1項）。", "The last day of the service is set, so no new contract is registered (14-1)."),
        SentInTheFuture => ("sent_in_the_future", "送付日は、お知らせの日から今日までの日付にしてください。", "The day of sending lies between the announcement and today."),
    }
}

/// The end of the service on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEnd {
    pub version: u64,
    pub announced_at: Timestamp,
    pub announced_by: String,
    /// The last day at the earliest, as customers are told.
    pub not_before: Date,
    /// Why it ends, and how to take a copy of the recordings before.
    pub text: Bilingual,
    /// The last day of use, to 24:00, once it is set.
    pub last_day: Option<Date>,
    pub set_by: Option<String>,
}

/// What is known of the notice to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "delivery", rename_all = "snake_case")]
pub enum Delivery {
    /// It reached the customer on this day (D-36).
    Proven {
        on: Date,
    },
    /// It was sent, and nothing was heard of it.
    Unheard,
    Failed,
    /// It was not sent yet.
    Missing,
}

impl Delivery {
    /// Judges by the line of the mail and that of another channel, which a person proves. Being sent alone proves nothing.
    pub fn of(mail: Option<&NoticeRecord>, other: Option<&NoticeRecord>) -> Delivery {
        let by_hand = other.and_then(|line| line.posted.as_ref());
        match (by_hand, mail.map(|line| line.outcome)) {
            (Some(posted), _) => Delivery::Proven { on: posted.sent_on },
            (None, Some(Outcome::Arrived { at })) => Delivery::Proven { on: tokyo_date(at) },
            (None, Some(Outcome::Failed { .. } | Outcome::NotSent { .. })) => Delivery::Failed,
            (None, Some(Outcome::Sent)) => Delivery::Unheard,
            (None, None) => Delivery::Missing,
        }
    }

    /// Tells whether a person has something to do.
    pub fn is_proven(self) -> bool {
        matches!(self, Delivery::Proven { .. })
    }
}

/// Returns the last day of use at the earliest where the last customer was reached on a day: that many months later.
pub fn earliest_last_day(reached_on: Date, months: u8) -> Date {
    reached_on.saturating_add(Span::new().months(i64::from(months)))
}

impl ServiceEnd {
    /// Announces that the service will end, not before a day.
    pub fn announce(
        before: Option<&ServiceEnd>,
        (not_before, text): (Date, Bilingual),
        months: u8,
        (by, now): (&str, Timestamp),
    ) -> Result<ServiceEnd, Refusal> {
        if before.is_some() {
            return Err(Refusal::AlreadyAnnounced);
        }
        if not_before < earliest_last_day(tokyo_date(now), months) {
            return Err(Refusal::TooSoon);
        }
        Ok(ServiceEnd {
            version: 1,
            announced_at: now,
            announced_by: by.to_owned(),
            not_before,
            text,
            last_day: None,
            set_by: None,
        })
    }

    /// Refuses a new contract once the last day is set: its customer was never told (14-1).
    pub fn may_register(end: Option<&ServiceEnd>) -> Result<(), Refusal> {
        match end.is_some_and(|end| end.last_day.is_some()) {
            true => Err(Refusal::ServiceEnds),
            false => Ok(()),
        }
    }

    /// Sets the last day, once every customer's notice is proven and each has its months from that on.
    pub fn set(
        &self,
        last_day: Date,
        deliveries: &[Delivery],
        months: u8,
        (by, now): (&str, Timestamp),
    ) -> Result<ServiceEnd, Refusal> {
        if self.last_day.is_some() {
            return Err(Refusal::AlreadySet);
        }
        if last_day < self.not_before {
            return Err(Refusal::BeforeAnnounced);
        }
        let mut reached_on = tokyo_date(self.announced_at);
        for delivery in deliveries {
            match delivery {
                Delivery::Proven { on } => reached_on = reached_on.max(*on),
                _ => return Err(Refusal::NotProven),
            }
        }
        if last_day < earliest_last_day(reached_on, months) || last_day < tokyo_date(now) {
            return Err(Refusal::TooSoon);
        }
        Ok(ServiceEnd {
            version: self.version + 1,
            last_day: Some(last_day),
            set_by: Some(by.to_owned()),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod art_14 {
    #![allow(clippy::unwrap_used)]
    use jiff::civil::date;

    use super::*;
    use crate::calendar::start_of;

    const BY: &str = "operator:ueda";

    fn announced() -> ServiceEnd {
        let now = start_of(date(2026, 6, 1));
        let told = (date(2026, 9, 30), Bilingual::default());
        ServiceEnd::announce(None, told, 1, (BY, now)).unwrap()
    }

    fn set(last_day: Date, deliveries: &[Delivery], today: Date) -> Result<Option<Date>, Refusal> {
        let set = announced().set(last_day, deliveries, 1, (BY, start_of(today)));
        set.map(|end| end.last_day)
    }

    #[test]
    fn it_is_announced_a_month_ahead_and_once() {
        let now = start_of(date(2026, 6, 1));
        let announce = |before, day| {
            let told = (day, Bilingual::default());
            ServiceEnd::announce(before, told, 1, (BY, now)).map(|_| ())
        };
        assert_eq!(announce(None, date(2026, 6, 30)), Err(Refusal::TooSoon));
        assert_eq!(announce(None, date(2026, 7, 1)), Ok(()));
        let again = announce(Some(&announced()), date(2026, 9, 30));
        assert_eq!(again, Err(Refusal::AlreadyAnnounced));
    }

    #[test]
    fn the_last_day_is_set_only_when_every_notice_is_proven() {
        let (day, today) = (date(2026, 9, 30), date(2026, 6, 10));
        let proven = Delivery::Proven {
            on: date(2026, 6, 1),
        };
        assert_eq!(set(day, &[proven, proven], today), Ok(Some(day)));
        for open in [Delivery::Unheard, Delivery::Failed, Delivery::Missing] {
            assert_eq!(set(day, &[proven, open], today), Err(Refusal::NotProven));
        }
        let twice = announced().set(day, &[], 1, (BY, start_of(today))).unwrap();
        let twice = twice.set(day, &[], 1, (BY, start_of(today)));
        assert_eq!(twice.unwrap_err(), Refusal::AlreadySet);
    }

    #[test]
    fn no_contract_is_registered_once_the_last_day_is_set() {
        let announced = announced();
        assert_eq!(ServiceEnd::may_register(None), Ok(()));
        assert_eq!(ServiceEnd::may_register(Some(&announced)), Ok(()));
        let now = start_of(date(2026, 6, 10));
        let set = announced.set(date(2026, 9, 30), &[], 1, (BY, now)).unwrap();
        let refused = ServiceEnd::may_register(Some(&set));
        assert_eq!(refused, Err(Refusal::ServiceEnds));
    }

    #[test]
    fn the_last_day_is_not_before_what_was_told_and_a_month_after_the_last_was_reached() {
        let today = date(2026, 9, 15);
        let late = [Delivery::Proven {
            on: date(2026, 9, 10),
        }];
        assert_eq!(
            set(date(2026, 9, 29), &[], today),
            Err(Refusal::BeforeAnnounced)
        );
        assert_eq!(set(date(2026, 10, 9), &late, today), Err(Refusal::TooSoon));
        assert_eq!(
            set(date(2026, 10, 10), &late, today),
            Ok(Some(date(2026, 10, 10)))
        );
    }
}
