//! A purge takes every version and every delete marker of a folder in every bucket, and nothing of a neighbour (15-3).

use std::sync::{Arc, Mutex};

use ciero_cloud::S3Files;
use ciero_ports::Files;
use serde_json::json;

use crate::fake::{Answer, Asked, Fake, ok, refusal};

const BUCKETS: [&str; 2] = ["exports", "lists"];
/// The most that S3 lists or deletes at once.
const PAGE: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
struct Stored {
    bucket: &'static str,
    key: String,
    id: String,
    is_marker: bool,
}

/// Two buckets with versions, as S3 keeps them.
#[derive(Clone, Default)]
struct Model(Arc<Mutex<Vec<Stored>>>);

impl Model {
    /// Writes an object this often and then deletes it, which leaves all versions and a marker.
    fn write(&self, bucket: &'static str, key: &str, versions: usize) {
        let mut all = self.0.lock().unwrap();
        for number in 0..=versions {
            all.push(Stored {
                bucket,
                key: key.to_owned(),
                id: format!("v{number}"),
                is_marker: number == versions,
            });
        }
    }

    fn left(&self) -> Vec<Stored> {
        self.0.lock().unwrap().clone()
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let (method, path) = asked.what.split_once(' ').unwrap();
        let bucket = BUCKETS
            .into_iter()
            .find(|name| *name == path.trim_matches('/'));
        let bucket = bucket.expect("a bucket");
        match (method, asked.query.split('&').next()) {
            ("GET", Some("versions" | "versions=")) => self.list(bucket, &asked.query),
            ("POST", Some("delete" | "delete=")) => {
                self.delete(bucket, asked.body.as_str().unwrap())
            }
            _ => refusal("MethodNotAllowed"),
        }
    }

    fn list(&self, bucket: &str, query: &str) -> Answer {
        let prefix = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("prefix="));
        let prefix = prefix.unwrap_or_default().replace("%2F", "/");
        let all = self.left();
        let found = all
            .iter()
            .filter(|one| one.bucket == bucket && one.key.starts_with(&prefix));
        let page: Vec<_> = found.clone().take(PAGE).collect();
        let row = |one: &&Stored| {
            let kind = if one.is_marker {
                "DeleteMarker"
            } else {
                "Version"
            };
            format!(
                "<{kind}><Key>{}</Key><VersionId>{}</VersionId></{kind}>",
                one.key, one.id
            )
        };
        let rows: String = page.iter().map(row).collect();
        let truncated = found.count() > PAGE;
        ok(json!(format!(
            "<ListVersionsResult><IsTruncated>{truncated}</IsTruncated>{rows}</ListVersionsResult>"
        )))
    }

    /// Deletes versions; an object without a version would only get a marker more.
    fn delete(&self, bucket: &'static str, body: &str) -> Answer {
        let within = |text: &str, tag: &str| {
            let (_, rest) = text.split_once(&format!("<{tag}>"))?;
            Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
        };
        let objects: Vec<_> = body.split("<Object>").skip(1).collect();
        if objects.len() > PAGE {
            return refusal("MalformedXML");
        }
        for object in objects {
            let key = within(object, "Key").unwrap();
            match within(object, "VersionId") {
                Some(id) => {
                    let mut all = self.0.lock().unwrap();
                    all.retain(|one| (one.bucket, &one.key, &one.id) != (bucket, &key, &id));
                }
                None => self.write(bucket, &key, 0),
            }
        }
        ok(json!("<DeleteResult></DeleteResult>"))
    }
}

async fn files(model: &Model) -> (Fake, S3Files) {
    let model = model.clone();
    let fake = Fake::start(move |asked| model.answer(asked)).await;
    let files = S3Files::new(&fake.config, BUCKETS.map(str::to_owned).to_vec());
    (fake, files)
}

#[tokio::test]
async fn art_15_every_version_and_marker_of_more_than_a_page_goes_from_every_bucket() {
    let model = Model::default();
    for number in 0..600 {
        model.write("exports", &format!("contracts/c-1/{number:04}.mp4"), 2);
    }
    model.write("lists", "contracts/c-1/part/a.json", 3);
    // Folders whose names begin alike are a neighbour's.
    model.write("exports", "contracts/c-10/1.mp4", 1);
    model.write("lists", "contracts/c-1x", 0);
    let neighbours: Vec<_> = model.left().split_off(600 * 3 + 4);
    let (fake, files) = files(&model).await;
    assert_eq!(
        files.count("contracts/c-1").await.unwrap(),
        1004,
        "a page of one bucket and all of the other"
    );
    let mut deleted = Vec::new();
    loop {
        match files.delete_some("contracts/c-1").await.unwrap() {
            0 => break,
            some => deleted.push(some),
        }
    }
    assert_eq!(deleted, [1000, 800, 4]);
    assert_eq!(model.left(), neighbours);
    assert_eq!(files.count("contracts/c-1").await.unwrap(), 0);
    assert_eq!(files.count("contracts/c-10").await.unwrap(), 2);
    let changes = fake
        .names()
        .into_iter()
        .filter(|name| name.starts_with("POST"))
        .count();
    assert_eq!(changes, deleted.len(), "one request for a page");
}

#[tokio::test]
async fn art_15_one_version_that_was_not_deleted_is_an_error_though_the_request_went_well() {
    let listed = "<ListVersionsResult><Version><Key>contracts/c-1/a</Key><VersionId>v1</VersionId></Version></ListVersionsResult>";
    let locked = "<DeleteResult><Error><Key>contracts/c-1/a</Key><VersionId>v1</VersionId><Code>AccessDenied</Code></Error></DeleteResult>";
    let script = move |asked: &Asked| match asked.what.starts_with("GET") {
        true => ok(json!(listed)),
        false => ok(json!(locked)),
    };
    let fake = Fake::start(script).await;
    let files = S3Files::new(&fake.config, vec![BUCKETS[0].to_owned()]);
    let error = files
        .delete_some("contracts/c-1")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("AccessDenied"), "{error}");
}

#[tokio::test]
async fn art_15_what_cannot_be_listed_is_an_error_and_never_counts_as_nothing() {
    let fake = Fake::start(|_| refusal("AccessDenied")).await;
    let files = S3Files::new(&fake.config, vec![BUCKETS[0].to_owned()]);
    assert!(files.count("contracts/c-1").await.is_err());
    assert!(files.delete_some("contracts/c-1").await.is_err());
}
