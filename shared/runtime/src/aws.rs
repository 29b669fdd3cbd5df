//! One HTTP client (rustls with ring) and one configuration for every AWS client of a function.

use anyhow::{Context as _, Result};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::settings::text;

/// Builds the configuration from the variables that Lambda sets. `AWS_ENDPOINT_URL` moves every
/// client to another endpoint.
pub fn sdk_config() -> Result<SdkConfig> {
    sdk_config_from(|name| text(name).ok())
}

/// Builds the configuration from variables of one's own choice.
pub fn sdk_config_from(variable: impl Fn(&str) -> Option<String>) -> Result<SdkConfig> {
    let needed = |name: &str| {
        variable(name).with_context(|| format!("the setting {name} is missing or empty"))
    };
    let credentials = Credentials::new(
        needed("AWS_ACCESS_KEY_ID")?,
        needed("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let client = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut builder = SdkConfig::builder()
        .behavior_version(
            aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest(),
        )
        .region(Region::new(needed("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client);
    if let Some(endpoint) = variable("AWS_ENDPOINT_URL") {
        builder = builder.endpoint_url(endpoint);
    }
    Ok(builder.build())
}
