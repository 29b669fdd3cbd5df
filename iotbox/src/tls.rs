//! Whom the device trusts, and how it shows who it is.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the service's certificate authority cannot be read")]
    Authority,
    #[error("the device's certificate or key cannot be read")]
    Identity,
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The authorities of this machine, and the service's own where it has one.
pub struct Tls {
    roots: Arc<RootCertStore>,
    client: Arc<ClientConfig>,
}

impl Tls {
    /// Takes the service's own authority in PEM.
    pub fn new(ca_pem: Option<&str>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(pem) = ca_pem {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|_| TlsError::Authority)?;
                roots.add(certificate).map_err(|_| TlsError::Authority)?;
            }
            if roots.len() == before {
                return Err(TlsError::Authority);
            }
        }
        let roots = Arc::new(roots);
        let client = Arc::new(builder(&roots)?.with_no_client_auth());
        Ok(Self { roots, client })
    }

    /// A client that does not say who it is.
    pub fn client(&self) -> Arc<ClientConfig> {
        self.client.clone()
    }

    /// A client that shows a certificate, for which it holds the key; both in PEM.
    pub fn client_as(
        &self,
        certificate_pem: &str,
        key_pem: &str,
    ) -> Result<Arc<ClientConfig>, TlsError> {
        let chain = CertificateDer::pem_slice_iter(certificate_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| TlsError::Identity)?;
        let key =
            PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| TlsError::Identity)?;
        if chain.is_empty() {
            return Err(TlsError::Identity);
        }
        let config = builder(&self.roots)?.with_client_auth_cert(chain, key)?;
        Ok(Arc::new(config))
    }
}

fn builder(
    roots: &Arc<RootCertStore>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots.clone()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_authority_that_cannot_be_read_is_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "no certificate", broken] {
            assert!(matches!(Tls::new(Some(pem)), Err(TlsError::Authority)));
        }
    }

    #[test]
    fn a_key_that_does_not_belong_to_the_certificate_is_refused() {
        let key = rcgen::KeyPair::generate().unwrap();
        let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let certificate = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        let tls = Tls::new(None).unwrap();
        assert!(
            tls.client_as(&certificate.pem(), &key.serialize_pem())
                .is_ok()
        );
        assert!(tls.client_as(&certificate.pem(), &other).is_err());
        assert!(tls.client_as("", &other).is_err());
        assert!(tls.client_as(&certificate.pem(), "no key").is_err());
    }
}
