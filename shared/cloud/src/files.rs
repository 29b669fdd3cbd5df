//! Files of contracts (S3): every version of what stands in a folder, such as a contract's own.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use aws_types::SdkConfig;
use ciero_ports::{CloudError, Files};

use crate::errors::{failed, unbuilt};
use crate::list_files::client;

const SERVICE: &str = "S3";

/// The buckets in which contracts have files.
#[derive(Debug, Clone)]
pub struct S3Files {
    client: Client,
    buckets: Vec<String>,
}

impl S3Files {
    /// Works on these buckets.
    pub fn new(config: &SdkConfig, buckets: Vec<String>) -> Self {
        S3Files {
            client: client(config),
            buckets,
        }
    }

    /// Lists a page of the versions and delete markers of a folder's files.
    async fn page(&self, bucket: &str, folder: &str) -> Result<Vec<ObjectIdentifier>, CloudError> {
        let request = self.client.list_object_versions().bucket(bucket);
        let answer = request.prefix(format!("{folder}/")).send().await;
        identifiers(&answer.map_err(failed(SERVICE))?)
    }
}

fn identifiers(page: &ListObjectVersionsOutput) -> Result<Vec<ObjectIdentifier>, CloudError> {
    let versions = page.versions().iter().map(|v| (v.key(), v.version_id()));
    let markers = page.delete_markers().iter();
    let markers = markers.map(|marker| (marker.key(), marker.version_id()));
    let all = versions
        .chain(markers)
        .filter_map(|(key, id)| Some((key?, id)));
    all.map(|(key, id)| {
        let object = ObjectIdentifier::builder().key(key);
        let object = object.set_version_id(id.map(str::to_owned)).build();
        object.map_err(unbuilt(SERVICE))
    })
    .collect()
}

#[async_trait]
impl Files for S3Files {
    async fn delete_some(&self, folder: &str) -> Result<u64, CloudError> {
        for bucket in &self.buckets {
            let page = self.page(bucket, folder).await?;
            if page.is_empty() {
                continue;
            }
            let count = page.len() as u64;
            let delete = Delete::builder().set_objects(Some(page)).quiet(true);
            let delete = delete.build().map_err(unbuilt(SERVICE))?;
            let request = self.client.delete_objects().bucket(bucket).delete(delete);
            let answer = request.send().await.map_err(failed(SERVICE))?;
            if let Some(error) = answer.errors().first() {
                let code = error.code().unwrap_or("unknown error");
                return Err(CloudError {
                    service: SERVICE,
                    detail: format!("a version was not deleted: {code}"),
                });
            }
            return Ok(count);
        }
        Ok(0)
    }

    async fn count(&self, folder: &str) -> Result<u64, CloudError> {
        let mut count = 0;
        for bucket in &self.buckets {
            let request = self.client.list_object_versions().bucket(bucket);
            let request = request.prefix(format!("{folder}/"));
            let (mut key, mut version) = (None, None);
            loop {
                let page = request.clone().set_key_marker(key);
                let page = page.set_version_id_marker(version).send().await;
                let page = page.map_err(failed(SERVICE))?;
                count += (page.versions().len() + page.delete_markers().len()) as u64;
                if page.is_truncated() != Some(true) || page.next_key_marker().is_none() {
                    break;
                }
                (key, version) = (page.next_key_marker, page.next_version_id_marker);
            }
        }
        Ok(count)
    }
}
