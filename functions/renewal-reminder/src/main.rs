//! Entry point of the renewal_reminder function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    renewal_reminder::run().await
}
