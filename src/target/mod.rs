//! What is tested: the bundled broker, or any broker that a URL reaches.

pub mod bundled;
mod capabilities;
pub mod external;
pub mod host;
pub mod probe;
mod url;

use thiserror::Error;

pub use capabilities::Capabilities;
pub use url::UrlError;

/// A broker to test, and what is known about it.
#[derive(Debug, Clone)]
pub enum Target {
    /// The bundled broker, in virtual time.
    Bundled(bundled::Bundled),
    /// A broker at `mqtt://host:port`.
    External(External),
}

/// A broker that is reached over the network.
#[derive(Debug, Clone)]
pub struct External {
    /// The name of its target file, or its URL.
    pub name: String,
    pub url: String,
    /// `host:port`.
    pub address: String,
}

impl External {
    /// The broker at this URL.
    ///
    /// # Errors
    /// When it is no URL that a broker can be reached by.
    pub fn at(url: &str) -> Result<Self, UrlError> {
        Ok(Self {
            name: url.to_owned(),
            url: url.to_owned(),
            address: url::address(url)?,
        })
    }
}

/// Why a run could not start.
#[derive(Debug, Clone, Error)]
pub enum StartError {
    #[error("failed to connect to {url}: {problem}")]
    Unreachable { url: String, problem: String },
    /// Something answers there, but it does not speak MQTT.
    #[error("{url} does not speak MQTT: {problem}")]
    NotMqtt { url: String, problem: String },
    /// Our own surroundings are at fault.
    #[error("failed to start the runtime: {problem}")]
    Runtime { problem: String },
}
