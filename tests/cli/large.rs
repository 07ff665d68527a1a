//! Cases that send much are played one at a time, so that together they take no more memory than the largest.

use serde_json::Value;

use crate::program::Program;

/// When each case was played, in microseconds since the run began, in this order.
fn spans(scenario: &str) -> Vec<(u64, u64)> {
    let program = Program::new("run --no-snapshots --jobs 4 --report json=report.json")
        .file("scenarios/large.yaml", scenario);
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let report = std::fs::read(program.path("report.json")).expect("the report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let cases = report["cases"].as_array().expect("cases");
    let mut spans: Vec<_> = cases
        .iter()
        .map(|case| {
            let time = |name: &str| case["span"][name].as_u64().expect("a time");
            (time("start_us"), time("end_us"))
        })
        .collect();
    spans.sort_unstable();
    spans
}

/// Each case sends 1.2 MB.
const LARGE: &str = "title: A message that takes its time
versions: [5]
cases:
  one: {}
  two: {}
  three: {}
  four: {}
clients: { alice: }
steps:
  - alice: connect
  - alice: { subscribe: { filter: a, qos: 0 } }
  - repeat:
      times: 20
      steps:
        - alice: { publish: { topic: a, payload: { size: 60000 } } }
        - alice: { expect: { publish: { topic: a } } }
";

#[test]
fn one_at_a_time() {
    let spans = spans(LARGE);
    let is_apart = |pair: &[(u64, u64)]| pair[0].1 <= pair[1].0;
    assert!(spans.windows(2).all(is_apart), "{spans:?}");
}
