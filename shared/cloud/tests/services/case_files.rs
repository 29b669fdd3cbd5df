//! What the legal desk holds is written under a legal hold, so that nothing that the service does can delete it (21-4).

use ciero_cloud::S3CaseFiles;
use ciero_ports::CaseFiles;
use serde_json::json;

use crate::fake::{Fake, ok};

const BUCKET: &str = "disclosures";
/// A piece of a held recording, and a scan of the document.
const KEYS: [&str; 2] = ["cases/x-1/recordings/0/1.mkv", "cases/x-1/documents/aa"];

#[tokio::test]
async fn art_21_every_file_of_a_case_is_written_with_a_legal_hold_from_its_first_moment() {
    let fake = Fake::start(|_| ok(json!(""))).await;
    let files = S3CaseFiles::new(&fake.config, BUCKET);
    for key in KEYS {
        files.put(key, "video/x-matroska", vec![1]).await.unwrap();
    }
    // One request each: no moment in which the file stands without its hold.
    assert_eq!(fake.names(), KEYS.map(|key| format!("PUT /{BUCKET}/{key}")));
    assert_eq!(fake.header("x-amz-object-lock-legal-hold"), ["ON", "ON"]);
}

#[tokio::test]
async fn art_21_a_bucket_that_takes_no_legal_hold_takes_no_file() {
    let refused = "<Error><Code>InvalidRequest</Code><Message>Bucket is missing Object Lock Configuration</Message></Error>";
    let fake = Fake::start(move |_| (400, json!(refused))).await;
    let files = S3CaseFiles::new(&fake.config, BUCKET);
    assert!(
        files
            .put(KEYS[0], "video/x-matroska", vec![1])
            .await
            .is_err()
    );
    assert_eq!(
        fake.header("x-amz-object-lock-legal-hold"),
        ["ON"],
        "nothing is written without it"
    );
}
