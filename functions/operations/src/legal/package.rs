//! Makes the package of a case: exactly the judged scope, at this instant, each file named by its hash (21-4).

use axum::extract::State;
use ciero_domain::Language;
use ciero_domain::disclosure::{
    Command, Disclosure, Package, PackedFile, PackedRecording, Stretch,
};
use ciero_domain::particulars::FieldRule;
use ciero_pages::date_time;
use ciero_runtime::{Answer, Moment, Problem};
use maud::{DOCTYPE, html};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::files::package_key;
use super::tables::{self, Table};
use super::{CasePath, Legal, place, refused};
use crate::App;

/// One file of a package with its content.
struct File {
    name: String,
    content_type: &'static str,
    bytes: Vec<u8>,
}

/// Makes the package; of recordings it names the copies that were made when the hold was placed.
pub async fn make(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    let (by, now) = (legal.name.as_str(), legal.now);
    let (app, id) = (&app, &id);
    app.desk
        .decide(legal.asked, now, || async move {
            let case = app.disclosure(id).await?;
            case.may_be_packaged().map_err(refused)?;
            let (package, files) = put_together(app, &case, now).await?;
            let command = Command::Package(package.clone());
            let entry = case.decide(command, by, now.0).map_err(refused)?;
            // Before the decision: a package that is on record can be fetched.
            for file in files {
                let key = package_key(id, &package.sha256, &file.name);
                let put = app.legal.files.put(&key, file.content_type, file.bytes);
                put.await?;
            }
            let answer = Answer::done(place(id)).with("sha256", package.sha256);
            app.written(Some(&case), entry, now, answer).await
        })
        .await
}

async fn put_together(
    app: &App,
    case: &Disclosure,
    now: Moment,
) -> Result<(Package, Vec<File>), Problem> {
    let scope = case.judgement.as_ref().map(|judgement| &judgement.scope);
    let contract = app.contracts.contract(&case.contract).await?;
    let contract = contract.ok_or_else(|| Problem::field("contract", FieldRule::Choice))?;
    let mut tables = Vec::new();
    for kind in scope.map_or(&[][..], |scope| &scope.data) {
        tables.push(tables::read(app, &contract, *kind).await?);
    }
    let mut files = Vec::new();
    for table in &tables {
        files.push(File {
            name: format!("{}.json", table.kind),
            content_type: "application/json",
            bytes: table.json().to_string().into_bytes(),
        });
        files.push(File {
            name: format!("{}.csv", table.kind),
            content_type: "text/csv; charset=utf-8",
            bytes: table.csv()?,
        });
    }
    let recordings = recordings(app, case).await?;
    files.push(File {
        name: "index.html".into(),
        content_type: "text/html; charset=utf-8",
        bytes: readable(case, &tables, &recordings, now).into_bytes(),
    });
    let packed: Vec<PackedFile> = files.iter().map(File::packed).collect();
    let manifest = File {
        name: "manifest.json".into(),
        content_type: "application/json",
        bytes: json!({
            "case": case.id, "contract": case.contract, "document_number": case.request.document_number,
            "made_at": now.0, "scope": scope, "files": packed, "recordings": recordings,
        })
        .to_string()
        .into_bytes(),
    };
    let sha256 = manifest.packed().sha256;
    let package = Package {
        sha256,
        files: std::iter::once(manifest.packed()).chain(packed).collect(),
        recordings,
    };
    files.push(manifest);
    Ok((package, files))
}

impl File {
    fn packed(&self) -> PackedFile {
        PackedFile {
            name: self.name.clone(),
            bytes: self.bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&self.bytes)),
        }
    }
}

/// Returns the complete copies of the judged stretches; whether all are there is for the case to say.
async fn recordings(app: &App, case: &Disclosure) -> Result<Vec<PackedRecording>, Problem> {
    let wanted = case.disclosed_recordings();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let copies = app.legal.disclosures.hold_copies(&case.id).await?;
    let packed = |stretch: &Stretch| {
        let mut copies = copies.iter().filter(|copy| copy.completed_at.is_some());
        let copy = copies.find(|copy| copy.order.stretch == *stretch)?;
        Some(PackedRecording {
            stretch: stretch.clone(),
            pieces: copy.pieces,
            fragments: copy.fragments,
            bytes: copy.bytes,
            last_manifest: copy.last_manifest.clone(),
        })
    };
    Ok(wanted.iter().filter_map(packed).collect())
}

/// Writes the package for people; it goes to Japanese organs of state.
fn readable(
    case: &Disclosure,
    tables: &[Table],
    recordings: &[PackedRecording],
    now: Moment,
) -> String {
    let moment = |at| date_time(Language::Ja, at);
    let page = html! {
        (DOCTYPE)
        html lang="ja" {
            head { meta charset="utf-8"; title { "開示資料 " (case.id) } }
            body {
                h1 { "開示資料" }
                p { "案件 " (case.id) "、書面 " (case.request.document_number) "、作成 " (moment(now.0)) }
                @for table in tables {
                    h2 { (table.kind.sentence(Language::Ja)) }
                    table border="1" {
                        tr { @for (_, heading) in table.columns { th { (heading) } } }
                        @for row in &table.rows { tr { @for cell in row { td { (cell) } } } }
                    }
                }
                @for recording in recordings {
                    h2 { "録画 " (recording.stretch.camera) }
                    p { (moment(recording.stretch.from)) " から " (moment(recording.stretch.until)) " まで、" (recording.pieces) "ファイル、" (recording.fragments) "フラグメント、" (recording.bytes) "バイト" }
                }
            }
        }
    };
    page.into_string()
}
