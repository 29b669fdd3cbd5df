//! The time of the event: no handler reads a system clock for a decision.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::Timestamp;
use lambda_http::request::RequestContext;

/// When the request or event happened, by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// Reads milliseconds since 1970.
    pub fn from_millis(millis: i64) -> Self {
        Moment(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Reads the moment that the gateway stamped; a moment set beforehand wins, for tests.
    pub(crate) fn of(parts: &Parts) -> Self {
        if let Some(moment) = parts.extensions.get::<Moment>() {
            return *moment;
        }
        match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => Moment::from_millis(context.time_epoch),
            _ => Moment(Timestamp::UNIX_EPOCH),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Moment {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Moment::of(parts))
    }
}
