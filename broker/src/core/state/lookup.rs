//! Look-ups among sorted Topic Names or Topic Filters: the names that match a filter, and the filters that match a
//! name.
//!
//! Keys are in the order of their bytes, so all keys that begin with the same levels are adjacent. At a key that does
//! not match, a look-up computes the smallest text after that key that could match, and continues there. It thus skips
//! every branch whose first levels do not match, whatever the size of that branch, and needs no recursion. Its position
//! is a text, so it can stop anywhere and continue later, even if keys were added or removed in the meantime.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytestring::ByteString;

/// The result of judging one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The key matches. Continue with the next key.
    Match,
    /// The key does not match. Continue with the next key.
    Next,
    /// Neither this key nor any key before the target matches.
    Seek,
    /// Neither this key nor any key after it matches.
    End,
}

/// A pattern that a look-up compares keys with.
pub(crate) trait Pattern {
    /// Judges one key. Returns the verdict and the number of levels visited. Sets `target` if the verdict is
    /// [`Verdict::Seek`].
    fn judge(&self, key: &str, target: &mut String) -> (Verdict, usize);
}

/// The position of a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cursor {
    From(String),
    End,
}

impl Cursor {
    pub(crate) const fn start() -> Self {
        Self::From(String::new())
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        matches!(self, Self::End)
    }

    fn bound(&self) -> Bound<&str> {
        match self {
            Self::From(text) => Bound::Included(text),
            Self::End => Bound::Unbounded,
        }
    }
}

/// Calls `found` for every matching key from the cursor on, until the end is reached or the budget is spent. The budget
/// is reduced by the number of levels visited.
pub(crate) fn look_up<V>(
    map: &mut BTreeMap<ByteString, V>,
    pattern: &impl Pattern,
    cursor: &mut Cursor,
    budget: &mut usize,
    mut found: impl FnMut(&ByteString, &mut V),
) {
    if cursor.is_at_end() {
        return;
    }
    let mut target = String::new();
    let mut entries = map.range_mut::<str, _>((cursor.bound(), Bound::Unbounded));
    let mut entry = entries.next();
    while let Some((key, value)) = entry {
        if *budget == 0 {
            *cursor = Cursor::From(key.to_string());
            return;
        }
        let (verdict, levels) = pattern.judge(key, &mut target);
        *budget = budget.saturating_sub(levels);
        match verdict {
            Verdict::Match => found(key, value),
            Verdict::Next => {}
            Verdict::End => break,
            Verdict::Seek => {
                entry = entries.next();
                // Often the next key is already at or after the target.
                let is_before = entry.as_ref().is_some_and(|(key, _)| ***key < *target);
                if is_before {
                    let from = (Bound::Included(&*target), Bound::Unbounded);
                    entries = map.range_mut::<str, _>(from);
                    entry = entries.next();
                }
                continue;
            }
        }
        entry = entries.next();
    }
    *cursor = Cursor::End;
}

/// The Topic Filters that match a Topic Name.
#[derive(Debug)]
pub(crate) struct FiltersFor<'a> {
    name: &'a str,
    /// The end of each level of the name, as a byte offset.
    ends: &'a [usize],
    /// Whether a leading wildcard does not match the name.
    hidden: bool,
}

/// Appends the byte offset at which each level ends.
pub(crate) fn level_ends(topic: &str, ends: &mut Vec<usize>) {
    ends.extend(topic.match_indices('/').map(|(at, _)| at));
    ends.push(topic.len());
}

impl<'a> FiltersFor<'a> {
    pub(crate) const fn new(name: &'a str, ends: &'a [usize], hidden: bool) -> Self {
        Self { name, ends, hidden }
    }

    fn level(&self, index: usize) -> &'a str {
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] + 1);
        &self.name[start..self.ends[index]]
    }

    /// The texts with which a matching filter may continue at this level. After a text that ends with a slash, more
    /// levels follow; any other text ends the filter.
    fn choices(&self, index: usize) -> impl Iterator<Item = [&'a str; 2]> {
        let level = self.level(index);
        let is_last = index + 1 == self.ends.len();
        let choices = match is_last {
            true => [
                [level, ""],
                [level, "/#"],
                ["#", ""],
                ["+", ""],
                ["+", "/#"],
            ],
            false => [
                [level, "/"],
                [level, "/"],
                ["#", ""],
                ["+", "/"],
                ["+", "/"],
            ],
        };
        let count = match self.hidden && index == 0 {
            true => 2,
            false => 5,
        };
        choices.into_iter().take(count)
    }
}

/// Returns the length of `[a, b]` if `text` begins with it.
fn begins(text: &str, [a, b]: [&str; 2]) -> Option<usize> {
    let rest = text.strip_prefix(a)?;
    rest.starts_with(b).then_some(a.len() + b.len())
}

fn bytes<'a>([a, b]: [&'a str; 2]) -> impl Iterator<Item = u8> + 'a {
    a.bytes().chain(b.bytes())
}

fn is_above(choice: [&str; 2], text: &str) -> bool {
    bytes(choice).gt(text.bytes())
}

impl Pattern for FiltersFor<'_> {
    fn judge(&self, key: &str, target: &mut String) -> (Verdict, usize) {
        let last = self.ends.len() - 1;
        let (mut index, mut start) = (0, 0);
        loop {
            let rest = &key[start..];
            let is_whole = |[a, b]: [&str; 2]| begins(rest, [a, b]) == Some(rest.len());
            let is_inner = index < last;
            if rest == "#" || !is_inner {
                if self.choices(index).any(is_whole) {
                    return (Verdict::Match, index + 1);
                }
                break;
            }
            let level = self.level(index);
            let length = begins(rest, [level, "/"]).or_else(|| {
                let is_open = !self.hidden || index > 0;
                begins(rest, ["+", "/"]).filter(|_| is_open)
            });
            let Some(length) = length else {
                break;
            };
            start += length;
            index += 1;
        }
        let mut levels = index + 1;
        // The smallest text after the key shares as many levels with it as possible.
        loop {
            let rest = &key[start..];
            let above = self.choices(index).filter(|choice| is_above(*choice, rest));
            let least = above.min_by(|a, b| bytes(*a).cmp(bytes(*b)));
            if let Some([a, b]) = least {
                target.clear();
                target.push_str(&key[..start]);
                target.push_str(a);
                target.push_str(b);
                return (Verdict::Seek, levels);
            }
            if index == 0 {
                return (Verdict::End, levels);
            }
            index -= 1;
            start = start_of_level(key, start);
            levels += 1;
        }
    }
}

/// The Topic Names that match a Topic Filter.
#[derive(Debug)]
pub(crate) struct NamesFor<'a> {
    /// The levels without a final `#`.
    levels: Vec<&'a str>,
    /// Whether the filter ends with `#`.
    multi: bool,
}

impl<'a> NamesFor<'a> {
    pub(crate) fn new(filter: &'a str) -> Self {
        let mut levels: Vec<_> = filter.split('/').collect();
        let multi = levels.last() == Some(&"#");
        if multi {
            levels.pop();
        }
        Self { levels, multi }
    }

    /// Returns the verdict once a level does not match, or once all levels have matched.
    fn behind(
        &self,
        key: &str,
        (mut index, mut start): (usize, usize),
        target: &mut String,
    ) -> (Verdict, usize) {
        let mut levels = index + 1;
        while index > 0 {
            index -= 1;
            start = start_of_level(key, start);
            levels += 1;
            if self.levels[index] == "+" {
                skip(key, start, target);
                return (Verdict::Seek, levels);
            }
        }
        (Verdict::End, levels)
    }
}

/// Sets the target after all keys below the level that begins at `start`.
fn skip(key: &str, start: usize, target: &mut String) {
    let level = key[start..].split('/').next().unwrap_or_default();
    target.clear();
    target.push_str(&key[..start + level.len()]);
    // The character after the slash in byte order.
    target.push('0');
}

/// Returns where the level begins that ends with the slash before `start`.
fn start_of_level(key: &str, start: usize) -> usize {
    let before = start.saturating_sub(1);
    key[..before].rfind('/').map_or(0, |slash| slash + 1)
}

impl Pattern for NamesFor<'_> {
    fn judge(&self, key: &str, target: &mut String) -> (Verdict, usize) {
        // [3.1.1 MQTT-4.7.2-1] [5 MQTT-4.7.2-1]
        let begins_open = self.levels.first().is_none_or(|first| *first == "+");
        if key.starts_with('$') && begins_open {
            target.clear();
            target.push('%');
            return (Verdict::Seek, 1);
        }
        let Some(last) = self.levels.len().checked_sub(1) else {
            return (Verdict::Match, 1);
        };
        let (mut index, mut start) = (0, 0);
        loop {
            let level = self.levels[index];
            let rest = &key[start..];
            let slash = rest.find('/');
            let fits = level == "+" || rest[..slash.unwrap_or(rest.len())] == *level;
            let is_last = index == last;
            match slash {
                _ if is_last && fits && self.multi => return (Verdict::Match, index + 1),
                None if is_last && fits => return (Verdict::Match, index + 1),
                Some(slash) if !is_last && fits => {
                    start += slash + 1;
                    index += 1;
                    continue;
                }
                Some(_) if is_last && level == "+" => {
                    skip(key, start, target);
                    return (Verdict::Seek, index + 1);
                }
                None if level == "+" => return (Verdict::Next, index + 1),
                _ => {}
            }
            let tails: &[&str] = match (is_last, self.multi) {
                (false, _) => &["/"],
                (true, true) => &["", "/"],
                (true, false) => &[""],
            };
            let tail = tails.iter().find(|tail| is_above([level, tail], rest));
            let Some(tail) = tail else {
                return self.behind(key, (index, start), target);
            };
            target.clear();
            target.push_str(&key[..start]);
            target.push_str(level);
            target.push_str(tail);
            return (Verdict::Seek, index + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use mqtt_check_codec::ProtocolVersion;
    use mqtt_check_codec::topic::{check_filter, check_name, matches};

    use super::*;

    /// Levels that sort before and after the slash and the wildcards, some of them prefixes of others.
    const LEVELS: [&str; 7] = ["", "a", "a!", "a0", "!", "$", "b"];

    /// Returns every text of up to three of these levels.
    fn texts(levels: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = levels.iter().map(|level| (*level).to_owned()).collect();
        let mut longest = all.clone();
        for _ in 0..2 {
            let longer = longest
                .iter()
                .flat_map(|text| levels.iter().map(move |level| format!("{text}/{level}")));
            longest = longer.collect();
            all.extend(longest.iter().cloned());
        }
        all
    }

    fn names() -> Vec<String> {
        let mut names = texts(&LEVELS);
        names.extend(["a/a/a/a", "a//a/", "////", "b/b/b/b/b/b"].map(str::to_owned));
        names.retain(|name| check_name(name, ProtocolVersion::V5).is_ok());
        names
    }

    fn filters() -> Vec<String> {
        let mut filters = texts(&["", "a", "a!", "$", "+", "#", "b"]);
        filters.extend(["a/+/+/a", "+/+/+/+/#", "+//#", "a/a/a/#", "////#"].map(str::to_owned));
        filters.retain(|filter| check_filter(filter, ProtocolVersion::V3_1_1).is_ok());
        filters
    }

    fn found(keys: &[String], pattern: &impl Pattern, step: usize) -> (Vec<String>, usize) {
        let mut map = BTreeMap::new();
        map.extend(keys.iter().map(|key| (ByteString::from(key.as_str()), ())));
        let mut cursor = Cursor::start();
        let (mut all, mut visited) = (Vec::new(), 0);
        while !cursor.is_at_end() {
            let mut budget = step;
            let found = |key: &ByteString, (): &mut ()| all.push(key.to_string());
            look_up(&mut map, pattern, &mut cursor, &mut budget, found);
            visited += step - budget;
        }
        (all, visited)
    }

    fn sorted<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
        let mut all: Vec<String> = all.cloned().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn finds_the_names_of_a_filter_in_one_go_and_in_steps() {
        let names = names();
        for filter in filters() {
            let expected = sorted(names.iter().filter(|name| matches(&filter, name)));
            for step in [usize::MAX, 1] {
                let (all, _) = found(&names, &NamesFor::new(&filter), step);
                assert_eq!(all, expected, "{filter}");
            }
        }
    }

    #[test]
    fn finds_the_filters_of_a_name_in_one_go_and_in_steps() {
        let filters = filters();
        for name in names() {
            let mut ends = Vec::new();
            level_ends(&name, &mut ends);
            for hide in [true, false] {
                let hidden = hide && name.starts_with('$');
                let fits = |filter: &&String| match name.strip_prefix('$') {
                    Some(rest) if !hide && filter.starts_with(['+', '#']) => {
                        matches(filter, &format!("x{rest}"))
                    }
                    _ => matches(filter, &name),
                };
                let expected = sorted(filters.iter().filter(fits));
                for step in [usize::MAX, 1] {
                    let (all, _) = found(&filters, &FiltersFor::new(&name, &ends, hidden), step);
                    assert_eq!(all, expected, "{name}");
                }
            }
        }
    }

    #[test]
    fn passes_over_branches_that_do_not_match() {
        let mut names = Vec::new();
        for wide in 0..100 {
            names.extend((0..100).map(|leaf| format!("t{wide}/{leaf}/x")));
        }
        for (filter, matched, most) in [
            ("t7/7/x", 1, 10),
            ("t7/+/x", 100, 310),
            ("+/7/x", 100, 1_000),
            ("+/missing/+", 0, 500),
            ("+/+", 0, 20_200),
            ("missing/+/x", 0, 5),
        ] {
            let (all, visited) = found(&names, &NamesFor::new(filter), 1_000_000);
            assert_eq!(all.len(), matched, "{filter}");
            assert!(visited <= most, "{filter}: {visited} levels visited");
        }
        for (name, matched, most) in [("t7/7/x", 1, 10), ("missing/7/x", 0, 5), ("t7", 0, 5)] {
            let mut ends = Vec::new();
            level_ends(name, &mut ends);
            let pattern = FiltersFor::new(name, &ends, false);
            let (all, visited) = found(&names, &pattern, 1_000_000);
            assert_eq!(all.len(), matched, "{name}");
            assert!(visited <= most, "{name}: {visited} levels visited");
        }
    }

    #[test]
    fn takes_the_deepest_topics() {
        let deepest = "/".repeat(65_535);
        let wild = format!("{}+", "+/".repeat(32_767));
        let mut deep_name = String::new();
        for _ in 0..32_767 {
            let _ = write!(deep_name, "x/");
        }
        deep_name.push('x');
        let filters = [deepest.clone(), wild.clone(), "#".to_owned()];
        for (name, expected) in [(&deepest, 2), (&deep_name, 2)] {
            let mut ends = Vec::new();
            level_ends(name, &mut ends);
            let pattern = FiltersFor::new(name, &ends, false);
            assert_eq!(found(&filters, &pattern, usize::MAX).0.len(), expected);
        }
        let names = [deepest, deep_name];
        assert_eq!(found(&names, &NamesFor::new(&wild), usize::MAX).0.len(), 1);
        assert_eq!(found(&names, &NamesFor::new("#"), usize::MAX).0.len(), 2);
    }
}
