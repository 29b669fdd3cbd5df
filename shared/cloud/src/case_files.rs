//! The files of disclosure cases, each under a legal hold of the object store (S3).

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ObjectLockLegalHoldStatus;
use aws_types::SdkConfig;
use ciero_ports::{CaseFiles, CloudError};

use crate::errors::failed;
use crate::list_files::{SERVICE, client};

/// Keeps files in one bucket that has Object Lock.
#[derive(Debug, Clone)]
pub struct S3CaseFiles {
    client: Client,
    bucket: String,
}

impl S3CaseFiles {
    /// Keeps files in this bucket.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        S3CaseFiles {
            client: client(config),
            bucket: bucket.to_owned(),
        }
    }
}

#[async_trait]
impl CaseFiles for S3CaseFiles {
    async fn put(&self, key: &str, content_type: &str, file: Vec<u8>) -> Result<(), CloudError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        let put = request
            .content_type(content_type)
            // No function may lift it, so nothing that the service does can delete the file.
            .object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On)
            .body(file.into())
            .send()
            .await;
        put.map(|_| ()).map_err(failed(SERVICE))
    }

    async fn link(&self, key: &str, lives_seconds: u64) -> Result<String, CloudError> {
        let lives = PresigningConfig::expires_in(Duration::from_secs(lives_seconds));
        let lives = lives.map_err(|error| CloudError {
            service: SERVICE,
            detail: error.to_string(),
        })?;
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let name = key.rsplit('/').next().unwrap_or(key);
        let address = request
            .response_content_disposition(format!("attachment; filename=\"{name}\""))
            .presigned(lives)
            .await
            .map_err(failed(SERVICE))?;
        Ok(address.uri().to_owned())
    }
}
