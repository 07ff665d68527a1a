//! Where a broker listens: the URLs of its nodes, with placeholders for free ports.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reading::{Map, Reading};
use crate::diagnostic::Place;
use crate::scenario::node::Node;
use crate::target::{Access, External, Node as Reached};
use crate::transport::{BrokerUrl, Endpoint, EndpointError, TlsOptions};

/// The beginnings of port placeholders, after the brace.
const KINDS: [&str; 2] = ["port", "websocket_port"];
/// The limit for the numbers in port placeholders. Nodes have the same limit.
const NUMBERS: u8 = 64;
/// The form of a URL.
const URL_HINT: &str = "mqtt://HOST:PORT";
/// The form of a WebSocket URL.
const WEBSOCKET_HINT: &str = "ws://HOST:PORT/PATH or wss://HOST:PORT/PATH";

/// The requirements for a URL.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// The usual placeholder for its port.
    word: &'static str,
    scheme: &'static str,
    hint: &'static str,
}

const URL: Asked = Asked {
    word: "{port}",
    scheme: "mqtt",
    hint: URL_HINT,
};

const WEBSOCKET: Asked = Asked {
    word: "{websocket_port}",
    scheme: "ws",
    hint: WEBSOCKET_HINT,
};

/// Where the nodes of a broker listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    pub first: Address,
    /// The nodes from number 1 on.
    pub others: Vec<Address>,
}

/// The URLs of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The URL for MQTT. If the file starts the broker, it contains a port placeholder.
    pub url: String,
    /// The WebSocket URL of the same node, if it differs.
    pub websocket: Option<String>,
}

impl Addresses {
    /// All URLs of all nodes.
    pub(in crate::target) fn urls(&self) -> impl Iterator<Item = &str> {
        let nodes = std::iter::once(&self.first).chain(&self.others);
        nodes.flat_map(|node| {
            std::iter::once(&node.url)
                .chain(&node.websocket)
                .map(String::as_str)
        })
    }

    /// The transports of the URLs: `tcp`, `tls`, `websocket`, `secure websocket`.
    pub fn transports(&self) -> BTreeSet<&'static str> {
        let schemes = self.urls().filter_map(|url| url.split_once("://"));
        let known = schemes.filter_map(|(scheme, _)| match scheme {
            "mqtt" => Some("tcp"),
            "mqtts" => Some("tls"),
            "ws" => Some("websocket"),
            "wss" => Some("secure websocket"),
            _ => None,
        });
        known.collect()
    }

    /// Returns the broker at these addresses. `filled` replaces the placeholders in a URL. TLS options apply to the
    /// URLs that use TLS, and are an error if none does.
    ///
    /// # Errors
    /// Fails if a URL is invalid, or if the options fit none of the URLs.
    pub fn reached(
        &self,
        filled: impl Fn(&str) -> String,
        access: &Access,
    ) -> Result<External, EndpointError> {
        let secure = |url: &str| BrokerUrl::parse(url).is_ok_and(|url| url.scheme.is_secure());
        let some_secure = self.urls().any(|url| secure(&filled(url)));
        let without = TlsOptions::default();
        let endpoint = |url: &str| {
            let url = filled(url);
            let tls = match some_secure && !secure(&url) {
                true => &without,
                false => &access.tls,
            };
            Endpoint::new(&url, tls).map(Arc::new)
        };
        let node = |address: &Address| {
            Ok::<_, EndpointError>(Reached {
                endpoint: endpoint(&address.url)?,
                websocket: address.websocket.as_deref().map(endpoint).transpose()?,
            })
        };
        let others = self.others.iter().map(node).collect::<Result<_, _>>()?;
        let (url, first) = (filled(&self.first.url), node(&self.first)?);
        Ok(External::with(&url, first, others, access))
    }
}

/// The port placeholders in a text.
pub(in crate::target) fn port_words(text: &str) -> BTreeSet<&str> {
    let words = text.match_indices('{').filter_map(|(at, _)| {
        let rest = &text[at..];
        let word = &rest[..=rest.find('}')?];
        is_port_word(word).then_some(word)
    });
    words.collect()
}

/// Whether this is `{port}`, `{websocket_port}`, or one of these with a number, such as `{port_1}`.
pub(super) fn is_port_word(word: &str) -> bool {
    let Some(inner) = word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) else {
        return false;
    };
    KINDS.iter().any(|kind| match inner.strip_prefix(kind) {
        None => false,
        Some("") => true,
        Some(number) => number.strip_prefix('_').is_some_and(is_number),
    })
}

fn is_number(text: &str) -> bool {
    !text.starts_with('0') && text.parse::<u8>().is_ok_and(|number| number < NUMBERS)
}

/// Reads `url` and `websocket`, or `urls`.
pub(super) fn addresses(map: &mut Map<'_>, starts: bool) -> Option<Addresses> {
    let (reading, place) = (map.reading(), map.place());
    let websocket = map.take("websocket");
    let found = match (map.take("url"), map.take("urls")) {
        (None, None) => reading.fail(
            place,
            "a target file has no `url`",
            "write where the broker listens: url: mqtt://127.0.0.1:1883",
        ),
        (Some(_), Some(several)) => reading.fail(
            several.place,
            "`url` and `urls` exclude each other",
            "`urls` has the URL of every node, that of node 0 first",
        ),
        (Some(url), None) => {
            let first = address(reading, url, websocket, starts)?;
            Some(vec![(first, url.place)])
        }
        (None, Some(several)) => match websocket {
            Some(websocket) => reading.fail(
                websocket.place,
                "`websocket` next to `urls` belongs to no node",
                "write it into its node: urls: [{ url: …, websocket: … }, …]",
            ),
            None => nodes(reading, several, starts),
        },
    }?;
    all_different(reading, &found)?;
    let mut found = found.into_iter().map(|(address, _)| address);
    Some(Addresses {
        first: found.next()?,
        others: found.collect(),
    })
}

/// Reads a list of nodes, which must not be empty.
fn nodes(reading: &Reading, several: &Node, starts: bool) -> Option<Vec<(Address, Place)>> {
    let items = several.items().unwrap_or_default();
    if items.is_empty() {
        return reading.fail(
            several.place,
            &format!("expected a list of URLs, found {}", several.found()),
            "the URL of every node, that of node 0 first",
        );
    }
    if let Some(beyond) = items.get(usize::from(NUMBERS)) {
        return reading.fail(
            beyond.place,
            "more nodes than a scenario can name",
            &format!("{NUMBERS} at most"),
        );
    }
    let read = |item: &Node| Some((node(reading, item, starts)?, item.place));
    let all: Vec<_> = items.iter().map(read).collect();
    all.into_iter().collect()
}

/// Reads one of several nodes: a URL, or a mapping with another URL for WebSocket.
fn node(reading: &Reading, node: &Node, starts: bool) -> Option<Address> {
    if node.entries().is_none() {
        return address(reading, node, None, starts);
    }
    let mut map = Map::of(reading, node, "a node")?;
    let url = map.require("url", URL_HINT);
    let websocket = map.take("websocket");
    map.finish();
    address(reading, url?, websocket, starts)
}

fn address(
    reading: &Reading,
    url: &Node,
    websocket: Option<&Node>,
    starts: bool,
) -> Option<Address> {
    let first = checked(reading, url, URL, starts);
    let Some(node) = websocket else {
        let (url, _) = first?;
        return Some(Address {
            url,
            websocket: None,
        });
    };
    let (websocket, over) = checked(reading, node, WEBSOCKET, starts)?;
    let (url, parsed) = first?;
    if !over.scheme.is_websocket() {
        return reading.fail(
            node.place,
            &format!("{}:// is not over WebSocket", over.scheme),
            WEBSOCKET_HINT,
        );
    }
    if parsed.scheme.is_websocket() {
        return reading.fail(
            node.place,
            "the node's `url` is already a WebSocket URL",
            "leave out `websocket`, or give a `url` with mqtt:// or mqtts://",
        );
    }
    Some(Address {
        url,
        websocket: Some(websocket),
    })
}

/// Checks that the URL is valid once the port is filled in.
fn checked(
    reading: &Reading,
    node: &Node,
    asked: Asked,
    starts: bool,
) -> Option<(String, BrokerUrl)> {
    let url = reading.text(node)?;
    let place = node.place;
    let words = port_words(&url);
    let Asked { word, scheme, hint } = asked;
    if starts && words.is_empty() {
        return reading.fail(
            place,
            &format!("no `{word}` in the URL of a broker that mqtt-check starts"),
            &format!("write `{word}` in place of the number, as in {scheme}://127.0.0.1:{word}"),
        );
    }
    if let (false, Some(word)) = (starts, words.first()) {
        return reading.fail(
            place,
            &format!("`{word}` is chosen only for a broker that the run starts"),
            "write the number, or describe with `start` how to start the broker",
        );
    }
    let mut filled = url.clone();
    for word in words {
        filled = filled.replace(word, "1883");
    }
    match BrokerUrl::parse(&filled) {
        Ok(parsed) => Some((url, parsed)),
        Err(error) => reading.fail(place, &error.to_string(), hint),
    }
}

/// Two nodes with the same address would be one node.
fn all_different(reading: &Reading, addresses: &[(Address, Place)]) -> Option<()> {
    let mut seen = BTreeSet::new();
    for (address, place) in addresses {
        for url in std::iter::once(&address.url).chain(&address.websocket) {
            if !seen.insert(url) {
                return reading.fail(
                    *place,
                    &format!("`{url}` is listed twice"),
                    "each node needs its own address; {port_1}, {port_2} and so on are further free ports",
                );
            }
        }
    }
    Some(())
}
