//! Entry point of the signup-screening function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    signup_screening::run().await
}
