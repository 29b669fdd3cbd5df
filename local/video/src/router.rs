//! Which path leads to which operation.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use crate::{Shared, archived, clip, control, get_media, images, playback, put_media};

const PREFLIGHT_HOLDS: Duration = Duration::from_secs(86_400);

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let operations = Router::new()
        .route("/createStream", post(control::create_stream))
        .route("/describeStream", post(control::describe_stream))
        .route("/listStreams", post(control::list_streams))
        .route("/deleteStream", post(control::delete_stream))
        .route("/updateStream", post(control::update::update_stream))
        .route(
            "/describeStreamStorageConfiguration",
            post(control::update::describe_storage),
        )
        .route(
            "/updateStreamStorageConfiguration",
            post(control::update::update_storage),
        )
        .route(
            "/updateDataRetention",
            post(control::retention::update_data_retention),
        )
        .route("/getDataEndpoint", post(control::get_data_endpoint))
        .route("/tagStream", post(control::tags::tag_stream))
        .route("/untagStream", post(control::tags::untag_stream))
        .route(
            "/listTagsForStream",
            post(control::tags::list_tags_for_stream),
        )
        .route("/putMedia", post(put_media::put_media))
        .route("/listFragments", post(archived::list_fragments))
        .route(
            "/getMediaForFragmentList",
            post(archived::get_media_for_fragment_list),
        )
        .route("/getMedia", post(get_media::get_media))
        .route("/getClip", post(clip::get_clip))
        .route("/getImages", post(images::get_images))
        .route(
            "/getHLSStreamingSessionURL",
            post(playback::create_hls_session),
        )
        .route(
            "/getDASHStreamingSessionURL",
            post(playback::create_dash_session),
        )
        .merge(playback::router())
        .layer(map_response(name_request));
    operations
        .fallback(unknown_operation)
        .layer(every_origin())
        .with_state(shared)
}

/// Pages of any origin may ask: what a request may do hangs on its signature or its token, and never on cookies.
fn every_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        // A star would leave the signature's header out.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(Any)
        .max_age(PREFLIGHT_HOLDS)
}

async fn unknown_operation() -> Response {
    let body = json!({
        "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
        "Version": "1.0",
    });
    let mut response = (StatusCode::NOT_FOUND, Json(body)).into_response();
    response.headers_mut().insert(
        "x-amzn-ErrorType",
        HeaderValue::from_static("UnknownOperationException"),
    );
    response
}

/// Gives every answer the id by which clients log it.
async fn name_request(mut response: Response) -> Response {
    let mut random = [0; 16];
    let _ = getrandom::fill(&mut random);
    let text = hex::encode(random);
    let id = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ]
    .join("-");
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-amzn-RequestId", id);
    }
    response
}
