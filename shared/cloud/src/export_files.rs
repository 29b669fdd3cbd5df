//! The files of exports (S3): many parts make a file, and a signed address opens it for minutes.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_types::SdkConfig;
use bytes::Bytes;
use ciero_ports::{CloudError, ExportFiles, Upload};

use crate::errors::{chain, code, failed};
use crate::list_files::client_for_parts;

const SERVICE: &str = "S3";
/// What S3 says of an upload that was completed or abandoned.
const NO_UPLOAD: &str = "NoSuchUpload";

/// Keeps exported files in one bucket.
#[derive(Debug, Clone)]
pub struct S3ExportFiles {
    client: Client,
    bucket: String,
}

impl S3ExportFiles {
    /// Keeps files in this bucket.
    pub fn new(config: &SdkConfig, bucket: &str) -> Self {
        S3ExportFiles {
            client: client_for_parts(config),
            bucket: bucket.to_owned(),
        }
    }

    async fn has(&self, key: &str) -> bool {
        let request = self.client.head_object().bucket(&self.bucket).key(key);
        request.send().await.is_ok()
    }
}

fn missing(what: &str) -> CloudError {
    CloudError {
        service: SERVICE,
        detail: format!("the answer has no {what}"),
    }
}

#[async_trait]
impl ExportFiles for S3ExportFiles {
    async fn put(&self, key: &str, content_type: &str, file: Bytes) -> Result<(), CloudError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        let put = request.content_type(content_type).body(file.into()).send();
        put.await.map(|_| ()).map_err(failed(SERVICE))
    }

    async fn get(&self, key: &str) -> Result<Bytes, CloudError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let answer = request.send().await.map_err(failed(SERVICE))?;
        let file = answer.body.collect().await.map_err(|error| CloudError {
            service: SERVICE,
            detail: chain(&error),
        })?;
        Ok(file.into_bytes())
    }

    async fn begin(&self, key: &str, content_type: &str) -> Result<String, CloudError> {
        let request = self.client.create_multipart_upload();
        let request = request.bucket(&self.bucket).key(key);
        let answer = request.content_type(content_type).send().await;
        let answer = answer.map_err(failed(SERVICE))?;
        answer.upload_id.ok_or_else(|| missing("upload"))
    }

    async fn part(&self, upload: &Upload, number: u32, part: Bytes) -> Result<String, CloudError> {
        let request = self.client.upload_part().bucket(&self.bucket);
        let answer = request
            .key(&upload.key)
            .upload_id(&upload.id)
            .part_number(i32::try_from(number).unwrap_or(i32::MAX))
            .body(part.into())
            .send()
            .await
            .map_err(failed(SERVICE))?;
        answer.e_tag.ok_or_else(|| missing("tag"))
    }

    async fn complete(&self, upload: &Upload, tags: &[String]) -> Result<(), CloudError> {
        let part = |(number, tag): (i32, &String)| {
            CompletedPart::builder()
                .part_number(number)
                .e_tag(tag)
                .build()
        };
        let parts = (1..).zip(tags).map(part).collect();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let request = self.client.complete_multipart_upload();
        let answer = request
            .bucket(&self.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .multipart_upload(parts.build())
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            // A worker that ended before it could write so has completed the file already.
            Err(error) if code(&error) == Some(NO_UPLOAD) && self.has(&upload.key).await => Ok(()),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn abandon(&self, upload: &Upload) -> Result<(), CloudError> {
        let request = self.client.abort_multipart_upload().bucket(&self.bucket);
        let answer = request.key(&upload.key).upload_id(&upload.id).send().await;
        match answer {
            Err(error) if code(&error) != Some(NO_UPLOAD) => Err(failed(SERVICE)(error)),
            _ => Ok(()),
        }
    }

    async fn link(&self, key: &str, lives_seconds: u64) -> Result<String, CloudError> {
        let lives = PresigningConfig::expires_in(Duration::from_secs(lives_seconds));
        let lives = lives.map_err(|error| CloudError {
            service: SERVICE,
            detail: chain(&error),
        })?;
        let request = self.client.get_object().bucket(&self.bucket).key(key);
        let signed = request.presigned(lives).await.map_err(failed(SERVICE))?;
        Ok(signed.uri().to_owned())
    }
}
