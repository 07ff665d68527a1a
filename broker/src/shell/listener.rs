//! TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::server::Server;

/// How long accepting rests when the system has no room for another connection.
const REST: Duration = Duration::from_millis(50);

/// A socket that accepts connections until it is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Listener {
    pub(super) async fn bind(server: Server, address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(server, listener));
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

async fn accept(server: Server, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers must not wait for more; where that cannot be said, they wait.
                let _ = stream.set_nodelay(true);
                server.serve(stream);
            }
            Err(_) => sleep(REST).await,
        }
    }
}
