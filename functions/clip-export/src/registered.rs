//! Registered data (2-9) as JSON and CSV: what the service holds of the customer, and nothing of screening or disclosure.

use ciero_domain::export::{Export, File, State};
use ciero_domain::ids::ContractId;
use ciero_domain::invoice::{self, Invoice};
use ciero_domain::user::User;
use ciero_ports::AuditRow;
use ciero_runtime::Moment;
use serde::Serialize;
use serde_json::{Value, json};

use crate::App;
use crate::manifest::put;

/// The newest lines of a trail that are exported; more than a year of any customer's.
const MOST: u16 = u16::MAX;
/// Spreadsheets take a file for UTF-8 only if it begins so.
const UTF8: &[u8] = b"\xEF\xBB\xBF";
const CSV: &str = "text/csv; charset=utf-8";

/// Writes everything and returns the export as done.
pub(crate) async fn write(app: &App, mut export: Export, now: Moment) -> anyhow::Result<Export> {
    let tables = read(app, &export.contract).await?;
    let all: serde_json::Map<String, Value> = tables
        .iter()
        .map(|(name, rows)| ((*name).to_owned(), json!(rows)))
        .collect();
    let whole = json!({
        "format": "ciero-registered-data/1",
        "contract": export.contract,
        "made_at": now.0,
        "data": all,
    });
    let mut files: Vec<File> = Vec::new();
    let text = serde_json::to_vec_pretty(&whole)?;
    files.push(
        put(
            app,
            &export,
            "registered-data.json",
            "application/json",
            text,
        )
        .await?,
    );
    for (name, rows) in &tables {
        let table = csv(rows)?;
        files.push(put(app, &export, &format!("{name}.csv"), CSV, table).await?);
    }
    export.files = files;
    Ok(export.ended(State::Done { at: now.0 }))
}

type Table = (&'static str, Vec<Value>);

/// Reads what the customer's pages show, table by table.
async fn read(app: &App, contract: &ContractId) -> anyhow::Result<Vec<Table>> {
    let records = &app.records;
    let held = records.contracts.contract(contract).await?;
    let users = records.people.users(contract).await?;
    let devices = records.devices.devices(contract).await?;
    let cameras = records.devices.cameras(contract).await?;
    let invoices = records.billing.invoices(contract).await?;
    let notices = records.notices.of_contract(contract, MOST).await?;
    let agreed = records.registers.agreed_third_party(contract).await?;
    let trail = app.audit.trail(contract, MOST).await?;
    let particulars = held.map(|held| json!({ "contract": held.id, "particulars": held.customer }));
    Ok(vec![
        ("particulars", particulars.into_iter().collect()),
        ("third_party_terms", values(agreed.as_slice())?),
        ("users", values(&users)?),
        ("rights", users.iter().flat_map(rights).collect()),
        ("devices", values(&devices)?),
        ("cameras", values(&cameras)?),
        ("invoices", invoices.iter().map(invoiced).collect()),
        ("notices", values(&notices)?),
        ("audit", trail.iter().map(audited).collect()),
    ])
}

/// One row for each camera that a person has a right to.
fn rights(user: &User) -> Vec<Value> {
    let row = |(camera, rights)| json!({ "user": user.id, "camera": camera, "rights": rights });
    user.rights.iter().map(row).collect()
}

fn invoiced(one: &Invoice) -> Value {
    json!({
        "number": invoice::name(&one.contract, one.number),
        "issued_on": one.issued_on,
        "due": one.due,
        "total_yen": one.total_yen,
    })
}

fn values<T: Serialize>(rows: &[T]) -> Result<Vec<Value>, serde_json::Error> {
    rows.iter().map(serde_json::to_value).collect()
}

/// A row of the trail as the customer sees it: of the operator's staff no names.
fn audited(row: &AuditRow) -> Value {
    let actor = match row.actor.starts_with("operator:") {
        true => "operator",
        false => row.actor.as_str(),
    };
    json!({
        "at": row.at,
        "actor": actor,
        "action": row.action,
        "camera": row.camera,
        "outcome": row.outcome,
        "detail": row.detail,
    })
}

/// Writes rows under the names of the fields of all of them. What is no plain value stands there as JSON.
fn csv(rows: &[Value]) -> anyhow::Result<Vec<u8>> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for name in row.keys() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let mut writer = csv::Writer::from_writer(UTF8.to_vec());
    if !names.is_empty() {
        writer.write_record(&names)?;
    }
    for row in rows {
        writer.write_record(names.iter().map(|name| cell(&row[*name])))?;
    }
    writer
        .into_inner()
        .map_err(|error| anyhow::anyhow!("{error}"))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // A cell that begins like a formula would be carried out by a spreadsheet.
        Value::String(text) if text.starts_with(['=', '+', '-', '@']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_table_has_the_fields_of_all_rows_and_no_formula() {
        let rows = [
            json!({ "a": "x, \"y\"", "b": 1 }),
            json!({ "a": "=SUM(A1)", "c": { "d": [2] } }),
        ];
        let text = String::from_utf8(csv(&rows).unwrap()).unwrap();
        let expected = "\u{feff}a,b,c\n\"x, \"\"y\"\"\",1,\n'=SUM(A1),,\"{\"\"d\"\":[2]}\"\n";
        assert_eq!(text, expected);
        assert_eq!(csv(&[]).unwrap(), UTF8);
    }
}
