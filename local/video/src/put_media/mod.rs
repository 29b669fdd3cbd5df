//! PutMedia: answers at once, then reads media and answers with acknowledgements while it runs.

mod acks;
mod connection;
mod ingest;

use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt as _;

use self::acks::Acks;
use self::connection::{Connection, Glance};
use self::ingest::Timeline;
use crate::error::ApiError;
use crate::request::{StreamRef, blocking, scope_of};
use crate::{Shared, quotas};

pub(crate) async fn put_media(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, ApiError> {
    let scope = scope_of(request.extensions());
    let headers = request.headers();
    let stream_ref = StreamRef {
        name: text(headers, "x-amzn-stream-name")?,
        arn: text(headers, "x-amzn-stream-arn")?,
    };
    let timeline = timeline(headers)?;
    let (stream_id, guard) = blocking(&shared, move |shared| {
        let stream = stream_ref.find(shared, &scope, "PutMedia")?;
        let guard = shared
            .usage
            .connect(quotas::Connection::PutMedia, stream.id)?;
        if !shared.store.begin_session(stream.id)? {
            return Err(ApiError::stream_not_found());
        }
        Ok((stream.id, guard))
    })
    .await?;
    let (acks, mut lines) = Acks::channel();
    let connection = Connection {
        shared,
        stream_id,
        acks,
        timeline,
        guard,
    };
    let mut body = request.into_body();
    let first = glance(&mut body).await;
    tokio::spawn(connection.run(body, first));
    let lines = stream::poll_fn(move |context| lines.poll_recv(context));
    let body = Body::from_stream(futures::StreamExt::map(
        lines,
        Ok::<_, std::convert::Infallible>,
    ));
    let mut response = body.into_response();
    let content_type = HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}

/// Looks at the body once before the answer begins.
///
/// That someone wants the body is what makes the server send `100 Continue`, which it no longer does once it answers.
async fn glance(body: &mut Body) -> Glance {
    let first = futures::poll!(body.frame());
    tokio::task::yield_now().await;
    match first {
        Poll::Ready(frame) => Some(frame),
        Poll::Pending => None,
    }
}

fn text(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(ApiError::invalid_argument(format!("{name} is not text."))),
    }
}

fn timeline(headers: &HeaderMap) -> Result<Timeline, ApiError> {
    let kind = text(headers, "x-amzn-fragment-timecode-type")?;
    let start = text(headers, "x-amzn-producer-start-timestamp")?;
    match kind.as_deref() {
        Some("ABSOLUTE") => Ok(Timeline::Absolute),
        Some("RELATIVE") => {
            let start_ms = start.as_deref().and_then(start_millis).ok_or_else(|| {
                ApiError::invalid_argument(
                    "RELATIVE timecodes need x-amzn-producer-start-timestamp in seconds.",
                )
            })?;
            Ok(Timeline::Relative { start_ms })
        }
        _ => Err(ApiError::invalid_argument(
            "x-amzn-fragment-timecode-type must be ABSOLUTE or RELATIVE.",
        )),
    }
}

/// Reads seconds with up to three decimals, which some producers do not pad, or whole milliseconds.
fn start_millis(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    if fraction.is_empty() && whole >= 100_000_000_000 {
        return Some(whole); // seconds would lie beyond the year 5000
    }
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.checked_mul(1000)?.checked_add(millis.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_times_are_read_in_all_their_spellings() {
        for (text, ms) in [
            ("1795337039.140", 1_795_337_039_140),
            ("1795337039.14", 1_795_337_039_140),
            ("1795337039", 1_795_337_039_000),
            ("1795337039014", 1_795_337_039_014),
            ("1795337039.0149999", 1_795_337_039_014),
        ] {
            assert_eq!(start_millis(text), Some(ms), "{text}");
        }
        for text in ["", ".5", "-1", "1e9", "now", "12345678901234567890"] {
            assert_eq!(start_millis(text), None, "{text}");
        }
    }
}
