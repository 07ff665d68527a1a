//! Broker URLs.

use thiserror::Error;

/// Why a text is no broker's URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    #[error("`{url}` has no scheme; write mqtt://{url}")]
    NoScheme { url: String },
    #[error("`{scheme}://` is not supported yet; mqtt:// is")]
    NotYet { scheme: String },
    #[error("`{scheme}://` is no MQTT transport; mqtt:// is")]
    UnknownScheme { scheme: String },
    #[error("`{url}` names no host; write mqtt://HOST:PORT")]
    NoHost { url: String },
    #[error("`{port}` is no port number")]
    BadPort { port: String },
    #[error("`{url}` has {what}, which an mqtt:// URL cannot have; write mqtt://HOST:PORT")]
    Excess { url: String, what: &'static str },
}

/// `host:port` of an `mqtt://` URL. The default port is 1883.
///
/// # Errors
/// When it is none.
pub(super) fn address(url: &str) -> Result<String, UrlError> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(UrlError::NoScheme { url: url.into() });
    };
    match scheme {
        "mqtt" | "tcp" => {}
        "mqtts" | "ssl" | "ws" | "wss" => {
            return Err(UrlError::NotYet {
                scheme: scheme.into(),
            });
        }
        _ => {
            return Err(UrlError::UnknownScheme {
                scheme: scheme.into(),
            });
        }
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let excess = |what| UrlError::Excess {
        url: url.into(),
        what,
    };
    if rest.contains('@') {
        return Err(excess("a user name"));
    }
    if rest.contains(['/', '?', '#']) {
        return Err(excess("a path"));
    }
    // An IPv6 address stands in brackets.
    let (host, port) = match rest.rfind(']') {
        Some(end) => (&rest[..=end], rest[end + 1..].strip_prefix(':')),
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    if host.is_empty() || host == "[]" {
        return Err(UrlError::NoHost { url: url.into() });
    }
    let port: u16 = match port {
        None => 1883,
        Some(port) => port
            .parse()
            .ok()
            .filter(|p| *p != 0)
            .ok_or_else(|| UrlError::BadPort { port: port.into() })?,
    };
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts_and_ports() {
        for (url, expected) in [
            ("mqtt://localhost", "localhost:1883"),
            ("mqtt://127.0.0.1:21883/", "127.0.0.1:21883"),
            ("mqtt://[::1]:1884", "[::1]:1884"),
            ("mqtt://[::1]", "[::1]:1883"),
        ] {
            assert_eq!(address(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_url() {
        for (url, expected) in [
            (
                "localhost:1883",
                "`localhost:1883` has no scheme; write mqtt://localhost:1883",
            ),
            ("http://a", "`http://` is no MQTT transport; mqtt:// is"),
            ("mqtts://a", "`mqtts://` is not supported yet; mqtt:// is"),
            ("mqtt://", "`mqtt://` names no host; write mqtt://HOST:PORT"),
            ("mqtt://a:b", "`b` is no port number"),
            ("mqtt://a:0", "`0` is no port number"),
            ("mqtt://a:70000", "`70000` is no port number"),
        ] {
            let error = address(url).expect_err(url);
            assert_eq!(error.to_string(), expected, "{url}");
        }
    }
}
