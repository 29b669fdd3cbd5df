//! A device's way from its own key to credentials: request, certificate, mutual TLS, keys for one stream.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use ciero_apis::credentials::Scope;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use support::{Answer, Cloud};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

struct Device {
    key: KeyPair,
    certificate_pem: String,
    certificate_id: String,
    certificate_arn: String,
}

async fn iot(cloud: &Cloud, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    cloud
        .rest(
            "iot",
            method,
            path,
            &[("content-type", "application/json")],
            &body,
        )
        .await
}

async fn principal(cloud: &Cloud, method: &str, thing: &str, arn: &str) -> Answer {
    let headers = [("x-amzn-principal", arn)];
    cloud
        .rest(
            "iot",
            method,
            &format!("/things/{thing}/principals"),
            &headers,
            b"",
        )
        .await
}

fn request_pem(key: &KeyPair) -> String {
    CertificateParams::default()
        .serialize_request(key)
        .unwrap()
        .pem()
        .unwrap()
}

async fn certificate(cloud: &Cloud) -> Device {
    let key = KeyPair::generate().unwrap();
    let body = json!({ "certificateSigningRequest": request_pem(&key) });
    let made = iot(cloud, "POST", "/certificates?setAsActive=true", body).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    Device {
        key,
        certificate_pem: text("certificatePem"),
        certificate_id: text("certificateId"),
        certificate_arn: text("certificateArn"),
    }
}

async fn provisioned(cloud: &Cloud, thing: &str) -> Device {
    cloud.apis.things.ensure_policy("ciero-device").unwrap();
    cloud
        .apis
        .things
        .ensure_role_alias(
            "ciero-device",
            "arn:aws:iam::000000000000:role/device",
            3600,
        )
        .unwrap();
    let device = certificate(cloud).await;
    assert_eq!(
        iot(cloud, "POST", &format!("/things/{thing}"), json!({}))
            .await
            .status,
        200
    );
    let target = json!({ "target": device.certificate_arn });
    assert_eq!(
        iot(cloud, "PUT", "/target-policies/ciero-device", target)
            .await
            .status,
        200
    );
    assert_eq!(
        principal(cloud, "PUT", thing, &device.certificate_arn)
            .await
            .status,
        200
    );
    device
}

/// Asks for credentials as the device would; an error is a failed TLS handshake or a closed connection.
async fn ask(
    cloud: &Cloud,
    address: SocketAddr,
    device: Option<&Device>,
    thing: &str,
) -> Result<(u16, Value), String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(cloud.apis.things.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match device {
        Some(device) => {
            let certificate =
                CertificateDer::from_pem_slice(device.certificate_pem.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(device.key.serialize_pem().as_bytes()).unwrap();
            config
                .with_client_auth_cert(vec![certificate], key)
                .unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let request = Request::get("/role-aliases/ciero-device/credentials")
        .header("host", address.to_string())
        .header("x-amzn-iot-thingname", thing)
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes();
    Ok((status, serde_json::from_slice(&body).unwrap()))
}

#[tokio::test]
async fn a_device_trades_its_certificate_for_keys_to_its_own_stream() {
    let cloud = Cloud::open();
    let device = provisioned(&cloud, "camera-1").await;
    let address = cloud.apis.things.serve_credentials(0).await.unwrap();
    let endpoint = iot(
        &cloud,
        "GET",
        "/endpoint?endpointType=iot%3ACredentialProvider",
        Value::Null,
    )
    .await;
    assert_eq!(endpoint.json()["endpointAddress"], address.to_string());
    let (status, body) = ask(&cloud, address, Some(&device), "camera-1")
        .await
        .unwrap();
    assert_eq!(status, 200, "{body}");
    let credentials = &body["credentials"];
    assert_eq!(credentials["expiration"], "2026-11-22T01:00:00Z");
    let known = cloud
        .apis
        .credentials
        .find(credentials["accessKeyId"].as_str().unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(known.principal.scope, Scope::Stream("camera-1".to_owned()));
    assert_eq!(
        known.session_token.as_deref(),
        credentials["sessionToken"].as_str()
    );
}

#[tokio::test]
async fn a_device_keeps_working_after_a_restart() {
    let cloud = Cloud::open();
    let device = provisioned(&cloud, "camera-1").await;
    let cloud = cloud.restart();
    let address = cloud.apis.things.serve_credentials(0).await.unwrap();
    assert_eq!(
        ask(&cloud, address, Some(&device), "camera-1")
            .await
            .unwrap()
            .0,
        200
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_active_or_not_attached_gets_nothing() {
    let cloud = Cloud::open();
    let device = provisioned(&cloud, "camera-1").await;
    provisioned(&cloud, "camera-2").await;
    let address = cloud.apis.things.serve_credentials(0).await.unwrap();
    for thing in ["camera-2", "camera-3", ""] {
        let (status, body) = ask(&cloud, address, Some(&device), thing).await.unwrap();
        assert_eq!(
            (status, body["message"].as_str()),
            (403, Some("Invalid thing name passed")),
            "{thing}"
        );
    }
    let id = &device.certificate_id;
    for status in ["INACTIVE", "REVOKED"] {
        iot(
            &cloud,
            "PUT",
            &format!("/certificates/{id}?newStatus={status}"),
            Value::Null,
        )
        .await;
        assert_eq!(
            ask(&cloud, address, Some(&device), "camera-1")
                .await
                .unwrap()
                .0,
            403,
            "{status}"
        );
    }
    iot(
        &cloud,
        "PUT",
        &format!("/certificates/{id}?newStatus=ACTIVE"),
        Value::Null,
    )
    .await;
    assert_eq!(
        ask(&cloud, address, Some(&device), "camera-1")
            .await
            .unwrap()
            .0,
        200
    );
    iot(
        &cloud,
        "POST",
        "/target-policies/ciero-device",
        json!({ "target": device.certificate_arn }),
    )
    .await;
    assert_eq!(
        ask(&cloud, address, Some(&device), "camera-1")
            .await
            .unwrap()
            .0,
        403
    );
    principal(&cloud, "DELETE", "camera-1", &device.certificate_arn).await;
    assert_eq!(
        ask(&cloud, address, Some(&device), "camera-1")
            .await
            .unwrap()
            .0,
        403
    );
}

#[tokio::test]
async fn no_certificate_and_one_of_another_authority_fail_in_the_handshake() {
    let cloud = Cloud::open();
    let address = cloud.apis.things.serve_credentials(0).await.unwrap();
    assert!(ask(&cloud, address, None, "camera-1").await.is_err());
    let other = Cloud::open();
    let stranger = provisioned(&other, "camera-1").await;
    assert!(
        ask(&cloud, address, Some(&stranger), "camera-1")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_taken_port_is_replaced_by_a_free_one() {
    let cloud = Cloud::open();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let address = cloud.apis.things.serve_credentials(port).await.unwrap();
    assert_ne!(address.port(), port);
}

#[tokio::test]
async fn a_request_that_is_not_one_is_refused() {
    let cloud = Cloud::open();
    let key = KeyPair::generate().unwrap();
    let mut tampered = request_pem(&key).into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    for csr in [
        "",
        "nonsense",
        std::str::from_utf8(&tampered).unwrap(),
        &cloud.apis.things.ca_pem(),
    ] {
        let answer = iot(
            &cloud,
            "POST",
            "/certificates?setAsActive=true",
            json!({ "certificateSigningRequest": csr }),
        )
        .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (400, "InvalidRequestException"),
            "{csr}"
        );
    }
    assert_eq!(
        iot(&cloud, "POST", "/certificates", json!({}))
            .await
            .error(),
        "SerializationException"
    );
}

#[tokio::test]
async fn things_and_certificates_keep_to_their_rules() {
    let cloud = Cloud::open();
    let device = provisioned(&cloud, "camera-1").await;
    let other = json!({ "attributePayload": { "attributes": { "serial": "2" } } });
    let id = &device.certificate_id;
    let cases = [
        (
            "POST",
            "/things/camera-1".to_owned(),
            other,
            409,
            "ResourceAlreadyExistsException",
        ),
        (
            "POST",
            "/things/a%20b".to_owned(),
            json!({}),
            400,
            "InvalidRequestException",
        ),
        (
            "GET",
            "/things/none".to_owned(),
            Value::Null,
            404,
            "ResourceNotFoundException",
        ),
        (
            "DELETE",
            "/things/camera-1".to_owned(),
            Value::Null,
            400,
            "InvalidRequestException",
        ),
        (
            "DELETE",
            format!("/certificates/{id}"),
            Value::Null,
            409,
            "CertificateStateException",
        ),
        (
            "PUT",
            format!("/certificates/{id}?newStatus=HAPPY"),
            Value::Null,
            400,
            "InvalidRequestException",
        ),
        (
            "PUT",
            "/target-policies/none".to_owned(),
            json!({ "target": device.certificate_arn }),
            404,
            "ResourceNotFoundException",
        ),
        (
            "PUT",
            "/target-policies/ciero-device".to_owned(),
            json!({ "target": "x" }),
            400,
            "InvalidRequestException",
        ),
        (
            "GET",
            "/endpoint?endpointType=iot%3AJobs".to_owned(),
            Value::Null,
            400,
            "InvalidRequestException",
        ),
        (
            "GET",
            "/role-aliases/none".to_owned(),
            Value::Null,
            404,
            "ResourceNotFoundException",
        ),
    ];
    for (method, path, body, status, error) in cases {
        let answer = iot(&cloud, method, &path, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (status, error),
            "{method} {path}"
        );
    }
    assert_eq!(
        iot(&cloud, "POST", "/things/camera-1", json!({}))
            .await
            .status,
        200
    );
    let listed = cloud
        .rest("iot", "GET", "/things/camera-1/principals", &[], b"")
        .await
        .json();
    assert_eq!(listed["principals"], json!([device.certificate_arn]));
    principal(&cloud, "DELETE", "camera-1", &device.certificate_arn).await;
    iot(
        &cloud,
        "POST",
        "/target-policies/ciero-device",
        json!({ "target": device.certificate_arn }),
    )
    .await;
    iot(
        &cloud,
        "PUT",
        &format!("/certificates/{id}?newStatus=INACTIVE"),
        Value::Null,
    )
    .await;
    assert_eq!(
        iot(
            &cloud,
            "DELETE",
            &format!("/certificates/{id}"),
            Value::Null
        )
        .await
        .status,
        200
    );
    assert_eq!(
        iot(&cloud, "DELETE", "/things/camera-1", Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(
        iot(&cloud, "GET", &format!("/certificates/{id}"), Value::Null)
            .await
            .status,
        404
    );
}
