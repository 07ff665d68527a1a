//! How responsive a broker on the network was: its outages, and with `--verbose` also its slowest answer.

use std::time::Duration;

use super::Options;
use crate::report::document::{Document, Outage, OutageKind};
use crate::report::style::{count, span};
use crate::report::wrap::wrapped;

/// The largest number of outages that are listed without `--verbose`.
const FEW: usize = 5;

/// Renders what the canary saw.
pub(super) fn render(document: &Document, options: Options) -> String {
    let Some(seen) = &document.run.responsiveness else {
        return String::new();
    };
    let mut out = String::new();
    let most = if options.verbose { usize::MAX } else { FEW };
    if !seen.outages.is_empty() {
        out.push_str("The broker did not serve all the time, counted from the start of the run:\n");
    }
    for outage in seen.outages.iter().take(most) {
        out.push_str(&format!("  {}\n", sentence(outage)));
    }
    if let more @ 1.. = seen.outages.len().saturating_sub(most) {
        out.push_str(&format!("  and {more} more\n"));
    }
    if options.verbose {
        let line = format!(
            "Responsiveness: {} during the run, the slowest took {}.",
            count(seen.round_trips, "round trip"),
            time(seen.slowest_us)
        );
        let lines = wrapped(&line, usize::from(options.width));
        out.push_str(&format!("{}\n", lines.join("\n")));
    }
    out
}

/// Formats an outage: `5.20 s to 25.21 s (20.01 s): no answer`.
fn sentence(outage: &Outage) -> String {
    let how = match outage.how {
        OutageKind::Froze => "no answer",
        OutageKind::Mute => "answers to PINGREQ, and no message delivered",
        OutageKind::Dropped => "connection closed, the next one accepted at once",
        OutageKind::Down => "connection closed, and no other accepted",
    };
    let from = time(outage.since_us);
    match outage.lasted_us {
        Some(lasted) => format!(
            "{from} to {} ({}): {how}",
            time(outage.since_us.saturating_add(lasted)),
            time(lasted)
        ),
        None => format!("{from} to the end: {how}"),
    }
}

fn time(us: u64) -> String {
    span(Duration::from_micros(us))
}
