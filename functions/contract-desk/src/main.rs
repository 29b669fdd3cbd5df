//! Entry point of the contract-desk function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    contract_desk::run().await
}
