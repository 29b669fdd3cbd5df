//! Lists that are loaded from their sources' files (P-4, 3-4).

use ciero_domain::screening::{ListEntry, ScreeningList};
use ciero_ports::Body;

use super::*;

pub(super) const UN: &str = include_str!("../../../../events/operations/load-list-un.json");
pub(super) const CSV: &str = include_str!("../../../../events/operations/load-list-csv.json");
const METI: &str = include_str!("../../../../events/operations/load-list-meti.json");

/// What a loading came to.
struct Came {
    answer: Value,
    committed: Vec<Decision>,
    /// The file that was kept.
    file: Option<Vec<u8>>,
}

/// The header of the list that was written.
pub(super) fn header(committed: &[Decision]) -> ListHeader {
    let Write::ScreeningList(header) = &committed[0].writes[0] else {
        panic!("no list");
    };
    header.as_ref().clone()
}

impl Came {
    fn header(&self) -> ListHeader {
        header(&self.committed)
    }

    fn list(&self) -> ScreeningList {
        self.header().read(self.file.as_ref().unwrap()).unwrap()
    }

    /// Nothing was kept or written, and the answer has a code and both sentences.
    #[track_caller]
    fn is_refused(&self, code: &str) {
        let refused = &self.answer["refused"];
        assert_eq!(refused["code"], code, "{}", self.answer);
        for language in ["ja", "en"] {
            assert!(
                refused[language]
                    .as_str()
                    .is_some_and(|text| text.len() > 20)
            );
        }
        assert!(self.committed.is_empty() && self.file.is_none());
    }
}

fn event(sample: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut event: Value = serde_json::from_str(sample).unwrap();
    change(&mut event["load_list"]);
    event
}

type Kept = Arc<Mutex<Option<Vec<u8>>>>;

/// A service with these lists, what it writes, and the file that it keeps.
pub(super) fn service(lists: Vec<ListHeader>) -> (App, Committed, Kept) {
    let (mut app, committed) = app(Known {
        lists,
        ..Known::default()
    });
    let kept = Kept::default();
    let log = kept.clone();
    let mut files = MockListFiles::new();
    files.expect_put().returning(move |_, file| {
        *log.lock().unwrap() = Some(file);
        Ok(())
    });
    app.list_files = Arc::new(files);
    (app, committed, kept)
}

async fn load(lists: Vec<ListHeader>, payload: Value) -> anyhow::Result<Came> {
    let (app, committed, kept) = service(lists);
    let answer = app.on_event(Event::Direct(payload), now()).await?;
    let committed = committed.lock().unwrap().clone();
    let file = kept.lock().unwrap().clone();
    Ok(Came {
        answer,
        committed,
        file,
    })
}

async fn loaded(payload: Value) -> Came {
    load(Vec::new(), payload).await.unwrap()
}

fn in_file(from: &str, to: &str) -> impl FnOnce(&mut Value) {
    move |load| {
        let text = load["file"].as_str().unwrap();
        assert!(text.contains(from), "{from}");
        load["file"] = json!(text.replace(from, to));
    }
}

fn names(entry: &ListEntry) -> Vec<&str> {
    entry.names.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn the_list_of_the_united_nations_is_read_with_its_day_aliases_and_their_quality() {
    let came = loaded(event(UN, |_| ())).await;
    let list = came.list();
    assert_eq!(list.issued_on, Some(jiff::civil::date(2026, 5, 20)));
    assert!(list.version.starts_with("2026-05-20-"), "{}", list.version);
    let [person, body] = &list.entries[..] else {
        panic!("{:?}", list.entries);
    };
    assert_eq!(person.id, "XXi.001");
    let expected = [
        "Seijiro Shogorei",
        "照合例 制次郎",
        "Seiji Shogorei",
        "S. Shogorei-Sample",
    ];
    assert_eq!(names(person), expected);
    assert_eq!(person.weak_names, ["Mihon & Sons"]);
    assert_eq!(person.note.as_deref(), Some("Nowhere; born 1950-01-01"));
    assert_eq!(names(body), ["SHOGO REIJI BOEKI TRADING", "Shogo Boeki"]);
}

#[tokio::test]
async fn a_table_is_read_by_the_words_of_its_headings() {
    let came = loaded(event(CSV, |_| ())).await;
    let list = came.list();
    assert_eq!(list.entries.len(), 3);
    let person = &list.entries[0];
    assert_eq!(
        names(person),
        [
            "照合例 制次郎",
            "ショウゴウレイ セイジロウ",
            "Seijiro Shogorei"
        ]
    );
    assert_eq!(person.weak_names, ["せいちゃん"]);
    let note = person.note.as_deref().unwrap();
    assert_eq!(
        note,
        "番号: 1; 生年月日: 1950年1月1日; 国名、地域名: 架空国"
    );
    let moved = event(CSV, in_file("1,照合例 制次郎", "77,照合例　制次郎"));
    let renumbered = loaded(moved).await.list();
    assert_eq!(
        renumbered.entries[0].id, person.id,
        "an entry outlives its number"
    );
}

#[tokio::test]
async fn art_03_the_list_of_end_users_is_read_with_its_companies_and_their_aliases() {
    let english = "No.,Country or Region,Company or Organization,Also Known As,Type of WMD";
    let japanese = "No.,国名、地域名,企業名、組織名,別名,懸念区分";
    let both = "No.,国名、地域名 Country or Region,企業名、組織名 Company or Organization,別名 Also Known As,懸念区分 Type of WMD";
    for heads in [japanese, english, both] {
        let list = loaded(event(METI, in_file(japanese, heads))).await.list();
        let [institute, works, trader] = &list.entries[..] else {
            panic!("{heads}: {:?}", list.entries);
        };
        let aliases = [
            "Shogorei Aerospace Research Institute",
            "SARI",
            "Shogorei Koku Uchu Kenkyujo",
            "照合例航空宇宙研究所",
        ];
        assert_eq!(names(institute), aliases, "{heads}");
        let expected = ["照合例精密工業有限公司", "Shogorei Seimitsu Kogyo"];
        assert_eq!(names(works), expected, "{heads}");
        assert_eq!(names(trader), ["Mihon Kagaku Trading Company"], "{heads}");
        // The country stands in the note, and is no name that an applicant could match.
        let note = trader.note.as_deref().unwrap();
        assert!(
            note.contains("見本共和国") && note.contains("化学 C"),
            "{note}"
        );
    }
}

#[tokio::test]
async fn everyone_is_screened_again_once_a_list_is_loaded_and_not_if_it_was_before() {
    let came = loaded(event(UN, |_| ())).await;
    let [message] = &came.committed[0].messages[..] else {
        panic!("{:?}", came.committed);
    };
    let Body::Rescreen(again) = &message.body else {
        panic!("{message:?}");
    };
    assert_eq!(
        (&json!(again.cause), &again.from),
        (&came.answer["loaded"], &None)
    );
    let twice = load(vec![came.header()], event(UN, |_| ())).await.unwrap();
    assert_eq!(twice.answer["unchanged"], came.answer["loaded"]);
    assert!(twice.committed.is_empty());
}

#[tokio::test]
async fn a_file_that_is_broken_or_another_document_is_refused() {
    for (from, to) in [
        ("</CONSOLIDATED_LIST>", ""),
        ("</ENTITY>", ""),
        ("CONSOLIDATED_LIST", "OTHER_LIST"),
        ("<REFERENCE_NUMBER>XXi.001</REFERENCE_NUMBER>", ""),
        ("&amp;", "&mihon;"),
        ("<INDIVIDUALS>", "<!DOCTYPE x><INDIVIDUALS>"),
    ] {
        let came = loaded(event(UN, in_file(from, to))).await;
        came.is_refused("list_malformed");
    }
    for text in ["", "not XML", "<html></html>"] {
        loaded(event(UN, |load| load["file"] = json!(text)))
            .await
            .is_refused("list_malformed");
    }
    for (from, to) in [
        ("3,照合例 三郎", "3,"),
        ("架空国\n2", "架空国,1,2\n2"),
        ("Seijiro Shogorei\"", "Seijiro Shogorei"),
    ] {
        let came = loaded(event(CSV, in_file(from, to))).await;
        came.is_refused("list_malformed");
    }
    let headings_alone = event(CSV, |load| load["file"] = json!("番号,氏名\n"));
    loaded(headings_alone).await.is_refused("list_malformed");
}

#[tokio::test]
async fn a_file_without_its_day_is_refused() {
    let came = loaded(event(UN, in_file("2026-05-20T00:01:02Z", "today"))).await;
    came.is_refused("list_undated");
    let undated = event(CSV, |load| load["issued_on"] = Value::Null);
    loaded(undated).await.is_refused("list_undated");
}

#[tokio::test]
async fn a_file_that_is_older_or_half_as_long_is_refused_and_the_loaded_one_stays() {
    let before = loaded(event(UN, |_| ())).await.header();
    let older = event(UN, in_file("2026-05-20", "2026-05-19"));
    load(vec![before.clone()], older)
        .await
        .unwrap()
        .is_refused("list_older");
    let mut long = before.clone();
    long.entries = 4;
    let newer = || event(UN, in_file("2026-05-20", "2026-05-21"));
    load(vec![long], newer())
        .await
        .unwrap()
        .is_refused("list_half_as_long");
    let came = load(vec![before], newer()).await.unwrap();
    assert_eq!(came.answer["entries"], 2);
}

#[tokio::test]
async fn what_the_operator_says_of_a_file_must_be_whole() {
    for (field, value) in [
        ("list", json!("UN list")),
        ("ground", json!("3-5-1")),
        ("source", json!(" ")),
        ("format", json!("xlsx")),
        ("extra", json!(1)),
    ] {
        let came = load(Vec::new(), event(UN, |load| load[field] = value)).await;
        assert!(came.is_err(), "{field}");
    }
}
