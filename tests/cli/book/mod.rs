//! Checks the documentation: links lead somewhere, commands exist, scenarios pass, examples show the real output.

mod commands;
mod links;
mod page;
mod scenarios;
mod session;
mod width;
