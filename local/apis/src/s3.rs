//! S3 in this process: buckets are folders and objects are plain files.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::Request;
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};
use tower::ServiceExt;

use crate::credentials::{Credentials, Scope};
use crate::wire::{ApiError, Protocol};

/// A folder that cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[error("the object store failed: {0}")]
pub struct BucketError(String);

/// The embedded S3. Clones share one folder.
#[derive(Clone)]
pub struct Buckets {
    root: PathBuf,
    service: S3Service,
}

impl Buckets {
    pub(crate) fn open(root: &Path, credentials: Credentials) -> Result<Self, BucketError> {
        std::fs::create_dir_all(root).map_err(|error| BucketError(error.to_string()))?;
        let files =
            s3s_fs::FileSystem::new(root).map_err(|error| BucketError(format!("{error:?}")))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(RegistryAuth { credentials });
        // The front door has compared the signing time already, on the cloud's own notion of real time.
        let mut config = S3Config::default();
        config.presigned_url_max_skew_time_secs = u32::MAX;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Ok(Self {
            root: root.to_owned(),
            service: builder.build(),
        })
    }

    /// Creates the bucket when it is not there.
    pub fn ensure_bucket(&self, name: &str) -> Result<(), BucketError> {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
            })
            && name.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !is_name {
            return Err(BucketError(format!("'{name}' is not a bucket name")));
        }
        std::fs::create_dir_all(self.root.join(name))
            .map_err(|error| BucketError(error.to_string()))
    }

    pub(crate) fn router(&self) -> Router {
        let service = self.service.clone();
        Router::new().fallback_service(tower::service_fn(move |request| {
            let service = service.clone();
            async move { Ok::<_, Infallible>(serve(&service, request).await) }
        }))
    }
}

async fn serve(service: &S3Service, request: Request<Body>) -> Response {
    match service.clone().oneshot(request).await {
        Ok(response) => response.map(Body::new).into_response(),
        Err(error) => ApiError::internal(&format!("{error:?}")).render(Protocol::RestXml),
    }
}

/// Gives the object service the secrets of the one registry.
struct RegistryAuth {
    credentials: Credentials,
}

#[async_trait::async_trait]
impl S3Auth for RegistryAuth {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let known = self
            .credentials
            .find(access_key)
            .map_err(|error| s3_error!(InternalError, "{error}"))?
            .ok_or_else(|| s3_error!(InvalidAccessKeyId))?;
        match known.principal.scope {
            Scope::Full => Ok(known.secret.into()),
            Scope::Stream(_) => Err(s3_error!(AccessDenied)),
        }
    }
}
