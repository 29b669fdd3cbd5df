//! The files of the screening lists (S3).

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_types::SdkConfig;
use ciero_ports::{CloudError, ListFiles};

use crate::errors::{chain, failed};

pub(crate) const SERVICE: &str = "S3";

/// Returns a client. An endpoint of its own has no host name for each bucket, so there the bucket stands in the path.
pub(crate) fn client(config: &SdkConfig) -> Client {
    let config = Builder::from(config)
        .force_path_style(config.endpoint_url().is_some())
        .build();
    Client::from_conf(config)
}

/// Returns a client for files in parts: the signature covers what is sent, and a checksum beside it would have to be
/// named again for each part.
pub(crate) fn client_for_parts(config: &SdkConfig) -> Client {
    let config = client(config)
        .config()
        .to_builder()
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build();
    Client::from_conf(config)
}

/// Keeps files in one bucket.
#[derive(Debug, Clone)]
pub struct S3ListFiles {
    client: Client,
    bucket: String,
}

impl S3ListFiles {
    /// Keeps files in this bucket.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        S3ListFiles {
            client: client(config),
            bucket: bucket.to_owned(),
        }
    }
}

#[async_trait]
impl ListFiles for S3ListFiles {
    async fn put(&self, key: &str, file: Vec<u8>) -> Result<(), CloudError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        let put = request
            .content_type("application/json")
            .body(file.into())
            .send()
            .await;
        put.map(|_| ()).map_err(failed(SERVICE))
    }

    async fn get(&self, key: &str) -> Result<Vec<u8>, CloudError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let answer = request.send().await.map_err(failed(SERVICE))?;
        let file = answer.body.collect().await.map_err(|error| CloudError {
            service: SERVICE,
            detail: chain(&error),
        })?;
        Ok(file.into_bytes().into())
    }
}
