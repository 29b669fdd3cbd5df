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
    if is_form {
        let text = std::str::from_utf8(body).ok()?;
        let values = text
            .split('&')
            .filter_map(|pair| pair.strip_prefix("advance="));
        return values.last().map(crate::gateway::decode);
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
        AdvanceError::Clock(_) | AdvanceError::Queue(_) => {
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
