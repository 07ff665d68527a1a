//! Chooses which events of a play are shown with a finding.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Around;
use super::place::{Place, acting};
use crate::report::document::{Direction, Event, Finding, Play};

/// A row of an excerpt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'p> {
    Event {
        event: &'p Event,
        /// Whether the finding is about it.
        is_marked: bool,
    },
    /// The place of a finding that no event belongs to.
    Here,
    /// Events that are not shown.
    LeftOut {
        number: usize,
        /// Whether all of them are pings and their answers.
        are_pings: bool,
    },
}

/// Returns the rows of an excerpt, in the order of the play.
pub(super) fn rows<'p>(
    play: &Play,
    finding: &Finding,
    place: &Place<'p>,
    around: Around,
) -> Vec<Row<'p>> {
    let Place {
        events,
        about,
        here,
        until,
    } = place;
    let mut shown: BTreeSet<usize> = (*here..*until).collect();
    shown.extend(before(play, finding, place, around.before));
    shown.extend(nearest(events, *until..events.len(), around.after));
    let mut rows = Vec::new();
    let mut next = 0;
    let mut is_here_due = about.is_empty();
    for index in shown {
        let event = events[index];
        if is_here_due && index >= *here {
            skip(&mut rows, place, next..*here);
            rows.push(Row::Here);
            next = *here;
            is_here_due = false;
        }
        skip(&mut rows, place, next..index);
        let is_marked = about.contains(&event.number);
        rows.push(Row::Event { event, is_marked });
        next = index + 1;
    }
    if is_here_due {
        skip(&mut rows, place, next..*here);
        rows.push(Row::Here);
        next = next.max(*here);
    }
    skip(&mut rows, place, next..events.len());
    rows
}

/// Adds a row for events that are not shown. A single event takes no more room than such a row, so it is shown.
fn skip<'p>(rows: &mut Vec<Row<'p>>, place: &Place<'p>, skipped: Range<usize>) {
    match skipped.len() {
        0 => {}
        1 => rows.push(Row::Event {
            event: place.events[skipped.start],
            is_marked: false,
        }),
        number => rows.push(Row::LeftOut {
            number,
            are_pings: place.events[skipped].iter().all(|event| is_ping(event)),
        }),
    }
}

/// The indices of at most `most` events before the finding: what set up its clients, then the nearest ones.
fn before(play: &Play, finding: &Finding, place: &Place<'_>, most: usize) -> BTreeSet<usize> {
    let mut chosen: BTreeSet<usize> = setup(play, finding, place)
        .into_iter()
        .take(most / 2)
        .collect();
    for index in nearest_first(&place.events, (0..place.here).rev(), most) {
        if chosen.len() >= most {
            break;
        }
        chosen.insert(index);
    }
    chosen
}

/// The indices of at most `most` events of a range, from its start.
fn nearest(events: &[&Event], range: Range<usize>, most: usize) -> Vec<usize> {
    nearest_first(events, range, most).take(most).collect()
}

/// Keeps the order of the indices, and skips pings if not all events fit.
fn nearest_first(
    events: &[&Event],
    order: impl ExactSizeIterator<Item = usize>,
    room: usize,
) -> impl Iterator<Item = usize> {
    let has_room_for_all = order.len() <= room;
    order.filter(move |index| has_room_for_all || !is_ping(events[*index]))
}

fn is_ping(event: &Event) -> bool {
    matches!(event.packet.as_deref(), Some("PINGREQ" | "PINGRESP"))
}

/// The largest number of SUBSCRIBE and UNSUBSCRIBE packets that are shown however far away they are.
const REQUESTS: usize = 3;

/// The indices of the packets before the finding that set up its clients, the most important first: their last CONNECT,
/// what they subscribed to last, where the message of the finding comes from, and the last CONNECT of others that has a
/// Will.
fn setup(play: &Play, finding: &Finding, place: &Place<'_>) -> Vec<usize> {
    let events = &place.events;
    let mut clients: BTreeSet<usize> = acting(play, finding).into_iter().collect();
    let marked = events.iter().filter(|e| place.about.contains(&e.number));
    clients.extend(marked.map(|event| play.client_of(event)));
    let earlier = || (0..place.here).rev();
    let sent = |index: &usize, packet: &str| {
        let event = events[*index];
        event.direction == Direction::Sent && event.packet.as_deref() == Some(packet)
    };
    let client = |index: &usize| play.client_of(events[*index]);
    let mut connected = BTreeSet::new();
    let mut connects: Vec<usize> = earlier().filter(|n| sent(n, "CONNECT")).collect();
    connects.retain(|index| connected.insert(client(index)));
    let (theirs, others): (Vec<usize>, Vec<usize>) = connects
        .into_iter()
        .partition(|n| clients.contains(&client(n)));
    let is_request = |n: &usize| {
        clients.contains(&client(n)) && (sent(n, "SUBSCRIBE") || sent(n, "UNSUBSCRIBE"))
    };
    let has_will = |n: &usize| events[*n].fields.iter().any(|f| f.name == "will_topic");
    let requests = earlier().filter(is_request).take(REQUESTS);
    let topic = |n: usize| events[n].fields.iter().find(|f| f.name == "topic");
    let marked = (place.here..place.until).filter(|n| place.about.contains(&events[*n].number));
    let topics: Vec<_> = marked.filter_map(topic).collect();
    let is_source =
        |n: &usize| sent(n, "PUBLISH") && topic(*n).is_some_and(|t| topics.contains(&t));
    let sources = earlier().filter(is_source).take(1);
    let wills = others.into_iter().filter(has_will);
    let first = theirs.into_iter().chain(requests);
    first.chain(sources).chain(wills).collect()
}
