//! An exported file is completed once, and found complete by whoever comes after a worker that ended.

use ciero_cloud::S3ExportFiles;
use ciero_ports::{ExportFiles, Upload};
use serde_json::json;

use crate::fake::{Answer, Asked, Fake, ok};

const BUCKET: &str = "exports";
const KEY: &str = "contracts/c-1/exports/x-1/1.mp4";

fn upload() -> Upload {
    Upload {
        key: KEY.to_owned(),
        id: "u-1".to_owned(),
    }
}

fn refused(code: &str) -> Answer {
    let text = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    (404, json!(text))
}

async fn completed(script: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static) -> bool {
    let fake = Fake::start(script).await;
    let files = S3ExportFiles::new(&fake.config, BUCKET);
    let tags = ["\"a\"".to_owned()];
    files.complete(&upload(), &tags).await.is_ok()
}

fn is_looked_for(asked: &Asked) -> bool {
    asked.what == format!("HEAD /{BUCKET}/{KEY}")
}

#[tokio::test]
async fn a_file_that_was_completed_before_is_complete() {
    let again = |asked: &Asked| match is_looked_for(asked) {
        true => ok(json!("")),
        false => refused("NoSuchUpload"),
    };
    assert!(completed(again).await);
}

#[tokio::test]
async fn an_upload_that_left_no_file_or_was_refused_otherwise_is_an_error() {
    assert!(!completed(|_| refused("NoSuchUpload")).await);
    let denied = |asked: &Asked| match is_looked_for(asked) {
        true => ok(json!("")),
        false => refused("AccessDenied"),
    };
    assert!(!completed(denied).await);
}

#[tokio::test]
async fn abandoning_what_is_gone_is_fine_and_any_other_refusal_is_an_error() {
    for (code, is_fine) in [("NoSuchUpload", true), ("AccessDenied", false)] {
        let fake = Fake::start(move |_| refused(code)).await;
        let files = S3ExportFiles::new(&fake.config, BUCKET);
        assert_eq!(files.abandon(&upload()).await.is_ok(), is_fine, "{code}");
    }
}
