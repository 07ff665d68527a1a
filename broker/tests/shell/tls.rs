//! A broker that listens with TLS.

use std::sync::Arc;
use std::time::Duration;

use mqtt_check_broker::shell::{Server, Tls, TlsError, Transport, WebSocketPath};
use mqtt_check_codec::{ProtocolVersion, QoS};
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::client::{Client, real, server};
use crate::websocket::upgraded;

const V5: ProtocolVersion = ProtocolVersion::V5;

/// An authority that signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("signed"))
    }

    fn certificate(&self) -> CertificateDer<'static> {
        let certificate: &Certificate = self.0.as_ref();
        certificate.der().clone()
    }

    fn sign(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("names");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        (vec![certificate.der().clone()], key)
    }
}

/// Connects a client that trusts one authority and may present a certificate of another.
async fn connect(
    address: std::net::SocketAddr,
    trusts: &Authority,
    shows: Option<&Authority>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusts.certificate()).expect("a root");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match shows {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let (chain, key) = authority.sign("client");
            builder.with_client_auth_cert(chain, key).expect("a key")
        }
    };
    let stream = TcpStream::connect(address).await.expect("connects");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

fn tls(authority: &Authority, clients: Option<&Authority>) -> Transport {
    let (chain, key) = authority.sign("localhost");
    let roots = clients.map(|authority| vec![authority.certificate()]);
    Transport {
        tls: Some(Tls::new(chain, key, roots).expect("TLS")),
        websocket: None,
    }
}

async fn listening(server: &Server, transport: Transport) -> mqtt_check_broker::shell::Listener {
    let listener = server.listen_with("127.0.0.1:0", transport).await;
    listener.expect("binds")
}

#[test]
fn serves_tls_and_secure_websockets() {
    real(|| async {
        let authority = Authority::new();
        let server = server(|_| {});
        let plain = listening(&server, tls(&authority, None)).await;
        let framed = Transport {
            websocket: Some(WebSocketPath::Any),
            ..tls(&authority, None)
        };
        let framed = listening(&server, framed).await;

        let over_tls = connect(plain.local_address(), &authority, None).await;
        let mut a = Client::new(over_tls.expect("a handshake"), V5);
        a.connect("a").await;
        a.subscribe("t", QoS::AtMostOnce).await;
        let over_tls = connect(framed.local_address(), &authority, None).await;
        let mut b = Client::new(upgraded(over_tls.expect("a handshake")).await, V5);
        b.connect("b").await;
        b.echo_of(&mut a, "t", 300_000).await;
        drop(b);
        a.ping().await;
    });
}

#[test]
fn mutual_tls_lets_in_who_shows_a_certificate() {
    real(|| async {
        let (authority, clients) = (Authority::new(), Authority::new());
        let server = server(|_| {});
        let listener = listening(&server, tls(&authority, Some(&clients))).await;
        let address = listener.local_address();
        let stream = connect(address, &authority, Some(&clients)).await;
        let mut a = Client::new(stream.expect("a handshake"), V5);
        a.connect("a").await;
        for shows in [None, Some(&authority)] {
            // With TLS 1.3, a client learns that it was refused only after its own half of the handshake.
            let refused = match connect(address, &authority, shows).await {
                Err(_) => true,
                Ok(mut stream) => stream.read(&mut [0]).await.is_err(),
            };
            assert!(refused, "{}", shows.is_some());
        }
        a.ping().await;
        assert_eq!(server.connection_count(), 1);
    });
}

#[test]
fn a_handshake_that_goes_nowhere_is_ended() {
    real(|| async {
        let authority = Authority::new();
        let server = server(|config| config.connect_timeout = Duration::from_millis(50));
        let listener = listening(&server, tls(&authority, None)).await;
        let mut silent = TcpStream::connect(listener.local_address())
            .await
            .expect("connects");
        assert_eq!(silent.read(&mut [0]).await.expect("an end"), 0);
    });
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let authority = Authority::new();
    let ((chain, _), (_, key)) = (authority.sign("a"), authority.sign("b"));
    let refused = Tls::new(chain, key, None);
    assert!(matches!(refused, Err(TlsError::OtherKey)), "{refused:?}");
}
