//! What a screening list must be before it is stored (P-4, 3-4). Every error names the list, and the entry.

use anyhow::{Result, anyhow, ensure};
use ciero_domain::documents::Bilingual;
use ciero_domain::screening::{Ground, ListEntry, ScreeningList, fold_name};
use serde::Deserialize;
use serde_json::Value;

use crate::checks::{check_version, distinct};

/// The longest code of a list and identifier of an entry.
const CODE_MAX: usize = 64;
/// The longest name, source and note, in characters.
pub const TEXT_MAX: usize = 200;
/// The most names of one entry.
const NAMES_MAX: usize = 200;
/// The most entries of one list; those of the authorities have some thousands.
pub const ENTRIES_MAX: usize = 20_000;

/// A list as it is handed in; its entries are read one by one, so that an error can name one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    list: String,
    version: String,
    name: Bilingual,
    source: String,
    ground: String,
    entries: Vec<Value>,
}

/// Reads the lists of a publication.
pub fn read_lists(raw: Vec<Value>) -> Result<Vec<ScreeningList>> {
    let lists = raw.into_iter().enumerate();
    let lists: Vec<ScreeningList> = lists
        .map(|(place, raw)| read_list(place, raw))
        .collect::<Result<_>>()?;
    ensure!(
        distinct(lists.iter().map(|list| (&list.list, &list.version))),
        "two screening lists have the same code and version"
    );
    Ok(lists)
}

/// Returns what a person calls a thing: its own name, or its place where it states none.
fn called(stated: &Value, place: usize) -> String {
    match stated.as_str() {
        Some(name) => name.to_owned(),
        None => format!("number {}", place + 1),
    }
}

fn read_list(place: usize, raw: Value) -> Result<ScreeningList> {
    let version = raw["version"].as_str().unwrap_or_default();
    let title = format!("{} {version}", called(&raw["list"], place));
    let title = title.trim_end();
    let raw: RawList = serde_json::from_value(raw)
        .map_err(|error| anyhow!("the screening list {title} is not understood: {error}"))?;
    ensure!(
        is_code(&raw.list),
        "the screening list {title} is named by up to {CODE_MAX} small letters, digits and hyphens"
    );
    check_version(&raw.version).map_err(|error| anyhow!("the screening list {title}: {error}"))?;
    ensure!(
        [&raw.name.ja, &raw.name.en, &raw.source]
            .into_iter()
            .all(|text| is_text(text)),
        "the screening list {title} states its name in both languages and its source, in up to {TEXT_MAX} characters each"
    );
    let ground = ground(title, &raw.ground)?;
    ensure!(
        raw.entries.len() <= ENTRIES_MAX,
        "the screening list {title} has more than {ENTRIES_MAX} entries"
    );
    let entries = raw.entries.into_iter().enumerate();
    let entries: Vec<ListEntry> = entries
        .map(|(place, raw)| read_entry(title, place, raw))
        .collect::<Result<_>>()?;
    let mut seen = std::collections::HashSet::new();
    if let Some(second) = entries.iter().find(|entry| !seen.insert(&entry.id)) {
        return Err(anyhow!(
            "the screening list {title} has two entries {}",
            second.id
        ));
    }
    Ok(ScreeningList {
        list: raw.list,
        version: raw.version,
        name: raw.name,
        source: raw.source,
        issued_on: None,
        ground,
        entries,
    })
}

/// Reads the ground that a list bears on.
pub fn ground(title: &str, code: &str) -> Result<Ground> {
    let known = Ground::ALL.iter().find(|known| known.code() == code);
    known.copied().ok_or_else(|| {
        anyhow!("the screening list {title} bears on {code:?}, which is no ground of 3-4")
    })
}

fn read_entry(list: &str, place: usize, raw: Value) -> Result<ListEntry> {
    let title = format!(
        "the screening list {list}, entry {}",
        called(&raw["id"], place)
    );
    let entry: ListEntry =
        serde_json::from_value(raw).map_err(|error| anyhow!("{title}: {error}"))?;
    ensure!(
        is_id(&entry.id),
        "{title}: an identifier is up to {CODE_MAX} letters, digits, hyphens and dots"
    );
    // A name of which nothing is left to compare would match nobody.
    let comparable = |name: &String| is_text(name) && !fold_name(name).is_empty();
    ensure!(
        (1..=NAMES_MAX).contains(&entry.names.len()) && entry.names.iter().all(comparable),
        "{title}: one to {NAMES_MAX} names are needed, none of them empty or longer than {TEXT_MAX} characters"
    );
    ensure!(
        entry.note.as_ref().is_none_or(|note| is_text(note)),
        "{title}: a note is not empty and has up to {TEXT_MAX} characters"
    );
    Ok(entry)
}

/// The code is the folder of the list's files.
pub fn is_code(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=CODE_MAX).contains(&text.len()) && text.bytes().all(plain)
}

fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    (1..=CODE_MAX).contains(&text.len()) && text.bytes().all(plain)
}

pub fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= TEXT_MAX
}
