//! Plays the core with several clients, a stepped clock and no I/O. What clients receive and what events report is
//! compared as text, in order and in full.

mod pair;
mod text;

mod access;
mod announced;
mod authenticated;
mod authentication;
mod beside;
mod bounds;
mod changes;
mod conditions;
mod connect;
mod control;
mod details;
mod disconnect;
mod fault;
mod identifiers;
mod identity;
mod keep_alive;
mod kept;
mod malformed;
mod model;
mod numbers;
mod offline;
mod publish;
mod qos;
mod refused;
mod related;
mod reported;
mod restart;
mod restarted;
mod resumed;
mod retained;
mod session;
mod several;
mod shared;
mod steps;
mod store;
mod subscribe;
mod takeover;
mod together;
mod ways;
mod weight;
mod will;
mod window;
