//! The public website as a visitor reads it: over the network, without a session.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use ciero_domain::Language;
use ciero_domain::terms::Answered;
use ciero_ports::{CloudError, Website};
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};

use crate::oidc::{HttpClient, http_client};

/// The largest page that is read, in bytes: what one item of the store takes.
const PAGE_LIMIT: usize = 380 * 1024;
/// How long a visitor waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// The website under the portal's address.
#[derive(Debug, Clone)]
pub struct PublicWebsite {
    base: String,
    http: HttpClient,
}

impl PublicWebsite {
    /// Opens no connection yet.
    pub fn new(portal_url: &str) -> anyhow::Result<Self> {
        Ok(PublicWebsite {
            base: portal_url.trim_end_matches('/').to_owned(),
            http: http_client()?,
        })
    }

    async fn answer(&self, path: &str, language: Language) -> anyhow::Result<Answered> {
        let request = Request::get(format!("{}{path}", self.base))
            .header(header::ACCEPT, "text/html, text/plain")
            .header(header::ACCEPT_LANGUAGE, language.tag())
            .body(Full::default())?;
        let response = self.http.request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), PAGE_LIMIT)
            .collect()
            .await;
        let body = body.map_err(|error| anyhow::anyhow!(error))?;
        Ok(Answered {
            status,
            body: body.to_bytes().to_vec(),
        })
    }
}

#[async_trait]
impl Website for PublicWebsite {
    async fn visit(&self, path: &str, language: Language) -> Result<Answered, CloudError> {
        let answer = tokio::time::timeout(PATIENCE, self.answer(path, language)).await;
        let answer = answer.context("it took too long").and_then(|answer| answer);
        answer.map_err(|error| CloudError {
            service: "the website",
            detail: format!("{path}: {error:#}"),
        })
    }
}
