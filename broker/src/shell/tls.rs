//! TLS, server side.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// Why a server cannot offer TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The key does not belong to the certificate.
    #[error("the key is not that of the certificate")]
    OtherKey,
    /// rustls does not accept the certificate or the key.
    #[error("the certificate or the key cannot be used: {0}")]
    Unusable(rustls::Error),
    /// The roots for client certificates are not usable.
    #[error("the clients' authority cannot be used: {0}")]
    Authority(String),
}

/// The configuration of a server for TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    /// Whether clients must present a certificate.
    mutual: bool,
}

impl Tls {
    /// Returns TLS with this certificate chain and its key. With `client_roots`, every client must present a
    /// certificate that one of these roots has signed.
    ///
    /// # Errors
    /// Returns an error if chain and key do not belong together, or if TLS cannot use them.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        client_roots: Option<Vec<CertificateDer<'static>>>,
    ) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?;
        let mutual = client_roots.is_some();
        let builder = match client_roots {
            None => builder.with_no_client_auth(),
            Some(certificates) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates {
                    roots
                        .add(certificate)
                        .map_err(|error| TlsError::Authority(error.to_string()))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error: VerifierBuilderError| {
                            TlsError::Authority(error.to_string())
                        })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let config = builder
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => TlsError::OtherKey,
                other => TlsError::Unusable(other),
            })?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            mutual,
        })
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("mutual", &self.mutual)
            .finish_non_exhaustive()
    }
}
