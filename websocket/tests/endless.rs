//! Peers that send frames without end and without data.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use mqtt_check_websocket::{Control, Role, WebSocket};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// Returns these bytes over and over, and discards what is written.
struct Endless(&'static [u8]);

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while buf.remaining() >= self.0.len() {
            buf.put_slice(self.0);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// This would hang if a poll never returned.
#[test]
fn each_poll_comes_back() {
    let begun = [0x02, 0];
    for (what, frames) in [
        ("empty continuation frames", &[0x00, 0][..]),
        ("pings", &[0x89, 0]),
        ("pongs", &[0x8A, 1, 7]),
    ] {
        let rest = BytesMut::from(&begun[..]);
        let mut stream = WebSocket::new(Endless(frames), Role::Client { seed: 1 }, rest);
        stream.keep_controls();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        for _ in 0..20 {
            let mut buffer = [0; 16];
            let mut read = std::pin::pin!(stream.read(&mut buffer));
            let polled = std::future::Future::poll(read.as_mut(), &mut cx);
            assert!(polled.is_pending(), "{what}");
            let controls: Vec<Control> = stream.take_controls();
            assert!(controls.len() <= 256, "{what}: {}", controls.len());
        }
    }
}
