//! Sign-in with the two Cognito pools: authorization code with PKCE, and ID tokens checked by the pool's keys.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail, ensure};
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::RwLock;

use crate::Settings;

/// The largest answer of the sign-in service that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// The two user pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    Customers,
    Operators,
}

/// What a verified ID token says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    #[serde(rename = "sub")]
    pub subject: String,
    #[serde(rename = "cognito:username")]
    pub username: String,
    #[serde(rename = "cognito:groups", default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub nonce: Option<String>,
    /// When the person signed in, in seconds since 1970; a token that was refreshed keeps it.
    pub auth_time: i64,
    token_use: String,
}

pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The client side of sign-in. Keys are fetched once and again when an unknown one is named.
#[derive(Clone)]
pub struct SignIn {
    settings: Arc<Settings>,
    http: Arc<OnceLock<HttpClient>>,
    keys: Arc<[RwLock<Option<JwkSet>>; 2]>,
}

impl SignIn {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        SignIn {
            settings,
            http: Arc::default(),
            keys: Arc::new([RwLock::new(None), RwLock::new(None)]),
        }
    }

    fn place(&self, pool: Pool) -> (&str, &str, &str) {
        let s = &self.settings;
        match pool {
            Pool::Customers => (
                &s.customer_sign_in_url,
                &s.customer_client_id,
                &s.customer_issuer,
            ),
            Pool::Operators => (
                &s.operator_sign_in_url,
                &s.operator_client_id,
                &s.operator_issuer,
            ),
        }
    }

    fn callback(&self) -> String {
        format!("{}/auth/callback", self.settings.portal_url)
    }

    /// Returns where to send a browser that wants to sign in; `verifier` stays with us (PKCE).
    pub fn authorize_url(
        &self,
        pool: Pool,
        state: &str,
        nonce: &str,
        verifier: &str,
        language: &str,
    ) -> String {
        let (base, client_id, _) = self.place(pool);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let callback = self.callback();
        let query = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", &callback),
            ("scope", "openid email"),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("lang", language),
        ];
        format!(
            "{base}/oauth2/authorize?{}",
            serde_urlencoded::to_string(query).unwrap_or_default()
        )
    }

    /// Returns where to send a browser that signed out, so that the pool forgets it too.
    pub fn logout_url(&self, pool: Pool) -> String {
        let (base, client_id, _) = self.place(pool);
        let back = format!("{}/", self.settings.portal_url);
        format!(
            "{base}/logout?{}",
            serde_urlencoded::to_string([("client_id", client_id), ("logout_uri", &back)])
                .unwrap_or_default()
        )
    }

    /// Exchanges an authorization code for the claims of a verified ID token.
    pub async fn exchange(&self, pool: Pool, code: &str, verifier: &str) -> Result<Claims> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        let (base, client_id, _) = self.place(pool);
        let callback = self.callback();
        let form = serde_urlencoded::to_string([
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("redirect_uri", &callback),
            ("code_verifier", verifier),
        ])?;
        let request = Request::post(format!("{base}/oauth2/token"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))?;
        let tokens: Tokens = serde_json::from_slice(&self.call(request).await?)
            .context("the token endpoint's answer is not understood")?;
        self.verify(pool, &tokens.id_token).await
    }

    /// Verifies an ID token: signature, issuer, audience and expiry on real time.
    pub async fn verify(&self, pool: Pool, token: &str) -> Result<Claims> {
        let (_, client_id, issuer) = self.place(pool);
        let header = jsonwebtoken::decode_header(token).context("not a token")?;
        ensure!(
            matches!(header.alg, Algorithm::RS256 | Algorithm::ES256),
            "the token's algorithm is not accepted"
        );
        let key_id = header.kid.context("the token names no key")?;
        let key = self.key(pool, issuer, &key_id).await?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[client_id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
            .context("the token does not hold")?
            .claims;
        ensure!(claims.token_use == "id", "the token is not an ID token");
        Ok(claims)
    }

    /// Makes the keys of a pool known without asking it.
    #[cfg(test)]
    pub(crate) async fn know(&self, pool: Pool, keys: JwkSet) {
        *self.keys[usize::from(pool == Pool::Operators)]
            .write()
            .await = Some(keys);
    }

    async fn key(&self, pool: Pool, issuer: &str, key_id: &str) -> Result<DecodingKey> {
        let cache = &self.keys[usize::from(pool == Pool::Operators)];
        if let Some(jwk) = cache.read().await.as_ref().and_then(|set| set.find(key_id)) {
            return Ok(DecodingKey::from_jwk(jwk)?);
        }
        let request =
            Request::get(format!("{issuer}/.well-known/jwks.json")).body(Full::default())?;
        let set: JwkSet = serde_json::from_slice(&self.call(request).await?)
            .context("the pool's keys are not understood")?;
        let key = set.find(key_id).context("the token's key is unknown")?;
        let key = DecodingKey::from_jwk(key)?;
        *cache.write().await = Some(set);
        Ok(key)
    }

    async fn call(&self, request: Request<Full<Bytes>>) -> Result<Bytes> {
        let client = match self.http.get() {
            Some(client) => client,
            None => {
                let client = http_client()?;
                self.http.get_or_init(|| client)
            }
        };
        let response = client
            .request(request)
            .await
            .context("the sign-in service does not answer")?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_LIMIT)
            .collect()
            .await
            .map_err(|e| anyhow::anyhow!(e))?
            .to_bytes();
        if !status.is_success() {
            bail!("the sign-in service answered {status}");
        }
        Ok(body)
    }
}

/// Makes a client that knows the system's roots.
pub(crate) fn http_client() -> Result<HttpClient> {
    let provider = rustls::crypto::ring::default_provider();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)
        .context("the system's root certificates cannot be read")?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}
