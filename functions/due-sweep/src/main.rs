//! Entry point of the due_sweep function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    due_sweep::run().await
}
