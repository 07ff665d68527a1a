//! Listening sockets: TCP, TLS, WebSocket and secure WebSocket, each an ordered, lossless stream of bytes.
//! [3.1.1 MQTT-7.1.1-1] [5 MQTT-4.2.0-1]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::server::{LINGER, Server};
use super::tls::Tls;

/// How long accepting rests when the system has no room for another connection.
const REST: Duration = Duration::from_millis(50);
/// Connections of one socket whose TLS or WebSocket handshake is under way at most; more wait to be accepted.
const HANDSHAKES: usize = 1024;

/// What carries MQTT over a connection that a socket accepts. The default is TCP alone.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    pub tls: Option<Tls>,
    pub websocket: Option<WebSocketPath>,
}

/// Where the WebSocket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketPath {
    /// At every path.
    Any,
    /// At this one, with `/` in front; elsewhere is nothing.
    Only(String),
}

/// A socket that accepts connections until it is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) async fn bind(
        server: Server,
        address: &str,
        transport: Transport,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(server, listener, transport));
        Ok(Self { address, task })
    }

    /// Where it listens; the port that was chosen if 0 was asked for.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(server: Server, listener: TcpListener, transport: Transport) {
    let transport = Arc::new(transport);
    let is_plain = transport.tls.is_none() && transport.websocket.is_none();
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(REST).await;
                continue;
            }
        };
        // Answers must not wait for more; where that cannot be said, they wait.
        let _ = stream.set_nodelay(true);
        if is_plain {
            server.serve(stream);
            continue;
        }
        let server = server.clone();
        let transport = Arc::clone(&transport);
        tokio::spawn(async move {
            let limit = server.shared.config.connect_timeout;
            // Whoever does not come through is no client, and nobody to be told.
            let _ = timeout(limit, begin(&server, stream, &transport)).await;
            drop(permit);
        });
    }
}

/// The handshakes before MQTT.
async fn begin(server: &Server, stream: TcpStream, transport: &Transport) {
    let Some(tls) = &transport.tls else {
        return begin_frames(server, stream, transport).await;
    };
    if let Ok(stream) = tls.acceptor().accept(stream).await {
        begin_frames(server, stream, transport).await;
    }
}

async fn begin_frames<S>(server: &Server, stream: S, transport: &Transport)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match &transport.websocket {
        None => server.serve(stream),
        Some(path) => server.upgrade(stream, path, LINGER).await,
    }
}
