//! Entry point of the contract_purge function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    contract_purge::run().await
}
