use super::super::tests::{
    HOSTILE, failure, has_no_more_markup, is_self_contained, with_everywhere,
};
use super::{FRAME, side_by_side};
use crate::report::document::{Document, Verdict};

/// The same run on a broker without the fault.
fn right() -> Document {
    let mut document = failure();
    document.target.name = "right".to_owned();
    document.target.version = None;
    document.summary.failed = 0;
    document.summary.passed = 1;
    for case in &mut document.cases {
        case.verdict = Verdict::Passed;
        case.findings.clear();
    }
    for chapter in document
        .conformance
        .iter_mut()
        .flat_map(|part| &mut part.chapters)
    {
        chapter.hold += chapter.violated();
        chapter.violated_must.clear();
        chapter.violated_should.clear();
    }
    document
}

/// The cells of the row that begins with this text.
fn row<'a>(page: &'a str, text: &str) -> Vec<&'a str> {
    let heading = page
        .find(text)
        .unwrap_or_else(|| panic!("no {text} in {page}"));
    let rest = &page[heading..];
    let end = rest.find("</tr>").expect("the end of the row");
    let cells = rest[..end].split("<td").skip(1);
    let content = |cell: &'a str| &cell[cell.find('>').expect("the end of the tag") + 1..];
    cells
        .map(content)
        .map(|cell| cell.trim_end_matches("</td>"))
        .collect()
}

#[test]
fn each_broker_has_a_column_with_its_results() {
    let page = side_by_side(&[("a.json", &failure()), ("b.json", &right())]);
    assert!(page.contains("2 brokers side by side"), "{page}");
    assert!(
        page.contains("The results of 1 of 1 case differ."),
        "{page}"
    );
    let of_failed = row(&page, "<th scope=\"row\">failed</th>");
    assert_eq!(of_failed, ["1", "<span class=\"nothing\">–</span>"]);
    assert_eq!(
        row(&page, "<code>MQTT-3.1.4-3</code> "),
        ["violated", "holds"]
    );
    assert_eq!(
        row(&page, "<code>session/takeover@5</code>"),
        ["failed", "passed"]
    );
    assert!(
        page.contains("<dd>the connection was reset before DISCONNECT arrived</dd>"),
        "{page}"
    );
}

#[test]
fn a_statement_that_was_not_tested_neither_holds_nor_is_violated() {
    let mut skipped = right();
    for case in &mut skipped.cases {
        case.verdict = Verdict::Skipped;
    }
    skipped.conformance.clear();
    let page = side_by_side(&[("a.json", &failure()), ("b.json", &skipped)]);
    assert_eq!(row(&page, "<code>MQTT-3.1.4-3</code> "), ["violated", "–"]);
    // A skip is no result that could differ.
    assert!(
        page.contains("All have the same results in 1 case."),
        "{page}"
    );
}

#[test]
fn brokers_of_one_name_are_told_apart_by_their_files() {
    let (one, other) = (failure(), failure());
    let page = side_by_side(&[("before.json", &one), ("after.json", &other)]);
    assert!(
        page.contains(", before.json</th>") && page.contains(", after.json</th>"),
        "{page}"
    );
    let page = side_by_side(&[("a.json", &one), ("a.json", &other)]);
    assert!(
        page.contains(", a.json</th>") && page.contains(", a.json (2)</th>"),
        "{page}"
    );
}

#[test]
fn cases_without_a_failure_or_a_difference_are_left_out() {
    let (one, other) = (right(), right());
    let page = side_by_side(&[("a.json", &one), ("b.json", &other)]);
    assert!(
        page.contains("All have the same results in 1 case."),
        "{page}"
    );
    assert!(!page.contains("<code>session/takeover@5</code>"), "{page}");
    // A failure that all brokers share stays.
    let page = side_by_side(&[("a.json", &failure()), ("b.json", &failure())]);
    assert_eq!(
        row(&page, "<code>session/takeover@5</code>"),
        ["failed", "failed"]
    );
}

#[test]
fn statements_are_in_the_order_of_the_document() {
    let mut document = failure();
    let chapters = document
        .conformance
        .iter_mut()
        .flat_map(|part| &mut part.chapters);
    let chapter = chapters
        .into_iter()
        .find(|c| !c.violated_must.is_empty())
        .expect("a chapter");
    chapter.violated_must = ["MQTT-3.10.4-1", "MQTT-3.1.2-10", "MQTT-3.1.2-4"]
        .map(str::to_owned)
        .to_vec();
    let page = side_by_side(&[("a.json", &document), ("b.json", &right())]);
    let at = |id: &str| {
        page.find(&format!("<th scope=\"row\"><code>{id}</code>"))
            .expect("a statement")
    };
    assert!(at("MQTT-3.1.2-4") < at("MQTT-3.1.2-10"));
    assert!(at("MQTT-3.1.2-10") < at("MQTT-3.10.4-1"));
}

#[test]
fn no_text_becomes_markup_and_nothing_is_loaded() {
    let plain = side_by_side(&[("a.json", &failure()), ("b.json", &right())]);
    is_self_contained(&plain, FRAME);
    for hostile in HOSTILE {
        let page = side_by_side(&[("a.json", &with_everywhere(hostile)), ("b.json", &right())]);
        let escaped = hostile.replace('&', "&amp;").replace('<', "&lt;");
        let escaped = escaped.replace('>', "&gt;").replace('"', "&quot;");
        assert!(page.contains(&escaped), "{hostile} is not shown");
        let twice = side_by_side(&[("a.json", &with_everywhere("x")), ("b.json", &right())]);
        has_no_more_markup(&page, &twice, hostile);
    }
}
