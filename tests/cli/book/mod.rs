//! The documentation is true: its links lead somewhere, its commands exist, its scenarios pass, its examples show what happens.

mod commands;
mod links;
mod page;
mod scenarios;
mod session;
mod width;
