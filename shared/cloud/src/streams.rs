//! The control plane of Kinesis Video: streams, and for how long they keep recordings.

use std::cmp::Ordering;

use async_trait::async_trait;
use aws_sdk_kinesisvideo::Client;
use aws_sdk_kinesisvideo::types::UpdateDataRetentionOperation;
use aws_types::SdkConfig;
use ciero_ports::{CloudError, Kept, Streams};

use crate::errors::{code, failed};

const SERVICE: &str = "Kinesis Video";
const NOT_FOUND: &str = "ResourceNotFoundException";
/// The stream is being changed, was changed meanwhile, or is gone.
const BUSY: [&str; 3] = [
    "ResourceInUseException",
    "VersionMismatchException",
    NOT_FOUND,
];

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

    async fn kept(&self, stream_name: &str) -> Result<Option<Kept>, CloudError> {
        let request = self.client.describe_stream().stream_name(stream_name);
        let info = match request.send().await {
            Ok(answer) => answer.stream_info,
            Err(error) if code(&error) == Some(NOT_FOUND) => return Ok(None),
            Err(error) => return Err(failed(SERVICE)(error)),
        };
        Ok(info.map(|info| Kept {
            hours: info
                .data_retention_in_hours
                .and_then(|hours| u32::try_from(hours).ok())
                .unwrap_or(0),
            version: info.version.unwrap_or_default(),
        }))
    }

    async fn keep(&self, stream_name: &str, was: &Kept, hours: u32) -> Result<bool, CloudError> {
        let operation = match hours.cmp(&was.hours) {
            Ordering::Equal => return Ok(true),
            Ordering::Less => UpdateDataRetentionOperation::DecreaseDataRetention,
            Ordering::Greater => UpdateDataRetentionOperation::IncreaseDataRetention,
        };
        let change = i32::try_from(hours.abs_diff(was.hours)).unwrap_or(i32::MAX);
        let request = self.client.update_data_retention().stream_name(stream_name);
        let changed = request
            .current_version(&was.version)
            .operation(operation)
            .data_retention_change_in_hours(change)
            .send()
            .await;
        match changed {
            Ok(_) => Ok(true),
            Err(error) if code(&error).is_some_and(|code| BUSY.contains(&code)) => Ok(false),
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
