//! Brokers that the program starts itself, from their target files.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::program::{BINARY, PING, Program, WRONG, signal};

/// A case that takes a while.
const LONG: &str = "\
title: A ping after a while is answered
versions: [5]
clients: { a: }
steps:
  - a: connect
  - wait: 20s
  - a: ping
";

/// A target file that starts this shell command as the broker. `$1` is the port and `$2` the folder.
fn shell(command: &str) -> String {
    format!(
        "url: mqtt://127.0.0.1:{{port}}\nstart:\n  command: [/bin/sh, -c, '{command}', sh, '{{port}}', '{{folder}}']\n  within: 2s\n"
    )
}

/// A target file for the bundled broker, which writes its process id to `pid`.
fn twin(program: &Program, options: &str) -> String {
    let pid = program.path("pid").display().to_string();
    let folder = program.path("folder").display().to_string();
    shell(&format!(
        "echo $2 >{folder}; echo $$ >{pid}; exec {BINARY} broker --listen 127.0.0.1:$1 {options}"
    ))
}

/// Whether a process runs. A zombie does not.
fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"));
    let state = stat.iter().flat_map(|stat| stat.rsplit(") ")).next();
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

/// Waits for the process id that a broker writes.
fn pid(program: &Program) -> String {
    let began = Instant::now();
    loop {
        match std::fs::read_to_string(program.path("pid")) {
            Ok(pid) if pid.ends_with('\n') => return pid,
            _ => assert!(
                began.elapsed() < Duration::from_secs(20),
                "it has not started"
            ),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for_end(pid: &str) {
    let began = Instant::now();
    while is_alive(pid) {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the broker lives on"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn plays_against_a_broker_that_it_starts_and_stops() {
    let program = Program::new("run --target twin").file("scenarios/ping.yaml", PING);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    assert_snapshot!(program.run());
    assert!(!is_alive(&pid(&program)));
}

#[test]
fn plays_exclusive_cases_on_another_broker_of_its_kind() {
    let exclusive = format!("exclusive: true\n{PING}");
    let program = Program::new("run --target targets/twin.yaml")
        .file("scenarios/ping.yaml", PING)
        .file("scenarios/alone.yaml", exclusive);
    let file = twin(
        &program,
        &format!("2>>{}", program.path("starts").display()),
    );
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains("4 passed"), "{ended}");
    let starts = std::fs::read_to_string(program.path("starts")).expect("two have written");
    assert_eq!(starts.matches("listening").count(), 2, "{starts}");
}

#[test]
fn reaches_a_broker_that_runs_already() {
    let program = Program::new("run --target nobody")
        .file("scenarios/ping.yaml", PING)
        .file("targets/nobody.yaml", "url: mqtt://127.0.0.1:1\n");
    assert_snapshot!(program.run());
}

#[test]
fn skips_what_the_target_file_says_it_lacks() {
    let retained = PING.replace("clients", "needs: [retain]\nclients");
    let program = Program::new("run --target twin")
        .file("scenarios/ping.yaml", PING)
        .file("scenarios/retained.yaml", retained);
    let file = twin(&program, "") + "versions: [3.1.1, 5]\nlacks: { retain: it forgets }\n";
    let program = program.file("targets/twin.yaml", file);
    assert_snapshot!(program.run());
}

/// A target file for the bundled broker, with Alice as the only user.
fn with_users(credentials: &str) -> String {
    format!(
        "url: mqtt://127.0.0.1:{{port}}\nstart:\n  command: [{BINARY}, broker, --listen, '127.0.0.1:{{port}}', --config, '{{config}}']\n  \
         config: 'users: {{ alice: her-secret }}'\ncredentials: {credentials}\n"
    )
}

/// Known users are accepted, and a client without a user name is refused.
const USERS: &str = "\
title: Whom the broker knows it lets in
broker: { users: { alice: her-secret } }
clients: { alice: { username: alice, password: her-secret }, mallory: { username: alice, password: another }, nobody: }
steps:
  - alice: connect
  - alice: ping
  - mallory: { connect: { refused: } }
  - nobody: { connect: { refused: } }
";

#[test]
fn plays_scenarios_about_users_where_the_target_knows_them() {
    let ended = Program::new("run --target users -v")
        .file("scenarios/ping.yaml", PING)
        .file("scenarios/users.yaml", USERS)
        .file(
            "scenarios/others.yaml",
            USERS.replace("{ alice: her-secret }", "{ alice: her-secret, bob: his }"),
        )
        .file("targets/users.yaml", with_users("{ alice: her-secret }"))
        .run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(
        ended.stdout.contains("6 cases: 4 passed, 2 skipped"),
        "{ended}"
    );
    let stranger = "needs users: the target's credentials do not have `bob` with this password";
    assert!(ended.stdout.contains(stranger), "{ended}");
    // If a scenario names no user, we log in as Alice, and her password is a secret of the target.
    let signed = "a > CONNECT clean_session=1 keep_alive=0 client_id=\"a\" username=\"alice\" password=<password>";
    assert!(ended.stdout.contains(signed), "{ended}");
}

#[test]
fn a_target_that_lets_in_anybody_plays_no_scenario_about_users() {
    let file =
        with_users("{ alice: her-secret }").replace("'users: { alice: her-secret }'", "'{}'");
    let ended = Program::new("run --target users")
        .file("scenarios/ping.yaml", PING)
        .file("scenarios/users.yaml", USERS)
        .file("targets/users.yaml", file)
        .run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let open = "needs users: the broker accepts clients without a user name";
    assert!(ended.stdout.contains(open), "{ended}");
}

#[test]
fn no_message_about_a_target_file_shows_a_password() {
    for credentials in [
        "{ alice: { text: her-secret, file: her-secret } }",
        "{ alice: [her-secret] }",
        "{ alice: her-secret, alice: her-secret }",
        "{ alice: her-secret",
        "\n  alice: her-secret\n  bob: $her-secret",
    ] {
        let file =
            with_users(credentials).replace("config: 'users: { alice: her-secret }'", "config: x");
        let ended = Program::new("run --target users")
            .file("scenarios/ping.yaml", PING)
            .file("targets/users.yaml", file)
            .run();
        assert_eq!(ended.exit, Some(2), "{ended}");
        assert!(ended.stderr.contains("targets/users.yaml:"), "{ended}");
        assert!(!ended.stderr.contains("her-secret"), "{ended}");
    }
}

#[test]
fn refuses_a_target_that_is_not_there() {
    assert_snapshot!(
        Program::new("run --target nowhere")
            .file("scenarios/ping.yaml", PING)
            .run()
    );
}

#[test]
fn refuses_a_target_file_that_is_wrong() {
    let program = Program::new("run --target twin")
        .file("scenarios/ping.yaml", PING)
        .file("targets/twin.yaml", "url: mqtt://127.0.0.1\nstrat: {}\n");
    assert_snapshot!(program.run());
}

#[test]
fn says_what_a_broker_wrote_that_did_not_start() {
    let program = Program::new("run --target twin")
        .file("scenarios/ping.yaml", PING)
        .file("targets/twin.yaml", shell("echo no room here >&2; exit 3"));
    assert_snapshot!(program.run());
}

#[test]
fn says_that_there_is_no_such_program() {
    let file = "url: mqtt://127.0.0.1:{port}\nstart: { command: [no-such-broker, '{port}'] }\n";
    let program = Program::new("run --target twin")
        .file("scenarios/ping.yaml", PING)
        .file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    assert!(ended.stderr.contains("program not found"), "{ended}");
}

#[test]
fn gives_up_on_a_broker_that_does_not_answer() {
    let program = Program::new("run --target twin").file("scenarios/ping.yaml", PING);
    let silent = shell(&format!(
        "echo $$ >{}; exec sleep 100",
        program.path("pid").display()
    ));
    let program = program.file("targets/twin.yaml", silent);
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    assert!(
        ended.stderr.contains("no answer to CONNECT within 2 s"),
        "{ended}"
    );
    assert!(!is_alive(&pid(&program)));
}

/// Answers every connection with bytes that are not MQTT.
const OTHER: &str = "\
import socket, sys, time
server = socket.create_server((\"127.0.0.1\", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    connection.recv(1)
    connection.sendall(b\"SSH-2.0\\r\\n\")
";

#[test]
fn tries_another_port_where_something_else_answers() {
    let program = Program::new("run --target twin").file("scenarios/ping.yaml", PING);
    let (first, other) = (program.path("first"), program.path("other.py"));
    let (first, other) = (first.display(), other.display());
    let file = shell(&format!(
        "if mkdir {first}; then exec python3 {other} $1; fi; exec {BINARY} broker --listen 127.0.0.1:$1"
    ));
    let program = program
        .file("targets/twin.yaml", file)
        .file("other.py", OTHER);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");

    let always = shell(&format!("exec python3 {other} $1"));
    let ended = program.file("targets/twin.yaml", always).run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    let what = "the server there answers CONNECT with 0x53";
    assert!(ended.stderr.contains(what), "{ended}");
}

#[test]
fn lists_known_targets() {
    let hooks = "hooks:\n  - source: output\n    rules:\n      - event: client.connected\n        when: { is: connected }\n        json: { client: c }\n";
    let program = Program::new("targets");
    let file = format!("{}install: pip install twin\n{hooks}", twin(&program, ""));
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    for name in ["aedes", "mosquitto", "nats", "twin"] {
        let is_of = |line: &&str| line.trim_start().starts_with(name);
        assert!(
            ended.stdout.lines().any(|line| is_of(&line)),
            "{name}: {ended}"
        );
    }
    let program = program.arguments("targets twin");
    let ended = program.run();
    assert_snapshot!(ended.stdout);
    let program = program.arguments("targets --json");
    let ended = program.run();
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let of = |name: &str| {
        let all = document["targets"].as_array().expect("a list");
        let one = all.iter().find(|one| one["name"] == name);
        one.expect("it is listed").clone()
    };
    let (twin, mosquitto) = (of("twin"), of("mosquitto"));
    assert_eq!(
        twin["hooks"][0]["events"],
        serde_json::json!(["client.connected"])
    );
    assert_eq!(twin["baseline"], serde_json::Value::Null);
    assert_eq!(
        twin["control"],
        serde_json::json!(["kill", "restart", "stop"])
    );
    assert_eq!(mosquitto["built_in"], true);
    assert_eq!(
        mosquitto["protocols"],
        serde_json::json!(["3.1", "3.1.1", "5"])
    );
    assert_eq!(
        mosquitto["transports"],
        serde_json::json!(["tcp", "websocket"])
    );
    assert_eq!(mosquitto["control"][0], "kick");
    let has = |key: &str, name: &str| {
        let names = mosquitto[key].as_array().expect("a list");
        names.iter().any(|one| one == name)
    };
    assert!(has("settings", "maximum_qos"), "{mosquitto}");
    assert!(mosquitto["unsupported"]["banned_clients"].is_string());
    assert!(mosquitto["deviations"].as_u64() > Some(0));
    assert!(mosquitto["baseline"].as_u64() > Some(0));

    let ended = program.arguments("targets mosquito").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
    assert!(
        ended.stderr.contains("did you mean `mosquitto`?"),
        "{ended}"
    );
}

#[test]
fn kills_a_broker_that_does_not_stop_when_asked() {
    let program = Program::new("run --target twin").file("scenarios/ping.yaml", PING);
    let (shell_id, broker_id) = (program.path("pid"), program.path("broker"));
    // The shell ignores TERM.
    let deaf = shell(&format!(
        "trap : TERM; {BINARY} broker --listen 127.0.0.1:$1 & echo $! >{}; echo $$ >{}; while :; do sleep 1; done",
        broker_id.display(),
        shell_id.display()
    ));
    let program = program.file("targets/twin.yaml", deaf);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(!is_alive(&pid(&program)));
    let broker = std::fs::read_to_string(broker_id).expect("its id");
    assert!(!is_alive(&broker), "what the shell had started lives on");
}

/// A target file for a broker behind a shell, with a program that has left their process group. All write their process
/// ids to `pid`, and the shell also to `wrapper`.
fn tree(program: &Program) -> String {
    let (ids, wrapper) = (program.path("ids"), program.path("wrapper"));
    let (ids, wrapper) = (ids.display(), wrapper.display());
    let (pid, folder) = (program.path("pid"), program.path("folder"));
    let (pid, folder) = (pid.display(), folder.display());
    shell(&format!(
        "echo $2 >{folder}; echo $$ >{wrapper}; setsid sleep 300 & echo $! >{ids}; \
         {BINARY} broker --listen 127.0.0.1:$1 & echo $! >>{ids}; echo $$ >>{ids}; mv {ids} {pid}; wait $!"
    ))
}

/// Waits until no process of the tree and no folder is left.
fn wait_for_end_of_tree(program: &Program, folder: &str) {
    let ids = std::fs::read_to_string(program.path("pid")).expect("their ids");
    assert_eq!(ids.lines().count(), 3, "{ids}");
    ids.lines().for_each(wait_for_end);
    let began = Instant::now();
    while Path::new(folder).exists() {
        let spent = began.elapsed();
        assert!(spent < Duration::from_secs(20), "{folder} is left behind");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The guard process of the broker that this program started.
fn guard_of(program: u32) -> u32 {
    let entries = std::fs::read_dir("/proc").expect("the processes");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let numbers = names.filter_map(|name| name.to_string_lossy().parse::<u32>().ok());
    let is_guard = |number: &u32| {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{number}/{file}"));
        let parent = read("stat").unwrap_or_default();
        let parent = parent.rsplit(") ").next().unwrap_or_default().to_owned();
        let is_child = parent.split(' ').nth(1) == Some(&program.to_string());
        is_child && read("cmdline").is_ok_and(|words| words.contains("\0guard\0"))
    };
    numbers.into_iter().find(is_guard).expect("a guard")
}

#[test]
fn leaves_nothing_of_what_a_broker_has_started() {
    let long = LONG.replace("20s", "3s");
    for what in ["end", "interruption", "death", "wrapper", "guard"] {
        let program = Program::new("run --target twin").file("scenarios/ping.yaml", &long);
        let file = tree(&program);
        let program = program.file("targets/twin.yaml", file);
        let mut child = program.start();
        pid(&program);
        let folder = folder_of(&program);
        thread::sleep(Duration::from_millis(500));
        let number = |name: &str| {
            let text = std::fs::read_to_string(program.path(name)).expect("its id");
            text.trim().parse().expect("a number")
        };
        let expected = match what {
            "interruption" => {
                signal("-INT", child.id());
                Some(130)
            }
            "wrapper" => {
                signal("-KILL", number("wrapper"));
                Some(1)
            }
            "guard" => {
                signal("-KILL", guard_of(child.id()));
                Some(0)
            }
            "death" => {
                child.kill().expect("killing it");
                None
            }
            _ => Some(0),
        };
        let ended = program.finish(child);
        assert_eq!(ended.exit, expected, "{what}: {ended}");
        wait_for_end_of_tree(&program, &folder);
    }
}

#[test]
fn fails_when_the_broker_does_not_live_to_the_end() {
    let program =
        Program::new("run --target twin").file("scenarios/ping.yaml", LONG.replace("20s", "3s"));
    let file = shell(&format!(
        "exec timeout 1 {BINARY} broker --listen 127.0.0.1:$1"
    ));
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    let told = "error: the broker exited during the run: it exited with code 124";
    assert!(ended.stderr.contains(told), "{ended}");
}

#[test]
fn ends_the_broker_after_an_interruption() {
    let program = Program::new("run --target twin").file("scenarios/ping.yaml", LONG);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let child = program.start();
    let broker = pid(&program);
    thread::sleep(Duration::from_millis(500));
    signal("-INT", child.id());
    let ended = program.finish(child);
    assert_eq!(ended.exit, Some(130), "{ended}");
    assert!(!is_alive(&broker));
}

#[test]
fn leaves_no_broker_behind_when_it_is_killed() {
    let program = Program::new("run --target twin").file("scenarios/ping.yaml", LONG);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let mut child = program.start();
    let broker = pid(&program);
    let folder = folder_of(&program);
    child.kill().expect("killing it");
    child.wait().expect("its end");
    wait_for_end(&broker);
    let began = Instant::now();
    while Path::new(&folder).exists() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{folder} is left behind"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// The folder of a broker, which the broker has written to a file.
fn folder_of(program: &Program) -> String {
    let folder = std::fs::read_to_string(program.path("folder")).expect("it is written first");
    assert!(Path::new(folder.trim()).exists(), "{folder}");
    folder.trim().to_owned()
}

#[test]
fn tells_failures_without_an_accepted_record_as_new() {
    let program = Program::new("run --target twin").file("scenarios/wrong.yaml", WRONG);
    let file = twin(&program, "");
    let program = program.file("targets/twin.yaml", file);
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("1 new"), "{ended}");
}

/// A target file with two nodes, each a program of its own. The first also serves WebSocket, the second announces a
/// maximum QoS of 1.
const NODES: &str = "\
urls:
  - { url: 'mqtt://127.0.0.1:{port}', websocket: 'ws://127.0.0.1:{websocket_port}' }
  - mqtt://127.0.0.1:{port_1}
start:
  - command: [BINARY, broker, --listen, '127.0.0.1:{port}', --listen, 'ws://127.0.0.1:{websocket_port}']
  - command: [BINARY, broker, --listen, '127.0.0.1:{port_1}', --config, '{config}']
    config: 'maximum_qos: 1'
";

#[test]
fn plays_on_the_node_and_over_the_transport_that_a_client_names() {
    let program = Program::new("run --verbose --target nodes")
        .file(
            "scenarios/nodes.yaml",
            "\
title: Each client is on the node that it names
versions: [5]
clients:
  first:
  browser: { transport: websocket }
  second: { node: 1 }
  sensor: { node: 1, transport: tcp }
steps:
  - first: { connect: { expect: { maximum_qos: absent } } }
  - browser: { connect: { expect: { maximum_qos: absent, frame: binary } } }
  - second: { connect: { expect: { maximum_qos: 1 } } }
  - sensor: { connect: { expect: { maximum_qos: 1 } } }
  - browser: { subscribe: nodes/news }
  - second: { subscribe: nodes/news }
  - first: { publish: { topic: nodes/news, payload: from the first } }
  - browser: { expect: { publish: { payload: from the first } } }
  - sensor: { publish: { topic: nodes/news, payload: from the second } }
  - second: { expect: { publish: { payload: from the second } } }
",
        )
        .file(
            "scenarios/third.yaml",
            "\
title: There is no third node
versions: [5]
clients: { a: { node: 2 } }
steps:
  - a: connect
",
        )
        .file(
            "scenarios/web.yaml",
            "\
title: The second node has no WebSocket
versions: [5]
clients: { a: { node: 1, transport: websocket } }
steps:
  - a: connect
",
        )
        .file(
            "scenarios/alone.yaml",
            "\
title: A broker that is there for this case alone has as many nodes
versions: [5]
exclusive: true
clients: { a: { node: 1 } }
steps:
  - a: { connect: { expect: { maximum_qos: 1 } } }
",
        )
        .file("targets/nodes.yaml", NODES.replace("BINARY", BINARY));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    for expected in [
        "2 passed",
        "2 skipped",
        "needs node 2: this target has only nodes 0 to 1",
        "needs websocket: node 1 has no WebSocket URL",
        "first on node 0, browser on node 0, second on node 1, sensor on node 1",
    ] {
        assert!(ended.stdout.contains(expected), "{expected}: {ended}");
    }
}

#[test]
fn says_which_of_several_programs_has_ended() {
    let nodes = NODES.replace("maximum_qos: 1", "maximum_qos: 7");
    let program = Program::new("run --target nodes")
        .file("scenarios/ping.yaml", PING)
        .file("targets/nodes.yaml", nodes.replace("BINARY", BINARY));
    let ended = program.run();
    assert_eq!(ended.exit, Some(3), "{ended}");
    for expected in ["failed to start nodes", "exited with code", "maximum_qos"] {
        assert!(ended.stderr.contains(expected), "{expected}: {ended}");
    }
}
