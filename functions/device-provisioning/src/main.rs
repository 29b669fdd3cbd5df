//! Entry point of the device-provisioning function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    device_provisioning::run().await
}
