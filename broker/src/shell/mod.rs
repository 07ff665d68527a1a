//! The tokio shell around the core: any `AsyncRead + AsyncWrite`, memory, TCP, TLS, WebSocket and secure WebSocket.
//!
//! A [`Server`] holds the core and the connections behind one lock. Each connection is one task, which cuts and
//! decodes what comes in, hands it to the core, and writes what the core wants sent, everything at hand in one
//! write. One more task sleeps until the core's next deadline. There are no channels and no threads: on a
//! current-thread runtime the same inputs give the same bytes in the same order, and with a paused clock time is
//! virtual.
//!
//! In a process of its own (`mqtt-check broker`) a server listens on as many sockets as it is told to. In a harness it stays within:
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
//! | [`Server::new`]`(config, conduct, randomness)` | starts, inside a runtime; all randomness comes from [`Randomness`] |
//! | [`Server::with_store`]`(config, conduct, randomness, store)` | the same with what a [`Store`] has; what a client is told is kept there before |
//! | [`Server::connect`]`()` | a transport in memory; refused while stopped |
//! | [`Server::connect_websocket`]`()` | one that begins with the upgrade to WebSocket |
//! | [`Server::serve`]`(stream)` | any other transport |
//! | [`Server::listen`]`(address)` | TCP; gives the bound address |
//! | [`Server::listen_with`]`(address, transport)` | TLS ([`Tls`]), WebSocket, or one over the other |
//! | [`Server::control`]`(control)` | kick, redirect, stop; done when it returns |
//! | [`Server::restart`]`(how)` | every connection ends; what survives is `Config::durable`'s affair |
//! | [`Server::record_hooks`]`()`, [`Server::take_hooks`]`()` | events in order, with the time of each |
//! | [`Server::on_hook`]`(callback)` | the same, as they happen |
//! | [`Server::is_connected`]`(client)` | whether a kick would find anybody |
//!
//! **Limits.** A client that does not read what it is sent is *congested* once `Config::maximum_outgoing_bytes`
//! wait for it: QoS 0 messages for it are then dropped, QoS 1 and 2 wait in its session's queue, and nothing more
//! is read from it, until half of that has gone out. Its Keep Alive goes on meanwhile. The same goes for
//! `Config::maximum_all_outgoing_bytes` and all clients together; who then has read nothing for a second is cut off.
//!
//! **Closing.** What was to be sent is sent, then the sending side is shut down, so that the peer sees the end
//! after the last packet; a socket is read dry for a moment before it is dropped, since dropping it with unread
//! bytes would reset the connection and could destroy the last packet.

mod connack;
mod connection;
mod limits;
mod line;
mod listener;
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
