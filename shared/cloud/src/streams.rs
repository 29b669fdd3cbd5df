//! The control plane of Kinesis Video.

use async_trait::async_trait;
use aws_sdk_kinesisvideo::Client;
use aws_types::SdkConfig;
use ciero_ports::{CloudError, Streams};

use crate::errors::{code, failed};

const SERVICE: &str = "Kinesis Video";
const NOT_FOUND: &str = "ResourceNotFoundException";

/// Makes the cameras' streams.
#[derive(Debug, Clone)]
pub struct KinesisStreams {
    client: Client,
}

impl KinesisStreams {
    /// Works in the region of the configuration.
    pub fn new(config: &SdkConfig) -> Self {
        KinesisStreams {
            client: Client::new(config),
        }
    }
}

#[async_trait]
impl Streams for KinesisStreams {
    async fn ensure(&self, stream_name: &str, retention_hours: u32) -> Result<(), CloudError> {
        let hours = i32::try_from(retention_hours).map_err(|_| CloudError {
            service: SERVICE,
            detail: format!("a retention of {retention_hours} hours is not possible"),
        })?;
        let created = self
            .client
            .create_stream()
            .stream_name(stream_name)
            .media_type("video/h264")
            .data_retention_in_hours(hours)
            .tags("service", "ciero")
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn retention_hours(&self, stream_name: &str) -> Result<u32, CloudError> {
        let request = self.client.describe_stream().stream_name(stream_name);
        match request.send().await {
            Ok(answer) => {
                let hours = answer
                    .stream_info
                    .and_then(|info| info.data_retention_in_hours);
                Ok(hours
                    .and_then(|hours| u32::try_from(hours).ok())
                    .unwrap_or(0))
            }
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(0),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn delete(&self, stream_name: &str) -> Result<bool, CloudError> {
        // A deletion takes the ARN alone.
        let described = self.client.describe_stream().stream_name(stream_name);
        let arn = match described.send().await {
            Ok(answer) => answer.stream_info.and_then(|info| info.stream_arn),
            Err(error) if code(&error) == Some(NOT_FOUND) => return Ok(false),
            Err(error) => return Err(failed(SERVICE)(error)),
        };
        let request = self.client.delete_stream().set_stream_arn(arn);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(false),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn exists(&self, stream_name: &str) -> Result<bool, CloudError> {
        let request = self.client.describe_stream().stream_name(stream_name);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(false),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }
}
