//! The embedded Kinesis Video behind the front door.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::DATE;
use axum::http::{Extensions, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use ciero_apis::clock::ServiceClock;
use ciero_apis::credentials::{Principal, Scope};
use jiff::Timestamp;

/// The router with the service's own time on every answer to a device, from which it learns the service clock. Everyone
/// else is answered on real time: the SDKs correct the clock that they sign with by this header, and signatures are
/// checked on real time.
pub fn on_service_time(router: Router, clock: ServiceClock) -> Router {
    let clock = Arc::new(clock);
    router.layer(from_fn(move |request: Request, next: Next| {
        let clock = Arc::clone(&clock);
        async move {
            let is_device = is_device(request.extensions());
            let response = next.run(request).await;
            match is_device {
                true => stamp(response, clock.now()),
                false => response,
            }
        }
    }))
}

fn is_device(extensions: &Extensions) -> bool {
    matches!(
        extensions.get::<ciero_video::Scope>(),
        Some(ciero_video::Scope::Stream(_))
    )
}

fn stamp(mut response: Response, now: Timestamp) -> Response {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// A device's keys reach its own stream only.
pub fn scope(principal: &Principal, extensions: &mut Extensions) {
    extensions.insert(match &principal.scope {
        Scope::Full => ciero_video::Scope::Full,
        Scope::Stream(name) => ciero_video::Scope::Stream(name.clone()),
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use tower::ServiceExt;

    use super::*;

    #[test]
    fn a_response_carries_the_service_time_in_the_form_of_http() {
        let now: Timestamp = "2027-03-01T09:05:07+09:00".parse().unwrap();
        let response = stamp(Response::default(), now);
        assert_eq!(response.headers()[DATE], "Mon, 01 Mar 2027 00:05:07 GMT");
    }

    #[test]
    fn a_device_is_bound_to_its_stream() {
        let mut extensions = Extensions::new();
        let device = Principal {
            name: "device".to_owned(),
            scope: Scope::Stream("s-1".to_owned()),
        };
        scope(&device, &mut extensions);
        let Some(ciero_video::Scope::Stream(name)) = extensions.get() else {
            panic!("the device has no scope of its own");
        };
        assert_eq!(name, "s-1");
    }

    #[tokio::test]
    async fn only_a_device_is_told_the_service_time() {
        let folder = tempfile::tempdir().unwrap();
        let start = "2027-03-01T00:00:00Z".parse().unwrap();
        let clock = ServiceClock::open(folder.path(), Some(start)).unwrap();
        let router = on_service_time(Router::new().fallback(|| async {}), clock);
        let date = |scope: ciero_video::Scope| {
            let mut request = Request::new(axum::body::Body::empty());
            request.extensions_mut().insert(scope);
            let answer = router.clone().oneshot(request);
            async move { answer.await.unwrap().headers().get(DATE).cloned() }
        };
        let device = date(ciero_video::Scope::Stream("s-1".to_owned())).await;
        assert!(device.unwrap().to_str().unwrap().contains("Mar 2027"));
        assert_eq!(date(ciero_video::Scope::Full).await, None);
    }
}
