//! The manifest beside the files: what was asked, what is there, every gap, and how to check it (9).

use ciero_domain::export::{Export, File, GAP_MS, State, What, gaps};
use ciero_runtime::Moment;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::App;
use crate::pen::Pen;

const NAME: &str = "manifest.json";

/// What a reader must know, in both languages.
const NOTES: [(&str, &str); 4] = [
    (
        "ファイル内の時間は連続しています。録画のない時間は詰められ、gapsにすべて記載されます。実際の時刻はsegmentsで確認できます。",
        "The time line of a file is continuous: times without a recording are closed up, and gaps lists all of them. segments tells which time of a file was when.",
    ),
    (
        "時刻はcameraがカメラの時計、serverがサービスの時計（受信時刻）です。",
        "Times named camera are by the camera's clock, those named server are when the service received the pictures.",
    ),
    (
        "映像は断片（フラグメント）単位で保存されます。範囲の両端にかかる断片は全体が含まれます。",
        "Pictures are kept in fragments; one that reaches over an end of the span is there as a whole.",
    ),
    (
        "バックアップからサービスへの復元は行いません（利用規約第9条）。",
        "Nothing is restored to the service from this copy (Article 9 of the terms).",
    ),
];

/// Writes the manifest of an export whose files are complete, and returns the export as done.
pub(crate) async fn write(app: &App, pen: Pen<'_>, now: Moment) -> anyhow::Result<Export> {
    let mut segments = pen.all_stretches().await?;
    segments.sort_by_key(|one| (one.camera_from, one.camera_until));
    let mut export = pen.export;
    let What::Recordings {
        camera,
        from,
        until,
        ..
    } = &export.what
    else {
        anyhow::bail!("only recordings have a time line");
    };
    let camera = app.records.devices.camera(&export.contract, camera).await?;
    let found = gaps(*from, *until, &segments);
    let missing: i64 = found.iter().map(|gap| gap.milliseconds).sum();
    let got = segments.iter().map(|one| one.camera_until).max();
    let content = json!({
        "format": "ciero-export/1",
        "export": export.id,
        "contract": export.contract,
        "purpose": export.purpose,
        "camera": camera.as_ref().map(|camera| json!({
            "id": camera.id,
            "name": camera.name,
            "device": camera.device,
            "stream": camera.stream_name,
            "retention_hours": camera.retention_hours,
        })),
        "asked": { "at": export.asked_at, "from": from, "until": until },
        "got": { "from": segments.first().map(|one| one.camera_from), "until": got },
        "made_at": now.0,
        "files": export.files,
        "segments": segments,
        "gaps": found,
        "gaps_longer_than_ms": GAP_MS,
        "missing_ms": missing,
        "notes": notes(),
    });
    export.gaps = Some(u32::try_from(found.len()).unwrap_or(u32::MAX));
    let text = serde_json::to_vec_pretty(&content)?;
    let file = put(app, &export, NAME, "application/json", text).await?;
    export.files.push(file);
    Ok(export.ended(State::Done { at: now.0 }))
}

fn notes() -> Vec<Value> {
    let notes = NOTES.iter().map(|(ja, en)| json!({ "ja": ja, "en": en }));
    notes.collect()
}

/// Puts a small file beside the others and returns its entry.
pub(crate) async fn put(
    app: &App,
    export: &Export,
    name: &str,
    content_type: &str,
    content: Vec<u8>,
) -> anyhow::Result<File> {
    let file = File {
        name: name.to_owned(),
        bytes: content.len() as u64,
        sha256: hex::encode(Sha256::digest(&content)),
        plays_ms: None,
    };
    let key = format!("{}/{name}", export.folder());
    app.files.put(&key, content_type, content.into()).await?;
    Ok(file)
}
