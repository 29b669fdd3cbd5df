//! Entry point of the effect_audit function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    effect_audit::run().await
}
