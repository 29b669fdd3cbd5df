//! The service clock at /_local/clock: read as JSON or as a page, advanced by JSON or by a form.

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HOST, LOCATION, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use serde_json::{Value, json};

use crate::advance::{AdvanceError, Advancer, tokyo};

const MAX_BODY_BYTES: usize = 4096;
/// What the page's buttons offer: the duration and its name in both languages.
const STEPS: [(&str, &str); 4] = [
    ("PT1H", "1時間 / 1 hour"),
    ("P1D", "1日 / 1 day"),
    ("P1M", "1か月 / 1 month"),
    ("P1Y", "1年 / 1 year"),
];

pub fn router(advancer: Arc<Advancer>) -> Router {
    Router::new()
        .route("/_local/clock", get(show).post(advance))
        .with_state(advancer)
}

async fn show(State(advancer): State<Arc<Advancer>>, headers: HeaderMap) -> Response {
    let now = advancer.now();
    match wants_page(&headers) {
        true => page(now).into_response(),
        false => time_as_json(now),
    }
}

async fn advance(State(advancer): State<Arc<Advancer>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_same_origin(&parts.headers) {
        let detail = "the clock is advanced from its own page only";
        return problem(StatusCode::FORBIDDEN, "other_origin", detail);
    }
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return problem(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "a duration is shorter",
        );
    };
    let is_form =
        header(&parts.headers, CONTENT_TYPE).starts_with("application/x-www-form-urlencoded");
    let Some(duration) = duration(&body, is_form) else {
        let detail = "a JSON object or a form with the field advance is needed";
        return problem(StatusCode::BAD_REQUEST, "malformed_body", detail);
    };
    // In a task of its own, so that a caller who leaves does not stop the clock half-way.
    let walk = tokio::spawn(async move { advancer.advance(&duration).await });
    match walk.await {
        Ok(Ok(_)) if is_form && wants_page(&parts.headers) => {
            (StatusCode::SEE_OTHER, [(LOCATION, "/_local/clock")]).into_response()
        }
        Ok(Ok(now)) => time_as_json(now),
        Ok(Err(error)) => refused(&error),
        Err(_) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "advance_failed",
            "the advance broke off",
        ),
    }
}

fn duration(body: &Bytes, is_form: bool) -> Option<String> {
    // curl declares a form unless it is told otherwise, also for JSON.
    if is_form && !body.starts_with(b"{") {
        let text = std::str::from_utf8(body).ok()?;
        let mut values = text
            .split('&')
            .filter_map(|pair| pair.strip_prefix("advance="));
        return values.next_back().map(crate::gateway::decode);
    }
    let value: Value = serde_json::from_slice(body).ok()?;
    value.get("advance")?.as_str().map(str::to_owned)
}

fn refused(error: &AdvanceError) -> Response {
    let (status, code) = match error {
        AdvanceError::NotADuration => (StatusCode::BAD_REQUEST, "not_a_duration"),
        AdvanceError::NotForward => (StatusCode::BAD_REQUEST, "not_forward"),
        AdvanceError::TooFar => (StatusCode::BAD_REQUEST, "too_far"),
        AdvanceError::Busy => (StatusCode::CONFLICT, "advance_in_progress"),
        AdvanceError::Clock(_) | AdvanceError::Queue(_) | AdvanceError::Mail(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "advance_failed")
        }
    };
    problem(status, code, &error.to_string())
}

/// A problem document as RFC 9457 describes it.
fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "code": code,
    });
    (
        status,
        [(CONTENT_TYPE, "application/problem+json")],
        body.to_string(),
    )
        .into_response()
}

fn time_as_json(now: Timestamp) -> Response {
    let now = now
        .to_zoned(tokyo())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string();
    (
        [(CONTENT_TYPE, "application/json")],
        json!({ "now": now }).to_string(),
    )
        .into_response()
}

fn wants_page(headers: &HeaderMap) -> bool {
    header(headers, ACCEPT).contains("text/html")
}

/// A browser names the page that sends a form; any other site's is refused, and tools name none.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let origin = header(headers, ORIGIN);
    origin.is_empty() || origin.strip_prefix("http://") == Some(header(headers, HOST))
}

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn page(now: Timestamp) -> Markup {
    let now = now.to_zoned(tokyo());
    html! {
        (DOCTYPE)
        html lang="ja" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "時計 / Clock" }
                style { (maud::PreEscaped(crate::index_page::STYLE)) }
            }
            body {
                h1 { "サービスの時計 / Service clock" }
                p { time datetime=(now.strftime("%Y-%m-%dT%H:%M:%S%:z")) { (now.strftime("%Y年%-m月%-d日 %H:%M:%S")) } " (Asia/Tokyo)" }
                form method="post" action="/_local/clock" {
                    p { "進める / Advance by" }
                    @for (step, name) in STEPS {
                        button name="advance" value=(step) { "+ " (name) }
                    }
                }
                form method="post" action="/_local/clock" {
                    label for="advance" { "期間 (ISO 8601) / Duration" }
                    input id="advance" name="advance" placeholder="P10D" required;
                    button { "進める / Advance" }
                }
                p { a href="/_local" { "ローカルクラウド / Local cloud" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::sources::schedules::Turnstile;
    use axum::body::Body;
    use tower::ServiceExt;

    async fn check(request: Request) -> (u16, HeaderMap, String) {
        let directory = tempfile::tempdir().unwrap();
        let apis = crate::testing::apis(directory.path(), "2026-04-01T00:00:00Z");
        let host = crate::testing::host(Vec::new(), directory.path());
        let advancer = Advancer::new(apis, host, Vec::new(), Vec::new(), Turnstile::default());
        let response = router(Arc::new(advancer)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    fn post(body: impl Into<Body>, headers: &[(&str, &str)]) -> Request {
        let request = Request::post("/_local/clock").header("host", "127.0.0.1:8080");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(body.into()).unwrap()
    }

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    #[tokio::test]
    async fn the_clock_is_read_as_json_or_as_a_page() {
        let get = Request::get("/_local/clock");
        let (status, _, body) = check(get.body(Body::empty()).unwrap()).await;
        assert_eq!(status, 200);
        assert!(
            body.starts_with(r#"{"now":"2026-04-01T09:00:0"#) && body.ends_with(r#"+09:00"}"#),
            "{body}"
        );
        let page = Request::get("/_local/clock").header("accept", "text/html,*/*");
        let (_, headers, body) = check(page.body(Body::empty()).unwrap()).await;
        assert!(
            headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
        assert!(body.contains("2026年4月1日"), "{body}");
    }

    #[tokio::test]
    async fn the_clock_is_advanced_by_json_and_by_forms() {
        let advanced = r#"{"now":"2026-04-02T09:00:0"#;
        let (status, _, body) = check(post(r#"{"advance":"P1D"}"#, &[])).await;
        assert!(status == 200 && body.starts_with(advanced), "{body}");
        let (status, _, body) = check(post(r#"{"advance":"P1D"}"#, &[FORM])).await;
        assert!(status == 200 && body.starts_with(advanced), "{body}");
        let (status, _, body) = check(post("advance=P1D", &[FORM])).await;
        assert!(status == 200 && body.starts_with(advanced), "{body}");
        let browser = [
            FORM,
            ("accept", "text/html"),
            ("origin", "http://127.0.0.1:8080"),
        ];
        let (status, headers, _) = check(post("advance=P1D", &browser)).await;
        assert_eq!(
            (status, headers["location"].to_str().unwrap()),
            (303, "/_local/clock")
        );
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_told_in_a_problem_document() {
        let check = async |request: Request, status: u16, code: &str| {
            let (got, headers, body) = check(request).await;
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((got, &problem["code"]), (status, &json!(code)), "{body}");
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(problem["status"], status);
            assert!(
                problem["detail"].is_string()
                    && problem["title"].is_string()
                    && problem["type"].is_string()
            );
        };
        check(post("", &[]), 400, "malformed_body").await;
        check(post("{", &[]), 400, "malformed_body").await;
        check(post("[]", &[]), 400, "malformed_body").await;
        check(post(r#"{"advance":1}"#, &[]), 400, "malformed_body").await;
        check(post("forward=P1D", &[FORM]), 400, "malformed_body").await;
        check(post(vec![0xff], &[FORM]), 400, "malformed_body").await;
        check(post(r#"{"advance":"soon"}"#, &[]), 400, "not_a_duration").await;
        check(post(r#"{"advance":"-P1D"}"#, &[]), 400, "not_forward").await;
        check(post(r#"{"advance":"PT0S"}"#, &[]), 400, "not_forward").await;
        check(post(r#"{"advance":"P100Y"}"#, &[]), 400, "too_far").await;
        check(post(vec![b' '; 5000], &[]), 413, "body_too_large").await;
        let foreign = [FORM, ("origin", "http://elsewhere.example")];
        check(post("advance=P1D", &foreign), 403, "other_origin").await;
    }
}
