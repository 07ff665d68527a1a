//! The shell with real transports: memory under a paused clock, and TCP on the loopback.

mod client;

mod closing;
mod limits;
mod tcp;
mod virtual_time;
