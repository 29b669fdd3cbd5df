//! The register of sub-processors: one operator proposes a change, another one agrees (10, 22-3, P-2).

use axum::extract::{Path, State};
use ciero_domain::Language;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::documents::Bilingual;
use ciero_domain::particulars::{FieldErrors, FieldRule};
use ciero_domain::processor::{
    Change, DataClass, Location, Processor, Refusal, Register, Use, uncovered,
};
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Input, Moment, Outcome, Problem};
use serde::Deserialize;

use crate::App;
use crate::acting::{Acting, Group, Legal, Publishers};
use crate::checks::is_code;
use crate::reading::Given;

const PAGE: &str = "/console/processors";
/// What stands between two codes.
const BETWEEN: [char; 4] = [',', '、', '，', ' '];

/// An entry, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawProcessor {
    id: Given,
    name_ja: Given,
    name_en: Given,
    task_ja: Given,
    task_en: Given,
    /// Codes of uses and of classes of data, with commas between them.
    uses: Given,
    data: Given,
    location: Given,
    /// Empty where nothing is handed over.
    nda: Given,
    since: Given,
}

/// Reads the name of an entry.
pub fn name(given: &Given) -> Result<String, FieldRule> {
    match given.0.trim() {
        "" => Err(FieldRule::Required),
        name if is_code(name) => Ok(name.to_owned()),
        _ => Err(FieldRule::Name),
    }
}

/// Reads a short text in both languages.
pub fn both(
    errors: &mut FieldErrors,
    (ja, ja_given): (&str, &Given),
    (en, en_given): (&str, &Given),
) -> Option<Bilingual> {
    let ja = errors.keep(ja, ja_given.short());
    let en = errors.keep(en, en_given.short());
    ja.zip(en).map(|(ja, en)| Bilingual { ja, en })
}

/// Reads codes; a word that is none is refused.
fn codes<T, C: FromIterator<T>>(
    given: &Given,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<C, FieldRule> {
    let words = given.0.split(BETWEEN).filter(|word| !word.is_empty());
    let read = words.map(parse).collect::<Option<C>>();
    read.ok_or(FieldRule::Choice)
}

impl RawProcessor {
    fn parse(&self) -> Result<Processor, Problem> {
        let mut errors = FieldErrors::default();
        let id = errors.keep("id", name(&self.id));
        let (name_ja, name_en) = (("name_ja", &self.name_ja), ("name_en", &self.name_en));
        let name = both(&mut errors, name_ja, name_en);
        let (task_ja, task_en) = (("task_ja", &self.task_ja), ("task_en", &self.task_en));
        let task = both(&mut errors, task_ja, task_en);
        let uses = errors.keep("uses", codes(&self.uses, Use::parse));
        let data = errors.keep("data", codes::<_, Vec<_>>(&self.data, DataClass::parse));
        let location = errors.keep("location", Location::parse(&self.location.0));
        let nda = match self.nda.short() {
            Err(FieldRule::Required) => Ok(None),
            other => other.map(Some),
        };
        let nda = errors.keep("nda", nda);
        let since = errors.keep("since", self.since.date());
        let facts = id.zip(name).zip(task.zip(location));
        let handed = uses.zip(data).zip(nda.zip(since));
        let entry = facts.zip(handed).map(|(facts, handed)| {
            let ((id, name), (task, location)) = facts;
            let ((uses, data), (nda, since)) = handed;
            let named = DataClass::ALL.iter().filter(|one| data.contains(one));
            Processor {
                id,
                name,
                task,
                uses,
                data: named.copied().collect(),
                location,
                nda,
                since,
                until: None,
            }
        });
        errors.finish(entry).map_err(Problem::fields)
    }
}

/// Takes a step of the register, which is a version of its own.
async fn step<G: Group>(
    acting: Acting<G>,
    app: &App,
    take: impl Fn(&Register, &str, Moment) -> Result<Register, Problem> + Send + Sync,
) -> Result<Answer, Problem> {
    let (by, now) = (acting.by(), acting.now);
    let (by, take) = (by.as_str(), &take);
    app.desk
        .decide(acting.asked, now, || async move {
            let versions = app.registers.processors().await?;
            let before = versions.last().ok_or_else(Problem::not_found)?;
            let after = take(before, by, now)?;
            tracing::info!(operator = by, version = after.version, act = ?after.act, "the register of sub-processors moved on");
            let answer = Answer::done(PAGE).with("version", after.version);
            let decision = Decision::of(Write::Processors(Box::new(after)));
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Names the uses that nobody would cover.
fn refused(register: &Register, change: &Change, refusal: Refusal, now: Moment) -> Problem {
    let mut problem = Problem::from(refusal);
    let after = register.changed(change).ok();
    if let (Refusal::Uncovered, Some(after)) = (refusal, after) {
        let missing = uncovered(&after.processors, &after.uses, tokyo_date(now.0));
        let words = |l| missing.iter().map(|one| one.words(l)).collect::<Vec<_>>();
        let (ja, en) = (words(Language::Ja), words(Language::En));
        problem.ja = format!("{}対象の利用：{}。", problem.ja, ja.join("、")).into();
        problem.en = format!("{} Concerned: {}.", problem.en, en.join(", ")).into();
    }
    problem
}

async fn propose(acting: Acting<Publishers>, app: &App, change: Change) -> Result<Answer, Problem> {
    step(acting, app, move |register, by, now| {
        let proposed = register.propose(change.clone(), by, now.0);
        proposed.map_err(|refusal| refused(register, &change, refusal, now))
    })
    .await
}

/// Proposes a new entry, or new facts of one that is there.
pub async fn enter(
    acting: Acting<Publishers>,
    State(app): State<App>,
    Input(raw): Input<RawProcessor>,
) -> Result<Answer, Problem> {
    let processor = raw.parse()?;
    propose(
        acting,
        &app,
        Change::Enter {
            processor: Box::new(processor),
        },
    )
    .await
}

/// The last day of an entry, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawEnd {
    until: Given,
}

/// Proposes the last day of an entry.
pub async fn end(
    acting: Acting<Publishers>,
    State(app): State<App>,
    Path(id): Path<String>,
    Input(raw): Input<RawEnd>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let until = errors.keep("until", raw.until.date());
    let until = errors.finish(until).map_err(Problem::fields)?;
    propose(acting, &app, Change::End { id, until }).await
}

/// Agrees to what another operator proposed.
pub async fn approve(
    acting: Acting<Legal>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    step(acting, &app, |register, by, now| {
        Ok(register.approve(&id, by, now.0)?)
    })
    .await
}

/// Takes a change back that waits.
pub async fn withdraw(
    acting: Acting<Publishers>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    step(acting, &app, |register, by, now| {
        Ok(register.withdraw(&id, by, now.0)?)
    })
    .await
}
