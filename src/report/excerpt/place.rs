//! The place of a finding in the record of its play.

use crate::report::document::{Event, Finding, Play};

/// The largest number of events of a finding that are shown.
const MARKED: usize = 6;

/// The place of a finding among the events that may be shown.
pub(super) struct Place<'p> {
    pub(super) events: Vec<&'p Event>,
    /// The numbers of the events that the finding is about.
    pub(super) about: Vec<usize>,
    /// The index of the first of these events. If there is none, the place where the step gave up.
    pub(super) here: usize,
    /// One more than the index of the last of these events.
    pub(super) until: usize,
}

impl<'p> Place<'p> {
    pub(super) fn of(play: &'p Play, finding: &Finding) -> Self {
        let step = finding.step;
        let about: Vec<usize> = match step {
            Some(step) if finding.events.is_empty() => play.taken_by(step),
            _ => finding.events.clone(),
        };
        let events: Vec<&Event> = shown(play).collect();
        let first = about.iter().min().copied();
        let last = about.iter().max().copied();
        let here = match (first, gave_up(play, step)) {
            (Some(first), _) => events.partition_point(|event| event.number < first),
            (None, Some(at_us)) => events.partition_point(|event| event.at_us <= at_us),
            (None, None) => {
                let step = step.unwrap_or(usize::MAX);
                events.partition_point(|event| event.during <= step)
            }
        };
        let until = last.map_or(here, |last| {
            events.partition_point(|event| event.number <= last)
        });
        let until = until.min(here.saturating_add(MARKED));
        Self {
            events,
            about,
            here,
            until,
        }
    }
}

/// The events that have a line.
pub(super) fn shown(play: &Play) -> impl Iterator<Item = &Event> {
    play.events.iter().filter(|event| event.text.is_some())
}

/// The time of a finding, in microseconds since the play began. `u64::MAX` if it is not known.
pub(super) fn found_at(play: &Play, finding: &Finding) -> u64 {
    let last_event = || {
        let place = Place::of(play, finding);
        Some(place.events.get(place.until.checked_sub(1)?)?.at_us)
    };
    gave_up(play, finding.step)
        .or_else(last_event)
        .unwrap_or(u64::MAX)
}

/// The time when the last wait of a step was decided.
pub(super) fn gave_up(play: &Play, step: Option<usize>) -> Option<u64> {
    let mut played = play.played.iter().rev();
    let played = played.find(|played| Some(played.step) == step)?;
    played.waits.last().map(|wait| wait.at_us)
}

/// The client that acts in the step of a finding.
pub(super) fn acting(play: &Play, finding: &Finding) -> Option<usize> {
    let number = finding.step?;
    let mut steps = play.steps.iter();
    steps.find(|step| step.number == number)?.client
}
