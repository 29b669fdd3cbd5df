//! Sessions of bearer tokens: when they began, and that ending all sessions ends them too.
#![allow(clippy::unwrap_used)]

use ciero_domain::Language;
use ciero_domain::ids::ContractId;
use ciero_domain::user::{NewUser, Role as UserRole};
use ciero_ports::MockPeople;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::*;
use crate::testing::settings;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A customer's ID token that tells when the person signed in, and the keys that verify it.
fn token(user: &UserId, auth_time: Timestamp) -> (String, JwkSet) {
    use base64::Engine as _;
    let text = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
        "x": text(&point[1..33]), "y": text(&point[33..65]) }] });
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("k".into());
    // Only the expiry is checked on real time.
    let claims = json!({
        "iss": "https://idp.example.jp/customers", "aud": "customers", "sub": "s", "token_use": "id", "cognito:username": user,
        "exp": Timestamp::now().as_second() + 3600, "iat": Timestamp::now().as_second(),
        "auth_time": auth_time.as_second(),
    });
    let key = EncodingKey::from_ec_der(document.as_ref());
    let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    (token, serde_json::from_value(keys).unwrap())
}

/// Who signed in at a moment calls after all sessions were ended at another: the session's beginning, or the refusal.
async fn check(signed_in: &str, ended: &str) -> Result<String, String> {
    let (contract, id) = (
        ContractId::from_random([1; 10]),
        UserId::from_random([2; 10]),
    );
    let person = NewUser {
        id: id.clone(),
        name: "花子".into(),
        email: "h@example.jp".into(),
        role: UserRole::Administrator,
        language: Language::Ja,
    };
    let user = User {
        sessions_after: at(ended),
        ..User::add(contract.clone(), person, None, at(ended))
    };
    let mut people = MockPeople::new();
    people
        .expect_contract_of()
        .returning(move |_| Ok(Some(contract.clone())));
    people
        .expect_user()
        .returning(move |_, _| Ok(Some(user.clone())));
    let gate = Gate::new(settings(), Arc::new(people));
    let (token, keys) = token(&id, at(signed_in));
    gate.sign_in.know(Pool::Customers, keys).await;
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {token}").parse().unwrap();
    headers.insert(http::header::AUTHORIZATION, bearer);
    let now = Moment(at("2026-06-01T12:00:00Z"));
    let session = gate.session(&headers, now).await.map_err(|p| p.code)?;
    gate.person(&session).await.map_err(|p| p.code)?;
    Ok(session.at.to_string())
}

#[tokio::test]
async fn ending_all_sessions_ends_a_token_from_before_it_and_none_from_after_it() {
    let ended = "2026-06-01T10:00:00.5Z";
    let expired = Err("session_expired".to_owned());
    assert_eq!(check("2026-06-01T09:59:59Z", ended).await, expired);
    // The token tells no fractions of its second.
    let began = Ok("2026-06-01T10:00:00.999Z".to_owned());
    assert_eq!(check("2026-06-01T10:00:00Z", ended).await, began);
    assert!(check("2026-06-01T11:00:00Z", ended).await.is_ok());
}

#[tokio::test]
async fn a_session_never_begins_after_the_request() {
    let now = Ok("2026-06-01T12:00:00Z".to_owned());
    assert_eq!(
        check("2026-06-01T12:00:00Z", "2026-06-01T10:00:00Z").await,
        now
    );
}
