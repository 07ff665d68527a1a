//! The types of settings, and their values.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use mqtt_check_codec::QoS;

use crate::access::{AccessRule, ClientIds, Mechanism, User};

/// The values that a setting accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// 0, 1 or 2.
    QoS,
    /// A whole number within these bounds, both included.
    Number {
        /// The smallest value that is accepted.
        least: u64,
        /// The largest value that is accepted.
        most: u64,
        /// What the number counts.
        unit: Unit,
    },
    /// A duration above zero.
    Span,
    /// A duration, or `never`.
    Expiry {
        /// Whether only whole seconds are accepted, because the value is announced in seconds.
        whole_seconds: bool,
    },
    /// Any text.
    Text,
    /// A Client Identifier, or a list of them.
    Clients,
    /// An origin as browsers send it, or a list of them.
    Origins,
    /// A word of [`ClientIds`].
    ClientIds,
    /// Names and passwords.
    Users,
    /// Names and passwords for each method.
    Authentication,
    /// The rules of an access list.
    Access,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of items.
    Count,
    /// A size in bytes.
    Bytes,
    /// A duration in seconds, as the protocol announces it.
    Seconds,
}

impl fmt::Display for Kind {
    /// Writes the kind as the reference does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "`true`, `false`",
            Self::QoS => "0, 1, 2",
            Self::Number { least, most, unit } => {
                let unit = match unit {
                    Unit::Count => "number",
                    Unit::Bytes => "bytes",
                    Unit::Seconds => "seconds",
                };
                return write!(f, "{unit}, {least} to {most}");
            }
            Self::Span => "duration",
            Self::Expiry { .. } => "duration, `never`",
            Self::Text => "text",
            Self::Clients => "Client Identifier or list",
            Self::Origins => "origin (`https://panel.example`) or list",
            Self::ClientIds => "`free`, `by_session`, `by_user`",
            Self::Users => "mapping of name to password",
            Self::Authentication => "mapping of method to names and passwords",
            Self::Access => "list of rules",
        })
    }
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// For [`Kind::Flag`].
    Flag(bool),
    /// For [`Kind::Number`] and [`Kind::QoS`].
    Number(u64),
    /// For [`Kind::Span`] and [`Kind::Expiry`].
    Span(Duration),
    /// An expiry that never happens.
    Never,
    /// For [`Kind::Text`].
    Text(String),
    /// For [`Kind::Clients`] and [`Kind::Origins`].
    Names(Vec<String>),
    /// For [`Kind::ClientIds`].
    ClientIds(ClientIds),
    /// For [`Kind::Users`].
    Users(Vec<User>),
    /// For [`Kind::Authentication`].
    Authentication(BTreeMap<Mechanism, Vec<User>>),
    /// For [`Kind::Access`], in the order in which the rules are tried.
    Access(Vec<AccessRule>),
}

/// Converts the value of a setting to its type in the broker's configuration, and back.
pub(crate) trait OfValue: Sized {
    /// Returns `None` if the value is of another kind or too large.
    fn from_value(value: Value) -> Option<Self>;

    /// Returns the value from which this was made.
    fn to_value(&self) -> Value;
}

macro_rules! of_value {
    ($($type:ty: $pattern:pat => $out:expr, $this:ident => $value:expr;)*) => {
        $(impl OfValue for $type {
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    $pattern => $out,
                    _ => None,
                }
            }

            fn to_value(&self) -> Value {
                let $this = self;
                $value
            }
        })*
    };
}

of_value! {
    bool: Value::Flag(flag) => Some(flag), flag => Value::Flag(*flag);
    u16: Value::Number(number) => Self::try_from(number).ok(), n => Value::Number((*n).into());
    u32: Value::Number(number) => Self::try_from(number).ok(), n => Value::Number((*n).into());
    usize: Value::Number(number) => Self::try_from(number).ok(),
        n => Value::Number(u64::try_from(*n).unwrap_or(u64::MAX));
    QoS: Value::Number(number) => u8::try_from(number).ok().and_then(Self::from_u8),
        qos => Value::Number(qos.as_u8().into());
    Duration: Value::Span(span) => Some(span), span => Value::Span(*span);
    String: Value::Text(text) => Some(text), text => Value::Text(text.clone());
    Vec<String>: Value::Names(names) => Some(names), names => Value::Names(names.clone());
    ClientIds: Value::ClientIds(which) => Some(which), which => Value::ClientIds(*which);
    Vec<User>: Value::Users(users) => Some(users), users => Value::Users(users.clone());
    BTreeMap<Mechanism, Vec<User>>: Value::Authentication(methods) => Some(methods),
        methods => Value::Authentication(methods.clone());
    Vec<AccessRule>: Value::Access(rules) => Some(rules), rules => Value::Access(rules.clone());
}

impl<T: OfValue> OfValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Never => Some(None),
            value => T::from_value(value).map(Some),
        }
    }

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Never, T::to_value)
    }
}
