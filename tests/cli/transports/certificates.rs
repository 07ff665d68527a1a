//! Certificates that the tests create.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    PublicKeyData as _, date_time_ymd,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

/// An authority that no client trusts.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("signed"))
    }

    /// The authority's own certificate.
    pub(super) fn pem(&self) -> String {
        let certificate: &Certificate = self.0.as_ref();
        certificate.pem()
    }

    /// Signs a certificate for these names. Returns it with its key.
    pub(super) fn sign(&self, names: &[&str]) -> (String, String) {
        self.sign_with(names, |_| {})
    }

    /// Signs an expired certificate.
    pub(super) fn sign_expired(&self, names: &[&str]) -> (String, String) {
        self.sign_with(names, |params| {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        })
    }

    fn sign_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        (certificate.pem(), key.serialize_pem())
    }
}

/// An unsigned version 1 certificate, which has no extensions. If any certificate is accepted, only its key matters.
pub(super) fn of_version_1(key: &KeyPair) -> Vec<u8> {
    const ECDSA_WITH_SHA256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let sequence = |parts: &[&[u8]]| der(0x30, &parts.concat());
    let time = |text: &[u8]| der(0x17, text);
    let algorithm = sequence(&[ECDSA_WITH_SHA256]);
    let nobody = sequence(&[]);
    let from = time(b"200101000000Z");
    let until = time(b"400101000000Z");
    let to_be_signed = sequence(&[
        &der(0x02, &[1]),
        &algorithm,
        &nobody,
        &sequence(&[&from, &until]),
        &nobody,
        &key.subject_public_key_info(),
    ]);
    sequence(&[&to_be_signed, &algorithm, &der(0x03, &[0; 72])])
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("it is short");
    let [high, low] = length.to_be_bytes();
    [&[tag, 0x82, high, low], content].concat()
}

/// Presents the same certificate to every client, whatever it contains.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Starts a TLS server with this version, certificate and key in front of a broker. Returns its port. It runs until the
/// test process ends.
pub(super) fn before(
    broker: u16,
    certificate: Vec<u8>,
    key: &KeyPair,
    version: &'static SupportedProtocolVersion,
) -> u16 {
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let signing = any_supported_type(&private).expect("a key");
    let shown = CertifiedKey::new(vec![CertificateDer::from(certificate)], signing);
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shown(Arc::new(shown))));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass_on(acceptor.clone(), stream, broker));
            }
        });
    });
    port
}

async fn pass_on(acceptor: TlsAcceptor, stream: TcpStream, broker: u16) -> io::Result<()> {
    let mut client = acceptor.accept(stream).await?;
    let mut behind = TcpStream::connect(("127.0.0.1", broker)).await?;
    tokio::io::copy_bidirectional(&mut client, &mut behind).await?;
    Ok(())
}
