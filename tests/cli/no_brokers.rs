//! What answers like a broker and is none. A suite that such a thing passes proves nothing of those that it passes
//! rightly.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fake {
    /// Answers CONNECT and PINGREQ and ignores everything else.
    Greets,
    /// Closes every connection at once, but for the first look that the harness takes.
    Closes,
    /// Answers CONNECT and closes at the first byte that comes then.
    ClosesAfterConnack,
}

/// So many connections are the harness's first look: one for each version, and one without a Keep Alive.
const LOOKS: usize = 4;

impl Fake {
    /// As README.md calls it.
    const fn told(self) -> &'static str {
        match self {
            Self::Greets => "answers only CONNECT and PINGREQ",
            Self::Closes => "closes every connection at once",
            Self::ClosesAfterConnack => "closes at the first byte after CONNACK",
        }
    }

    /// Serves in a thread of its own; the URL.
    fn serve(self) -> String {
        // A current-thread runtime goes on only while somebody waits in it: a thread of its own does.
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

    async fn answer(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let mut greeted = false;
        loop {
            while let Some((packet, rest)) = first_packet(&bytes) {
                let answer: &[u8] = match packet[0] {
                    0x10 if !greeted => connack(packet),
                    0xC0 => &[0xD0, 0x00],
                    _ => &[],
                };
                if greeted && self != Self::Greets {
                    return;
                }
                greeted |= packet[0] == 0x10;
                if stream.write_all(answer).await.is_err() {
                    return;
                }
                bytes = rest.to_vec();
            }
            if greeted && self != Self::Greets && !bytes.is_empty() {
                return;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(1..) => {}
                _ => return,
            }
        }
    }
}

/// The level stands behind the protocol's name: `MQTT` or `MQIsdp`.
fn connack(connect: &[u8]) -> &'static [u8] {
    let name = connect.get(3).copied().map_or(0, usize::from);
    match connect.get(4 + name) {
        Some(5) => &[0x20, 3, 0, 0, 0],
        _ => &[0x20, 2, 0, 0],
    }
}

/// The first packet and what follows it, once it is whole.
fn first_packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0;
    for (n, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return bytes.split_at_checked(n + 2 + length);
        }
    }
    None
}

/// Cases that such a thing may pass, each since what it does is what the case is about. May only shrink.
const RIGHT: [(&str, &str); 9] = [
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
        "session/expiry-changed-on-disconnect[zero",
        "resumes no session",
    ),
    (
        "session/expiry-changed-on-disconnect[with-will-zero",
        "resumes no session",
    ),
    ("session/no-expiry-asked", "resumes no session"),
];

/// The suite against it: how many cases were played, and those that passed or were warned of.
fn play(fake: Fake) -> (usize, Vec<String>) {
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    // On a busy machine even the first look may take longer than the short limits of this.
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
    Command::new(env!("CARGO_BIN_EXE_mqtt-check"))
        .args(["run", "scenarios/", "--no-snapshots", "--exclusive"])
        .arg("--no-first-look")
        .args(["--timeout-scale", "0.02", "--max-wait", "1s"])
        .args(["--jobs", "1024", "--broker", url, "--report"])
        .arg(format!("json={}", report.display()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs")
}

/// What README.md says of it is so: no more cases pass, and each of them rightly. On a busy machine it may be fewer,
/// since the limits here are short.
fn passes_what_is_told(fake: Fake) {
    let readme = include_str!("../../README.md");
    let row = format!("| {} | ", fake.told());
    let (_, told) = readme.split_once(&row).expect("a row of its own");
    let most = told.split([',', ' ']).next().and_then(|n| n.parse().ok());
    let most: usize = most.expect("a number");
    let (played, passed) = play(fake);
    assert!(played > 750, "only {played} cases were played");
    for id in &passed {
        let is_right = RIGHT.iter().any(|(begin, _)| id.starts_with(begin));
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
fn one_that_only_greets_passes_what_is_about_greeting() {
    passes_what_is_told(Fake::Greets);
}

#[test]
fn one_that_closes_every_connection_passes_nothing() {
    passes_what_is_told(Fake::Closes);
}

#[test]
fn one_that_closes_after_connack_passes_what_is_about_connecting() {
    passes_what_is_told(Fake::ClosesAfterConnack);
}
