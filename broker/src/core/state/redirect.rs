//! Redirections of clients that connect.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::ReasonCode;

/// The redirections by Client Identifier.
pub(crate) type Redirects = BTreeMap<ByteString, Redirect>;

/// How a client is refused or redirected when it next connects.
#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) reason: ReasonCode,
    pub(crate) server_reference: Option<ByteString>,
}
