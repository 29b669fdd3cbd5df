//! A certificate authority with a credential provider, which asks for a certificate as AWS IoT's does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Answer = Arc<Mutex<(u16, String)>>;

/// The running provider.
pub struct Provider {
    /// Host and port.
    pub host: String,
    answer: Answer,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    /// Gives keys that end then, from now on.
    pub fn give_until(&self, end: jiff::Timestamp) {
        *self.answer.lock().unwrap() = (200, keys(&end.to_string()));
    }

    /// Gives no keys any more.
    pub fn refuse(&self, status: u16, message: &str) {
        *self.answer.lock().unwrap() = (status, format!(r#"{{"message":"{message}"}}"#));
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn keys(end: &str) -> String {
    format!(
        r#"{{"credentials":{{"accessKeyId":"DEVICEKEY","secretAccessKey":"S","sessionToken":"T","expiration":"{end}"}}}}"#
    )
}

/// A certificate authority whose certificates open the provider.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            der: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    pub fn sign(&self, csr: &str) -> String {
        let csr = CertificateSigningRequestParams::from_pem(csr).unwrap();
        csr.signed_by(&self.issuer).unwrap().pem()
    }

    /// Gives keys to whoever shows a certificate of this authority.
    pub async fn serve_keys(&self) -> Provider {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let answer = Arc::new(Mutex::new((200, keys("2999-01-01T00:00:00Z"))));
        let asked = Arc::new(AtomicUsize::new(0));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(give_keys(listener, acceptor, answer.clone(), asked.clone()));
        Provider {
            host,
            answer,
            asked,
        }
    }
}

async fn give_keys(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answer: Answer,
    asked: Arc<AtomicUsize>,
) {
    while let Ok((tcp, _)) = listener.accept().await {
        let Ok(mut stream) = acceptor.accept(tcp).await else {
            continue;
        };
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let expected = request
            .starts_with("GET /role-aliases/ciero-device/credentials HTTP/1.1\r\n")
            && request.contains("x-amzn-iot-thingname: cam-1\r\n");
        let (status, body) = match expected {
            true => answer.lock().unwrap().clone(),
            false => (400, String::new()),
        };
        asked.fetch_add(1, Ordering::Relaxed);
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
    }
}
