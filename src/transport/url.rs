//! Broker URLs.

use std::fmt;

use thiserror::Error;

/// Why a text is not the URL of a broker. No message shows the text before an `@` or the values of a query, because
/// they may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    #[error("`{url}` has no scheme; write mqtt://{url}")]
    NoScheme { url: String },
    #[error("`{scheme}://` is not an MQTT transport; use mqtt://, mqtts://, ws:// or wss://")]
    UnknownScheme { scheme: String },
    #[error("`{url}` has no host; write {scheme}://HOST:PORT")]
    NoHost { url: String, scheme: Scheme },
    #[error("`{port}` is not a port number")]
    BadPort { port: String },
    #[error("`{url}` names a user before the `@`; use --user, and --password-file for a password")]
    User { url: String },
    #[error("`{url}` has {what}, which this URL cannot have; write {scheme}://HOST:PORT{path}")]
    Excess {
        url: String,
        what: &'static str,
        scheme: Scheme,
        path: &'static str,
    },
    #[error("`{url}` has a space or another character that is not allowed in a URL")]
    Character { url: String },
}

/// The scheme of a URL: what carries MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Mqtt,
    Mqtts,
    Ws,
    Wss,
}

impl Scheme {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "mqtt" | "tcp" => Self::Mqtt,
            "mqtts" | "ssl" | "tls" => Self::Mqtts,
            "ws" => Self::Ws,
            "wss" => Self::Wss,
            _ => return None,
        })
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// Returns whether it uses TLS.
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Mqtts | Self::Wss)
    }

    /// Returns whether it carries MQTT in WebSocket frames.
    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
            Self::Ws => "ws",
            Self::Wss => "wss",
        })
    }
}

/// The address of a broker, and what carries MQTT there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    pub scheme: Scheme,
    /// A name or an address. An IPv6 address has no brackets.
    pub host: String,
    pub port: u16,
    /// The path of a WebSocket, which begins with `/`. Empty for other schemes.
    pub path: String,
}

impl BrokerUrl {
    /// Parses `mqtt://HOST[:PORT]`, `mqtts://HOST[:PORT]`, `ws://HOST[:PORT][/PATH]` or `wss://HOST[:PORT][/PATH]`. The
    /// default ports are 1883, 8883, 80 and 443.
    ///
    /// # Errors
    /// Fails if the text is not such a URL, or if the port is 0.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Self::parse_listening(text)?;
        if url.port == 0 {
            return Err(UrlError::BadPort { port: "0".into() });
        }
        Ok(url)
    }

    /// Parses the URL of a listener, where port 0 means any free port.
    ///
    /// # Errors
    /// Fails if the text is not such a URL.
    pub fn parse_listening(text: &str) -> Result<Self, UrlError> {
        let text = without_user(text)?;
        let shown = || shown_url(text);
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::Character { url: shown() });
        }
        let Some((name, rest)) = text.split_once("://") else {
            return Err(UrlError::NoScheme { url: shown() });
        };
        let scheme = Scheme::from_name(name).ok_or_else(|| UrlError::UnknownScheme {
            scheme: name.into(),
        })?;
        let (authority, path) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (host, port) = host_and_port(authority);
        if host.is_empty() {
            return Err(UrlError::NoHost {
                url: shown(),
                scheme,
            });
        }
        let port = match port {
            None => scheme.default_port(),
            Some(port) => port
                .parse()
                .map_err(|_| UrlError::BadPort { port: port.into() })?,
        };
        Ok(Self {
            scheme,
            host: host.to_owned(),
            port,
            path: path_of(text, path, scheme)?,
        })
    }

    /// Returns `host:port`, with brackets around an IPv6 address.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Returns the URL of the same host and port with another scheme.
    pub(super) fn over(&self, scheme: Scheme) -> String {
        format!("{scheme}://{}", self.authority())
    }
}

/// Masks the query of a URL, because it may contain a token. Each byte of a value, and of a part without a name,
/// becomes a `*`.
pub fn shown_url(url: &str) -> String {
    let Some((before, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let (query, fragment) = match query.find('#') {
        Some(at) => query.split_at(at),
        None => (query, ""),
    };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, value)) => format!("{name}={}", "*".repeat(value.len())),
            None => "*".repeat(part.len()),
        })
        .collect();
    format!("{before}?{}{fragment}", parts.join("&"))
}

/// Refuses a URL with a user name. The error shows neither the name nor a password.
fn without_user(text: &str) -> Result<&str, UrlError> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    match rest.rsplit_once('@') {
        None => Ok(text),
        Some((_, host)) => Err(UrlError::User {
            url: format!("{scheme}…@{host}"),
        }),
    }
}

/// Splits an authority into host and port. The brackets of an IPv6 address are not part of the host.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    if let Some(inside) = authority.strip_prefix('[')
        && let Some((host, after)) = inside.split_once(']')
    {
        return match after {
            "" => (host, None),
            _ => (host, Some(after.strip_prefix(':').unwrap_or(after))),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

fn path_of(url: &str, path: &str, scheme: Scheme) -> Result<String, UrlError> {
    let excess = |what, path| UrlError::Excess {
        url: shown_url(url),
        what,
        scheme,
        path,
    };
    if !scheme.is_websocket() {
        return match path {
            "" | "/" => Ok(String::new()),
            _ => Err(excess("a path", "")),
        };
    }
    if path.contains('#') {
        return Err(excess("a fragment", "/PATH"));
    }
    Ok(match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_and_over_what() {
        for (text, scheme, authority, path) in [
            ("mqtt://localhost", Scheme::Mqtt, "localhost:1883", ""),
            (
                "mqtt://127.0.0.1:21883/",
                Scheme::Mqtt,
                "127.0.0.1:21883",
                "",
            ),
            ("mqtt://[::1]:1884", Scheme::Mqtt, "[::1]:1884", ""),
            ("tcp://[::1]", Scheme::Mqtt, "[::1]:1883", ""),
            ("mqtts://b", Scheme::Mqtts, "b:8883", ""),
            ("ssl://b:1", Scheme::Mqtts, "b:1", ""),
            ("ws://b", Scheme::Ws, "b:80", "/"),
            ("WS://b:8080/", Scheme::Ws, "b:8080", "/"),
            (
                "wss://[::1]/mqtt?x=1",
                Scheme::Wss,
                "[::1]:443",
                "/mqtt?x=1",
            ),
            ("ws://b?x=1", Scheme::Ws, "b:80", "/?x=1"),
        ] {
            let url = BrokerUrl::parse(text).expect(text);
            assert_eq!(url.scheme, scheme, "{text}");
            assert_eq!(url.authority(), authority, "{text}");
            assert_eq!(url.path, path, "{text}");
        }
    }

    #[test]
    fn hides_the_content_of_a_query() {
        assert_eq!(
            shown_url("wss://a/mqtt?user=me&token=1234&x#f"),
            "wss://a/mqtt?user=**&token=****&*#f"
        );
        assert_eq!(shown_url("wss://a/mqtt"), "wss://a/mqtt");
        let error = BrokerUrl::parse("ws://a/b?token=secret#c").expect_err("a fragment");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn reports_errors_in_a_url() {
        for (url, expected) in [
            (
                "localhost:1883",
                "`localhost:1883` has no scheme; write mqtt://localhost:1883",
            ),
            (
                "http://a",
                "`http://` is not an MQTT transport; use mqtt://, mqtts://, ws:// or wss://",
            ),
            ("mqtt://", "`mqtt://` has no host; write mqtt://HOST:PORT"),
            ("wss://[]", "`wss://[]` has no host; write wss://HOST:PORT"),
            ("mqtt://a:b", "`b` is not a port number"),
            ("mqtt://a:0", "`0` is not a port number"),
            ("mqtt://a:70000", "`70000` is not a port number"),
            ("mqtt://[::1]x", "`x` is not a port number"),
            (
                "mqtt://::1",
                "`mqtt://::1` has no host; write mqtt://HOST:PORT",
            ),
            (
                "mqtts://a/b",
                "`mqtts://a/b` has a path, which this URL cannot have; write mqtts://HOST:PORT",
            ),
            (
                "ws://a/b#c",
                "`ws://a/b#c` has a fragment, which this URL cannot have; write ws://HOST:PORT/PATH",
            ),
            (
                "mqtt://a b",
                "`mqtt://a b` has a space or another character that is not allowed in a URL",
            ),
        ] {
            let error = BrokerUrl::parse(url).expect_err(url);
            assert_eq!(error.to_string(), expected, "{url}");
        }
    }

    #[test]
    fn hides_everything_before_an_at() {
        for url in [
            "mqtt://user:secret@host",
            "ftp://user:secret@host",
            "user:secret@host",
            "mqtt://u:sec/secret@host",
            "mqtt://u:p@secret@host",
        ] {
            let error = BrokerUrl::parse(url).expect_err(url);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains("--password-file"), "{shown}");
        }
    }
}
