//! 漏えい等: incidents of personal data, and by when whom to tell (Act on the Protection of Personal Information, 26; RULES G).
//!
//! The day on which the incident became known counts as the first, and every day of the calendar counts. A last day on a
//! holiday is not moved: who reports by it is never late, whichever way the guideline is read.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::{days, tokyo_date};
use crate::ids::BreachId;
use crate::rules::rules;

rules! {
    /// Why a command on a breach is refused.
    Refusal {
        KnownInTheFuture => ("known_in_the_future", "知った日時は現在までとしてください。", "It cannot have become known after now."),
        StepDone => ("step_done", "この手続きはすでに記録されています。", "This step is recorded already."),
        StepNotOwed => ("step_not_owed", "報告の対象ではありません。", "This incident need not be reported."),
        DayInvalid => ("step_day_invalid", "知った日から今日までの日付にしてください。", "The day lies between the day of knowing and today."),
    }
}

rules! {
    /// What makes an incident one that must be reported.
    Trigger {
        Sensitive => ("sensitive", "要配慮個人情報を含む", "Sensitive personal data"),
        PropertyRisk => ("property_risk", "財産的被害のおそれ", "Risk of damage to property"),
        WrongfulPurpose => ("wrongful_purpose", "不正の目的によるおそれ", "Possibly for a wrongful purpose"),
        MoreThanThousand => ("more_than_thousand", "本人の数が1,000人を超える", "More than 1,000 persons"),
    }
}

rules! {
    /// What is owed after an incident.
    Duty {
        PromptReport => ("prompt_report", "速報", "First report"),
        FinalReport => ("final_report", "確報", "Final report"),
        PersonsTold => ("persons_told", "本人への通知", "Notice to the persons"),
    }
}

/// Above so many persons an incident is reported whatever it was.
const MANY_PERSONS: u32 = 1_000;
/// The first report is due within 3 to 5 days, the final one within 30, or 60 after a wrongful purpose.
const PROMPT_DAYS: (i64, i64) = (3, 5);
const FINAL_DAYS: i64 = 30;
const FINAL_DAYS_WRONGFUL: i64 = 60;

/// Whether the data could be read by whoever got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Strongly encrypted with the key safe: such an incident is recorded, not reported.
    Encrypted,
    None,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub duty: Duty,
    pub on: Date,
    pub note: String,
    pub by: String,
    pub at: Timestamp,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    pub id: BreachId,
    pub version: u64,
    pub known_at: Timestamp,
    pub what: String,
    /// As far as it is known.
    pub persons: u32,
    pub protection: Protection,
    triggers: Vec<Trigger>,
    pub recorded_by: String,
    pub recorded_at: Timestamp,
    pub done: Vec<Done>,
}

/// What is known of an incident when it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub id: BreachId,
    pub known_at: Timestamp,
    pub what: String,
    pub persons: u32,
    pub protection: Protection,
    pub triggers: Vec<Trigger>,
}

/// By when one duty is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    pub duty: Duty,
    /// The day to aim at, and the last day; `None` for what is owed without delay and has no day.
    pub aim: Option<Date>,
    pub last: Option<Date>,
    pub done: Option<Done>,
}

impl Clock {
    /// Tells whether the last day has passed.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.done.is_none() && self.last.is_some_and(|last| last < today)
    }
}

impl Breach {
    /// Records an incident.
    ///
    /// # Errors
    /// Refuses one that became known after now.
    pub fn record(incident: Incident, by: &str, now: Timestamp) -> Result<Breach, Refusal> {
        if incident.known_at > now {
            return Err(Refusal::KnownInTheFuture);
        }
        let Incident {
            id,
            known_at,
            what,
            persons,
            protection,
            mut triggers,
        } = incident;
        if persons > MANY_PERSONS && !triggers.contains(&Trigger::MoreThanThousand) {
            triggers.push(Trigger::MoreThanThousand);
        }
        Ok(Breach {
            id,
            version: 1,
            known_at,
            what,
            persons,
            protection,
            triggers,
            recorded_by: by.to_owned(),
            recorded_at: now,
            done: Vec::new(),
        })
    }

    /// Returns what makes the incident reportable.
    pub fn triggers(&self) -> &[Trigger] {
        &self.triggers
    }

    /// Tells whether the incident is reported at all.
    pub fn must_be_reported(&self) -> bool {
        self.protection == Protection::None && !self.triggers.is_empty()
    }

    /// Returns the duties with their days; none if nothing is to be reported.
    pub fn clocks(&self) -> Vec<Clock> {
        if !self.must_be_reported() {
            return Vec::new();
        }
        let known_on = tokyo_date(self.known_at);
        let on_day = |number: i64| Some(days(known_on, number - 1));
        let is_wrongful = self.triggers.contains(&Trigger::WrongfulPurpose);
        let final_day = match is_wrongful {
            true => FINAL_DAYS_WRONGFUL,
            false => FINAL_DAYS,
        };
        let clock = |duty: &Duty| {
            let (aim, last) = match duty {
                Duty::PromptReport => (on_day(PROMPT_DAYS.0), on_day(PROMPT_DAYS.1)),
                Duty::FinalReport => (on_day(final_day), on_day(final_day)),
                Duty::PersonsTold => (None, None),
            };
            Clock {
                duty: *duty,
                aim,
                last,
                done: self.done.iter().find(|done| done.duty == *duty).cloned(),
            }
        };
        Duty::ALL.iter().map(clock).collect()
    }

    /// Tells whether something is owed and not done.
    pub fn is_open(&self) -> bool {
        self.clocks().iter().any(|clock| clock.done.is_none())
    }

    /// Notes that a duty was done on a day.
    ///
    /// # Errors
    /// Refuses a second record, a day that cannot be, and a step that is not owed.
    pub fn note(
        &self,
        duty: Duty,
        on: Date,
        note: &str,
        who: (&str, Timestamp),
    ) -> Result<Breach, Refusal> {
        let (by, now) = who;
        if !self.must_be_reported() {
            return Err(Refusal::StepNotOwed);
        }
        if self.done.iter().any(|done| done.duty == duty) {
            return Err(Refusal::StepDone);
        }
        if !(tokyo_date(self.known_at)..=tokyo_date(now)).contains(&on) {
            return Err(Refusal::DayInvalid);
        }
        let mut breach = self.clone();
        breach.version += 1;
        breach.done.push(Done {
            duty,
            on,
            note: note.to_owned(),
            by: by.to_owned(),
            at: now,
        });
        Ok(breach)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn breach(persons: u32, protection: Protection, triggers: &[Trigger]) -> Breach {
        let incident = Incident {
            id: BreachId::from_random([1; 10]),
            // 00:30 of 1 June in Tokyo.
            known_at: at("2026-05-31T15:30:00Z"),
            what: "誤送信".into(),
            persons,
            protection,
            triggers: triggers.to_vec(),
        };
        Breach::record(incident, "a", at("2026-06-01T00:00:00Z")).unwrap()
    }

    fn last_days(breach: &Breach) -> Vec<Option<Date>> {
        breach.clocks().iter().map(|clock| clock.last).collect()
    }

    #[test]
    fn art_21_the_day_of_knowing_in_tokyo_is_the_first_day_of_each_clock() {
        let careless = breach(1, Protection::None, &[Trigger::Sensitive]);
        let last = [Some(date(2026, 6, 5)), Some(date(2026, 6, 30)), None];
        assert_eq!(last_days(&careless), last);
        assert_eq!(careless.clocks()[0].aim, Some(date(2026, 6, 3)));
        let wrongful = breach(1, Protection::None, &[Trigger::WrongfulPurpose]);
        assert_eq!(last_days(&wrongful)[1], Some(date(2026, 7, 30)));
    }

    #[test]
    fn art_21_what_is_not_reportable_has_no_clock_and_many_persons_make_it_so() {
        assert!(!breach(1000, Protection::None, &[]).must_be_reported());
        assert!(breach(1001, Protection::None, &[]).must_be_reported());
        let encrypted = breach(5000, Protection::Encrypted, &[Trigger::Sensitive]);
        assert!(encrypted.clocks().is_empty() && !encrypted.is_open());
        let step = encrypted.note(
            Duty::FinalReport,
            date(2026, 6, 1),
            "",
            ("a", encrypted.recorded_at),
        );
        assert_eq!(step, Err(Refusal::StepNotOwed));
    }

    #[test]
    fn art_21_a_clock_is_overdue_after_its_last_day_until_it_is_done() {
        let mut breach = breach(1, Protection::None, &[Trigger::PropertyRisk]);
        let overdue = |breach: &Breach, on: Date| {
            let clocks = breach.clocks();
            clocks.iter().filter(|clock| clock.is_overdue(on)).count()
        };
        assert_eq!(overdue(&breach, date(2026, 6, 5)), 0);
        assert_eq!(overdue(&breach, date(2026, 6, 6)), 1);
        assert_eq!(overdue(&breach, date(2026, 7, 1)), 2);
        let now = at("2026-06-07T00:00:00Z");
        for (duty, on, expected) in [
            (
                Duty::PromptReport,
                date(2026, 5, 31),
                Err(Refusal::DayInvalid),
            ),
            (
                Duty::PromptReport,
                date(2026, 6, 8),
                Err(Refusal::DayInvalid),
            ),
            (Duty::PromptReport, date(2026, 6, 7), Ok(())),
            (Duty::PromptReport, date(2026, 6, 7), Err(Refusal::StepDone)),
            (Duty::FinalReport, date(2026, 6, 7), Ok(())),
            (Duty::PersonsTold, date(2026, 6, 7), Ok(())),
        ] {
            let noted = breach.note(duty, on, "", ("a", now));
            let outcome = noted.map(|noted| breach = noted);
            assert_eq!(outcome, expected, "{duty} {on}");
        }
        assert_eq!(overdue(&breach, date(2026, 7, 1)), 0);
        assert!(!breach.is_open());
    }

    #[test]
    fn art_21_an_incident_known_in_the_future_is_refused() {
        let incident = Incident {
            id: BreachId::from_random([1; 10]),
            known_at: at("2026-06-01T00:00:01Z"),
            what: "x".into(),
            persons: 1,
            protection: Protection::None,
            triggers: Vec::new(),
        };
        let recorded = Breach::record(incident, "a", at("2026-06-01T00:00:00Z"));
        assert_eq!(recorded, Err(Refusal::KnownInTheFuture));
    }
}
