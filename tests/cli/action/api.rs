//! A small fake of GitHub's API: the comments of pull request 7 of `owner/broker`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// The login under which the action's own token writes.
pub(super) const BOT: &str = "github-actions[bot]";

/// How the API behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Willing,
    /// The token has no write permission.
    ReadOnly,
    /// Every request is redirected.
    Redirects(u16),
    /// Every request fails.
    Broken,
    /// A comment no longer exists when it is edited.
    Forgetful,
}

/// The requests so far, and the stored comments.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Login and text of each comment.
    pub(super) comments: Vec<(String, String)>,
    /// Method, path and authorization header of each request.
    pub(super) requests: Vec<(String, String, Option<String>)>,
}

/// A running API.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) port: u16,
    pub(super) kept: Arc<Mutex<Kept>>,
}

impl Api {
    pub(super) fn serve(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let shared = Arc::clone(&kept);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, mood, &shared);
            }
        });
        Self { port, kept }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Adds a comment that exists from the start.
    pub(super) fn with(self, login: &str, text: &str) -> Self {
        let comment = (login.to_owned(), text.to_owned());
        self.kept.lock().expect("it").comments.push(comment);
        self
    }

    pub(super) fn comments(&self) -> Vec<(String, String)> {
        self.kept.lock().expect("it").comments.clone()
    }

    /// The requests, such as `GET /repos/…`.
    pub(super) fn requests(&self) -> Vec<String> {
        let kept = self.kept.lock().expect("it");
        let requests = kept.requests.iter();
        requests
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect()
    }

    /// The authorization headers.
    pub(super) fn tokens(&self) -> Vec<Option<String>> {
        let kept = self.kept.lock().expect("it");
        kept.requests
            .iter()
            .map(|(_, _, token)| token.clone())
            .collect()
    }
}

fn answer(stream: TcpStream, mood: Mood, kept: &Mutex<Kept>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        head.push(line.trim_end().to_owned());
        line.clear();
    }
    let header = |name: &str| {
        let mut lines = head.iter().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).expect("a body");
    let mut words = head.first().map_or("", String::as_str).split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let mut kept = kept.lock().expect("it");
    let request = (method.to_owned(), path.to_owned(), header("authorization"));
    kept.requests.push(request);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, more, text) = match (mood, method) {
        (Mood::Redirects(port), _) => {
            let to = format!("location: http://127.0.0.1:{port}{path}\r\n");
            (307, to, Value::Null)
        }
        (Mood::Broken, _) => (502, String::new(), json!({ "message": "Bad gateway" })),
        (Mood::ReadOnly, "POST" | "PATCH") => {
            let message = "Resource not accessible by integration";
            (403, String::new(), json!({ "message": message }))
        }
        _ => {
            let (status, text) = willing(method, path, &body, mood, &mut kept.comments);
            (status, String::new(), text)
        }
    };
    drop(kept);
    let text = text.to_string();
    let answer = format!(
        "HTTP/1.1 {status} .\r\n{more}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // The client may have closed the connection.
    let _ = reader.get_mut().write_all(answer.as_bytes());
}

fn willing(
    method: &str,
    path: &str,
    body: &Value,
    mood: Mood,
    comments: &mut Vec<(String, String)>,
) -> (u16, Value) {
    const OF_PULL: &str = "/repos/owner/broker/issues/7/comments";
    const ONE: &str = "/repos/owner/broker/issues/comments/";
    let text = body["body"].as_str().unwrap_or_default().to_owned();
    let shown = |(at, (login, text)): (usize, &(String, String))| json!({ "id": at, "user": { "login": login }, "body": text });
    match (method, path.split_once('?')) {
        ("GET", Some((OF_PULL, query))) => {
            let number = |name: &str| {
                let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                let found = pairs.find(|(known, _)| *known == name);
                found.and_then(|(_, value)| value.parse::<usize>().ok())
            };
            let (per_page, page) = (
                number("per_page").unwrap_or(30),
                number("page").unwrap_or(1),
            );
            let all = comments.iter().enumerate().skip(per_page * (page - 1));
            (200, all.take(per_page).map(shown).collect())
        }
        ("POST", None) if path == OF_PULL => {
            comments.push((BOT.to_owned(), text));
            (201, json!({ "id": comments.len() - 1 }))
        }
        ("PATCH", None) => {
            let at = path
                .strip_prefix(ONE)
                .and_then(|at| at.parse::<usize>().ok());
            match at.and_then(|at| comments.get_mut(at)) {
                Some(comment) if mood != Mood::Forgetful => {
                    comment.1 = text;
                    (200, json!({ "id": at }))
                }
                _ => (404, json!({ "message": "Not Found" })),
            }
        }
        _ => (404, json!({ "message": "Not Found" })),
    }
}
