//! Deletion certificates are signed with Ed25519 and checked against a key that the reader was given (15-3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ciero_domain::purge::{Certificate, SignedCertificate};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// Why a file is not taken for a certificate of this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The key is no Ed25519 public key in PEM.
    #[error("the key is not an Ed25519 public key in PEM")]
    Key,
    #[error("the file is not a certificate, or not byte for byte as it was issued")]
    File,
    #[error("the signature is not by this key")]
    Signature,
}

/// The key that signs.
pub struct CertificateKey(Ed25519KeyPair);

impl CertificateKey {
    /// Makes the key from the secret of the environment, always the same from the same secret.
    pub fn from_secret(secret: &str) -> anyhow::Result<Self> {
        anyhow::ensure!(
            secret.len() >= 32,
            "the secret of the certificates is shorter than 32 bytes"
        );
        let seed = Sha256::digest(secret);
        let key = Ed25519KeyPair::from_seed_unchecked(&seed);
        key.map(CertificateKey)
            .map_err(|_| anyhow::anyhow!("the secret of the certificates makes no key"))
    }

    /// Returns the SHA-256 of the public key, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(self.0.public_key()))
    }

    /// Returns the public key as PEM.
    pub fn public_pem(&self) -> String {
        let der = [&PREFIX[..], self.0.public_key().as_ref()].concat();
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der))
    }

    /// Signs a certificate.
    pub fn sign(&self, certificate: Certificate) -> SignedCertificate {
        let signature = self.0.sign(&certificate.signed_bytes());
        SignedCertificate {
            signature: hex::encode(signature),
            certificate,
        }
    }
}

fn public_key(pem: &str) -> Option<Vec<u8>> {
    let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let text: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    let key = der.strip_prefix(&PREFIX[..])?;
    (key.len() == 32).then(|| key.to_vec())
}

/// Checks a file against a public key. Nothing in the file is trusted before its signature is.
pub fn verify(file: &[u8], key_pem: &str) -> Result<Certificate, Invalid> {
    let key = public_key(key_pem).ok_or(Invalid::Key)?;
    let signed = SignedCertificate::read(file).map_err(|_| Invalid::File)?;
    let signature = hex::decode(&signed.signature).map_err(|_| Invalid::File)?;
    // The same bytes may be written in capitals; the file that was signed is not.
    if hex::encode(&signature) != signed.signature {
        return Err(Invalid::File);
    }
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&signed.certificate.signed_bytes(), &signature)
        .map_err(|_| Invalid::Signature)?;
    Ok(signed.certificate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ciero_domain::samples;

    use super::*;

    const SECRET: &str = "a-secret-of-the-tests-0123456789abcdef";

    fn key() -> CertificateKey {
        CertificateKey::from_secret(SECRET).unwrap()
    }

    fn file() -> Vec<u8> {
        let certificate = samples::certificate(key().fingerprint());
        key().sign(certificate).file().into_bytes()
    }

    #[test]
    fn art_15_a_certificate_is_valid_under_the_key_that_signed_it() {
        assert!(verify(&file(), &key().public_pem()).is_ok());
        let other = CertificateKey::from_secret(&SECRET.replace('a', "b")).unwrap();
        assert_eq!(
            verify(&file(), &other.public_pem()),
            Err(Invalid::Signature)
        );
        assert_eq!(verify(&file(), "no key"), Err(Invalid::Key));
    }

    #[test]
    fn art_15_one_changed_byte_anywhere_is_found() {
        let (file, pem) = (file(), key().public_pem());
        for place in 0..file.len() {
            for change in [1, 0x20, 0x80] {
                let mut changed = file.clone();
                changed[place] ^= change;
                assert!(verify(&changed, &pem).is_err(), "byte {place}");
            }
        }
        assert!(verify(&[&file[..], b"\n"].concat(), &pem).is_err());
        assert!(verify(&file[..file.len() - 1], &pem).is_err());
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(CertificateKey::from_secret("short").is_err());
    }
}
