//! Tests the HTML report in a real browser: clicks, filters, and what can be read.
//!
//! Without a browser, the tests print a note and pass, unless `BROWSER=required` is set, as in CI. `SCREENSHOTS=DIR`
//! keeps pictures.

mod chromium;

use std::fs;

use serde_json::{Value, json};

use crate::program::Program;
use chromium::Browser;

/// The widths of a phone, a tablet and a desktop screen.
const WIDTHS: [u32; 3] = [390, 900, 1400];
const THEMES: [&str; 2] = ["light", "dark"];
const TAKEOVER: &str = "session/takeover@5";
const FLAKY: &str = "retain/cleared@5";

/// Opens the page of a run with faults and a flaky case. `None` if no browser is installed.
fn opened() -> Option<(Browser, Program, String)> {
    let Some(place) = chromium::found() else {
        let is_required = std::env::var("BROWSER").is_ok_and(|value| value == "required");
        assert!(
            !is_required,
            "no chromium is installed, and BROWSER=required"
        );
        eprintln!("not tested: no chromium is installed, so the HTML report was not opened");
        return None;
    };
    let program = Program::new(
        "run --no-github --no-snapshots --suite 2026.12 --filter session/* --filter retain/* \
         --fault no-disconnect-on-takeover --fault empty-retained-stored --report json=r.json",
    );
    let ended = program.run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    flaky(&program);
    let program = program.arguments("report r.json --to html=page.html");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let url = format!("file://{}", program.path("page.html").display());
    Some((Browser::start(&place), program, url))
}

/// Makes a case flaky in the report: it passes now, and failed before.
fn flaky(program: &Program) {
    let text = fs::read_to_string(program.path("r.json")).expect("a report");
    let mut report: Value = serde_json::from_str(&text).expect("JSON");
    let cases = report["cases"].as_array_mut().expect("cases");
    let case = cases
        .iter_mut()
        .find(|case| case["id"] == FLAKY)
        .expect("the case");
    assert_eq!(case["verdict"], "failed");
    let attempt = json!({
        "verdict": case["verdict"], "outcome": case["outcome"], "findings": case["findings"], "play": case["play"],
    });
    case["attempts"] = json!([attempt]);
    case["verdict"] = "passed".into();
    case["outcome"] =
        json!({ "as_expected": true, "reasons": [], "accepted": false, "accepted_by": [] });
    case["findings"] = json!([]);
    let summary = &mut report["summary"];
    summary["flaky"] = 1.into();
    for (key, by) in [("failed", -1), ("unexpected", -1), ("passed", 1)] {
        summary[key] = (summary[key].as_i64().expect("a number") + by).into();
    }
    fs::write(program.path("r.json"), report.to_string()).expect("writing");
}

fn is_clean(browser: &Browser) {
    assert_eq!(browser.errors, [""; 0]);
    let asked = browser.requests.iter();
    let others: Vec<&String> = asked
        .filter(|url| !url.starts_with("file:") && !url.starts_with("data:"))
        .collect();
    assert!(others.is_empty(), "the page loads {others:?}");
}

const ROWS: &str = "[...document.querySelectorAll('#rows .verdict')].map((v) => v.textContent)";

#[test]
fn filters_and_searches() {
    let Some((mut browser, _program, url)) = opened() else {
        return;
    };
    browser.window(1400, 900, "light");
    browser.open(&url);
    let all = browser.text("document.getElementById('found').textContent");
    assert!(all.ends_with(" cases") && !all.contains(" of "), "{all}");
    browser.click(".chips [data-kind=failed]");
    browser.until(&format!("{ROWS}.every((verdict) => verdict === 'failed')"));
    let failed = browser.value(&format!("{ROWS}.length"));
    assert_eq!(browser.text("location.hash"), "#cases?verdict=failed");
    assert_eq!(
        browser.text(
            "document.querySelector('.chips [data-kind=failed]').getAttribute('aria-pressed')"
        ),
        "true"
    );
    let found = browser.text("document.getElementById('found').textContent");
    assert_eq!(found, format!("{failed} of {all}"));
    browser.press("/");
    browser.until("document.activeElement.id === 'search'");
    browser.type_text("cleared MQTT-3.3.1-7");
    browser.until(&format!("{ROWS}.length < {failed}"));
    let ids =
        browser.value("[...document.querySelectorAll('#rows .id')].map((id) => id.textContent)");
    let ids = ids.as_array().expect("ids");
    let of_search = |id: &Value| {
        id.as_str()
            .is_some_and(|id| id.starts_with("retain/cleared") && id.ends_with("@5"))
    };
    assert!(!ids.is_empty() && ids.iter().all(of_search), "{ids:?}");
    // The address contains all filters and restores them.
    let hash = browser.text("location.hash");
    browser.open(&format!("{url}{hash}"));
    assert_eq!(browser.value(&format!("{ROWS}.length")), ids.len());
    assert_eq!(
        browser.text("document.getElementById('search').value"),
        "cleared MQTT-3.3.1-7"
    );
    // A count in the header is a filter too.
    browser.open(&url);
    browser.click(".counts .warned a");
    browser.until(&format!(
        "{ROWS}.length > 0 && {ROWS}.every((verdict) => verdict === 'warned')"
    ));
    is_clean(&browser);
}

#[test]
fn flaky_cases_have_a_filter_of_their_own() {
    let Some((mut browser, _program, url)) = opened() else {
        return;
    };
    browser.window(900, 900, "dark");
    browser.open(&url);
    browser.click(".counts .flaky a");
    let ids = "[...document.querySelectorAll('#rows .id')].map((id) => id.textContent).join()";
    browser.until(&format!("{ids} === '{FLAKY}'"));
    assert_eq!(browser.text("location.hash"), "#cases?verdict=flaky");
    let row = browser.text("document.querySelector('#rows li').innerText");
    assert!(
        row.contains("flaky") && row.contains("not as expected in 1 of 2 plays"),
        "{row}"
    );
    browser.click(".chips [data-kind=flaky]");
    browser.until(&format!("{ids} !== '{FLAKY}'"));
    browser.click(".chips [data-kind=flaky]");
    browser.until(&format!("{ids} === '{FLAKY}'"));
    // The earlier play can be read.
    browser.click("#rows a");
    browser.until("!document.getElementById('case').hidden");
    browser.picture("flaky-case", "body");
    let case = browser.text("document.getElementById('case').innerText");
    assert!(case.contains("Earlier plays"), "{case}");
    let finding = browser.text("document.querySelector('#case .attempt .finding').innerText");
    assert!(finding.contains("MQTT-3.3.1-6"), "{finding}");
    browser.click("#case .attempt details summary");
    browser.until("document.querySelectorAll('#case .attempt .diagram button.row').length > 3");
    is_clean(&browser);
}

#[test]
fn opens_a_case_and_its_packets() {
    let Some((mut browser, _program, url)) = opened() else {
        return;
    };
    browser.window(1400, 900, "light");
    browser.open(&format!(
        "{url}#cases?verdict=warned&q=session%2Ftakeover%40"
    ));
    browser.click("#rows a");
    browser.until(
        "!document.getElementById('case').hidden && document.getElementById('overview').hidden",
    );
    assert_eq!(browser.text("location.hash"), format!("#{TAKEOVER}"));
    assert!(browser.text("document.title").contains(TAKEOVER));
    let finding = browser.text("document.querySelector('#case .finding').innerText");
    for part in ["MQTT-3.1.4-3", "SHOULD", "DISCONNECT"] {
        assert!(finding.contains(part), "{part}: {finding}");
    }
    let rows = browser.value("document.querySelectorAll('#case .diagram button.row').length");
    assert!(rows.as_u64().is_some_and(|rows| rows > 6), "{rows}");
    browser.click("#case .diagram button.row");
    browser.until("document.querySelector('#case .diagram button.row').getAttribute('aria-expanded') === 'true'");
    let case = browser.text("document.getElementById('case').innerText");
    assert!(case.contains("10 ") && case.contains("client_id"), "{case}");
    // Move through the list with keys, and back.
    browser.press("Escape");
    browser.until("document.getElementById('case').hidden");
    browser.open(&format!("{url}#cases?verdict=failed"));
    browser.press("j");
    let first = browser.text("document.activeElement.querySelector('.id').textContent");
    browser.press("j");
    let second = browser.text("document.activeElement.querySelector('.id').textContent");
    assert_ne!(first, second);
    browser.open(&format!("{url}#cases?verdict=failed"));
    browser.click("#rows a");
    browser.until("!document.getElementById('case').hidden");
    browser.press("n");
    browser.until(&format!(
        "decodeURIComponent(location.hash) === {}",
        json!(format!("#{second}"))
    ));
    browser.press("p");
    browser.until(&format!(
        "decodeURIComponent(location.hash) === {}",
        json!(format!("#{first}"))
    ));
    browser.press("?");
    browser.until("document.querySelector('dialog[open]') !== null");
    is_clean(&browser);
}

/// Finds text with too little contrast to its background (WCAG 2: 4.5 to 1, large text 3 to 1).
const PALE: &str = r"(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = ([r, g, b]) => { const part = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
  const behind = (element) => { const layers = [];
    for (let e = element; e; e = e.parentElement) layers.unshift(rgba(getComputedStyle(e).backgroundColor));
    return layers.reduce((below, top) => over(top, below), rgba(getComputedStyle(document.documentElement).colorScheme.includes('dark') ? '#000' : '#fff')); };
  const pale = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (['SCRIPT', 'STYLE', 'OPTION'].includes(element.tagName) || element.closest('svg')) continue;
    const style = getComputedStyle(element);
    const below = behind(element);
    const colour = rgba(style.color);
    for (let e = element; e; e = e.parentElement) colour[3] *= getComputedStyle(e).opacity;
    const text = over(colour, below);
    const [a, b] = [light(text), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (ratio < least - 0.01) pale.set(`${element.tagName}.${element.className}`, `${ratio.toFixed(2)} ${walker.currentNode.textContent.trim().slice(0, 30)}`);
  }
  return [...pale].map(([name, text]) => `${name}: ${text}`);
})()";

/// Finds elements that extend beyond the right edge of the page and are not in a scrolling box.
const OUTSIDE: &str = r"(() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => { for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) {
    if (getComputedStyle(e).overflowX !== 'visible') return true; } return false; };
  return [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > width + 1 && !scrolls(element))
    .map((element) => `${element.tagName}.${element.className}`).slice(0, 5);
})()";

#[test]
fn fits_and_can_be_read_in_every_width_and_theme() {
    let Some((mut browser, _program, url)) = opened() else {
        return;
    };
    let mut wrong = Vec::new();
    for theme in THEMES {
        for width in WIDTHS {
            browser.window(width, 900, theme);
            for (name, hash, from) in [
                ("overview", "", "body"),
                ("cases", "#cases", "#cases"),
                ("case", "#session/takeover@5", "body"),
                ("failed", "#retain/empty-not-stored@5", "body"),
            ] {
                browser.open(&format!("{url}{hash}"));
                browser.picture(&format!("{name}-{width}-{theme}"), from);
                for (what, expression) in [("sticks out", OUTSIDE), ("too pale", PALE)] {
                    let found = browser.value(expression);
                    if found.as_array().is_none_or(|found| !found.is_empty()) {
                        wrong.push(format!("{name} at {width} in {theme}: {what}: {found}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    is_clean(&browser);
}

#[test]
fn filters_the_cases_of_several_brokers() {
    let Some((mut browser, program, _)) = opened() else {
        return;
    };
    let program = program.arguments(
        "run --no-github --no-snapshots --suite 2026.12 --filter session/* --filter retain/* \
         --report json=right.json",
    );
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let program = program.arguments("view r.json right.json --output beside.html --no-open");
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let url = format!("file://{}", program.path("beside.html").display());
    for width in WIDTHS {
        for theme in THEMES {
            browser.window(width, 900, theme);
            browser.load(&url);
            browser.until("document.querySelector('#filter input') !== null");
            browser.picture(&format!("beside-{width}-{theme}"), "body");
            let overflows = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.value(overflows), false, "{width}");
        }
    }
    const SHOWN: &str =
        "[...document.querySelectorAll('.area:not([hidden]) tr[data-verdicts]:not([hidden])')]";
    let all = browser.value(&format!("{SHOWN}.length"));
    assert!(all.as_u64().is_some_and(|all| all > 2), "{all}");
    browser.click("#filter input");
    browser.type_text("retain/cleared");
    browser.until(&format!(
        "{SHOWN}.length > 0 && {SHOWN}.every((row) => row.textContent.includes('retain/cleared'))"
    ));
    browser.until("document.querySelector('.area:not([hidden])').open");
    // Nothing failed on the second broker.
    browser.value(
        "(() => { const [, verdict, broker] = document.getElementById('filter').children; verdict.value = 'failed'; \
         broker.value = '1'; broker.dispatchEvent(new Event('input')); })()",
    );
    browser.until(&format!("{SHOWN}.length === 0"));
    browser.value(
        "(() => { const broker = document.getElementById('filter').children[2]; broker.value = '0'; \
         broker.dispatchEvent(new Event('input')); })()",
    );
    browser.until(&format!("{SHOWN}.length > 0"));
    is_clean(&browser);
}
