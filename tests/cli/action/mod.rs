//! Tests the scripts of the GitHub action against a fake of GitHub's API.

mod api;
mod structure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::program::{BINARY, PING, Program, WRONG};
use api::{Api, BOT, Mood};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/action");
const TOKEN: &str = "ghs_a-token-that-nobody-may-see";
const MARKER: &str = "<!-- mqtt-check comparison: mqtt-check -->\n";

/// A step of the action, in its own folder.
struct Step {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// How a step ended.
struct Done {
    exit: Option<i32>,
    /// stdout and stderr.
    log: String,
    outputs: String,
    summary: String,
}

impl Step {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str| folder.path().join(name).display().to_string();
        let environment = [
            ("GITHUB_OUTPUT", place("outputs")),
            ("GITHUB_STEP_SUMMARY", place("summary.md")),
            ("GITHUB_EVENT_PATH", place("event.json")),
            ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
            ("GITHUB_REPOSITORY", "owner/broker".to_owned()),
            ("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR").to_owned()),
            ("RUNNER_TEMP", place("")),
            ("HOME", place("")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("ACTION_PROGRAM", BINARY.to_owned()),
            ("INPUT_NAME", "mqtt-check".to_owned()),
            ("INPUT_COMMENT", "true".to_owned()),
            ("INPUT_COMMENT_AUTHOR", BOT.to_owned()),
            ("INPUT_TOKEN", TOKEN.to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value));
        let step = Self {
            environment: environment.to_vec(),
            folder,
        };
        step.from("owner/broker")
    }

    /// Sets the repository that the pull request comes from.
    fn from(self, repository: &str) -> Self {
        let event = json!({ "pull_request": {
            "number": 7,
            "head": { "repo": { "full_name": repository } },
            "base": { "repo": { "full_name": "owner/broker" } },
        } });
        fs::write(self.path("event.json"), event.to_string()).expect("the event");
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, script: &str) -> Done {
        for file in ["outputs", "summary.md"] {
            let _ = fs::remove_file(self.path(file));
        }
        let ended = Command::new("python3")
            .arg(Path::new(SCRIPTS).join(script))
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().map(|(n, v)| (n, v)))
            .output()
            .expect("python3 is installed");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let file = |name: &str| fs::read_to_string(self.path(name)).unwrap_or_default();
        let done = Done {
            exit: ended.status.code(),
            log: text(&ended.stdout) + &text(&ended.stderr),
            outputs: file("outputs"),
            summary: file("summary.md"),
        };
        let all = [&done.log, &done.outputs, &done.summary];
        assert!(!all.iter().any(|text| text.contains(TOKEN)), "{}", done.log);
        done
    }
}

/// A step that compares reports of a broker without and with a fault.
fn compares(api: &Api) -> Step {
    let step = Step::new().env("GITHUB_API_URL", &api.url());
    for (file, fault) in [
        ("base.json", ""),
        ("head.json", "--fault no-disconnect-on-takeover"),
    ] {
        let report = step.path(file);
        let run = format!("run --no-github --filter session/takeover@5 {fault}");
        let _ = Program::new(&run)
            .argument(&format!("--report=json={}", report.display()))
            .run();
        assert!(report.is_file());
    }
    let (base, head) = (step.path("base.json"), step.path("head.json"));
    step.env("INPUT_BASE_REPORT", &base.display().to_string())
        .env("INPUT_REPORT", &head.display().to_string())
}

#[test]
fn creates_the_comment_once_and_then_edits_it() {
    let api = Api::serve(Mood::Willing)
        .with("somebody", &format!("{MARKER}not ours"))
        .with(BOT, "of another action");
    let step = compares(&api);
    let done = step.run("compare.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    assert_eq!(done.outputs, "regressed=true\n");
    assert!(
        done.summary.contains("## mqtt-check: 1 case regressed"),
        "{}",
        done.summary
    );
    let (login, text) = api.comments().pop().expect("a comment");
    assert_eq!((login.as_str(), api.comments().len()), (BOT, 3));
    assert!(
        text.starts_with(&format!("{MARKER}## mqtt-check: 1 case regressed")),
        "{text}"
    );
    // The pull request is fixed.
    let base = step.path("base.json").display().to_string();
    let done = step.env("INPUT_REPORT", &base).run("compare.py");
    assert_eq!(done.outputs, "regressed=false\n", "{}", done.log);
    let comments = api.comments();
    assert_eq!(comments.len(), 3);
    assert!(
        comments[2]
            .1
            .starts_with(&format!("{MARKER}## mqtt-check: nothing regressed"))
    );
    assert!(comments[0].1.ends_with("not ours") && comments[1].1 == "of another action");
    let list = "/repos/owner/broker/issues/7/comments";
    assert_eq!(
        api.requests(),
        [
            format!("GET {list}?per_page=100&page=1"),
            format!("POST {list}"),
            format!("GET {list}?per_page=100&page=1"),
            "PATCH /repos/owner/broker/issues/comments/2".to_owned(),
        ]
    );
    let sent = Some(format!("Bearer {TOKEN}"));
    assert!(api.tokens().iter().all(|token| *token == sent));
}

#[test]
fn finds_its_comment_behind_many_others() {
    let mut api = Api::serve(Mood::Willing);
    for n in 0..120 {
        api = api.with("somebody", &format!("comment {n}"));
    }
    let api = api.with(BOT, MARKER);
    let done = compares(&api).run("compare.py");
    assert!(
        done.log.contains("edited the comment on pull request 7"),
        "{}",
        done.log
    );
    assert_eq!(api.comments().len(), 121);
}

#[test]
fn writes_a_new_comment_where_the_old_one_was_deleted_meanwhile() {
    let api = Api::serve(Mood::Forgetful).with(BOT, MARKER);
    let done = compares(&api).run("compare.py");
    assert!(done.log.contains("created the comment"), "{}", done.log);
}

#[test]
fn says_what_is_wrong_where_the_token_is_missing_or_may_not_write() {
    let api = Api::serve(Mood::ReadOnly);
    let step = compares(&api);
    let done = step.run("compare.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    let why = "::warning title=mqtt-check::the comment could not be written: HTTP 403: Resource not accessible by \
               integration. The job needs `permissions: pull-requests: write`\n";
    assert!(done.log.contains(why), "{}", done.log);
    let step = step.env("INPUT_TOKEN", "");
    let before = api.requests().len();
    let done = step.run("compare.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    assert!(
        done.log.contains("because the input `token` is empty"),
        "{}",
        done.log
    );
    assert!(done.summary.contains("regressed"), "{}", done.summary);
    assert_eq!(api.requests().len(), before);
}

#[test]
fn a_pull_request_from_a_fork_has_the_summary_alone() {
    let api = Api::serve(Mood::ReadOnly);
    for from in ["somebody/broker", "somebody/renamed"] {
        let done = compares(&api).from(from).run("compare.py");
        assert_eq!(done.exit, Some(0), "{}", done.log);
        assert!(
            done.log
                .contains("::notice title=mqtt-check::there is no comment"),
            "{}",
            done.log
        );
        assert!(!done.log.contains("::warning"), "{}", done.log);
        assert!(
            done.summary.contains("## mqtt-check: 1 case regressed"),
            "{}",
            done.summary
        );
    }
}

#[test]
fn sends_the_token_nowhere_else() {
    let other = Api::serve(Mood::Willing);
    let api = Api::serve(Mood::Redirects(other.port));
    let done = compares(&api).run("compare.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    assert!(
        done.log.contains("could not be written: HTTP 307"),
        "{}",
        done.log
    );
    assert_eq!(other.requests(), [""; 0]);
}

#[test]
fn a_broken_service_fails_no_job() {
    let api = Api::serve(Mood::Broken);
    let done = compares(&api).run("compare.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    assert!(done.log.contains("HTTP 502: Bad gateway"), "{}", done.log);
    assert_eq!(api.requests().len(), 3);
    let step = compares(&api).env("GITHUB_API_URL", "http://127.0.0.1:1");
    let done = step.run("compare.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    assert!(done.log.contains("::warning"), "{}", done.log);
}

#[test]
fn says_where_there_is_nothing_to_compare() {
    let api = Api::serve(Mood::Willing);
    let step = compares(&api);
    let none = step.path("none.json").display().to_string();
    let step = step.env("INPUT_BASE_REPORT", &none);
    let done = step.run("compare.py");
    assert_eq!(
        (done.exit, done.outputs.as_str()),
        (Some(0), "regressed=\n"),
        "{}",
        done.log
    );
    assert!(
        done.summary.contains("nothing to compare with"),
        "{}",
        done.summary
    );
    fs::write(&none, "```\nhello").expect("writing");
    let done = step.run("compare.py");
    assert_eq!(
        (done.exit, done.outputs.as_str()),
        (Some(0), "regressed=\n"),
        "{}",
        done.log
    );
    assert!(
        done.log
            .contains("::warning title=mqtt-check::the reports cannot be compared")
    );
    assert!(done.summary.contains("it is not JSON"), "{}", done.summary);
    assert_eq!(api.comments().len(), 1);
    let done = step.env("INPUT_REPORT", "").run("compare.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    assert!(
        done.log.contains("the run has left no report"),
        "{}",
        done.log
    );
}

#[test]
fn plays_with_the_inputs_and_keeps_the_reports() {
    let step = Step::new()
        .env("INPUT_PATHS", "'my scenarios'")
        .env("INPUT_ARGS", "--filter 'basic/*' --jobs 1 --no-snapshots")
        .env("INPUT_NAME", "one; $(touch stolen)")
        .env("GITHUB_EVENT_NAME", "push");
    let folder = step.path("my scenarios/basic");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("ping.yaml"), PING).expect("a scenario");
    let done = step.run("run.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    let reports = step.path("reports-of-one----touch-stolen-");
    for line in [
        "exit-code=0".to_owned(),
        format!("folder={}", reports.display()),
        format!("report={}", reports.join("report.json").display()),
    ] {
        assert!(done.outputs.contains(&(line + "\n")), "{}", done.outputs);
    }
    for file in ["report.json", "report.html", "junit.xml"] {
        assert!(reports.join(file).is_file(), "{file}");
    }
    assert!(step.path(".mqtt-check-base/report.json").is_file());
    assert!(!step.path("stolen").exists());
    // A failed run does not stop the step, because its reports must be kept first.
    fs::write(folder.join("ping.yaml"), WRONG).expect("a scenario");
    let done = step.run("run.py");
    assert_eq!(done.exit, Some(0), "{}", done.log);
    assert!(
        done.outputs.starts_with("exit-code=1\n"),
        "{}",
        done.outputs
    );
    let done = step.env("INPUT_ARGS", "--filter 'basic").run("run.py");
    assert_eq!(done.exit, Some(1), "{}", done.log);
    assert!(
        done.log.contains("are quoted as in a shell"),
        "{}",
        done.log
    );
}

#[test]
fn the_job_ends_as_it_was_asked_to() {
    for (exit, fail_on, regressed, expected) in [
        ("0", "failure", "true", 0),
        ("1", "failure", "false", 1),
        ("0", "regression", "true", 1),
        ("0", "regression", "false", 0),
        ("1", "regression", "true", 1),
        ("1", "regression", "false", 0),
        ("1", "regression", "", 0),
        ("3", "regression", "false", 3),
        ("4", "failure", "", 4),
        ("", "failure", "", 3),
        ("0", "always", "", 2),
    ] {
        let done = Step::new()
            .env("INPUT_EXIT", exit)
            .env("INPUT_FAIL_ON", fail_on)
            .env("INPUT_REGRESSED", regressed)
            .run("verdict.py");
        assert_eq!(
            done.exit,
            Some(expected),
            "{exit} {fail_on} {regressed}: {}",
            done.log
        );
        assert_eq!(done.log.contains("::error"), expected != 0, "{}", done.log);
    }
}

#[test]
fn a_program_is_found_again_by_what_it_is_built_of() {
    let step = Step::new();
    let folder = step.path("action");
    let source = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let step = step.env("GITHUB_ACTION_PATH", &folder.display().to_string());
    let done = step.run("source.py");
    assert_eq!(done.exit, Some(1), "{}", done.log);
    source("Cargo.toml", "[package]");
    source("src/main.rs", "fn main() {}");
    let first = step.run("source.py").outputs;
    assert!(first.starts_with("digest=") && first.len() > 64, "{first}");
    source("docs/page.md", "text");
    assert_eq!(step.run("source.py").outputs, first);
    source("src/main.rs", "fn main() { }");
    assert_ne!(step.run("source.py").outputs, first);
}
