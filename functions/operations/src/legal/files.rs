//! The files of a case: scans that are added, and everything that is fetched (21-4).

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use ciero_domain::disclosure::{Command, Disclosure, Document};
use ciero_domain::ids::DisclosureId;
use ciero_domain::particulars::{FieldRule, line};
use ciero_runtime::{Answer, Problem, Upload};
use http::{StatusCode, header};
use sha2::{Digest, Sha256};

use super::{CasePath, Legal};
use crate::App;

/// The longest name of a scan, in characters.
const LONGEST: usize = 120;
/// How long an address of a file lives, in seconds.
const LINK_SECONDS: u64 = 60;

/// What scans may be, each with how its file begins.
const KINDS: [(&str, &[u8]); 5] = [
    ("application/pdf", b"%PDF-"),
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/tiff", b"II*\0"),
    ("image/tiff", b"MM\0*"),
];

/// Adds a scan to the case. The file is kept first and named by its hash, so a repeated request changes nothing.
pub async fn add_document(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
    mut upload: Upload,
) -> Result<Answer, Problem> {
    // Nothing is kept for a case that is not there.
    app.disclosure(&id).await?;
    let file = upload.files.remove("scan");
    let file = file.filter(|file| !file.bytes.is_empty());
    let file = file.ok_or_else(|| Problem::field("scan", FieldRule::Required))?;
    let kind = KINDS
        .iter()
        .find(|(_, start)| file.bytes.starts_with(start));
    let (content_type, _) = kind.ok_or_else(|| Problem::field("scan", FieldRule::Choice))?;
    let name = line(&file.name, LONGEST).map_err(|rule| Problem::field("scan", rule))?;
    let document = Document {
        name,
        content_type: (*content_type).to_owned(),
        bytes: file.bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(&file.bytes)),
    };
    let key = document_key(&id, &document);
    let put = app.legal.files.put(&key, content_type, file.bytes.into());
    put.await?;
    let command = |_: &Disclosure| Ok(Command::AddDocument(document.clone()));
    legal.carry_out(&app, &id, command).await
}

fn document_key(id: &DisclosureId, document: &Document) -> String {
    format!("cases/{id}/documents/{}", document.sha256)
}

/// Where a file of the package with this hash is kept.
pub(super) fn package_key(id: &DisclosureId, sha256: &str, name: &str) -> String {
    format!("cases/{id}/packages/{sha256}/{name}")
}

/// Leads to a file of the case, and notes who fetched it. `document-0` is the first scan, `package-0` the package's first
/// file, `recording-0-1` the first piece of the first copied stretch.
pub async fn fetch(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
    path: Path<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let case = app.disclosure(&id).await?;
    let file = path.iter().find(|(name, _)| name == "file");
    let file = file.map(|(_, file)| file.as_str()).unwrap_or_default();
    let key = key_of(&app, &case, file).await?;
    let key = key.ok_or_else(Problem::not_found)?;
    let what = format!("{id}/{file}");
    app.note_reading(&legal.name, &what, legal.now).await?;
    app.note_reading(&legal.name, id.as_str(), legal.now)
        .await?;
    let address = app.legal.files.link(&key, LINK_SECONDS).await?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

async fn key_of(app: &App, case: &Disclosure, file: &str) -> Result<Option<String>, Problem> {
    let numbers: Option<Vec<usize>> = file.split('-').skip(1).map(|n| n.parse().ok()).collect();
    let key = match (file.split('-').next(), numbers.as_deref()) {
        (Some("document"), Some([number])) => {
            let document = case.documents.get(*number);
            document.map(|document| document_key(&case.id, document))
        }
        (Some("package"), Some([number])) => case.package.as_ref().and_then(|package| {
            let file = package.files.get(*number)?;
            Some(package_key(&case.id, &package.sha256, &file.name))
        }),
        (Some("recording"), Some([number, piece])) => {
            let copies = app.legal.disclosures.hold_copies(&case.id).await?;
            let packed = case
                .package
                .as_ref()
                .and_then(|p| p.recordings.get(*number));
            let copy = packed.and_then(|packed| {
                let mut copies = copies.iter();
                copies.find(|copy| copy.order.stretch == packed.stretch)
            });
            let copy = copy.filter(|copy| (1..=copy.pieces as usize).contains(piece));
            copy.map(|copy| format!("{}/{piece:06}.mkv", copy.place()))
        }
        _ => None,
    };
    Ok(key)
}
