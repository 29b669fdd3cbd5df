//! The portal's session: a sealed cookie, and the tokens that forms carry.

use ciero_domain::ids::{ContractId, DeviceId, UserId, base32};
use ciero_ports::Caller;
use cookie::{Cookie, CookieJar, Key, SameSite};
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Moment, Settings};

/// The session cookie's name.
pub const COOKIE: &str = "ciero_session";
/// How long a session lives.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// How long the token of a public form may be used.
const PUBLIC_TOKEN_HOURS: i64 = 24;

/// Who a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Role {
    Customer { contract: ContractId, user: UserId },
    Operator { name: String, groups: Vec<String> },
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Random; form tokens are bound to it.
    pub id: String,
    /// When it was issued, by the service.
    pub at: Timestamp,
    #[serde(flatten)]
    pub role: Role,
}

impl Session {
    /// Tells whether the session is over.
    pub fn expired(&self, now: Moment) -> bool {
        now.0.duration_since(self.at) >= LIFETIME
    }

    /// Returns who asks, for idempotency keys.
    pub fn caller(&self) -> Caller {
        match &self.role {
            Role::Customer { user, contract } => Caller {
                name: user.to_string(),
                contract: Some(contract.clone()),
            },
            Role::Operator { name, .. } => Caller {
                name: format!("operator:{name}"),
                contract: None,
            },
        }
    }
}

/// Seals cookies and signs form tokens with the session key.
#[derive(Clone)]
pub struct Sealer {
    key: Key,
    secret: Vec<u8>,
    secure: bool,
}

impl Sealer {
    /// Derives the keys from the settings.
    pub fn new(settings: &Settings) -> Self {
        let secret = settings.session_key.as_bytes().to_vec();
        Sealer {
            key: Key::derive_from(&secret),
            secret,
            secure: settings.portal_url.starts_with("https://"),
        }
    }

    /// Seals a value as a cookie that the browser sends back to us alone.
    pub fn seal<T: Serialize>(
        &self,
        name: &'static str,
        value: &T,
        lifetime: SignedDuration,
    ) -> String {
        let text = serde_json::to_string(value).unwrap_or_default();
        let mut jar = CookieJar::new();
        jar.private_mut(&self.key).add(
            Cookie::build((name, text))
                .path("/")
                .http_only(true)
                .secure(self.secure)
                .same_site(SameSite::Lax)
                .max_age(cookie::time::Duration::seconds(lifetime.as_secs())),
        );
        jar.get(name).map(ToString::to_string).unwrap_or_default()
    }

    /// Opens a sealed cookie of a request; `None` if it is missing or not ours.
    pub fn open<T: serde::de::DeserializeOwned>(
        &self,
        name: &'static str,
        headers: &http::HeaderMap,
    ) -> Option<T> {
        let jar = jar(headers);
        let opened = jar.private(&self.key).get(name)?;
        serde_json::from_str(opened.value()).ok()
    }

    /// Returns the cookie that makes the browser forget one.
    pub fn forget(&self, name: &'static str) -> String {
        Cookie::build((name, ""))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .max_age(cookie::time::Duration::ZERO)
            .to_string()
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        // An HMAC takes a key of any length, so this never fails.
        #[allow(clippy::expect_used)]
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.secret)
            .expect("any key length is accepted");
        mac.update(text.as_bytes());
        mac
    }

    /// Returns the token that forms of a session carry; without a session, one for public forms.
    pub fn token(&self, session: Option<&Session>, now: Moment) -> String {
        match session {
            Some(session) => hex::encode(
                self.mac(&format!("form:{}", session.id))
                    .finalize()
                    .into_bytes(),
            ),
            None => {
                let hour = now.0.as_second() / 3600;
                format!(
                    "{hour}.{}",
                    hex::encode(
                        self.mac(&format!("public-form:{hour}"))
                            .finalize()
                            .into_bytes()
                    )
                )
            }
        }
    }

    /// Returns the one-time code of a device: twelve characters that follow from the device and the
    /// code's expiry, so that the page can show it until it is used and no store keeps it.
    pub fn device_code(&self, device: &DeviceId, expires_at: Timestamp) -> String {
        let mac = self.mac(&format!("device-code:{device}:{expires_at}"));
        let text = base32(&mac.finalize().into_bytes()[..8]).to_ascii_uppercase();
        format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..12])
    }

    /// Tells whether a form's token is right.
    pub fn token_holds(&self, token: &str, session: Option<&Session>, now: Moment) -> bool {
        let check = |text: &str, signature: &str| {
            hex::decode(signature)
                .is_ok_and(|signature| self.mac(text).verify_slice(&signature).is_ok())
        };
        match session {
            Some(session) => check(&format!("form:{}", session.id), token),
            None => token.split_once('.').is_some_and(|(hour, signature)| {
                let age = hour
                    .parse::<i64>()
                    .map(|hour| now.0.as_second() / 3600 - hour);
                age.is_ok_and(|age| (0..=PUBLIC_TOKEN_HOURS).contains(&age))
                    && check(&format!("public-form:{hour}"), signature)
            }),
        }
    }
}

/// Returns the SHA-256 of a device's one-time code as people may type it, in hexadecimal.
pub fn device_code_hash(code: &str) -> String {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hex::encode(Sha256::digest(code.to_ascii_uppercase()))
}

/// Returns the cookies of a request.
pub(crate) fn jar(headers: &http::HeaderMap) -> CookieJar {
    let mut jar = CookieJar::new();
    for header in headers.get_all(http::header::COOKIE) {
        for cookie in
            Cookie::split_parse_encoded(header.to_str().unwrap_or_default().to_owned()).flatten()
        {
            jar.add_original(cookie);
        }
    }
    jar
}
