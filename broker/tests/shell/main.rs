//! The shell with real transports: memory with a paused clock, and TCP, TLS and WebSocket on the loopback.

mod client;

mod closing;
mod incoming;
mod limits;
mod nodes;
mod sockets;
mod store;
mod tcp;
mod tls;
mod virtual_time;
mod websocket;
