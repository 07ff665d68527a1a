//! Plays the suite against an installed Mosquitto and compares the result with what is accepted for it. Also reproduces
//! each accepted deviation from its bytes alone, without the harness.
//!
//! If Mosquitto is not installed, the tests say so and pass; with `CI=true` they fail.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mqtt_check::outcome::profile::Standing;
use mqtt_check::scenario::model::{BrokerAction, ClientIndex, Settings};
use mqtt_check::snapshot;
use mqtt_check::target::file::{Deviation, Exchange};
use mqtt_check::target::instances::{Handle, Instances};
use mqtt_check::target::{Access, Node, Started, TargetFile};
use mqtt_check_codec::ReasonCode;

/// How long an answer of the broker may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Debian installs Mosquitto in a folder that is only on root's PATH.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"];

#[test]
fn the_suite_finds_what_is_accepted_and_nothing_else() {
    let Some(_) = target() else { return };
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    let began = Instant::now();
    let ended = Command::new(env!("CARGO_BIN_EXE_mqtt-check"))
        .args(["run", "scenarios/", "--target", "mosquitto", "--report"])
        .arg(format!("json={}", report.path().display()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // No snapshots may be written.
        .env("CI", "true")
        .output()
        .expect("the program runs");
    let took = began.elapsed();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(ended.status.success(), "{}\n{told}", ended.status);
    let text = std::fs::read(report.path()).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let cases = report["cases"].as_array().expect("cases");
    let longest = cases
        .iter()
        .max_by_key(|case| took_us(case))
        .expect("a case");
    assert!(cases.len() > 500, "only {} cases", cases.len());
    say(&format!(
        "the suite on Mosquitto: {} cases in {} ms, all in all {} ms; the longest, {}, took {} ms",
        cases.len(),
        report["run"]["wall_us"].as_u64().unwrap_or_default() / 1000,
        took.as_millis(),
        longest["id"],
        took_us(longest) / 1000
    ));
}

/// How long a case took, in microseconds. 0 if it was skipped.
fn took_us(case: &serde_json::Value) -> u64 {
    let at = |end: &str| case["span"][end].as_u64().unwrap_or_default();
    at("end_us") - at("start_us")
}

#[test]
fn each_accepted_deviation_shows_by_its_bytes_alone() {
    let Some(file) = target() else { return };
    let broker = Started::start(&file, false, &Access::default()).expect("the broker starts");
    let external = broker.external();
    let places = &Places::of(&external.nodes()[0], None);
    let instances = external.instances.as_ref().expect("they can be started");
    // Mosquitto counts a message's expiry in whole seconds. If a second begins between the message and its delivery, the
    // delivery differs, so an exchange that differs is played once more, on an instance of its own.
    let once_more = |deviation, problem: String| {
        println!("played once more: {problem}");
        play_apart(instances, deviation).map(|()| Played::Apart)
    };
    let played: Vec<Result<Played, String>> = thread::scope(|scope| {
        let playing: Vec<_> = file
            .deviations
            .iter()
            .map(|deviation| {
                scope.spawn(move || {
                    let played = match needs_its_own(deviation) {
                        false => play(places, deviation).map(|()| Played::WithOthers),
                        true => play_apart(instances, deviation).map(|()| Played::Apart),
                    };
                    played.or_else(|problem| once_more(deviation, problem))
                })
            })
            .collect();
        let ended = playing.into_iter();
        ended
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    let each = || file.deviations.iter().zip(&played);
    let wrong: Vec<String> = each()
        .filter_map(|(deviation, played)| {
            let problem = played.as_ref().err()?;
            Some(format!("line {}: {problem}", deviation.place.line))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let log = broker.log();
    for (deviation, played) in each() {
        assert!(!deviation.bytes.is_empty(), "line {}", deviation.place.line);
        if *played == Ok(Played::WithOthers) {
            let told = says(&log, deviation).map_err(|problem| format!("{problem}\n{log}"));
            assert_eq!(told, Ok(()), "line {}", deviation.place.line);
        }
    }
}

/// Where an exchange was played.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Played {
    /// On the broker that most exchanges share.
    WithOthers,
    /// On an instance of its own, whose log was checked.
    Apart,
}

/// Checks that a log contains the lines of the deviation.
fn says(log: &str, deviation: &Deviation) -> Result<(), String> {
    let missing = deviation.log.iter().find(|line| !log.contains(*line));
    missing.map_or(Ok(()), |line| Err(format!("the log does not say `{line}`")))
}

/// Whether the exchange needs a broker with settings, or one that can be restarted or told to kick clients.
fn needs_its_own(deviation: &Deviation) -> bool {
    let is_control = |line: &Exchange| matches!(line, Exchange::Restarts | Exchange::Kicks { .. });
    deviation.broker != Settings::default() || deviation.bytes.iter().any(is_control)
}

/// Plays the exchange on an instance with the settings that it needs.
fn play_apart(instances: &Arc<Instances>, deviation: &Deviation) -> Result<(), String> {
    let kicked = deviation.bytes.iter().filter_map(|line| match line {
        Exchange::Kicks { client } => Some(client.clone()),
        _ => None,
    });
    let kicked: Vec<String> = kicked.collect();
    let told = instances.needed(deviation.broker.non_default(), &kicked);
    let instance = instances.start(&told, u64::from(deviation.place.line))?;
    play(
        &Places::of(&instance.nodes()[0], Some(instance.handle())),
        deviation,
    )?;
    says(&instance.log(), deviation)
}

/// Where to write a setting: before the listeners, or below each of them.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    Broker,
    Listener,
    /// Nowhere: the line is removed.
    Nowhere,
}

/// Settings that change what clients see, cases that are quick to play, and the line that names the change.
/// `docs/baselines.md` has more of them.
const SETTINGS: &[(Where, &str, &str, &str)] = &[
    (
        Where::Listener,
        "max_qos 0",
        "session/offline-qos0",
        "announces maximum_qos 0, was 2 (MQTT 5)",
    ),
    (
        Where::Listener,
        "max_qos 1",
        "session/offline-qos0",
        "announces maximum_qos 1, was 2 (MQTT 5)",
    ),
    (
        Where::Listener,
        "max_topic_alias 0",
        "session/offline-qos0",
        "announces topic_alias_maximum 0, was 10 (MQTT 5)",
    ),
    (
        Where::Broker,
        "retain_available false",
        "retain/stored-qos0",
        "no longer exercised: needs:retain (retain/stored-qos0@3.1, retain/stored-qos0@3.1.1, retain/stored-qos0@5)",
    ),
    (
        Where::Broker,
        "queue_qos0_messages true",
        "session/offline-qos0",
        "chooses differently: offline_qos0: queued, was dropped (session/offline-qos0@3.1.1, session/offline-qos0@5)",
    ),
    (
        Where::Broker,
        "max_inflight_messages 1",
        "session/offline-qos0",
        "announces receive_maximum 1, was 20 (MQTT 5)",
    ),
    (
        Where::Broker,
        "max_keepalive 30",
        "session/offline-qos0",
        "announces server_keep_alive 30, was none (MQTT 5)",
    ),
    (
        Where::Broker,
        "max_packet_size 1000",
        "connect/client-id-longest",
        "chooses differently: longest_client_id: refused, was accepted (connect/client-id-longest@3.1.1, connect/client-id-longest@5)",
    ),
    (
        Where::Broker,
        "allow_zero_length_clientid false",
        "connect/client-id-empty",
        "regressed: failed, was passed (connect/client-id-empty@3.1.1, connect/client-id-empty@5)",
    ),
    (
        Where::Broker,
        "auto_id_prefix zoo-",
        "connect/client-id-*",
        "chooses differently: assigned_client_id: otherwise, was auto (connect/client-id-form@5)",
    ),
    (
        Where::Broker,
        "max_queued_messages 10",
        "session/many-waiting",
        "chooses differently: waiting_messages_150: some_dropped, was all_delivered (session/many-waiting@3.1.1, session/many-waiting@5)",
    ),
    (
        Where::Broker,
        "allow_duplicate_messages true",
        "subscribe/overlapping",
        "STALE snapshots/@mosquitto/subscribe/overlapping@3.1.1.snap",
    ),
    (
        Where::Broker,
        "persistence true\n    persistence_location {folder}/",
        "flows/restart-without-store",
        "chooses differently: sessions_without_store: kept, was forgotten (flows/restart-without-store@3.1.1, flows/restart-without-store@5)",
    ),
    (
        Where::Listener,
        "mount_point x/",
        "qos/qos0",
        "CHANGED snapshots/@mosquitto/qos/qos0@5.snap",
    ),
    (
        Where::Broker,
        "acl_file {acl}",
        "qos/qos0",
        "regressed: failed, was passed (qos/qos0@3.1, qos/qos0@3.1.1, qos/qos0@5)",
    ),
    (
        Where::Nowhere,
        "protocol websockets",
        "transport/websocket-takeover",
        "regressed: failed, was warned (transport/websocket-takeover@5)",
    ),
];

/// The target file with one more setting.
fn with_setting(place: Where, setting: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets/mosquitto.yaml");
    let text = std::fs::read_to_string(path).expect("it is there");
    let mut out = String::new();
    let mut is_written = false;
    let option = setting.split_whitespace().next().unwrap_or_default();
    for line in text.lines() {
        // An existing line for the option would come later and take effect.
        let top = line.strip_prefix("    ").unwrap_or_default();
        if top.starts_with(&format!("{option} ")) {
            is_written |= place == Where::Nowhere;
            continue;
        }
        let is_listener = line.trim_start().starts_with("listener ");
        if is_listener && place == Where::Broker && !is_written {
            out.push_str(&format!("    {setting}\n"));
            is_written = true;
        }
        out.push_str(&format!("{line}\n"));
        if is_listener && place == Where::Listener {
            out.push_str(&format!("    {setting}\n"));
            is_written = true;
        }
    }
    assert!(is_written, "there is no listener");
    out
}

#[test]
fn a_setting_that_clients_can_see_is_named() {
    let Some(_) = target() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("mosquitto.yaml");
    let acl = folder.path().join("acl");
    std::fs::write(&acl, "topic read #\n").expect("writing");
    for (place, setting, filter, line) in SETTINGS {
        let setting = setting.replace("{acl}", &acl.display().to_string());
        std::fs::write(&file, with_setting(*place, &setting)).expect("writing");
        let ended = Command::new(env!("CARGO_BIN_EXE_mqtt-check"))
            .args(["run", "scenarios/", "--filter", filter, "--target"])
            .arg(&file)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CI", "true")
            .output()
            .expect("the program runs");
        let told = String::from_utf8_lossy(&ended.stdout);
        assert_eq!(ended.status.code(), Some(1), "{setting}: {told}");
        let is_named = told.lines().any(|told| told.trim() == *line);
        assert!(is_named, "{setting}: {told}");
    }
}

/// The example in docs/targets/format.md.
fn with_users() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/targets/format.md")).expect("it is there");
    let example = page
        .split("```yaml\n")
        .find(|part| part.contains("mosquitto_passwd"));
    let example = example.expect("an example with users");
    example[..example.find("```").expect("its end")].to_owned()
}

#[test]
fn the_scenarios_about_users_are_played_where_it_knows_some() {
    let Some(_) = target() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("users.yaml");
    std::fs::write(&file, with_users()).expect("writing");
    let ended = Command::new(env!("CARGO_BIN_EXE_mqtt-check"))
        .args([
            "run",
            "scenarios/",
            "--no-snapshots",
            "--filter",
            "connect/*credentials*",
            "--target",
        ])
        .arg(&file)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program runs");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    // The example has no user `bob`.
    let skipped = "20 cases  needs users: the target's credentials do not have `bob`";
    assert!(told.contains(skipped), "{told}");
    assert!(told.contains("43 cases: 11 passed, 32 skipped"), "{told}");
}

#[test]
fn the_overview_of_each_target_has_every_deviation() {
    for name in [
        "mosquitto",
        "nats",
        "aedes",
        "rabbitmq",
        "rabbitmq-cluster",
        "ejabberd",
        "rumqttd",
    ] {
        compare_overview(name);
    }
}

/// Each deviation has one row, with its number of cases, one of them, and its clauses. The target file has all cases.
fn compare_overview(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = root.join(format!("docs/targets/{name}.md"));
    let overview = std::fs::read_to_string(page).expect("it is there");
    let rows: Vec<&str> = overview
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('@'))
        .collect();
    let path = root.join(format!("targets/{name}.yaml"));
    let file = TargetFile::read(&path).expect("a sound target file");
    let profile = root.join(format!("snapshots/@{name}/profile.yaml"));
    let profile = snapshot::profile::read(&profile).expect("a sound profile");
    let profile = profile.expect("it is there");
    let mut missing = Vec::new();
    for deviation in &file.deviations {
        let patterns = &deviation.cases;
        let is_meant = |case: &String| patterns.iter().any(|p| Deviation::matches(p, case));
        let deviates =
            |standing: &Standing| matches!(standing, Standing::Failed | Standing::Warned);
        let cases: Vec<&String> = profile
            .cases
            .iter()
            .filter(|(case, standings)| is_meant(case) && standings.iter().any(deviates))
            .map(|(case, _)| case)
            .collect();
        let cases = match cases.as_slice() {
            [] => panic!("{name}: no case of the profile is one of {patterns:?}"),
            [one] => format!("`{one}`"),
            [first, ..] => format!("{}, such as `{first}`", cases.len()),
        };
        let clauses: Vec<String> = deviation
            .clauses
            .iter()
            .map(|clause| format!("{} {}", clause.version, clause.id))
            .chain(deviation.rule.clone())
            .collect();
        let cells = format!("| {cases} | {} |", clauses.join(", "));
        let thread = deviation.thread.as_deref().unwrap_or_default();
        let is_there = rows
            .iter()
            .any(|row| row.contains(&cells) && row.contains(thread));
        if !is_there {
            missing.push(cells);
        }
    }
    assert!(
        missing.is_empty(),
        "not in the overview of {name}:\n{}",
        missing.join("\n")
    );
    assert_eq!(rows.len(), file.deviations.len(), "rows of no deviation");
}

/// The target file, if its broker is installed in the version that the file was written for.
fn target() -> Option<TargetFile> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets/mosquitto.yaml");
    let file = TargetFile::read(&path).expect("a sound target file");
    let accepted = file.version.as_deref().expect("a version");
    let problem = match installed() {
        None => "Mosquitto is not installed".to_owned(),
        Some(version) if version != accepted => {
            format!("Mosquitto {version} is installed, and what is accepted was seen in {accepted}")
        }
        Some(_) => return Some(file),
    };
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!in_ci, "{problem}");
    say(&format!("{problem}: it was not tested"));
    None
}

fn installed() -> Option<String> {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    for folder in FOLDERS {
        path.push(":");
        path.push(folder);
    }
    let told = Command::new("mosquitto")
        .arg("-h")
        .env("PATH", path)
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let version = text
        .strip_prefix("mosquitto version ")?
        .split_whitespace()
        .next()?;
    Some(version.to_owned())
}

/// Prints to stderr directly, because the test harness captures what is printed otherwise.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The addresses of the broker.
struct Places {
    tcp: String,
    websocket: Option<String>,
    /// Controls the broker, if it is an instance for one exchange.
    handle: Option<Handle>,
}

impl Places {
    fn of(node: &Node, handle: Option<Handle>) -> Self {
        Self {
            tcp: node.endpoint.authority(),
            websocket: node.websocket.as_ref().map(|place| place.authority()),
            handle,
        }
    }

    fn control(&self, action: &BrokerAction, client: Option<&str>) -> Result<(), String> {
        let handle = self.handle.as_ref().ok_or("it is not its own broker")?;
        handle.control(action, client)
    }
}

/// The upgrade request of a WebSocket client. The key is the example in RFC 6455.
const UPGRADE: &str = "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
/// The longest answer to it.
const LONGEST_ANSWER: usize = 4096;

/// Opens a connection and upgrades it to a WebSocket.
fn upgraded(places: &Places) -> Result<TcpStream, String> {
    let told = |error: std::io::Error| error.to_string();
    let place = places.websocket.as_ref().ok_or("there is no WebSocket")?;
    let mut stream = TcpStream::connect(place).map_err(told)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(told)?;
    stream.write_all(UPGRADE.as_bytes()).map_err(told)?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < LONGEST_ANSWER {
        let mut byte = [0];
        stream.read_exact(&mut byte).map_err(told)?;
        answer.extend(byte);
    }
    match answer.starts_with(b"HTTP/1.1 101 ") {
        true => Ok(stream),
        false => Err(String::from_utf8_lossy(&answer).into_owned()),
    }
}

/// Plays an exchange of bytes with nothing but sockets.
fn play(places: &Places, deviation: &Deviation) -> Result<(), String> {
    let mut open: BTreeMap<&str, TcpStream> = BTreeMap::new();
    for exchange in &deviation.bytes {
        one(places, exchange, &mut open).map_err(|problem| format!("{exchange:?}: {problem}"))?;
    }
    Ok(())
}

fn one<'e>(
    places: &Places,
    exchange: &'e Exchange,
    open: &mut BTreeMap<&'e str, TcpStream>,
) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    match exchange {
        Exchange::Upgrades { connection } => {
            open.insert(connection, upgraded(places)?);
            Ok(())
        }
        Exchange::Sends { connection, bytes } => {
            if !open.contains_key(connection.as_str()) {
                let stream = TcpStream::connect(&places.tcp).map_err(told)?;
                open.insert(connection, stream);
            }
            find(open, connection)?.write_all(bytes).map_err(told)
        }
        Exchange::Receives { connection, bytes } => {
            let stream = find(open, connection)?;
            stream.set_read_timeout(Some(LIMIT)).map_err(told)?;
            let mut came = vec![0; bytes.len()];
            stream.read_exact(&mut came).map_err(told)?;
            if came == bytes[..] {
                Ok(())
            } else {
                Err(format!("but {came:02x?}"))
            }
        }
        Exchange::Silent { connection, span } => {
            let stream = find(open, connection)?;
            stream.set_read_timeout(Some(*span)).map_err(told)?;
            let mut came = [0; 64];
            match stream.read(&mut came) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    Ok(())
                }
                Ok(0) => Err("it was closed".to_owned()),
                Ok(n) => Err(format!("{:02x?} came", &came[..n])),
                Err(error) => Err(told(error)),
            }
        }
        Exchange::Closed { connection } => {
            let mut stream = open.remove(connection.as_str()).ok_or("it is not open")?;
            stream.set_read_timeout(Some(LIMIT)).map_err(told)?;
            let mut came = [0; 64];
            match stream.read(&mut came) {
                Ok(0) => Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
                Ok(n) => Err(format!("{:02x?} came", &came[..n])),
                Err(error) => Err(told(error)),
            }
        }
        Exchange::Drops { connection } => {
            open.remove(connection.as_str());
            Ok(())
        }
        Exchange::Restarts => places.control(&BrokerAction::Restart, None),
        Exchange::Kicks { client } => {
            let kick = BrokerAction::Kick {
                client: ClientIndex(0),
                reason: ReasonCode::ADMINISTRATIVE_ACTION,
            };
            places.control(&kick, Some(client))
        }
        Exchange::Wait(span) => {
            thread::sleep(*span);
            Ok(())
        }
    }
}

fn find<'o>(
    open: &'o mut BTreeMap<&str, TcpStream>,
    connection: &str,
) -> Result<&'o mut TcpStream, String> {
    open.get_mut(connection)
        .ok_or_else(|| "it is not open".to_owned())
}
