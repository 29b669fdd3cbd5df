//! The local certificate authority: it signs device requests and the credential provider's own certificate.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

use super::ThingsError;
use crate::keys::{open_or_make_key, write_privately};

/// A signed certificate with the id that IoT gives it: the SHA-256 of its DER form.
pub(super) struct SignedCertificate {
    pub id: String,
    pub pem: String,
}

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
}

impl Authority {
    /// Opens the authority kept in the folder, or makes one on the first start.
    pub(super) fn open(dir: &Path) -> Result<Self, ThingsError> {
        let key = open_or_make_key(&dir.join("iot-ca-key.pem")).map_err(ThingsError::Authority)?;
        let path = dir.join("iot-ca.pem");
        let pem = match fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let pem = own_certificate().self_signed(&key).map_err(failed)?.pem();
                write_privately(&path, &pem)?;
                pem
            }
            Err(error) => return Err(error.into()),
        };
        let der = der_of(&pem)
            .ok_or_else(|| ThingsError::Authority("its certificate file is damaged".to_owned()))?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(&der, key).map_err(failed)?,
            pem,
            der,
        })
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    /// Signs a device's request; of the request only its key and its subject are taken over.
    pub(super) fn sign_request(&self, csr_pem: &str) -> Result<SignedCertificate, String> {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem)
            .map_err(|error| error.to_string())?;
        let mut params = CertificateParams::default();
        params.distinguished_name = request.params.distinguished_name.clone();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.serial_number = Some(fresh_serial());
        params.not_before = date_time_ymd(2020, 1, 1);
        // The real service gives certificates from requests the same last day.
        params.not_after = date_time_ymd(2049, 12, 31);
        request.params = params;
        let signed = request
            .signed_by(&self.issuer)
            .map_err(|error| error.to_string())?;
        Ok(SignedCertificate {
            id: certificate_id(signed.der()),
            pem: signed.pem(),
        })
    }

    /// A fresh certificate and key for the provider on the loopback address.
    pub(super) fn server_identity(
        &self,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), ThingsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name = named("Embedded credential provider");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.serial_number = Some(fresh_serial());
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2049, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((certificate.der().clone(), PrivateKeyDer::Pkcs8(key)))
    }
}

/// IoT's id of a certificate.
pub(super) fn certificate_id(der: &[u8]) -> String {
    hex::encode(Sha256::digest(der))
}

fn own_certificate() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Embedded cloud device authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2060, 12, 31);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn fresh_serial() -> SerialNumber {
    SerialNumber::from_slice(&uuid::Uuid::new_v4().into_bytes())
}

fn der_of(pem: &str) -> Option<CertificateDer<'static>> {
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pem.as_bytes()).ok()
}

fn failed(error: rcgen::Error) -> ThingsError {
    ThingsError::Authority(error.to_string())
}
