//! Every complete scenario in the documentation passes on the bundled broker.

use super::page::pages;
use crate::program::Program;

#[test]
fn every_scenario_passes() {
    let mut program = Program::new("run scenarios --no-snapshots");
    let mut number = 0;
    for page in pages() {
        for block in &page.blocks {
            if block.language() == "yaml" && is_whole(&block.text) {
                number += 1;
                let name = page.path.file_stem().expect("a name").to_string_lossy();
                let file = format!("scenarios/{name}-line-{}.yaml", block.line);
                program = program.file(&file, &block.text);
            }
        }
    }
    assert!(number > 24, "only {number} scenarios were found");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(!ended.stdout.contains("WARNED"), "{}", ended.stdout);
}

fn is_whole(text: &str) -> bool {
    ["title:", "\nclients:", "\nsteps:"]
        .iter()
        .all(|key| text.contains(key))
}
