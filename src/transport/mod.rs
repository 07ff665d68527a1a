//! Byte streams to a broker, whatever carries them: memory, TCP, TLS, WebSocket, and one over the other.

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
