//! TLS, server side.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// Why a server cannot offer TLS with what it was given.
#[derive(Debug, Error)]
pub enum TlsError {
    /// Certificate and key do not belong together.
    #[error("the key is not that of the certificate")]
    OtherKey,
    /// A certificate or key that rustls does not accept.
    #[error("the certificate or the key cannot be used: {0}")]
    Unusable(rustls::Error),
    /// The roots for client certificates are not usable.
    #[error("the clients' authority cannot be used: {0}")]
    Authority(String),
}

/// What a server needs for TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    /// Whether clients must show a certificate.
    mutual: bool,
}

impl Tls {
    /// TLS with this certificate, followed by those up to its authority, and its key. With `client_roots` every client
    /// must show a certificate that one of them has signed.
    ///
    /// # Errors
    /// When they do not fit together, or are nothing that TLS can use.
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
