//! The files that pages link to, part of the program.

use axum::response::{IntoResponse, Response};
use ciero_runtime::Problem;
use http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::input::Segment;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Browsers may use a file for five minutes; then they ask whether it changed.
const CACHE: &str = "public, max-age=300, must-revalidate";

macro_rules! file {
    ($name:literal, $kind:expr) => {
        file!($name, $kind, $name)
    };
    ($name:literal, $kind:expr, $place:literal) => {
        (
            $name,
            $kind,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $place)) as &[u8],
        )
    };
}

/// Name, type and content of every file.
pub(crate) const FILES: &[(&str, &str, &[u8])] = &[
    file!("portal.css", CSS),
    file!("forms.js", SCRIPT),
    file!("player.js", SCRIPT),
    file!("player-feed.js", SCRIPT),
    file!("player-service.js", SCRIPT),
    file!("player-timeline.js", SCRIPT),
    file!("favicon.svg", SVG),
    file!(
        "hls.js",
        SCRIPT,
        "node_modules/hls.js/dist/hls.light.min.js"
    ),
];

/// Serves a file, or tells that the browser's copy is still right.
pub async fn serve(Segment(name): Segment, headers: HeaderMap) -> Result<Response, Problem> {
    let (_, kind, content) = FILES
        .iter()
        .find(|(known, ..)| *known == name)
        .ok_or_else(Problem::not_found)?;
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(content)[..16]));
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .any(|t| t.trim().trim_start_matches("W/") == tag)
        });
    let caching = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, CACHE)];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Ok((caching, [(header::CONTENT_TYPE, *kind)], *content).into_response())
}
