//! Import of payments: each row is a decision of its own, and a bad row never stops the others (6-1).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ciero_domain::Language;
use ciero_domain::contract::{Command, Facts};
use ciero_domain::ids::ContractId;
use ciero_domain::particulars::FieldRule;
use ciero_ports::{Attempt, Decision};
use ciero_runtime::{Answer, Asked, Csrf, Input, Moment, Outcome, PageLanguage, Problem, facts};
use csv::{ReaderBuilder, StringRecord, Trim};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::acting::{Acting, Billing};
use crate::billing::RawReceipt;
use crate::import_page;
use crate::reading::Given;

/// The first line of a file.
pub const HEADER: [&str; 4] = ["contract", "reference", "received_on", "yen"];
/// The most rows that fit into one request's time.
pub const MOST_ROWS: usize = 300;

/// A file, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawImport {
    csv: String,
}

/// How a row came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowResult {
    Recorded,
    /// Its reference was recorded before.
    Duplicate,
    Refused,
    /// The service could not write it; it can be imported again.
    Failed,
}

/// One row's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The line of the file.
    pub line: u64,
    pub contract: String,
    pub reference: String,
    pub result: RowResult,
    /// The stable code of the reason, and its sentence in the caller's language.
    pub code: Option<String>,
    pub detail: Option<String>,
}

/// Imports a file of payments.
pub async fn import(
    acting: Acting<Billing>,
    State(app): State<App>,
    PageLanguage(language): PageLanguage,
    Csrf(csrf): Csrf,
    headers: HeaderMap,
    Input(raw): Input<RawImport>,
) -> Result<Response, Problem> {
    let records = records(&raw.csv)?;
    let visitor = acting.visitor();
    let run = Run {
        app: &app,
        by: acting.by(),
        now: acting.now,
        asked: acting.asked.clone(),
        language,
    };
    let (run, records) = (&run, &records);
    // The whole answer is kept under the request's key, each row's under a key of its own: a request that
    // was cut short goes on where it was.
    let answer = app
        .desk
        .decide(acting.asked, acting.now, || async move {
            let rows = run.rows(records).await?;
            let body = json!({ "rows": rows });
            Ok(Outcome::new(Decision::default(), Answer::ok(body)))
        })
        .await?;
    let accepts = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if !accepts.is_some_and(|accepts| accepts.contains("text/html")) {
        return Ok(answer.into_response());
    }
    let rows: Vec<Row> = serde_json::from_value(answer.body["rows"].clone())
        .map_err(|error| Problem::from(anyhow::Error::from(error)))?;
    let page = import_page::write(&app, (visitor, language), &csrf, Some(&rows)).await?;
    Ok(page.into_response())
}

/// Reads the file into its rows, each with its line.
fn records(text: &str) -> Result<Vec<(u64, StringRecord)>, Problem> {
    // One kind of line end, also at the end, so that the reader's place tells the line of a row.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n") + "\n";
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|_| Problem::field("csv", FieldRule::Unprintable))?
    {
        records.push((reader.position().line() - 1, record.clone()));
    }
    let header = records.first().map(|(_, header)| header);
    if header.is_none_or(|header| !header.iter().eq(HEADER)) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "import_header",
            "1行目は「contract,reference,received_on,yen」としてください。",
            "The first line must be \"contract,reference,received_on,yen\".",
        ));
    }
    records.remove(0);
    if records.len() > MOST_ROWS {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "import_too_long",
            "一度に取り込めるのは300行までです。分けて取り込んでください。",
            "One import takes up to 300 rows. Please split the file.",
        ));
    }
    Ok(records)
}

/// One run over a file.
struct Run<'a> {
    app: &'a App,
    by: String,
    now: Moment,
    asked: Asked,
    language: Language,
}

impl Run<'_> {
    async fn rows(&self, records: &[(u64, StringRecord)]) -> Result<Vec<Row>, Problem> {
        let facts = facts(self.app.documents.as_ref()).await?;
        let mut rows = Vec::new();
        // One after the other: payments of one contract settle its debts in the order of the file.
        for (line, record) in records {
            let outcome = self.record(*line, record, &facts).await;
            rows.push(self.row(*line, record, outcome.err()));
        }
        Ok(rows)
    }

    async fn record(
        &self,
        line: u64,
        record: &StringRecord,
        facts: &Facts,
    ) -> Result<Answer, Problem> {
        if record.len() != HEADER.len() {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "import_columns",
                "列の数が合いません。",
                "The row has another number of columns.",
            ));
        }
        let field = |place: usize| record.get(place).unwrap_or_default();
        let contract = ContractId::parse(field(0)).map_err(|_| unknown_contract())?;
        let given = |place: usize| Given(field(place).to_owned());
        let raw = RawReceipt {
            reference: given(1),
            received_on: given(2),
            yen: given(3),
        };
        let command = Command::RecordReceipt(raw.parse()?);
        let (contract, command) = (&contract, &command);
        self.app
            .desk
            .decide(self.asked_for(line), self.now, || async move {
                let books = self.app.books();
                let found = books.up_to_date(contract, facts, self.now).await?;
                let found = found.ok_or_else(unknown_contract)?;
                self.app
                    .decided(&found, command.clone(), facts, (&self.by, self.now))
            })
            .await
    }

    /// Each row has a key of its own within the request's.
    fn asked_for(&self, line: u64) -> Asked {
        let attempt = self.asked.0.as_ref().map(|attempt| Attempt {
            key: format!("{}/line/{line}", attempt.key),
            ..attempt.clone()
        });
        Asked(attempt)
    }

    fn row(&self, line: u64, record: &StringRecord, problem: Option<Problem>) -> Row {
        let text = |place: usize| record.get(place).unwrap_or_default().to_owned();
        let result = match &problem {
            None => RowResult::Recorded,
            Some(problem) if problem.code == "receipt_recorded" => RowResult::Duplicate,
            Some(problem) if problem.status.is_server_error() => RowResult::Failed,
            Some(_) => RowResult::Refused,
        };
        let reason = problem.map(|problem| match problem.errors.first() {
            Some(error) => (
                error.rule.code().to_owned(),
                format!("{}: {}", error.field, error.rule.sentence(self.language)),
            ),
            None => (
                problem.code.to_string(),
                problem.detail(self.language).to_owned(),
            ),
        });
        let (code, detail) = reason.unzip();
        Row {
            line,
            contract: text(0),
            reference: text(1),
            result,
            code,
            detail,
        }
    }
}

fn unknown_contract() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_contract",
        "該当する契約がありません。",
        "There is no such contract.",
    )
}
