//! Entry point of the billing_schedule function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    billing_schedule::run().await
}
