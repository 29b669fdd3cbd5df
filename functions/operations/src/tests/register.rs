//! The register of earlier violators and measures, and who knows of it (3-4).

use axum::body::Body;
use axum::http::Request;
use ciero_domain::screening::{Reading, RegisterCause, RegisterEntry};
use ciero_ports::StoreError;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

fn operator(groups: &[&str]) -> Session {
    super::operator("sato", groups)
}

async fn record(session: &Session, body: Value) -> (u16, Value, Vec<Decision>) {
    let (app, committed) = app(Known::default());
    let gate = app.gate.clone();
    let (status, answer) = testing::post(
        router(app),
        &gate,
        Some(session),
        now(),
        "/console/register",
        &body,
    )
    .await;
    let committed = committed.lock().unwrap().clone();
    (status, answer, committed)
}

#[tokio::test]
async fn a_screener_adds_an_entry_with_its_own_name_on_it() {
    let body = json!({ "cause": "violation", "name": "見本 三郎", "note": "unpaid" });
    let (status, _, committed) = record(&operator(&["screener"]), body).await;
    assert_eq!(status, 201);
    assert!(
        matches!(&committed[0].writes[0], Write::Register(entry) if entry.recorded_by == "sato" && entry.name == "見本 三郎")
    );
}

#[tokio::test]
async fn an_entry_that_would_match_nobody_is_refused() {
    let (status, answer, committed) = record(
        &operator(&["screener"]),
        json!({ "cause": "measure", "note": "x" }),
    )
    .await;
    assert_eq!(
        (
            status,
            answer["errors"][0]["field"].as_str().unwrap(),
            committed.len()
        ),
        (422, "name", 0)
    );
    let (status, ..) = record(
        &operator(&["screener"]),
        json!({ "cause": "grudge", "name": "x", "note": "x" }),
    )
    .await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn to_everyone_but_screeners_the_register_does_not_exist() {
    let (status, answer, committed) = record(
        &operator(&["support"]),
        json!({ "cause": "violation", "name": "x", "note": "x" }),
    )
    .await;
    assert_eq!(
        (status, answer["code"].as_str().unwrap(), committed.len()),
        (404, "not_found", 0)
    );
}

#[tokio::test]
async fn the_sample_of_an_entry_is_accepted() {
    let event: Value =
        serde_json::from_str(include_str!("../../../../events/operations/register.json")).unwrap();
    let body = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    assert_eq!(record(&operator(&["screener"]), body).await.0, 201);
}

#[tokio::test]
async fn a_particular_that_could_never_match_is_refused_beside_its_field() {
    for (field, value) in [
        ("corporate_number", "7123456789013"),
        ("corporate_number", "none"),
        ("phone", "unknown"),
        ("email", "nobody"),
        ("name", "a\u{7}"),
        ("note", ""),
    ] {
        let mut body = json!({ "cause": "violation", "name": "見本 三郎", "note": "unpaid" });
        body[field] = json!(value);
        let (status, answer, committed) = record(&operator(&["screener"]), body).await;
        assert_eq!((status, committed.len()), (422, 0), "{field}");
        assert_eq!(answer["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn numbers_are_kept_as_screening_compares_them() {
    let body = json!({ "cause": "measure", "corporate_number": "7-1234-5678-9012",
        "phone": "03-0000-0000", "email": "Hanako@Example.jp", "note": "x" });
    let (_, _, committed) = record(&operator(&["screener"]), body).await;
    let Write::Register(entry) = &committed[0].writes[0] else {
        panic!("no entry");
    };
    assert_eq!(entry.corporate_number, "7123456789012");
    assert_eq!(
        (entry.phone.as_str(), entry.email.as_str()),
        ("0300000000", "hanako@example.jp")
    );
}

/// What opening the page of the register over one entry came to, with the readings that were noted before it answered.
struct Shown {
    status: u16,
    text: String,
    readings: Vec<(String, String)>,
}

async fn page(session: Option<&Session>) -> Shown {
    page_when(session, true).await
}

/// Opens the page while readings can be noted, or cannot.
async fn page_when(session: Option<&Session>, can_note: bool) -> Shown {
    let (mut app, _) = app(Known::default());
    let entry = RegisterEntry {
        id: "r-1".into(),
        cause: RegisterCause::Antisocial,
        name: "<b>見本</b>".into(),
        corporate_number: String::new(),
        address: String::new(),
        phone: "0300000000".into(),
        email: String::new(),
        note: "内部の覚え".into(),
        contract: None,
        recorded_by: "sato".into(),
        recorded_at: now().0,
        hashes: Vec::new(),
    };
    let mut confidential = MockConfidential::new();
    confidential
        .expect_register()
        .returning(move || Ok(vec![entry.clone()]));
    confidential
        .expect_screening_lists()
        .returning(|| Ok(Vec::new()));
    let readings: Arc<Mutex<Vec<Reading>>> = Arc::default();
    let log = readings.clone();
    confidential
        .expect_note_reading()
        .returning(move |reading| match can_note {
            true => {
                log.lock().unwrap().push(reading.clone());
                Ok(())
            }
            false => Err(StoreError::Unavailable("the table".into())),
        });
    app.confidential = Arc::new(confidential);
    let gate = app.gate.clone();
    let mut request = Request::get("/console/register");
    if let Some(session) = session {
        let cookie = gate.sealer.seal(COOKIE, session, LIFETIME);
        request = request.header("cookie", cookie.split(';').next().unwrap());
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(now());
    let response = guarded(router(app), gate).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let readings = readings.lock().unwrap().clone();
    Shown {
        status,
        text: String::from_utf8(body.to_vec()).unwrap(),
        readings: readings.into_iter().map(|one| (one.by, one.what)).collect(),
    }
}

#[tokio::test]
async fn a_screener_reads_the_register_with_every_text_escaped() {
    let shown = page(Some(&operator(&["screener"]))).await;
    assert_eq!(shown.status, 200);
    for text in [
        "&lt;b&gt;見本",
        "内部の覚え",
        "0300000000",
        "反社会的勢力等（3-4-2）",
        "name=\"csrf\"",
    ] {
        assert!(shown.text.contains(text), "{text}");
    }
}

#[tokio::test]
async fn art_03_each_reading_of_the_register_is_noted_and_without_the_note_nothing_is_shown() {
    let screener = operator(&["screener"]);
    let shown = page(Some(&screener)).await;
    assert_eq!(shown.readings, [("sato".into(), "register".into())]);
    let unnoted = page_when(Some(&screener), false).await;
    assert!(unnoted.status >= 500, "{}", unnoted.status);
    assert!(!unnoted.text.contains("内部の覚え") && !unnoted.text.contains("見本"));
}

#[tokio::test]
async fn nobody_else_reads_it() {
    let contract = contract().id;
    let user = ciero_domain::ids::UserId::from_random([2; 10]);
    let customer = testing::customer(&contract, &user, now());
    let support = operator(&["support", "legal"]);
    for (session, status) in [(Some(&support), 404), (None, 401), (Some(&customer), 404)] {
        let shown = page(session).await;
        assert_eq!(shown.status, status);
        assert!(!shown.text.contains("内部の覚え"));
        assert!(shown.readings.is_empty(), "who sees nothing reads nothing");
    }
}
