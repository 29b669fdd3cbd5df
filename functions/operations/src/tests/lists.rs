//! Publication of screening lists (P-4, 3-4).

use ciero_domain::screening::Ground;
use ciero_ports::{CloudError, CommitError, WriteKind};

use super::*;

/// Files that were kept, each with its key.
type Kept = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// The sample with one list, after a change of its lists.
fn with_list(change: impl FnOnce(&mut Value)) -> Value {
    let sample = include_str!("../../../../events/operations/lists.json");
    let mut payload: Value = serde_json::from_str(sample).unwrap();
    change(&mut payload["publish"]["lists"]);
    payload
}

async fn publish(known: Known, payload: Value) -> (anyhow::Result<Value>, Vec<Decision>, Kept) {
    let (mut app, committed) = app(known);
    let kept = Kept::default();
    let (log, written) = (kept.clone(), committed.clone());
    let mut files = MockListFiles::new();
    files.expect_put().returning(move |key, file| {
        assert!(
            written.lock().unwrap().is_empty(),
            "the header comes after its file"
        );
        log.lock().unwrap().push((key.to_owned(), file));
        Ok(())
    });
    app.list_files = Arc::new(files);
    let answer = app.on_event(Event::Direct(payload), now()).await;
    let committed = committed.lock().unwrap().clone();
    (answer, committed, kept)
}

fn header(committed: &[Decision]) -> ListHeader {
    let mut writes = committed.iter().flat_map(|decision| &decision.writes);
    let header = writes.find_map(|write| match write {
        Write::ScreeningList(header) => Some(header.as_ref().clone()),
        _ => None,
    });
    header.unwrap()
}

/// Publishes a list that must be refused for a reason that holds these words.
async fn refused(words: &[&str], change: impl FnOnce(&mut Value)) {
    let (answer, committed, kept) = publish(Known::default(), with_list(change)).await;
    let error = answer.unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{word} is missing: {error}");
    }
    assert!(committed.is_empty() && kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_list_is_kept_as_a_file_and_a_header_beside_the_other_documents() {
    let (answer, committed, kept) = publish(Known::default(), with_list(|_| ())).await;
    let published = answer.unwrap()["published"].clone();
    assert_eq!(published[4], "lists/demo-sanctions/2026-04-01");
    assert_eq!(committed.len(), 1);
    let header = header(&committed);
    let kept = kept.lock().unwrap();
    let [(key, file)] = &kept[..] else {
        panic!("{} files", kept.len());
    };
    assert_eq!(*key, header.object);
    assert_eq!(
        (header.entries, header.ground),
        (2, Ground::AntisocialForces)
    );
    assert_eq!(header.published_at, now().0);
    let list = header.read(file).unwrap();
    assert_eq!(list.entries[1].names, ["照合例 悪太郎", "Shogorei Akutaro"]);
}

#[tokio::test]
async fn the_same_list_again_changes_nothing_and_another_content_is_refused() {
    let (_, committed, _) = publish(Known::default(), with_list(|_| ())).await;
    let known = || Known {
        lists: vec![header(&committed)],
        ..Known::default()
    };
    let (answer, _, kept) = publish(known(), with_list(|_| ())).await;
    let unchanged = answer.unwrap()["unchanged"].clone();
    assert_eq!(unchanged, json!(["lists/demo-sanctions/2026-04-01"]));
    assert!(kept.lock().unwrap().is_empty());
    let other = with_list(|lists| lists[0]["entries"][0]["note"] = json!("other"));
    let (answer, committed, kept) = publish(known(), other).await;
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("published with other content"), "{error}");
    assert!(committed.is_empty() && kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_list_without_entries_is_published_so_that_its_use_can_end() {
    let emptied = with_list(|lists| lists[0]["entries"] = json!([]));
    let (answer, committed, _) = publish(Known::default(), emptied).await;
    answer.unwrap();
    assert_eq!(header(&committed).entries, 0);
}

#[tokio::test]
async fn an_error_names_the_list_and_the_entry() {
    let list = "demo-sanctions 2026-04-01";
    let entry = "demo-sanctions 2026-04-01, entry e-1";
    refused(&[list, "`extra`"], |l| l[0]["extra"] = json!(1)).await;
    refused(&[entry, "`extra`"], |l| {
        l[0]["entries"][0]["extra"] = json!(1)
    })
    .await;
    refused(&[entry, "names"], |l| {
        l[0]["entries"][0]["names"] = json!([])
    })
    .await;
    for nothing in ["", " ", "株式会社", "・・"] {
        refused(&[entry, "names"], |l| {
            l[0]["entries"][0]["names"][0] = json!(nothing)
        })
        .await;
    }
    refused(&[entry, "not a corporate number"], |l| {
        l[0]["entries"][0]["corporate_number"] = json!("8000000000002");
    })
    .await;
    refused(&[entry, "expected a string"], |l| {
        l[0]["entries"][0]["corporate_number"] = json!(8_000_000_000_001_u64);
    })
    .await;
    refused(&[list, "two entries e-1"], |l| {
        l[0]["entries"][1]["id"] = json!("e-1")
    })
    .await;
    refused(&[list, "entry number 2"], |l| {
        l[0]["entries"][1]["id"] = json!(7)
    })
    .await;
    refused(&[list, "no ground of 3-4"], |l| {
        l[0]["ground"] = json!("3-5-1")
    })
    .await;
    refused(&[list, "source"], |l| l[0]["source"] = json!(" ")).await;
    refused(&["two screening lists"], |l| {
        let same = l[0].clone();
        l.as_array_mut().unwrap().push(same);
    })
    .await;
}

#[tokio::test]
async fn a_code_or_version_that_could_not_stand_in_a_key_is_refused() {
    for name in ["", "..", "a/b", "a#b", "一覧", "Demo"] {
        refused(&["small letters"], |l| l[0]["list"] = json!(name)).await;
    }
    refused(&["demo-sanctions 2026/04", "a version is named"], |l| {
        l[0]["version"] = json!("2026/04")
    })
    .await;
}

#[tokio::test]
async fn a_list_that_is_too_long_is_refused() {
    let many = |number: usize, name: &str| -> Vec<Value> {
        (0..number)
            .map(|n| json!({"id": format!("e-{n}"), "names": [name]}))
            .collect()
    };
    let entries = json!(many(20_001, "照合例"));
    refused(&["more than 20000 entries"], |l| l[0]["entries"] = entries).await;
    let entries = json!(many(10_000, &"照".repeat(200)));
    refused(&["longer than 4194304 bytes"], |l| {
        l[0]["entries"] = entries
    })
    .await;
    refused(&["entry e-1"], |l| {
        l[0]["entries"][0]["names"][0] = json!("照".repeat(201))
    })
    .await;
}

#[tokio::test]
async fn without_its_file_no_header_is_stored_and_a_second_publisher_is_told() {
    let (mut app, committed) = app(Known::default());
    let mut files = MockListFiles::new();
    files.expect_put().returning(|_, _| {
        Err(CloudError {
            service: "S3",
            detail: "no".into(),
        })
    });
    app.list_files = Arc::new(files);
    let answer = app.on_event(Event::Direct(with_list(|_| ())), now()).await;
    assert!(answer.is_err() && committed.lock().unwrap().is_empty());

    let mut files = MockListFiles::new();
    files.expect_put().returning(|_, _| Ok(()));
    app.list_files = Arc::new(files);
    let mut ledger = MockLedger::new();
    ledger
        .expect_commit()
        .returning(|_| Err(CommitError::Conflict(WriteKind::Once)));
    app.desk.ledger = Arc::new(ledger);
    let answer = app.on_event(Event::Direct(with_list(|_| ())), now()).await;
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("by someone else"), "{error}");
}
