//! Completion scripts and manual pages match the command line.

use std::fs;
use std::process::Command;

use crate::program::Program;

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let ended = Program::new("--help").run();
    let list = ended.stdout.split("Commands:\n").nth(1).expect("commands");
    let lines = list.lines().take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn completions_know_every_command() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = Program::new("completions").argument(shell).run();
        assert_eq!(ended.exit, Some(0), "{ended}");
        for command in &commands {
            assert!(ended.stdout.contains(command), "{shell}: {command}");
        }
    }
    let ended = Program::new("completions csh").run();
    assert_eq!(ended.exit, Some(2), "{ended}");
}

#[test]
fn bash_completes_an_option_of_run() {
    let script = Program::new("completions bash").run().stdout;
    let asked = "\nCOMP_WORDS=(mqtt-check run --sui); COMP_CWORD=2\n\
         _mqtt__check mqtt-check --sui run; echo \"${COMPREPLY[@]}\"\n";
    let Ok(ended) = Command::new("bash").arg("-c").arg(script + asked).output() else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "--suite\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let program = Program::new("man --dir pages");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    for command in commands() {
        let page = fs::read_to_string(program.path(&format!("pages/mqtt-check-{command}.1")));
        let page = page.expect("a page for each command");
        assert!(page.contains(".SH SYNOPSIS"), "{command}: {page}");
    }
    let whole = fs::read_to_string(program.path("pages/mqtt-check.1")).expect("its own page");
    assert_eq!(
        program.arguments("man").run().stdout.trim_end(),
        whole.trim_end()
    );
}
