//! The options of `run` and `baseline` that control how cases are played.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::number::whole;
use crate::outcome::profile::Tolerated;

/// The default of `--max-wait`.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Args)]
pub(super) struct Playing {
    /// Also play exclusive cases on a broker that this run did not start
    #[arg(long, requires = "reached", help_heading = "Target")]
    pub(super) exclusive: bool,

    /// Connect clients to the nodes of the target in turn, unless their scenario names a node
    #[arg(long, requires = "reached", help_heading = "Target")]
    pub(super) spread: bool,

    /// Also play cases tagged `heavy`: thousands of messages, or all packet identifiers
    #[arg(long, help_heading = "Run")]
    pub(super) heavy: bool,

    /// How many cases play at the same time [default: the number of cores, or 256 over the network]
    #[arg(long, value_name = "N", value_parser = whole(1..=4096_u16), help_heading = "Run")]
    pub(super) jobs: Option<u16>,

    /// Skip cases that wait longer than this, except in virtual time
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = span, help_heading = "Run")]
    pub(super) max_wait: Duration,

    /// Multiply every limit and settling time
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = factor, help_heading = "Run")]
    pub(super) timeout_scale: f64,

    /// The seed for all randomness
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0..=u64::MAX), help_heading = "Run")]
    pub(super) seed: u64,

    /// The folder of the snapshots [default: `snapshots` next to the folder `scenarios`]
    #[arg(long, value_name = "DIR", help_heading = "Snapshots")]
    pub(super) snapshots: Option<PathBuf>,
}

pub(super) fn target_name(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err("the name of a target has only letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok(name.to_owned())
}

pub(super) fn tolerated(word: &str) -> Result<Tolerated, String> {
    Tolerated::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Tolerated::names().collect();
        format!("expected one of {}", words.join(", "))
    })
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 && factor <= 1000.0 => Ok(factor),
        _ => Err("expected a number above 0, at most 1000".to_owned()),
    }
}

/// Parses a duration as scenarios write it: `500ms`, `30s`, `1h30m`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number and a unit, such as 500ms, 30s, 2m or 1h30m".to_owned();
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let unit = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let part = match unit {
            "ms" => Some(Duration::from_millis(number)),
            "s" => Some(Duration::from_secs(number)),
            "m" => number.checked_mul(60).map(Duration::from_secs),
            "h" => number.checked_mul(3600).map(Duration::from_secs),
            "d" => number.checked_mul(86_400).map(Duration::from_secs),
            _ => None,
        };
        total = part.and_then(|p| total.checked_add(p)).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() {
        Err(wrong())
    } else {
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_spans_as_scenarios_write_them() {
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("1h30m", 5_400_000)] {
            assert_eq!(span(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "30", "s", "30 s", "-1s", "1y", "99999999999999999999s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keeps_a_targets_name_inside_its_folder() {
        assert!(target_name("mosquitto-2.0").is_ok());
        for name in ["", "..", "a/b", ".hidden"] {
            assert!(target_name(name).is_err(), "{name}");
        }
    }
}
