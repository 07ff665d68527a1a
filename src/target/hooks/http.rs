//! A webhook server: receives the events of a broker by HTTP.
//!
//! It answers before the broker starts, since a broker may send requests while it starts. Requests that arrive before
//! `set_sender` is called are dropped.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::EventSender;
use super::rule::SourceMessage;

/// How often to check whether to stop.
const LOOK: Duration = Duration::from_millis(10);
/// How long a read waits before the next check.
const ATTENTION: Duration = Duration::from_millis(200);
/// The largest request that is read, in bytes.
const LARGEST: usize = 1024 * 1024;
/// The most header fields in a request.
const HEADERS: usize = 64;
/// The most connections at the same time.
const CONNECTIONS: usize = 64;

/// Receives requests. Dropping it stops the server.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    answer: String,
    sender: OnceLock<EventSender>,
    stopped: AtomicBool,
    connections: AtomicUsize,
}

impl Sink {
    /// Listens on a free port of 127.0.0.1 and answers every request with 200 and this JSON.
    ///
    /// # Errors
    /// Fails if there is no free port, or no thread to serve it.
    pub fn bind(answer: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            answer: answer.to_owned(),
            sender: OnceLock::new(),
            stopped: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        thread::Builder::new()
            .name("hooks-http".to_owned())
            .spawn(move || accept(&listener, &serving))?;
        Ok(Self { address, shared })
    }

    /// The URL to which the broker sends its events.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Passes requests to `sender` from now on.
    pub(super) fn set_sender(&self, sender: EventSender) {
        // There is only one sender per sink.
        let _ = self.shared.sender.set(sender);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn fail(&self, problem: String) {
        if let Some(sender) = self.sender.get() {
            sender.fail(problem);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.is_stopped() {
        match listener.accept() {
            Ok((stream, _)) => {
                let conversing = Arc::clone(shared);
                if shared.connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                    shared.fail(format!(
                        "more than {CONNECTIONS} connections at the same time"
                    ));
                    return;
                }
                let spawned = thread::Builder::new().spawn(move || {
                    if let Err(error) = converse(stream, &conversing) {
                        conversing.fail(format!("a request cannot be read: {error}"));
                    }
                    conversing.connections.fetch_sub(1, Ordering::Relaxed);
                });
                if let Err(error) = spawned {
                    return shared.fail(error.to_string());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(LOOK),
            Err(error) => return shared.fail(error.to_string()),
        }
    }
}

/// Reads requests and answers each, until either side closes the connection.
fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(ATTENTION))?;
    let mut buffer = Vec::new();
    while !shared.is_stopped() {
        while let Some((message, length)) = request(&buffer)? {
            buffer.drain(..length);
            if let Some(sender) = shared.sender.get() {
                sender.send(&message);
            }
            let answer = &shared.answer;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            stream.write_all(format!("{head}{answer}").as_bytes())?;
        }
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) => return Ok(()),
            Ok(count) => buffer.extend_from_slice(&part[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error),
        }
        if buffer.len() > LARGEST {
            return Err(io::Error::other(format!("more than {LARGEST} bytes")));
        }
    }
    Ok(())
}

/// Parses the first request in these bytes, and returns it with its length. `None` if it is not complete yet.
fn request(bytes: &[u8]) -> io::Result<Option<(SourceMessage, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(begins) = head.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|header| {
            let value = String::from_utf8_lossy(header.value).into_owned();
            (header.name.to_ascii_lowercase(), value)
        })
        .collect();
    let named = |name: &str| {
        let found = headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.trim())
    };
    let rest = &bytes[begins..];
    let (body, length) = if named("transfer-encoding").is_some_and(|v| v.ends_with("chunked")) {
        match chunks(rest)? {
            Some(read) => read,
            None => return Ok(None),
        }
    } else {
        let length = match named("content-length").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(length)) if length <= LARGEST => length,
            Some(_) => return Err(io::Error::other("an invalid Content-Length")),
        };
        match rest.get(..length) {
            Some(body) => (body.to_vec(), length),
            None => return Ok(None),
        }
    };
    let text = String::from_utf8_lossy(&body).into_owned();
    let message = SourceMessage {
        headers,
        ..SourceMessage::new(text, None)
    };
    Ok(Some((message, begins + length)))
}

/// Parses a chunked body, and returns it with its length in bytes. `None` if it is not complete yet.
fn chunks(bytes: &[u8]) -> io::Result<Option<(Vec<u8>, usize)>> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let parsed = httparse::parse_chunk_size(&bytes[at..]);
        let parsed = parsed.map_err(|_| io::Error::other("an invalid chunk size"))?;
        let httparse::Status::Complete((begins, size)) = parsed else {
            return Ok(None);
        };
        let Some(size) = usize::try_from(size).ok().filter(|size| *size <= LARGEST) else {
            return Err(io::Error::other("a chunk that is too large"));
        };
        let from = at + begins;
        let Some(chunk) = bytes.get(from..from + size + 2) else {
            return Ok(None);
        };
        at = from + size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_consecutive_requests() {
        let first = b"POST /a HTTP/1.1\r\nHost: h\r\nvernemq-hook: on_register\r\nContent-Length: 17\r\n\r\n{\"client_id\":\"a\"}";
        let second = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n";
        let both = [&first[..], &second[..]].concat();
        for cut in 0..first.len() {
            assert!(request(&both[..cut]).expect("no error").is_none(), "{cut}");
        }
        let (message, length) = request(&both).expect("no error").expect("a request");
        assert_eq!(length, first.len());
        assert_eq!(message.text, "{\"client_id\":\"a\"}");
        let hook = ("vernemq-hook".to_owned(), "on_register".to_owned());
        assert!(message.headers.contains(&hook));
        for cut in 0..second.len() {
            assert!(
                request(&second[..cut]).expect("no error").is_none(),
                "{cut}"
            );
        }
        let (message, length) = request(second).expect("no error").expect("a request");
        assert_eq!((message.text.as_str(), length), ("{\"a\":1}", second.len()));
        assert!(request(b"\0\0\0\r\n\r\n").is_err());
    }
}
