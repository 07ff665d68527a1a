//! The program understands every `mqtt-check` command in the documentation.

use super::page::pages;

#[test]
fn every_command_is_understood() {
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        for block in &page.blocks {
            let is_yaml = block.language() == "yaml";
            if !is_yaml && !matches!(block.language(), "sh" | "console" | "") {
                continue;
            }
            for (number, line) in (1..).zip(block.text.lines()) {
                let line = if is_yaml { in_a_job(line) } else { line };
                let Some(words) = command(line) else { continue };
                looked_at += 1;
                if let Err(why) = mqtt_check::cli::command().try_get_matches_from(&words) {
                    use clap::error::ErrorKind;
                    if matches!(
                        why.kind(),
                        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
                    ) {
                        continue;
                    }
                    wrong.push(format!("{}: {line}\n{why}", page.at(block.line + number)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 40, "only {looked_at} commands were found");
}

/// A line of a CI job, without the YAML before the command.
fn in_a_job(line: &str) -> &str {
    let line = line.trim_start().trim_start_matches("- ");
    line.trim_start_matches("run: ")
}

/// The words of a line that calls the program.
fn command(line: &str) -> Option<Vec<String>> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let rest = line.strip_prefix("cargo run --release -- ");
    let whole = match rest {
        Some(rest) => format!("mqtt-check {rest}"),
        None => line.to_owned(),
    };
    if !whole.starts_with("mqtt-check ") {
        return None;
    }
    let whole = whole.split(" | ").next().unwrap_or_default();
    let whole = whole.split(" > ").next().unwrap_or_default();
    let words = shlex::split(whole);
    Some(words.unwrap_or_else(|| panic!("an open quote: {line}")))
}
