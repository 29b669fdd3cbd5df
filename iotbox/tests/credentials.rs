//! The keys that a device's certificate opens: renewed before they end, and not given to a certificate that was revoked.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::SystemTime;

use iotbox::credentials::{CredentialSource, DeviceCredentials};
use iotbox::tls::Tls;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, KeyPair};
use support::authority::{Authority, Provider};

/// Keys are renewed five minutes before they end.
const SOON: SignedDuration = SignedDuration::from_secs(290);
const LATER: SignedDuration = SignedDuration::from_secs(400);

/// A provider, and a device with a certificate of its authority.
async fn known_device() -> (Provider, CredentialSource) {
    let authority = Authority::new();
    let provider = authority.serve_keys().await;
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    let certificate = authority.sign(&request.pem().unwrap());
    let device = shown(&authority, &provider, &certificate, &key);
    (provider, device)
}

/// A device that shows a certificate to the provider.
fn shown(
    authority: &Authority,
    provider: &Provider,
    certificate: &str,
    key: &KeyPair,
) -> CredentialSource {
    let tls = Tls::new(Some(&authority.pem)).unwrap();
    let tls = tls.client_as(certificate, &key.serialize_pem()).unwrap();
    let device = DeviceCredentials::new(&provider.host, "ciero-device", "cam-1", tls);
    CredentialSource::Device(Box::new(device.unwrap()))
}

#[tokio::test]
async fn keys_are_kept_until_shortly_before_they_end_and_renewed_then() {
    let (provider, device) = known_device().await;
    let soon = Timestamp::now() + SOON;
    provider.give_until(soon);
    let first = device.current(SystemTime::now()).await.unwrap();
    let later = Timestamp::now() + LATER;
    provider.give_until(later);
    let second = device.current(SystemTime::now()).await.unwrap();
    assert!(first.expiry() < second.expiry());
    for _ in 0..3 {
        assert_eq!(
            device.current(SystemTime::now()).await.unwrap().expiry(),
            second.expiry()
        );
    }
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_renewed_are_used_to_their_end() {
    let (provider, device) = known_device().await;
    provider.give_until(Timestamp::now() + SOON);
    let first = device.current(SystemTime::now()).await.unwrap();
    provider.refuse(503, "busy");
    assert_eq!(
        device.current(SystemTime::now()).await.unwrap().expiry(),
        first.expiry()
    );
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn keys_that_have_ended_are_not_used_and_the_reason_is_told() {
    let (provider, device) = known_device().await;
    provider.give_until(Timestamp::now());
    device.current(SystemTime::now()).await.unwrap();
    provider.refuse(503, "busy");
    let error = device
        .current(SystemTime::now())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the service gives this device no keys: busy (503 Service Unavailable)"
    );
}

#[tokio::test]
async fn a_certificate_that_was_revoked_is_told_so() {
    let (provider, device) = known_device().await;
    provider.refuse(403, "The certificate is not active.");
    let error = device
        .current(SystemTime::now())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the service does not accept the certificate of this device (any more): The certificate is not active.; \
         it may have been retired, see its page in the portal"
    );
}

#[tokio::test]
async fn a_certificate_of_another_authority_opens_nothing() {
    let authority = Authority::new();
    let provider = authority.serve_keys().await;
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::default().self_signed(&key).unwrap();
    let device = shown(&authority, &provider, &own.pem(), &key);
    assert!(device.current(SystemTime::now()).await.is_err());
    assert_eq!(provider.asked(), 0);
}
