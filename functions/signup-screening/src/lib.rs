//! The signup-screening function.

/// Runs the function until Lambda ends it.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    ciero_runtime::run(None, None).await
}
