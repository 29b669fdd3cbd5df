//! Entry point of the playback-url function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    playback_url::run().await
}
