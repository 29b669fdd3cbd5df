//! A list that is a table with a row of headings, such as those of the Ministry of Finance and of METI saved as CSV.
//!
//! The headings differ from list to list and from sheet to sheet, so a column is known by the words of its heading.

use std::collections::HashMap;

use ciero_domain::corporate_number::CorporateNumber;
use ciero_domain::screening::{ListEntry, fold_name};
use csv::{ReaderBuilder, StringRecord, Trim};
use sha2::{Digest, Sha256};

use super::{Content, Refusal, add_name, note};

/// Words of headings, folded as names are, over columns of names.
const NAMES: [&str; 17] = [
    "氏名",
    "名称",
    "企業名",
    "組織名",
    "団体名",
    "別名",
    "別称",
    "通称",
    "旧称",
    "略称",
    "日本語表記",
    "英語表記",
    "name",
    "alias",
    "aka",
    "knownas",
    "organization",
];
/// Words over names that the source calls unreliable.
const WEAK_NAMES: [&str; 4] = ["確度ノ低", "低イ別名", "lowquality", "weakalias"];
/// Words over names of something else.
const NOT_NAMES: [&str; 4] = ["国", "country", "地域", "filename"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    WeakName,
    CorporateNumber,
    Other,
}

impl Column {
    fn of(heading: &str) -> Self {
        let folded = fold_name(heading);
        let says = |words: &[&str]| words.iter().any(|word| folded.contains(word));
        match () {
            () if folded.contains("法人番号") => Column::CorporateNumber,
            () if says(&NOT_NAMES) => Column::Other,
            () if says(&WEAK_NAMES) => Column::WeakName,
            () if says(&NAMES) => Column::Name,
            () => Column::Other,
        }
    }
}

/// Reads the table. A row without a name, or with more cells than there are headings, is a fault of the file.
pub(super) fn read(text: &str) -> Result<Content, Refusal> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut headings: Option<(StringRecord, Vec<Column>)> = None;
    let mut content = Content {
        issued_on: None,
        entries: Vec::new(),
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let open_quotes = text.matches('"').count() % 2 == 1;
    if open_quotes {
        return Err(Refusal::malformed(
            "引用符が閉じていません",
            "a quotation is not closed",
        ));
    }
    for (place, row) in reader.records().enumerate() {
        let row = row.map_err(|error| at(place, &error))?;
        if row.iter().all(str::is_empty) {
            continue;
        }
        match &headings {
            // A title may stand above the headings.
            None => {
                let columns: Vec<Column> = row.iter().map(Column::of).collect();
                if columns.contains(&Column::Name) && columns.len() > 1 {
                    headings = Some((row, columns));
                }
            }
            Some((heads, columns)) => {
                let mut entry = entry(&row, heads, columns).map_err(|why| at(place, &why))?;
                let number = seen.entry(entry.id.clone()).or_default();
                *number += 1;
                if *number > 1 {
                    entry.id = format!("{}-{number}", entry.id);
                }
                content.entries.push(entry);
            }
        }
    }
    match headings {
        Some(_) => Ok(content),
        None => Err(Refusal::malformed(
            "名称の見出しがありません",
            "no heading of a name is found",
        )),
    }
}

fn at(place: usize, why: &dyn std::fmt::Display) -> Refusal {
    let row = place + 1;
    Refusal::malformed(format!("{row}行目"), format!("row {row}: {why}"))
}

/// Reads one row. Sources number their rows anew with every issue, so an entry is named by its first name.
fn entry(
    row: &StringRecord,
    heads: &StringRecord,
    columns: &[Column],
) -> Result<ListEntry, String> {
    if row.len() > columns.len() {
        return Err("it has more cells than there are headings".to_owned());
    }
    let (mut names, mut weak_names, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut corporate_number = None;
    for ((cell, head), column) in row.iter().zip(heads).zip(columns) {
        match column {
            _ if cell.is_empty() => {}
            Column::Name => split(cell).for_each(|name| add_name(&mut names, name)),
            Column::WeakName => split(cell).for_each(|name| add_name(&mut weak_names, name)),
            Column::CorporateNumber => {
                let number = CorporateNumber::parse(cell).map_err(|error| error.to_string())?;
                corporate_number = Some(number);
            }
            Column::Other => notes.push(format!("{head}: {cell}")),
        }
    }
    let first = names.first().ok_or("it has no name")?;
    let hash = hex::encode(Sha256::digest(fold_name(first)));
    weak_names.retain(|name| !names.contains(name));
    Ok(ListEntry {
        id: format!("n-{}", &hash[..12]),
        names,
        weak_names,
        corporate_number,
        note: note(&notes),
    })
}

/// One cell may hold several names, each on a line or behind a semicolon, some with the sign of an enumeration.
fn split(cell: &str) -> impl Iterator<Item = &str> {
    let names = cell.split(['\n', ';', '；']);
    names.map(|name| {
        name.trim_start_matches(|sign| sign == '・' || sign == '•' || char::is_whitespace(sign))
    })
}
