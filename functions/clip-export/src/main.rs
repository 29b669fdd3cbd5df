//! Entry point of the clip-export function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    clip_export::run().await
}
