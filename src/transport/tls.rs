//! TLS for clients: trusted certificates, client certificates, and readable errors.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use mqtt_check_codec::describe::visible;
use thiserror::Error;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore,
    SignatureScheme,
};

use super::certificate;
use super::pem::{self, PemError};

/// How many names of a certificate are shown.
const NAMES: usize = 8;

/// The user's TLS options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The file with the authorities to trust instead of the system's.
    pub authority: Option<PathBuf>,
    /// The files with the client certificate, followed by its chain, and with its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
}

impl TlsOptions {
    /// Returns whether no option is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why the options cannot be used.
#[derive(Debug, Error)]
pub enum TlsOptionsError {
    #[error("--ca: {0}")]
    Authority(PemError),
    #[error("--ca: {path} has a certificate that cannot be used as an authority: {problem}")]
    NoAuthority { path: String, problem: String },
    #[error("--cert: {0}")]
    Certificate(PemError),
    #[error("--key: {0}")]
    Key(PemError),
    #[error("--key: {key} is not the key of the certificate in {certificate}")]
    OtherKey { key: String, certificate: String },
    #[error("--cert and --key cannot be used: {0}")]
    Unusable(rustls::Error),
    #[error("this system has no trusted authorities; name one with --ca FILE, or use --insecure")]
    NoSystemAuthority,
    #[error("failed to prepare TLS: {0}")]
    Provider(rustls::Error),
}

/// Creates a connector for these options. The files are read here, once.
///
/// The default is the authorities of the system, not a built-in list. Companies install their own authorities on their
/// systems, and a built-in list ages with the binary.
pub(super) fn connector(options: &TlsOptions) -> Result<TlsConnector, TlsOptionsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsOptionsError::Provider)?;
    let builder = if options.insecure {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
        builder.with_root_certificates(roots(options)?)
    };
    let config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = pem::certificates(certificate).map_err(TlsOptionsError::Certificate)?;
            let private = pem::private_key(key).map_err(TlsOptionsError::Key)?;
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|error| match error {
                    rustls::Error::InconsistentKeys(_) => TlsOptionsError::OtherKey {
                        key: key.display().to_string(),
                        certificate: certificate.display().to_string(),
                    },
                    other => TlsOptionsError::Unusable(other),
                })?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(options: &TlsOptions) -> Result<RootCertStore, TlsOptionsError> {
    let mut roots = RootCertStore::empty();
    match &options.authority {
        Some(path) => {
            for certificate in pem::certificates(path).map_err(TlsOptionsError::Authority)? {
                roots
                    .add(certificate)
                    .map_err(|error| TlsOptionsError::NoAuthority {
                        path: path.display().to_string(),
                        problem: error.to_string(),
                    })?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TlsOptionsError::NoSystemAuthority);
            }
        }
    }
    Ok(roots)
}

/// Accepts any certificate of any version, but requires the server to have its private key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl AnyCertificate {
    fn verify(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        let signature = signed.signature();
        certificate::verify(shown, message, signed.scheme, signature, algorithms)?;
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Returns an explanation of a TLS error and a hint, or `None` if the error is not from TLS. Errors while reading must
/// be explained too, because a server rejects a missing client certificate only after the handshake.
pub(super) fn explain(error: &io::Error) -> Option<(String, Option<&'static str>)> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(problem) => certificate_problem(problem),
        rustls::Error::AlertReceived(alert) => alert_problem(*alert),
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
            ("it is not a TLS server".into(), None)
        }
        other => (format!("TLS: {other}"), None),
    })
}

fn certificate_problem(problem: &CertificateError) -> (String, Option<&'static str>) {
    const TRUST: &str = "--ca FILE names its authority, --insecure accepts any certificate";
    const NAME: &str = "connect with a name in the certificate, or use --insecure";
    match problem {
        // A wrong signature means that another key uses the name of the authority.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            "its certificate is not signed by a trusted authority".into(),
            Some(TRUST),
        ),
        CertificateError::NotValidForName => {
            ("its certificate is for another name".into(), Some(NAME))
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => (
            format!(
                "its certificate is not for {}, but for {}",
                expected.to_str(),
                names(presented)
            ),
            Some(NAME),
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "its certificate has expired".into(),
            Some("--insecure accepts it"),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "its certificate is not valid yet".into(),
            Some("check the clock of this machine, or use --insecure"),
        ),
        other => (
            visible(&format!("its certificate cannot be used: {other}")),
            Some(TRUST),
        ),
    }
}

/// Returns the names of a certificate, shortened if there are many. They are untrusted text.
fn names(presented: &[String]) -> String {
    let shown = presented
        .iter()
        .take(NAMES)
        .map(|name| visible(plain(name)));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if presented.len() > NAMES {
        text.push_str(&format!(" and {} more", presented.len() - NAMES));
    }
    text
}

/// Removes the type that webpki writes around a name, as in `DnsName("broker")`.
fn plain(name: &str) -> &str {
    name.split_once("(\"")
        .and_then(|(_, rest)| rest.strip_suffix("\")"))
        .unwrap_or(name)
}

fn alert_problem(alert: AlertDescription) -> (String, Option<&'static str>) {
    const SHOW: &str = "present one with --cert FILE and --key FILE";
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            ("it requires a client certificate".into(), Some(SHOW))
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => (
            format!("it rejects the client certificate (TLS alert {alert:?})"),
            Some(SHOW),
        ),
        AlertDescription::HandshakeFailure => (
            "it ends the TLS handshake (TLS alert HandshakeFailure)".into(),
            Some(
                "it may require a client certificate: present one with --cert FILE and --key FILE",
            ),
        ),
        AlertDescription::ProtocolVersion => {
            ("it supports neither TLS 1.2 nor TLS 1.3".into(), None)
        }
        other => (
            format!("it ends the TLS connection (TLS alert {other:?})"),
            None,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_certificate_are_escaped_and_few() {
        let mut presented = vec!["DnsName(\"a\u{1b}[31m\u{202e}\")".to_owned()];
        assert_eq!(names(&presented), "a\\u{1b}[31m\\u{202e}");
        presented.resize(1000, "DnsName(\"b\")".to_owned());
        assert!(names(&presented).ends_with(", b and 992 more"));
    }
}
