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

/// The router with the service's own time on every response, from which devices learn the service clock.
pub fn on_service_time(router: Router, clock: ServiceClock) -> Router {
    let clock = Arc::new(clock);
    router.layer(from_fn(move |request: Request, next: Next| {
        let clock = Arc::clone(&clock);
        async move { stamp(next.run(request).await, clock.now()) }
    }))
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
}
