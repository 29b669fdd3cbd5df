//! A list's file is kept under its key in the bucket, and comes back byte for byte or not at all.

use ciero_cloud::S3ListFiles;
use ciero_ports::ListFiles;
use serde_json::json;

use crate::fake::{Fake, ok, silence};

const BUCKET: &str = "lists";
const KEY: &str = "demo/2026-04-01-aa.json";

#[tokio::test]
async fn a_file_is_kept_under_its_key_in_the_bucket_of_the_path() {
    let fake = Fake::start(|_| ok(json!({}))).await;
    let files = S3ListFiles::new(&fake.config, BUCKET);
    let file = json!({ "list": "demo", "name": "見本" });
    files.put(KEY, file.to_string().into()).await.unwrap();
    let asked = &fake.asked()[0];
    assert_eq!(asked.what, format!("PUT /{BUCKET}/{KEY}"));
    assert_eq!(asked.body, file);
}

#[tokio::test]
async fn a_file_comes_back_as_it_is() {
    let file = json!({ "list": "demo", "entries": [1, 2], "name": "見本" });
    let answer = file.clone();
    let fake = Fake::start(move |_| ok(answer.clone())).await;
    let files = S3ListFiles::new(&fake.config, BUCKET);
    assert_eq!(files.get(KEY).await.unwrap(), file.to_string().into_bytes());
    assert_eq!(fake.names(), [format!("GET /{BUCKET}/{KEY}")]);
}

#[tokio::test]
async fn a_file_that_is_missing_refused_or_unreachable_is_an_error() {
    for status in [403, 404] {
        let fake = Fake::start(move |_| (status, json!({}))).await;
        let files = S3ListFiles::new(&fake.config, BUCKET);
        let error = files.get(KEY).await.unwrap_err().to_string();
        assert!(error.starts_with("S3 failed"), "{error}");
        assert!(files.put(KEY, Vec::new()).await.is_err());
    }
    let nobody = S3ListFiles::new(&silence().await, BUCKET);
    assert!(nobody.get(KEY).await.is_err());
    assert!(nobody.put(KEY, Vec::new()).await.is_err());
}
