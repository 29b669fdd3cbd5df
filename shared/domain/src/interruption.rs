//! 中断: planned work that is announced ahead, and what stops the service without notice (8-1, 21-3).
//!
//! Nothing here reaches a contract: an interruption changes no invoice and no term (8-2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calendar::{days, tokyo_date};
use crate::documents::Bilingual;
use crate::ids::InterruptionId;
use crate::rules::rules;

rules! {
    /// Why the service is interrupted (8-1). Only planned work is announced ahead (D-18).
    Category {
        Planned => ("planned", "計画した保守", "Planned maintenance"),
        UrgentWork => ("urgent_work", "緊急の点検・保守（第8条第1項第1号）", "Urgent inspection or maintenance (8-1-1)"),
        Accident => ("accident", "設備または回線の事故（第8条第1項第2号）", "Accident of systems or lines (8-1-2)"),
        ForceMajeure => ("force_majeure", "災害・停電などの不可抗力（第8条第1項第3号）", "Force majeure such as a disaster or power cut (8-1-3)"),
        Necessity => ("necessity", "その他やむを得ない事情（第8条第1項第4号）", "Another need to stop (8-1-4)"),
    }
}

rules! {
    /// What of the service is interrupted.
    Scope {
        All => ("all", "全部", "All of the service"),
        Recording => ("recording", "一部（録画）", "Part: recording"),
        Viewing => ("viewing", "一部（視聴）", "Part: watching"),
        Portal => ("portal", "一部（ポータル）", "Part: the portal"),
    }
}

rules! {
    /// Why a record of an interruption is refused.
    Refusal {
        LeadTimeTooShort => ("lead_time_too_short", "計画した保守は、定められた日数より前にお知らせする必要があります。急を要する場合は、その区分を選んでください（第8条第1項）。", "Planned maintenance must be announced the set number of days ahead. If it is urgent, choose the category of that (8-1)."),
        PlannedEndMissing => ("planned_end_missing", "計画した保守には、終了予定が必要です。", "Planned maintenance needs its planned end."),
        EndBeforeStart => ("end_before_start", "終了は開始より後にしてください。", "The end must be after the start."),
        NotBegun => ("not_begun", "予告なく始まった中断の開始は、現在以前にしてください。", "What stops the service without notice has begun already; its start is not in the future."),
        NotBegunYet => ("not_begun_yet", "まだ始まっていません。取りやめる場合は、中止を選んでください。", "It has not begun yet. It can be called off."),
        AlreadyBegun => ("already_begun", "すでに始まっているため、中止できません。終了を記録してください。", "It has begun and cannot be called off. Record its end."),
        EndInTheFuture => ("end_in_the_future", "終了の日時は、現在以前にしてください。", "The end that is recorded is not in the future."),
        AlreadyOver => ("interruption_over", "この中断はすでに終わっています。", "The interruption is over already."),
    }
}

impl Category {
    /// Returns the category of a code.
    pub fn parse(code: &str) -> Option<Category> {
        Category::ALL.iter().copied().find(|one| one.code() == code)
    }
}

impl Scope {
    /// Returns the scope of a code.
    pub fn parse(code: &str) -> Option<Scope> {
        Scope::ALL.iter().copied().find(|one| one.code() == code)
    }
}

/// What customers are told of an interruption by notice (21-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Planned work, before it begins.
    Ahead,
    /// Planned work that does not take place.
    CalledOff,
    /// What it was and how long it lasted; always.
    Afterwards,
}

impl Told {
    /// Returns the stable name.
    pub fn name(self) -> &'static str {
        match self {
            Told::Ahead => "ahead",
            Told::CalledOff => "called-off",
            Told::Afterwards => "afterwards",
        }
    }
}

/// What an operator writes about an interruption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInterruption {
    pub category: Category,
    pub scope: Scope,
    pub starts_at: Timestamp,
    pub planned_end: Option<Timestamp>,
    pub text: Bilingual,
}

/// A later word about an interruption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    pub at: Timestamp,
    pub text: Bilingual,
}

/// One interruption, as everyone may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruption {
    pub id: InterruptionId,
    pub version: u64,
    pub category: Category,
    pub scope: Scope,
    pub starts_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_end: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_off_at: Option<Timestamp>,
    pub announced_at: Timestamp,
    pub text: Bilingual,
    /// The oldest first.
    #[serde(default)]
    pub updates: Vec<Update>,
}

/// How far an interruption is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    ToCome,
    Ongoing,
    Over,
    CalledOff,
}

impl Interruption {
    /// Puts an interruption on record. Planned work begins `lead_days` after today at the earliest (D-18); what comes
    /// without notice has begun, and is one of the cases of 8-1.
    pub fn record(
        id: InterruptionId,
        new: NewInterruption,
        lead_days: u16,
        now: Timestamp,
    ) -> Result<Interruption, Refusal> {
        if new.category == Category::Planned {
            let earliest = days(tokyo_date(now), i64::from(lead_days));
            if tokyo_date(new.starts_at) < earliest {
                return Err(Refusal::LeadTimeTooShort);
            }
            new.planned_end.ok_or(Refusal::PlannedEndMissing)?;
        } else if new.starts_at > now {
            return Err(Refusal::NotBegun);
        }
        if new.planned_end.is_some_and(|end| end <= new.starts_at) {
            return Err(Refusal::EndBeforeStart);
        }
        Ok(Interruption {
            id,
            version: 1,
            category: new.category,
            scope: new.scope,
            starts_at: new.starts_at,
            planned_end: new.planned_end,
            ended_at: None,
            called_off_at: None,
            announced_at: now,
            text: new.text,
            updates: Vec::new(),
        })
    }

    /// Returns how far it is.
    pub fn progress(&self, now: Timestamp) -> Progress {
        if self.called_off_at.is_some() {
            Progress::CalledOff
        } else if self.ended_at.is_some() {
            Progress::Over
        } else if self.starts_at > now {
            Progress::ToCome
        } else {
            Progress::Ongoing
        }
    }

    /// Adds a word, and a new planned end where one is given.
    pub fn update(
        &self,
        text: Bilingual,
        planned_end: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Interruption, Refusal> {
        self.must_not_be_over()?;
        if planned_end.is_some_and(|end| end <= self.starts_at) {
            return Err(Refusal::EndBeforeStart);
        }
        let mut next = self.next();
        next.planned_end = planned_end.or(self.planned_end);
        next.updates.push(Update { at: now, text });
        Ok(next)
    }

    /// Records that it is over, at a moment that has come.
    pub fn end(&self, ended_at: Timestamp, now: Timestamp) -> Result<Interruption, Refusal> {
        self.must_not_be_over()?;
        if self.starts_at > now {
            return Err(Refusal::NotBegunYet);
        }
        if ended_at > now {
            return Err(Refusal::EndInTheFuture);
        }
        if ended_at <= self.starts_at {
            return Err(Refusal::EndBeforeStart);
        }
        Ok(Interruption {
            ended_at: Some(ended_at),
            ..self.next()
        })
    }

    /// Calls planned work off before it begins.
    pub fn call_off(&self, now: Timestamp) -> Result<Interruption, Refusal> {
        self.must_not_be_over()?;
        if self.starts_at <= now {
            return Err(Refusal::AlreadyBegun);
        }
        Ok(Interruption {
            called_off_at: Some(now),
            ..self.next()
        })
    }

    fn must_not_be_over(&self) -> Result<(), Refusal> {
        match self.ended_at.or(self.called_off_at) {
            Some(_) => Err(Refusal::AlreadyOver),
            None => Ok(()),
        }
    }

    fn next(&self) -> Interruption {
        Interruption {
            version: self.version + 1,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod art_08 {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+09:00").parse().unwrap()
    }

    fn new(category: Category, starts: &str, planned_end: Option<&str>) -> NewInterruption {
        NewInterruption {
            category,
            scope: Scope::All,
            starts_at: at(starts),
            planned_end: planned_end.map(at),
            text: Bilingual::default(),
        }
    }

    fn record(new: NewInterruption, now: &str) -> Result<Interruption, Refusal> {
        Interruption::record(InterruptionId::from_random([1; 10]), new, 7, at(now))
    }

    fn planned() -> Interruption {
        let new = new(
            Category::Planned,
            "2026-06-10T02:00",
            Some("2026-06-10T04:00"),
        );
        record(new, "2026-06-03T23:59").unwrap()
    }

    #[test]
    fn planned_work_is_announced_its_days_ahead_and_a_day_less_is_refused() {
        let new = |end| new(Category::Planned, "2026-06-10T02:00", end);
        let check = |end, now| record(new(end), now).map(|one| one.category);
        let end = Some("2026-06-10T04:00");
        assert_eq!(check(end, "2026-06-03T23:59"), Ok(Category::Planned));
        assert_eq!(
            check(end, "2026-06-04T00:00"),
            Err(Refusal::LeadTimeTooShort)
        );
        assert_eq!(
            check(None, "2026-06-01T00:00"),
            Err(Refusal::PlannedEndMissing)
        );
        let early = Some("2026-06-10T02:00");
        assert_eq!(
            check(early, "2026-06-01T00:00"),
            Err(Refusal::EndBeforeStart)
        );
    }

    #[test]
    fn each_case_of_8_1_is_recorded_at_once_and_only_once_it_has_begun() {
        for category in Category::ALL
            .iter()
            .filter(|one| **one != Category::Planned)
        {
            let check = |now| record(new(*category, "2026-06-10T02:00", None), now).map(|_| ());
            assert_eq!(check("2026-06-10T02:00"), Ok(()), "{category}");
            assert_eq!(
                check("2026-06-10T01:59"),
                Err(Refusal::NotBegun),
                "{category}"
            );
            assert_eq!(Category::parse(category.code()), Some(*category));
        }
        assert_eq!(Category::parse(""), None);
    }

    #[test]
    fn planned_work_is_to_come_then_ongoing_then_over() {
        let one = planned();
        let is = |one: &Interruption, now| one.progress(at(now));
        assert_eq!(is(&one, "2026-06-10T01:59"), Progress::ToCome);
        assert_eq!(is(&one, "2026-06-10T02:00"), Progress::Ongoing);
        assert_eq!(
            is(&one, "2026-06-10T05:00"),
            Progress::Ongoing,
            "it ends when that is recorded"
        );
        let now = at("2026-06-10T05:00");
        let over = one.end(at("2026-06-10T04:30"), now).unwrap();
        assert_eq!((over.progress(now), over.version), (Progress::Over, 2));
        for refused in [
            over.end(now, now),
            over.call_off(now),
            over.update(Bilingual::default(), None, now),
        ] {
            assert_eq!(refused.unwrap_err(), Refusal::AlreadyOver);
        }
    }

    #[test]
    fn an_end_lies_between_the_start_and_now() {
        let one = planned();
        let check = |ended: &str, now: &str| one.end(at(ended), at(now)).map(|_| ());
        let before = "2026-06-10T01:59";
        assert_eq!(check(before, before), Err(Refusal::NotBegunYet));
        assert_eq!(
            check("2026-06-10T02:00", "2026-06-10T03:00"),
            Err(Refusal::EndBeforeStart)
        );
        assert_eq!(
            check("2026-06-10T03:01", "2026-06-10T03:00"),
            Err(Refusal::EndInTheFuture)
        );
        assert_eq!(check("2026-06-10T03:00", "2026-06-10T03:00"), Ok(()));
    }

    #[test]
    fn planned_work_is_called_off_before_it_begins_only() {
        let one = planned();
        let off = one.call_off(at("2026-06-10T01:59")).unwrap();
        assert_eq!(off.progress(at("2026-06-10T03:00")), Progress::CalledOff);
        assert_eq!(
            one.call_off(at("2026-06-10T02:00")).unwrap_err(),
            Refusal::AlreadyBegun
        );
    }

    #[test]
    fn a_word_is_added_with_a_new_planned_end_and_the_first_text_stays() {
        let now = at("2026-06-10T03:00");
        let one = planned().update(Bilingual::default(), Some(at("2026-06-10T06:00")), now);
        let one = one
            .unwrap()
            .update(Bilingual::default(), None, now)
            .unwrap();
        assert_eq!((one.updates.len(), one.version), (2, 3));
        assert_eq!(one.planned_end, Some(at("2026-06-10T06:00")));
        let early = one.update(Bilingual::default(), Some(one.starts_at), now);
        assert_eq!(early.unwrap_err(), Refusal::EndBeforeStart);
    }
}
