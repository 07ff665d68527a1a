//! Listening sockets: TCP, TLS, WebSocket and secure WebSocket, each an ordered, lossless stream of bytes.
//! [3.1.1 MQTT-7.1.1-1] [5 MQTT-4.2.0-1]

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{sleep, timeout};

use super::server::Server;
use super::tls::Tls;
use crate::NodeId;

/// How long accepting pauses when the system has no room for another connection.
const REST: Duration = Duration::from_millis(50);
/// The most TLS or WebSocket handshakes that one socket has under way. A further one ends the oldest, so clients that
/// do nothing cannot keep others out.
const HANDSHAKES: usize = 1024;

/// The number of connections that the system queues until they are accepted; it may queue fewer. If the queue is full,
/// the system drops the first packet of a connection. The client then sends it again after one second, and once more
/// after another two.
const BACKLOG: u32 = 4096;

/// What carries MQTT over a connection that a socket accepts. The default is plain TCP.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// `None` for connections without TLS.
    pub tls: Option<Tls>,
    /// `None` for MQTT without WebSocket frames.
    pub websocket: Option<WebSocketPath>,
}

/// The path of the WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketPath {
    /// Every path.
    Any,
    /// Only this path, which begins with `/`. Other paths are not found.
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
        let listener = listening(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(server, listener, transport));
        Ok(Self { address, task })
    }

    /// Returns the address on which it listens, with the chosen port if 0 was requested.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a socket at the first available address.
async fn listening(address: &str) -> io::Result<TcpListener> {
    let mut failed = io::Error::new(io::ErrorKind::InvalidInput, "it names no address");
    for address in lookup_host(address).await? {
        match listening_at(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn listening_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restarted broker need not wait for connections of its predecessor. On other systems than Unix this option would
    // share the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(server: Server, listener: TcpListener, transport: Transport) {
    let transport = Arc::new(transport);
    let is_plain = transport.tls.is_none() && transport.websocket.is_none();
    let mut handshakes = Handshakes::default();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(REST).await;
                continue;
            }
        };
        // Answers must not wait for more bytes. If the option cannot be set, they do.
        let _ = stream.set_nodelay(true);
        if is_plain {
            server.serve(stream);
            continue;
        }
        let server = server.clone();
        let transport = Arc::clone(&transport);
        let task = tokio::spawn(async move {
            let limit = server.shared.config.connect_timeout;
            // A client that does not finish the handshakes gets no answer.
            let _ = timeout(limit, begin(&server, stream, &transport)).await;
        });
        handshakes.add(task.abort_handle());
    }
}

/// The handshakes of one socket that are under way, oldest first.
#[derive(Debug, Default)]
struct Handshakes(VecDeque<AbortHandle>);

impl Handshakes {
    fn add(&mut self, task: AbortHandle) {
        if self.0.len() >= HANDSHAKES {
            self.0.retain(|task| !task.is_finished());
        }
        if self.0.len() >= HANDSHAKES
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back(task);
    }
}

/// Makes the handshakes that come before MQTT.
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
        Some(path) => server.upgrade(NodeId::default(), stream, path, true).await,
    }
}
