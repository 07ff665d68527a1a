//! Servers that answer like a broker but are not one. They must pass only the checks that they really satisfy.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::program::BINARY;

/// What the server does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fake {
    /// Answers CONNECT and PINGREQ and ignores everything else.
    Greets,
    /// Closes every connection at once, except those of the harness's first look.
    Closes,
    /// Answers CONNECT and closes at the next byte.
    ClosesAfterConnack,
    /// Acknowledges everything and delivers nothing.
    Acknowledges,
}

/// The connections of the harness's first look: one for each version, and one without a Keep Alive.
const LOOKS: usize = 4;

impl Fake {
    /// The description in docs/verdicts.md.
    const fn told(self) -> &'static str {
        match self {
            Self::Greets => "answers only CONNECT and PINGREQ",
            Self::Closes => "closes every connection at once",
            Self::ClosesAfterConnack => "closes at the first byte after CONNACK",
            Self::Acknowledges => "acknowledges everything and delivers nothing",
        }
    }

    /// Serves in its own thread. Returns the URL.
    fn serve(self) -> String {
        // A current-thread runtime makes progress only while a thread blocks on it, so give it one.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let accepted = AtomicUsize::new(0);
                while let Ok((stream, _)) = listener.accept().await {
                    let number = accepted.fetch_add(1, Ordering::Relaxed);
                    if self == Self::Closes && number >= LOOKS {
                        drop(stream);
                    } else {
                        tokio::spawn(self.answer(stream));
                    }
                }
            })
        });
        format!("mqtt://127.0.0.1:{port}")
    }

    /// Whether the server closes the connection at the first byte after CONNACK.
    const fn closes(self) -> bool {
        matches!(self, Self::Closes | Self::ClosesAfterConnack)
    }

    async fn answer(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let mut greeted = false;
        let mut is_new = false;
        loop {
            while let Some((packet, rest)) = first_packet(&bytes) {
                let answer = match packet[0] {
                    0x10 if !greeted => {
                        is_new = speaks_5(packet);
                        connack(is_new).to_vec()
                    }
                    0xC0 => vec![0xD0, 0x00],
                    _ if self == Self::Acknowledges => {
                        acknowledgment(packet, is_new).unwrap_or_default()
                    }
                    _ => Vec::new(),
                };
                if greeted && self.closes() {
                    return;
                }
                greeted |= packet[0] == 0x10;
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
                bytes = rest.to_vec();
            }
            if greeted && self.closes() && !bytes.is_empty() {
                return;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(1..) => {}
                _ => return,
            }
        }
    }
}

/// Whether a CONNECT is of version 5. The protocol level follows the protocol name, `MQTT` or `MQIsdp`.
fn speaks_5(connect: &[u8]) -> bool {
    let name = connect.get(3).copied().map_or(0, usize::from);
    connect.get(4 + name) == Some(&5)
}

const fn connack(is_new: bool) -> &'static [u8] {
    if is_new {
        &[0x20, 3, 0, 0, 0]
    } else {
        &[0x20, 2, 0, 0]
    }
}

/// The acknowledgement of this packet, if it needs one. Each filter is granted the QoS that it asks for.
fn acknowledgment(packet: &[u8], is_new: bool) -> Option<Vec<u8>> {
    let body = length(packet.get(1..)?)?.1;
    let (first, id, codes) = match packet[0] {
        0x30..=0x3F => {
            let first = match packet[0] & 0x06 {
                0x02 => 0x40,
                0x04 => 0x50,
                _ => return None,
            };
            (first, counted(body)?.1.get(..2)?, None)
        }
        0x62 => (0x70, body.get(..2)?, None),
        0x82 => (0x90, body.get(..2)?, Some(filters(body, is_new, 1)?)),
        0xA2 => (0xB0, body.get(..2)?, Some(filters(body, is_new, 0)?)),
        _ => return None,
    };
    let mut answer = id.to_vec();
    match codes {
        Some(codes) if is_new => {
            answer.push(0);
            answer.extend(codes);
        }
        // UNSUBACK has no reason codes before version 5.
        Some(codes) if first == 0x90 => answer.extend(codes),
        _ => {}
    }
    let mut whole = vec![first];
    let mut length = answer.len();
    while length > 0x7F {
        whole.push(u8::try_from(length & 0x7F).expect("seven bits") | 0x80);
        length >>= 7;
    }
    whole.push(u8::try_from(length).expect("seven bits"));
    whole.extend(answer);
    Some(whole)
}

/// A reason code for each filter. In SUBSCRIBE a byte of options follows each filter, in UNSUBSCRIBE none.
fn filters(body: &[u8], is_new: bool, options: usize) -> Option<Vec<u8>> {
    let mut rest = body.get(2..)?;
    if is_new {
        let (properties, behind) = length(rest)?;
        rest = behind.get(properties..)?;
    }
    let mut codes = Vec::new();
    while !rest.is_empty() {
        let (asked, behind) = counted(rest)?.1.split_at_checked(options)?;
        codes.push(asked.first().map_or(0, |byte| byte & 0x03));
        rest = behind;
    }
    Some(codes)
}

/// Splits off a string with a length of two bytes.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(2)?;
    rest.split_at_checked(usize::from(length[0]) << 8 | usize::from(length[1]))
}

/// Splits off a length of one to four bytes.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for (n, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * n);
        if byte & 0x80 == 0 {
            return Some((length, &bytes[n + 1..]));
        }
    }
    None
}

/// Splits off the first packet, once it is complete.
fn first_packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = length(bytes.get(1..)?)?;
    bytes.split_at_checked(bytes.len() - rest.len() + size)
}

/// Cases that such a server may pass, because the case is about what the server does. This list may only shrink.
const RIGHT: [(&str, &str); 10] = [
    ("connect/client-id-characters", "accepts the CONNECT"),
    ("connect/client-id-empty@3.1.1", "accepts the CONNECT"),
    ("connect/ping", "answers the ping"),
    (
        "connect/response-information[absent]@5",
        "gives no Response Information",
    ),
    (
        "connect/response-information[zero]@5",
        "gives no Response Information",
    ),
    (
        "session/client-ids-by-case",
        "accepts both CONNECTs and answers both pings",
    ),
    (
        "session/expiry-changed-after-clean-start[zero",
        "resumes no session",
    ),
    (
        "session/expiry-changed-on-disconnect[zero",
        "resumes no session",
    ),
    (
        "session/expiry-changed-on-disconnect[with-will-zero",
        "resumes no session",
    ),
    ("session/no-expiry-asked", "resumes no session"),
];

/// Further cases in which a server that acknowledges everything may pass or get a warning. None that passes needs a
/// message to be delivered.
const ACKNOWLEDGED: [(&str, &str); 29] = [
    ("subscribe/share-in-3.1.1", "answers the SUBSCRIBE"),
    ("connect/accepted", "accepts the CONNECT"),
    ("connect/one-connack", "sends one CONNACK"),
    ("flows/hooks-dropped[no-subscribers", "acknowledges it"),
    ("flows/hooks-dropped[packet-id-in-use", "takes it"),
    ("flows/hooks-dropped[session-ended", "resumes no session"),
    ("packets/after-disconnect", "warned: stays open"),
    ("packets/odd-characters", "takes them"),
    ("publish/packet-id-zero", "warned: stays open"),
    ("publish/to-nobody", "acknowledges it"),
    (
        "publish/to-somebody[1-offline]",
        "does not say that nobody is there",
    ),
    (
        "publish/to-somebody[2-offline]",
        "does not say that nobody is there",
    ),
    ("qos/explained-pubrel[", "answers each PUBREL"),
    ("qos/identifier-in-use", "takes it"),
    ("qos/qos2-unknown-id", "warned: knows every identifier"),
    ("session/clean-session-ends", "resumes no session"),
    ("subscribe/replaced-suback", "grants what is asked for"),
    ("session/expiry-zero", "resumes no session"),
    ("session/fresh@3.1", "resumes no session"),
    ("shared/filter-invalid", "warned: grants it"),
    ("shared/no-local", "warned: grants it"),
    (
        "shared/passed-on-however[discarded-",
        "warned: passes nothing on",
    ),
    ("subscribe/filter-invalid", "warned: grants it"),
    ("subscribe/malformed", "warned: stays open"),
    ("subscribe/suback", "answers each SUBSCRIBE"),
    ("subscribe/unsubscribe-malformed", "warned: stays open"),
    ("subscribe/unsubscribe-nothing", "answers each UNSUBSCRIBE"),
    ("transport/packet-in-pieces", "acknowledges it"),
    ("will/promptly", "warned: publishes no Will"),
];

/// Plays the suite against the server. Returns the number of cases played, and those that passed or got a warning.
fn play(fake: Fake) -> (usize, Vec<String>) {
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    // On a busy machine even the first look may exceed the short time limits of this test.
    let ended = (0..20)
        .map(|_| run(&fake.serve(), report.path()))
        .find(|ended| ended.status.code() != Some(3))
        .expect("a broker that is seen in time");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    let text = std::fs::read(report.path()).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let cases = report["cases"].as_array().expect("cases");
    let of = |verdicts: &[&str]| {
        let meant = |case: &&serde_json::Value| {
            let verdict = case["verdict"].as_str().expect("a verdict");
            verdicts.contains(&verdict)
        };
        let ids = cases.iter().filter(meant).map(|case| &case["id"]);
        ids.map(|id| id.as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    (
        cases.len() - of(&["skipped"]).len(),
        of(&["passed", "warned"]),
    )
}

fn run(url: &str, report: &Path) -> Output {
    Command::new(BINARY)
        .args(["run", "scenarios/", "--no-snapshots", "--exclusive"])
        .arg("--no-first-look")
        .args(["--timeout-scale", "0.02", "--max-wait", "1s"])
        .args(["--jobs", "1024", "--broker", url, "--report"])
        .arg(format!("json={}", report.display()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs")
}

/// Checks the statement in docs/verdicts.md: no more cases pass, and each of them rightly. On a busy machine it may be
/// fewer, since the time limits here are short.
fn passes_what_is_told(fake: Fake) {
    let page = include_str!("../../docs/verdicts.md");
    let row = format!("| {} | ", fake.told());
    let (_, told) = page.split_once(&row).expect("a row of its own");
    let most = told.split([',', ' ']).next().and_then(|n| n.parse().ok());
    let most: usize = most.expect("a number");
    let (played, passed) = play(fake);
    assert!(played > 750, "only {played} cases were played");
    for id in &passed {
        let more: &[(&str, &str)] = match fake {
            Fake::Acknowledges => &ACKNOWLEDGED,
            _ => &[],
        };
        let mut right = RIGHT.iter().chain(more);
        // 3.1 says what a server *should* do with retained messages, so these cases only warn.
        let warns_in_3_1 =
            matches!(fake, Fake::Acknowledges) && id.starts_with("retain/") && id.ends_with("@3.1");
        let is_right = warns_in_3_1 || right.any(|(begin, _)| id.starts_with(begin));
        assert!(is_right, "{id} passes on {fake:?}, of {passed:?}");
    }
    assert!(
        passed.len() <= most,
        "{} of {played}: {passed:?}",
        passed.len()
    );
    assert!(passed.len() * 20 < played, "under one in twenty");
}

#[test]
fn a_server_that_only_greets_passes_only_cases_about_greeting() {
    passes_what_is_told(Fake::Greets);
}

#[test]
fn a_server_that_closes_every_connection_passes_nothing() {
    passes_what_is_told(Fake::Closes);
}

#[test]
fn a_server_that_closes_after_connack_passes_only_cases_about_connecting() {
    passes_what_is_told(Fake::ClosesAfterConnack);
}

#[test]
fn a_server_that_only_acknowledges_passes_nothing_about_delivery() {
    passes_what_is_told(Fake::Acknowledges);
}
