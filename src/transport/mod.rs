//! Byte streams to a broker: in memory, or over TCP, TLS, WebSocket and combinations of these.

mod certificate;
mod endpoint;
pub mod pem;
mod stream;
mod tls;
mod upgrade;
mod url;

pub use endpoint::{ConnectError, Endpoint, EndpointError};
pub use stream::Stream;
pub use tls::{TlsOptions, TlsOptionsError};
pub use upgrade::{Offer, Opened, check, try_upgrade, upgrade};
pub use url::{BrokerUrl, Scheme, UrlError, shown_url};
