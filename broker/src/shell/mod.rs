//! The tokio shell around the core. It serves any `AsyncRead + AsyncWrite`, memory, TCP, TLS, WebSocket and secure
//! WebSocket.
//!
//! A [`Server`] holds the core and the connections behind one lock. Each connection is one task. It splits the received
//! bytes into packets, decodes them, passes them to the core, and writes the core's packets, all that are ready in one
//! write. One more task sleeps until the core's next deadline. There are no channels and no threads: on a
//! current-thread runtime the same inputs give the same bytes in the same order, and with a paused clock time is
//! virtual.
//!
//! In a process of its own (`mqtt-check broker`) a server listens on any number of sockets. In a harness it stays
//! inside the process:
//! ```no_run
//! # use mqtt_check_broker::{Config, Control, Faults, shell::{Randomness, Restart, Server}};
//! # async fn play() -> std::io::Result<()> {
//! let server = Server::new(Config::default(), Faults::none(), Randomness::Seed(42));
//! server.record_hooks();
//! let stream: tokio::io::DuplexStream = server.connect()?;
//! // … talk MQTT over `stream` …
//! server.control(Control::Stop);
//! server.restart(Restart::Orderly);
//! for (at, event) in server.take_hooks() {
//!     println!("{at:?} {} {:?}", event.name(), event.fields());
//! }
//! # Ok(()) }
//! ```
//!
//! | call | what it does |
//! |---|---|
//! | [`Server::new`]`(config, conduct, randomness)` | starts inside a runtime; all randomness is from [`Randomness`] |
//! | [`Server::with_store`]`(…, store)` | the same with a [`Store`]; stores state before clients learn of it |
//! | [`Server::connect`]`()` | opens a transport in memory; refused while stopped |
//! | [`Server::connect_websocket`]`()` | opens one that begins with the upgrade to WebSocket |
//! | [`Server::serve`]`(stream)` | serves any other transport |
//! | [`Server::listen`]`(address)` | listens on TCP; returns the bound address |
//! | [`Server::listen_with`]`(address, transport)` | listens with TLS ([`Tls`]), WebSocket, or both |
//! | [`Server::control`]`(control)` | kicks, redirects or stops; done when it returns |
//! | [`Server::restart`]`(how)` | ends every connection; `Config::durable` decides what survives |
//! | [`Server::record_hooks`]`()`, [`Server::take_hooks`]`()` | records events; returns them with their times |
//! | [`Server::on_hook`]`(callback)` | reports events as they happen |
//! | [`Server::is_connected`]`(client)` | returns whether the client is connected |
//!
//! **Limits.** A client that does not read is *congested* once `Config::maximum_outgoing_bytes` wait for it. QoS 0
//! messages for it are then dropped, messages of QoS 1 and 2 wait in its session's queue, and nothing more is read from
//! it, until half of the bytes have been written. Its Keep Alive continues meanwhile. The same applies to all clients
//! together and `Config::maximum_all_outgoing_bytes`; a client that has read nothing for a second is then disconnected.
//!
//! **Closing.** Pending packets are sent first. Then the sending side is shut down, so that the peer sees the end after
//! the last packet. A socket is read for a moment longer before it is dropped, since dropping it with unread bytes
//! would reset the connection and could destroy the last packet.

mod connack;
mod connection;
mod limits;
mod line;
mod listener;
mod node;
mod outbox;
mod randomness;
mod server;
mod store;
mod tls;
mod websocket;
mod wire;

pub use listener::{Listener, Transport, WebSocketPath};
pub use randomness::Randomness;
pub use server::{Restart, Server};
pub use store::{Damage, Repair, Store, StoreError};
pub use tls::{Tls, TlsError};
