//! The redirection that a client receives instead of a success.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::ReasonCode;

/// By client id.
pub(crate) type Redirects = BTreeMap<ByteString, Redirect>;

/// Where a client is sent when it next connects.
#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) reason: ReasonCode,
    pub(crate) server_reference: Option<ByteString>,
}
