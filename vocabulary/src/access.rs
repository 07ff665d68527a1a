//! Who may connect, under which Client Identifier, and what they may do.

use std::fmt;

use bytes::Bytes;

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessAction {
    /// Publishing, the Will included.
    Publish,
    /// Making a subscription, and each message that comes by it.
    Subscribe,
    /// Both.
    All,
}

/// One rule of an access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// Whether it allows or denies.
    pub allow: bool,
    /// Which requests it applies to.
    pub action: AccessAction,
    /// User names that it is about; empty: any, and clients without one.
    pub users: Vec<String>,
    /// Client Identifiers that it is about; empty: any.
    pub clients: Vec<String>,
    /// Topic Filters, in which `%c` stands for the Client Identifier, `%u` for the user name and `%%` for a percent sign.
    /// What is filled in never adds a level or a wildcard: where it holds `/`, `+` or `#`, a rule that allows covers
    /// nothing, and one that denies covers everything from that level on. Other than in a subscription a wildcard at the
    /// front matches topics that begin with `$` too: a rule is about everything that it seems to be about.
    pub filters: Vec<String>,
}

/// Which Client Identifiers a user may connect with, and so which sessions are open to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientIds {
    /// Any.
    #[default]
    Free,
    /// Any, but one under which another user has a session: CONNACK refuses with 0x87 (0x05 before version 5).
    BySession,
    /// The user name, or the user name, a colon, and more: CONNACK refuses others with 0x85 (0x02 before version 5).
    ByUser,
}

impl ClientIds {
    /// The words for them.
    pub const WORDS: &'static [&'static str] = &["free", "by_session", "by_user"];

    /// What a word stands for.
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
    /// As Authentication Method and configuration have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
        }
    }
}

/// One who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User name, of CONNECT or of the SCRAM exchange.
    pub name: String,
    /// Compared byte for byte.
    pub password: Secret,
}

/// A password, which is never printed or written.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Bytes);

impl Secret {
    /// Keeps these bytes to itself.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// What it is, for whoever needs to say it or to hold something against it.
    pub const fn expose(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<password>")
    }
}
