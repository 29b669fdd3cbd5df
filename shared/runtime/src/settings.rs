//! Settings come from the environment, once, at the start.

use std::str::FromStr;

use anyhow::{Context, Result};

/// Reads one setting; a missing or empty one is an error that names it.
pub fn text(name: &str) -> Result<String> {
    let value = std::env::var(name).with_context(|| format!("the setting {name} is missing"))?;
    anyhow::ensure!(!value.is_empty(), "the setting {name} is empty");
    Ok(value)
}

/// Reads one setting that is a number.
pub fn number<T: FromStr>(name: &str) -> Result<T> {
    let value = text(name)?.parse().ok();
    value.with_context(|| format!("the setting {name} is not a number"))
}

/// What every function that faces the web needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where browsers reach the portal, without a trailing slash.
    pub portal_url: String,
    /// At least 32 bytes; seals cookies and signs form tokens.
    pub session_key: String,
    /// The origin that players fetch video from.
    pub media_origin: String,
    pub customer_client_id: String,
    pub customer_issuer: String,
    pub customer_sign_in_url: String,
    pub operator_client_id: String,
    pub operator_issuer: String,
    pub operator_sign_in_url: String,
}

impl Settings {
    /// Reads the settings.
    pub fn from_env() -> Result<Self> {
        let session_key = text("SESSION_KEY")?;
        anyhow::ensure!(
            session_key.len() >= 32,
            "the setting SESSION_KEY is shorter than 32 bytes"
        );
        Ok(Settings {
            portal_url: text("PORTAL_URL")?.trim_end_matches('/').to_owned(),
            session_key,
            media_origin: text("MEDIA_ORIGIN")?,
            customer_client_id: text("CUSTOMER_CLIENT_ID")?,
            customer_issuer: text("CUSTOMER_ISSUER")?,
            customer_sign_in_url: text("CUSTOMER_SIGN_IN_URL")?,
            operator_client_id: text("OPERATOR_CLIENT_ID")?,
            operator_issuer: text("OPERATOR_ISSUER")?,
            operator_sign_in_url: text("OPERATOR_SIGN_IN_URL")?,
        })
    }
}
