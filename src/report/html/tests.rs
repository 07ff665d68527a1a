use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use serde_json::Value;

use super::frame::Frame;
use super::{FRAME, render};
use crate::report::document::Document;

/// The JSON report of a failing broker.
const FAILURE: &str = include_str!("../testdata/failure.json");

pub(super) fn failure() -> Document {
    Document::from_json(FAILURE).expect("a report")
}

/// The body of the page, with its data and scripts.
fn body(page: &str) -> &str {
    let start = page.find("<body").expect("a body");
    let end = page.find("</body>").expect("the end of the body");
    &page[start..end]
}

/// The unpacked text of every data element.
fn unpacked(page: &str) -> Vec<String> {
    let elements = page
        .split("<script type=\"application/octet-stream\" ")
        .skip(1);
    let packed = elements.map(|element| {
        let start = element.find('>').expect("the end of a tag") + 1;
        let end = element.find("</script>").expect("the end of the data");
        &element[start..end]
    });
    let read = |text: &str| {
        let bytes = STANDARD.decode(text).expect("base64");
        let mut out = String::new();
        let mut decoder = ZlibDecoder::new(bytes.as_slice());
        decoder.read_to_string(&mut out).expect("packed text");
        out
    };
    packed.map(read).collect()
}

/// Names of fields with a closed set of values: words, numbers as text, and bytes.
const CLOSED: &[&str] = &[
    "kind",
    "level",
    "verdict",
    "state",
    "direction",
    "transport",
    "ended",
    "transcripts",
    "reasons",
    "change",
    "bytes",
    "tool",
    "case",
    "ending",
    "check",
];

/// The report, with this text appended to every text that comes from a broker, a scenario or a target file.
pub(super) fn with_everywhere(hostile: &str) -> Document {
    fn walk(value: &mut Value, hostile: &str) {
        match value {
            Value::String(text) => text.push_str(hostile),
            Value::Array(all) => all.iter_mut().for_each(|value| walk(value, hostile)),
            Value::Object(fields) => {
                let free = fields
                    .iter_mut()
                    .filter(|(name, _)| !CLOSED.contains(&name.as_str()));
                free.for_each(|(_, value)| walk(value, hostile));
            }
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(FAILURE).expect("JSON");
    walk(&mut value, hostile);
    Document::from_json(&value.to_string()).expect("a report")
}

/// Texts that a page must show as they are.
pub(super) const HOSTILE: &[&str] = &[
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "]]><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</style><style>*{display:none}",
    "</textarea></title><iframe>",
    "&lt;script&gt; &#60;b&#62;",
    "${alert(1)}`",
];

/// Checks that the page has as many elements as without the hostile text.
pub(super) fn has_no_more_markup(page: &str, plain: &str, hostile: &str) {
    for opens in [
        "<script", "</script", "<style", "</style", "<img", "<svg", "<iframe", "<!--", "<title",
        "<b>",
    ] {
        let number = |text: &str| text.matches(opens).count();
        assert_eq!(number(page), number(plain), "{opens} after {hostile}");
    }
}

#[test]
fn no_text_becomes_markup() {
    let plain = render(&failure()).expect("a page");
    for hostile in HOSTILE {
        let page = render(&with_everywhere(hostile)).expect("a page");
        has_no_more_markup(&page, &plain, hostile);
        let escaped = hostile.replace('&', "&amp;").replace('<', "&lt;");
        let escaped = escaped.replace('>', "&gt;").replace('"', "&quot;");
        assert!(body(&page).contains(&escaped), "{hostile} is not shown");
        let data: Vec<String> = unpacked(&page);
        let in_json = Value::from(*hostile).to_string();
        assert!(
            data.iter()
                .all(|text| text.contains(in_json.trim_matches('"'))),
            "{hostile}"
        );
    }
}

#[test]
fn escapes_invisible_characters() {
    for (hidden, shown) in [
        ('\u{2028}', r"\u{2028}"),
        ('\u{2029}', r"\u{2029}"),
        ('\u{202e}', r"\u{202e}"),
        ('\u{2066}', r"\u{2066}"),
        ('\u{200b}', r"\u{200b}"),
        ('\u{feff}', r"\u{feff}"),
        ('\u{0}', r"\u{0}"),
        ('\u{1b}', r"\u{1b}"),
        ('\u{85}', r"\u{85}"),
    ] {
        let page = render(&with_everywhere(&hidden.to_string())).expect("a page");
        assert!(!page.contains(hidden), "{shown} stands on the page");
        assert!(body(&page).contains(shown), "{shown}");
        for text in unpacked(&page) {
            assert!(!text.contains(hidden), "{shown} stands in the data");
            let value: Value = serde_json::from_str(&text).expect("JSON");
            // When read, it must be the escaped text and not the character itself.
            let read = value.to_string();
            assert!(
                read.contains(&shown.replace('\\', r"\\")),
                "{shown}: {read}"
            );
        }
    }
}

/// Checks that the page loads nothing, and that its own script alone runs, which makes no HTML of text.
pub(super) fn is_self_contained(page: &str, frame: Frame) {
    let policy = frame.policy();
    assert!(page.contains(&policy.replace('"', "&quot;")), "{policy}");
    assert!(page.contains(&format!("<script>{}</script>", frame.script)));
    assert!(page.contains(&format!("<style>{}</style>", frame.style)));
    assert!(!frame.script.contains("</script") && !frame.style.contains("</style"));
    for loads in [
        " src=",
        "http://",
        "https://",
        "@import",
        "url(",
        "<link rel=\"stylesheet",
    ] {
        assert!(!page.contains(loads), "{loads}");
    }
    // The policy does not allow these.
    for inline in [" style=", " onclick=", " onload=", "javascript:"] {
        assert!(!body(page).contains(inline), "{inline}");
    }
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "createContextualFragment",
        "eval(",
        "Function(",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket(",
        "import(",
        "setAttribute(\"on",
    ] {
        assert!(!frame.script.contains(word), "{word}");
    }
}

#[test]
fn nothing_is_loaded_and_only_its_own_script_runs() {
    is_self_contained(&render(&failure()).expect("a page"), FRAME);
}

#[test]
fn summary_causes_and_failing_cases_need_no_script() {
    let page = render(&failure()).expect("a page");
    let body = body(&page);
    for text in [
        "1 of 1 case is not as expected.",
        "<b>1</b> failed",
        "<details class=\"failing\" id=\"session/takeover@5\">",
        "A second CONNECT with the same client id takes the session over",
        "DISCONNECT with reason 0x8E session_taken_over",
        "the connection was reset before DISCONNECT arrived",
        "MQTT-3.1.4-3",
        "second &gt; CONNECT",
    ] {
        assert!(body.contains(text), "{text}: {body}");
    }
}

#[test]
fn every_case_is_in_the_data_with_its_packets() {
    let page = render(&failure()).expect("a page");
    let [run, part]: [String; 2] = unpacked(&page).try_into().expect("the run and one part");
    let run: Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!(run["cases"][0]["id"], "session/takeover@5");
    assert_eq!(
        run["cases"][0]["came"],
        "the connection was reset before DISCONNECT arrived"
    );
    let part: Value = serde_json::from_str(&part).expect("JSON");
    let document: Value = serde_json::from_str(FAILURE).expect("JSON");
    for field in ["play", "findings", "title"] {
        assert_eq!(part[0][field], document["cases"][0][field]);
    }
    let issue = part[0]["issue"].as_str().expect("text for a tracker");
    assert!(issue.contains("second > CONNECT"), "{issue}");
}

#[test]
fn ten_thousand_failing_cases_with_their_packets_are_below_20_mb() {
    // More cases than the page shows in full, so that every further case adds the same number of bytes.
    const FEW: usize = 400;
    const MORE: usize = 800;
    let size = |cases: usize| {
        let mut document = failure();
        let case = document.cases.pop().expect("a case");
        for number in 0..cases {
            let mut case = case.clone();
            case.id = format!("session/takeover[row-{number}]@5");
            case.title = format!("{} in row {number}", case.title);
            document.cases.push(case);
        }
        render(&document).expect("a page").len()
    };
    let few = size(FEW);
    let for_each = (size(MORE) - few).div_ceil(MORE - FEW);
    let all = few + for_each * (10_000 - FEW);
    assert!(all < 20_000_000, "{all} bytes, {for_each} a case");
}
