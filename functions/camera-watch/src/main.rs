//! Entry point of the camera_watch function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    camera_watch::run().await
}
