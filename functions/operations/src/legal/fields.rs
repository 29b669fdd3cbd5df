//! The fields of the desk's forms, by name.

use std::collections::BTreeMap;

use ciero_domain::calendar::tokyo_moment;
use ciero_domain::disclosure::{DataKind, Scope, Stretch};
use ciero_domain::ids::CameraId;
use ciero_domain::particulars::{FieldErrors, FieldRule, line};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::Deserialize;

use crate::reading::Given;

/// The longest name, office or number, in characters.
const LONGEST: usize = 200;

/// A form, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, Given>);

impl Fields {
    fn given(&self, name: &str) -> Given {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// Reads a line that must be there.
    pub fn line(&self, errors: &mut FieldErrors, name: &str) -> String {
        let read = line(&self.given(name).0, LONGEST);
        errors.keep(name, read).unwrap_or_default()
    }

    /// Reads a text that may be empty; line breaks become spaces.
    pub fn text(&self, errors: &mut FieldErrors, name: &str) -> String {
        errors
            .keep(name, self.given(name).long())
            .unwrap_or_default()
    }

    /// Reads a civil date.
    pub fn date(&self, errors: &mut FieldErrors, name: &str) -> Option<Date> {
        errors.keep(name, self.given(name).date())
    }

    /// Reads a whole number.
    pub fn number(&self, errors: &mut FieldErrors, name: &str) -> Option<u32> {
        errors.keep(name, self.given(name).choice())
    }

    /// Reads a moment of Tokyo or with its own offset.
    pub fn moment(&self, errors: &mut FieldErrors, name: &str) -> Option<Timestamp> {
        errors.keep(name, moment(self.given(name).0.trim()))
    }

    /// Reads one of a closed list by its code.
    pub fn choice<T: Copy>(
        &self,
        errors: &mut FieldErrors,
        name: &str,
        (all, code): (&[T], fn(T) -> &'static str),
    ) -> Option<T> {
        let given = self.given(name).0;
        let found = all.iter().copied().find(|one| code(*one) == given.trim());
        errors.keep(name, found.ok_or(FieldRule::Choice))
    }

    /// Tells whether a box is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        !self.given(name).0.trim().is_empty()
    }

    /// Reads the ticked kinds of data and the stretches of recording, one in a line.
    pub fn scope(&self, errors: &mut FieldErrors) -> Scope {
        let recordings = self.given("recordings").0;
        let lines = recordings.lines().map(str::trim);
        let stretches = lines.filter(|line| !line.is_empty()).map(stretch);
        let recordings: Result<Vec<Stretch>, FieldRule> = stretches.collect();
        Scope {
            data: self.data(),
            recordings: errors.keep("recordings", recordings).unwrap_or_default(),
        }
    }

    /// Reads the ticked parts of what was asked for.
    pub fn part_of(&self, asked: &Scope) -> Scope {
        let is_ticked = |number: &usize| self.is_ticked(&format!("recording_{number}"));
        let recordings = asked.recordings.iter().enumerate();
        Scope {
            data: self.data(),
            recordings: recordings
                .filter(|(number, _)| is_ticked(number))
                .map(|(_, stretch)| stretch.clone())
                .collect(),
        }
    }

    fn data(&self) -> Vec<DataKind> {
        let is_ticked = |kind: &&DataKind| self.is_ticked(&format!("data_{kind}"));
        DataKind::ALL.iter().filter(is_ticked).copied().collect()
    }
}

/// Reads `camera from until`.
fn stretch(line: &str) -> Result<Stretch, FieldRule> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let [camera, from, until] = parts.as_slice() else {
        return Err(FieldRule::DateRange);
    };
    Ok(Stretch {
        camera: CameraId::parse(camera).map_err(|_| FieldRule::Choice)?,
        from: moment(from)?,
        until: moment(until)?,
    })
}

fn moment(text: &str) -> Result<Timestamp, FieldRule> {
    if text.is_empty() {
        return Err(FieldRule::Required);
    }
    let with_offset = text.parse::<Timestamp>();
    let moment = with_offset.or_else(|_| text.parse::<DateTime>().map(tokyo_moment));
    moment.map_err(|_| FieldRule::Date)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(recordings: &str) -> Result<Vec<Stretch>, FieldRule> {
        let fields = [("recordings".to_owned(), Given(recordings.to_owned()))];
        let mut errors = FieldErrors::default();
        let scope = Fields(fields.into()).scope(&mut errors);
        let refused = errors.finish(Some(scope));
        refused
            .map(|scope| scope.recordings)
            .map_err(|errors| errors[0].rule)
    }

    #[test]
    fn a_stretch_is_a_camera_and_two_moments_of_tokyo() {
        let camera = CameraId::from_random([1; 10]);
        let read = check(&format!(
            "\n {camera}  2026-06-01T09:00 2026-06-01T01:00:00Z\n"
        ));
        let stretch = &read.unwrap()[0];
        assert_eq!(stretch.from.to_string(), "2026-06-01T00:00:00Z");
        assert_eq!(stretch.until.to_string(), "2026-06-01T01:00:00Z");
        for (text, rule) in [
            (
                "x 2026-06-01T09:00 2026-06-01T10:00".to_owned(),
                FieldRule::Choice,
            ),
            (format!("{camera} 2026-06-01T09:00"), FieldRule::DateRange),
            (format!("{camera} yesterday now"), FieldRule::Date),
        ] {
            assert_eq!(check(&text), Err(rule), "{text}");
        }
    }
}
