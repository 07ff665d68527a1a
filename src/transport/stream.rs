//! One connected transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use mqtt_check_websocket::WebSocket;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// One connected transport.
#[derive(Debug)]
pub enum Stream {
    Memory(DuplexStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// WebSocket frames over one of the others.
    WebSocket(Box<WebSocket<Stream>>),
}

impl Stream {
    /// Ends the transport at once. If there is a socket below it, the socket is reset.
    pub fn reset(self) {
        // Dropping the stream without this option would close it in an orderly way. If the option cannot be set, that
        // is what happens.
        let _ = match self {
            Self::Memory(_) => Ok(()),
            Self::Tcp(tcp) => tcp.set_zero_linger(),
            Self::Tls(tls) => tls.get_ref().0.set_zero_linger(),
            Self::WebSocket(frames) => {
                frames.into_inner().reset();
                Ok(())
            }
        };
    }

    /// Returns the WebSocket, if MQTT is carried in one.
    pub fn websocket(&mut self) -> Option<&mut WebSocket<Stream>> {
        match self {
            Self::WebSocket(frames) => Some(frames),
            _ => None,
        }
    }

    fn reader(&mut self) -> Pin<&mut (dyn AsyncRead + Unpin)> {
        Pin::new(match self {
            Self::Memory(stream) => stream,
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream,
            Self::WebSocket(stream) => stream,
        })
    }

    fn writer(&mut self) -> Pin<&mut (dyn AsyncWrite + Unpin)> {
        Pin::new(match self {
            Self::Memory(stream) => stream,
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream,
            Self::WebSocket(stream) => stream,
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().reader().poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().writer().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().writer().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().writer().poll_shutdown(cx)
    }
}
