//! S3 in this process: buckets are folders and objects are plain files.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, Method, Request, Uri};
use percent_encoding::percent_decode_str;
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::route::S3Route;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Request, S3Response, S3Result, s3_error};
use tower::ServiceExt;

use crate::credentials::{Credentials, Scope};
use crate::wire::{ApiError, Protocol, escape_xml};

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
        builder.set_route(Versions {
            root: root.to_owned(),
        });
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

/// Lists the versions of objects (`GET /bucket?versions`), which plain files have one of each.
struct Versions {
    root: PathBuf,
}

/// The most that one page lists, as in S3.
const MOST_VERSIONS: usize = 1000;

fn queried(uri: &Uri, wanted: &str) -> Option<String> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut found = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name == wanted).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
    });
    found.next()
}

/// Collects the keys below a folder that begin with a prefix.
fn keys_below(bucket: &Path, folder: &Path, prefix: &str, keys: &mut Vec<String>) {
    // A bucket that is not there, or goes meanwhile, holds nothing.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            keys_below(bucket, &path, prefix, keys);
        } else if let Ok(key) = path.strip_prefix(bucket) {
            let key = key.to_string_lossy().into_owned();
            keys.extend(Some(key).filter(|key| key.starts_with(prefix)));
        }
    }
}

#[async_trait::async_trait]
impl S3Route for Versions {
    fn is_match(&self, method: &Method, uri: &Uri, _: &HeaderMap, _: &mut Extensions) -> bool {
        method == Method::GET && queried(uri, "versions").is_some()
    }

    async fn call(&self, request: S3Request<s3s::Body>) -> S3Result<S3Response<s3s::Body>> {
        let name = request.uri.path().trim_matches('/');
        let is_name = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
        if !is_name || !self.root.join(name).is_dir() {
            return Err(s3_error!(NoSuchBucket));
        }
        let prefix = queried(&request.uri, "prefix").unwrap_or_default();
        let (bucket, mut keys) = (self.root.join(name), Vec::new());
        keys_below(&bucket, &bucket, &prefix, &mut keys);
        keys.sort();
        let after = queried(&request.uri, "key-marker");
        keys.retain(|key| after.as_ref().is_none_or(|after| key > after));
        let truncated = keys.len() > MOST_VERSIONS;
        let version = |key: &String| {
            let key = escape_xml(key);
            format!(
                "<Version><Key>{key}</Key><VersionId>null</VersionId><IsLatest>true</IsLatest></Version>"
            )
        };
        keys.truncate(MOST_VERSIONS);
        let versions: String = keys.iter().map(version).collect();
        let next = keys.last().filter(|_| truncated).map(|key| {
            let key = escape_xml(key);
            format!("<NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>null</NextVersionIdMarker>")
        });
        let next = next.unwrap_or_default();
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListVersionsResult><Name>{name}</Name><Prefix>{}</Prefix><IsTruncated>{truncated}</IsTruncated>{next}{versions}</ListVersionsResult>",
            escape_xml(&prefix)
        );
        Ok(S3Response::new(s3s::Body::from(xml)))
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
