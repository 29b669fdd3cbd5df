//! A screening list from its source's own file: what is malformed, older or half as long is refused, and the list that
//! is loaded stays in force (P-4, 3-4).

mod page;
mod table;
mod un;

pub use page::{loaded, show, upload};

use anyhow::{Context as _, Result, bail};
use ciero_domain::documents::Bilingual;
use ciero_domain::screening::{
    Ground, ListEntry, ListHeader, NotNewer, ScreeningList, fold_name, lists_in_force,
};
use ciero_ports::{CommitError, Decision, Rescreening, Write, WriteKind};
use ciero_runtime::Moment;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::App;
use crate::lists::{ENTRIES_MAX, TEXT_MAX, ground, is_code, is_text};

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// The consolidated list of the United Nations, XML.
    Un,
    /// A table with a row of headings, such as the lists of the ministries, saved as CSV in UTF-8.
    Csv,
}

/// A file with what the operator says of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    list: String,
    name: Bilingual,
    source: String,
    /// The code of a ground of 3-4.
    ground: String,
    format: Format,
    /// The day on which the source issued it; a UN file says so itself.
    #[serde(default)]
    issued_on: Option<Date>,
    /// The file's text.
    file: String,
}

/// What a file says: when it was issued, and its entries.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    issued_on: Option<Date>,
    entries: Vec<ListEntry>,
}

/// Why a file is not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    code: &'static str,
    ja: String,
    en: String,
}

impl Refusal {
    fn malformed(ja: impl std::fmt::Display, en: impl std::fmt::Display) -> Self {
        Refusal {
            code: "list_malformed",
            ja: format!("ファイルを読み取れません（{ja}）。読み込み済みのリストはそのままです。"),
            en: format!("The file cannot be read ({en}). The list that is loaded stays."),
        }
    }

    fn undated() -> Self {
        Refusal {
            code: "list_undated",
            ja: "ファイルの発行日が分かりません。発行日を指定してください。".to_owned(),
            en: "The file does not say when it was issued. Please state the day.".to_owned(),
        }
    }

    fn not_newer(reason: NotNewer, issued_on: Date, entries: usize) -> Self {
        match reason {
            NotNewer::Older { loaded } => Refusal {
                code: "list_older",
                ja: format!(
                    "このファイルは{issued_on}発行で、読み込み済みのもの（{loaded}発行）より古いため読み込みません。"
                ),
                en: format!(
                    "The file was issued on {issued_on}, before the loaded one of {loaded}; the loaded one stays."
                ),
            },
            NotNewer::HalfAsLong { loaded } => Refusal {
                code: "list_half_as_long",
                ja: format!(
                    "このファイルは{entries}件で、読み込み済みの{loaded}件の半分以下のため読み込みません。"
                ),
                en: format!(
                    "The file has {entries} entries, at most half of the {loaded} that are loaded; the loaded ones stay."
                ),
            },
        }
    }

    fn logged(self, load: &Load) -> Self {
        tracing::warn!(
            list = load.list,
            code = self.code,
            "a list file was refused"
        );
        self
    }

    fn answer(&self) -> Value {
        json!({ "refused": { "code": self.code, "ja": self.ja, "en": self.en } })
    }
}

/// Loads a file as the next version of its list, and lets everyone be screened again.
pub async fn load(app: &App, payload: Value, now: Moment) -> Result<Value> {
    let load: Load =
        serde_json::from_value(payload).context("the file's facts are not understood")?;
    let ground = check_facts(&load)?;
    let (decision, answer) = match decided(app, &load, ground, now).await? {
        Ok(decided) => decided,
        Err(refusal) => return Ok(refusal.answer()),
    };
    if decision.writes.is_empty() {
        return Ok(answer);
    }
    match app.desk.ledger.commit(&decision).await {
        Err(CommitError::Conflict(WriteKind::Once)) => {
            bail!("this list is being loaded by someone else")
        }
        other => other?,
    }
    app.desk.hand_over(&decision).await;
    Ok(answer)
}

/// Decides on a file: what is to be written and answered, or why it is not loaded. The file itself is kept first.
async fn decided(
    app: &App,
    load: &Load,
    ground: Ground,
    now: Moment,
) -> Result<Result<(Decision, Value), Refusal>> {
    let list = match read(load, ground) {
        Ok(list) => list,
        Err(refusal) => return Ok(Err(refusal.logged(load))),
    };
    let headers = app.confidential.screening_lists().await?;
    let place = (&list.list, &list.version);
    if headers
        .iter()
        .any(|known| (&known.list, &known.version) == place)
    {
        let name = format!("lists/{}/{}", list.list, list.version);
        return Ok(Ok((Decision::default(), json!({ "unchanged": name }))));
    }
    if let Err(refusal) = follows(&list, headers) {
        return Ok(Err(refusal.logged(load)));
    }
    let (header, file) = list.publish(now.0)?;
    app.list_files.put(&header.object, file).await?;
    let name = format!("lists/{}/{}", header.list, header.version);
    let answer = json!({ "loaded": name, "entries": header.entries });
    let decision = Decision {
        messages: vec![Rescreening::because(name, now.0)],
        ..Decision::of(Write::ScreeningList(Box::new(header)))
    };
    Ok(Ok((decision, answer)))
}

/// Checks what the operator says of a file; returns the ground that the list bears on.
fn check_facts(load: &Load) -> Result<Ground> {
    let ground = ground(&load.list, &load.ground)?;
    let texts = [&load.name.ja, &load.name.en, &load.source];
    let sound = is_code(&load.list) && texts.into_iter().all(|text| is_text(text));
    if !sound {
        bail!("a list has a code of small letters, its name in both languages and its source");
    }
    Ok(ground)
}

/// Reads the file. Its version is its day and the beginning of its hash: a second file of one day is another version.
fn read(load: &Load, ground: Ground) -> Result<ScreeningList, Refusal> {
    let content = match load.format {
        Format::Un => un::read(&load.file)?,
        Format::Csv => table::read(&load.file)?,
    };
    let issued_on = content
        .issued_on
        .or(load.issued_on)
        .ok_or_else(Refusal::undated)?;
    if content.entries.is_empty() {
        return Err(Refusal::malformed("1件もありません", "it has no entry"));
    }
    if content.entries.len() > ENTRIES_MAX {
        return Err(Refusal::malformed(
            "件数が多すぎます",
            "it has too many entries",
        ));
    }
    let hash = hex::encode(Sha256::digest(&load.file));
    Ok(ScreeningList {
        list: load.list.clone(),
        version: format!("{issued_on}-{}", &hash[..8]),
        name: load.name.clone(),
        source: load.source.clone(),
        issued_on: Some(issued_on),
        ground,
        entries: content.entries,
    })
}

/// Tells whether a list may follow the one in force.
fn follows(list: &ScreeningList, headers: Vec<ListHeader>) -> Result<(), Refusal> {
    let mut in_force = lists_in_force(headers).into_iter();
    let issued_on = list.issued_on.ok_or_else(Refusal::undated)?;
    match in_force.find(|loaded| loaded.list == list.list) {
        Some(loaded) => loaded
            .may_be_followed(issued_on, list.entries.len())
            .map_err(|reason| Refusal::not_newer(reason, issued_on, list.entries.len())),
        None => Ok(()),
    }
}

/// Adds a name that can be compared, once; a longer one than is kept is cut.
fn add_name(names: &mut Vec<String>, text: &str) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(TEXT_MAX).collect();
    if !fold_name(&name).is_empty() && !names.contains(&name) {
        names.push(name);
    }
}

/// Joins what tells namesakes apart, as long as a note may be.
fn note(parts: &[String]) -> Option<String> {
    let text: String = parts.join("; ").chars().take(TEXT_MAX).collect();
    (!text.trim().is_empty()).then_some(text)
}
