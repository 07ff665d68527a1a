//! Byte streams to a broker, whatever carries them: memory, TCP, TLS, WebSocket, and one over the other.

mod endpoint;
pub mod pem;
mod stream;
mod tls;
mod url;

pub use endpoint::{ConnectError, Endpoint, EndpointError};
pub use stream::Stream;
pub use tls::{TlsOptions, TlsOptionsError};
pub use url::{BrokerUrl, Scheme, UrlError};
