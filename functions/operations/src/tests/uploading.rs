//! A list's file that a screener hands in on the console's page (P-4, 3-4).

use axum::body::Body as Content;
use axum::http::Request;
use ciero_domain::screening::ScreeningList;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::loading::{CSV, UN, header, service};
use super::*;

/// What handing a file in came to.
struct Came {
    status: u16,
    answer: Value,
    committed: Vec<Decision>,
    file: Option<Vec<u8>>,
}

impl Came {
    fn header(&self) -> ListHeader {
        header(&self.committed)
    }

    #[track_caller]
    fn is_refused(&self, code: &str) {
        let field = self.answer["errors"][0]["code"].as_str();
        let given = field.or(self.answer["code"].as_str());
        assert_eq!((self.status, given), (422, Some(code)), "{}", self.answer);
        assert!(!self.answer["detail"].as_str().unwrap().is_empty());
        assert!(self.committed.is_empty() && self.file.is_none());
    }
}

/// The form with the facts and the file of a sample event.
fn form(sample: &str, change: &[(&str, &str)]) -> Vec<u8> {
    let event: Value = serde_json::from_str(sample).unwrap();
    let load = &event["load_list"];
    let fields = [
        ("list", &load["list"]),
        ("ja", &load["name"]["ja"]),
        ("en", &load["name"]["en"]),
        ("source", &load["source"]),
        ("ground", &load["ground"]),
        ("format", &load["format"]),
        ("issued_on", &load["issued_on"]),
        ("file", &load["file"]),
    ];
    let mut body = String::new();
    for (name, value) in fields {
        let changed = change.iter().find(|(changed, _)| *changed == name);
        let value = changed.map_or(value.as_str().unwrap_or_default(), |(_, value)| value);
        let file = match name {
            "file" => "; filename=\"list.xml\"",
            _ => "",
        };
        body.push_str(&format!(
            "--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str("--x--\r\n");
    body.into_bytes()
}

async fn hand_in(lists: Vec<ListHeader>, session: &Session, body: Vec<u8>) -> Came {
    let (app, committed, kept) = service(lists);
    let gate = app.gate.clone();
    let cookie = gate.sealer.seal(COOKIE, session, LIFETIME);
    let request = Request::post("/console/lists")
        .header("content-type", "multipart/form-data; boundary=x")
        .header("accept", "application/json")
        .header("cookie", cookie.split(';').next().unwrap())
        .header("x-csrf-token", gate.sealer.token(Some(session), now()));
    let mut request = request.body(Content::from(body)).unwrap();
    request.extensions_mut().insert(now());
    let response = guarded(router(app), gate).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let committed = committed.lock().unwrap().clone();
    let file = kept.lock().unwrap().clone();
    Came {
        status,
        answer: serde_json::from_slice(&body).unwrap(),
        committed,
        file,
    }
}

fn screener() -> Session {
    operator("sato", &["screener"])
}

#[tokio::test]
async fn a_file_of_either_format_is_loaded_and_everyone_is_screened_again() {
    for (sample, entries) in [(UN, 2), (CSV, 3)] {
        let came = hand_in(Vec::new(), &screener(), form(sample, &[])).await;
        assert_eq!(came.status, 200, "{}", came.answer);
        assert_eq!(came.answer["entries"], entries);
        let list: ScreeningList = came.header().read(came.file.as_ref().unwrap()).unwrap();
        assert_eq!(list.issued_on, Some(jiff::civil::date(2026, 5, 20)));
        assert_eq!(came.committed[0].messages.len(), 1);
        let again = hand_in(vec![came.header()], &screener(), form(sample, &[])).await;
        assert_eq!(again.answer["unchanged"], came.answer["loaded"]);
    }
}

#[tokio::test]
async fn a_refused_file_is_answered_with_its_code_and_sentence_and_the_loaded_list_stays() {
    let loaded = hand_in(Vec::new(), &screener(), form(CSV, &[]))
        .await
        .header();
    let short = "番号,氏名\n1,照合例 制次郎\n";
    for (change, code) in [
        (vec![("file", "<html>")], "list_malformed"),
        (vec![("issued_on", "")], "list_undated"),
        (
            vec![
                ("issued_on", "2026-05-19"),
                ("file", "番号,氏名\n1,照合例 制次郎\n2,照合例 三郎\n"),
            ],
            "list_older",
        ),
        (
            vec![("issued_on", "2026-05-21"), ("file", short)],
            "list_half_as_long",
        ),
    ] {
        let body = form(CSV, &change);
        hand_in(vec![loaded.clone()], &screener(), body)
            .await
            .is_refused(code);
    }
    let mut latin = form(CSV, &[("file", "@@")]);
    let place = latin.windows(2).position(|two| two == b"@@").unwrap();
    latin[place] = 0xff;
    hand_in(vec![loaded], &screener(), latin)
        .await
        .is_refused("list_malformed");
}

#[tokio::test]
async fn what_the_form_lacks_is_refused_field_by_field_and_to_other_groups_the_page_is_not_there() {
    for (field, value, code) in [
        ("list", "", "required"),
        ("list", "国連", "unprintable"),
        ("ja", "", "required"),
        ("ground", "3-4-9", "choice"),
        ("format", "pdf", "choice"),
        ("issued_on", "yesterday", "date"),
        ("file", "", "required"),
    ] {
        let body = form(CSV, &[(field, value)]);
        let came = hand_in(Vec::new(), &screener(), body).await;
        came.is_refused(code);
        assert_eq!(came.answer["errors"][0]["field"], field);
    }
    for group in ["legal", "publisher", "support", "billing", "contracts"] {
        let came = hand_in(Vec::new(), &operator("x", &[group]), form(CSV, &[])).await;
        assert_eq!((came.status, came.committed.len()), (404, 0));
    }
}

#[tokio::test]
async fn the_page_shows_the_loaded_version_its_day_and_how_many_entries_it_has() {
    let loaded = hand_in(Vec::new(), &screener(), form(CSV, &[]))
        .await
        .header();
    let (app, ..) = service(vec![loaded.clone()]);
    let gate = app.gate.clone();
    let page = testing::page(router(app), &gate, &screener(), now(), "/console/lists").await;
    for part in [
        loaded.version.as_str(),
        "2026年5月20日",
        ">3<",
        "multipart/form-data",
        "mof-frozen",
    ] {
        assert!(page.contains(part), "{part}");
    }
}
