//! What the services' errors become.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ciero_ports::CloudError;

/// Turns any error of a service into ours, with the service's code and message but never the raw answer,
/// which may hold personal data.
pub(crate) fn failed<E, R>(service: &'static str) -> impl Fn(SdkError<E, R>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    move |error| {
        let detail = match error.as_service_error() {
            Some(refused) => format!(
                "{}: {}",
                refused.code().unwrap_or("unknown error"),
                refused.message().unwrap_or_default()
            ),
            None => chain(&error),
        };
        CloudError { service, detail }
    }
}

/// Returns the code of a service's refusal, or nothing if the service did not answer.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(|refused| refused.code())
}

/// A request that could not even be put together.
pub(crate) fn unbuilt(
    service: &'static str,
) -> impl Fn(aws_smithy_types::error::operation::BuildError) -> CloudError {
    move |error| CloudError {
        service,
        detail: error.to_string(),
    }
}

/// Writes an error with its causes.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
