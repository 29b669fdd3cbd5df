//! Entry point of the hold-copy function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    hold_copy::run().await
}
