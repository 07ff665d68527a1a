//! Who may connect, under which Client Identifier, and what they may do.

use std::fmt;

use bytes::Bytes;

/// The requests that a rule applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessAction {
    /// Publishing, including the Will.
    Publish,
    /// Making a subscription, and each message that it delivers.
    Subscribe,
    /// Both.
    All,
}

/// One rule of an access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// Whether the rule allows or denies.
    pub allow: bool,
    /// The requests that it applies to.
    pub action: AccessAction,
    /// The user names that it applies to. If empty, it applies to all clients, also to those without a user name.
    pub users: Vec<String>,
    /// The Client Identifiers that it applies to. If empty, it applies to all.
    pub clients: Vec<String>,
    /// Topic Filters, in which `%c` stands for the Client Identifier, `%u` for the user name and `%%` for a percent
    /// sign. A substituted value never adds a level or a wildcard: if it contains `/`, `+` or `#`, a rule that allows
    /// covers nothing, and one that denies covers everything from that level on. Unlike in a subscription, a wildcard
    /// at the start also matches topics that begin with `$`, so that a rule covers everything that it seems to cover.
    pub filters: Vec<String>,
}

/// Which Client Identifiers a user may connect with, and therefore which sessions the user can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientIds {
    /// Any identifier.
    #[default]
    Free,
    /// Any identifier except one under which another user has a session. CONNACK refuses that with 0x87 (0x05 before
    /// version 5).
    BySession,
    /// The user name, or the user name followed by a colon and more. CONNACK refuses others with 0x85 (0x02 before
    /// version 5).
    ByUser,
}

impl ClientIds {
    /// The words for these values.
    pub const WORDS: &'static [&'static str] = &["free", "by_session", "by_user"];

    /// Returns the value of a word.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "free" => Some(Self::Free),
            "by_session" => Some(Self::BySession),
            "by_user" => Some(Self::ByUser),
            _ => None,
        }
    }
}

/// A method of enhanced authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    /// SCRAM-SHA-256 without channel binding, RFC 7677.
    ScramSha256,
}

impl Mechanism {
    /// Returns the name in Authentication Method and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
        }
    }
}

/// A user who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User name, of CONNECT or of the SCRAM exchange.
    pub name: String,
    /// The password, which is compared byte for byte.
    pub password: Secret,
}

/// A password, which is never printed or written.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Bytes);

impl Secret {
    /// Wraps these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes, for code that has to send or compare them.
    pub const fn expose(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<password>")
    }
}
