//! The combinations of a table: all of them, or a few that together contain every pair of values.
//!
//! Both are the same in every run: the search for pairs is not random, and prefers values that are listed first.

/// The maximum number of partial combinations that a search looks at. Only very many exceptions need more.
const LOOK_LIMIT: usize = 1_000_000;
/// A combination: one value of every dimension, by its index.
pub(super) type Combination = Vec<usize>;

/// The values that can be combined.
#[derive(Debug)]
pub(super) struct Space {
    /// The values of each dimension. A value is a bit mask of the versions in which it can be played.
    pub(super) values: Vec<Vec<u8>>,
    /// The versions of the file, as a bit mask.
    pub(super) versions: u8,
    /// Combinations that are left out.
    pub(super) exceptions: Vec<Exception>,
}

/// Values that are not played together. `None` means that the dimension does not matter.
#[derive(Debug)]
pub(super) struct Exception(pub(super) Vec<Option<Vec<usize>>>);

impl Exception {
    /// Whether the exception covers this combination, however much of it has been chosen.
    fn holds(&self, chosen: &[Option<usize>]) -> bool {
        let mut wanted = self.0.iter().zip(chosen);
        wanted.all(|(wanted, chosen)| match (wanted, chosen) {
            (None, _) => true,
            (Some(values), Some(value)) => values.contains(value),
            (Some(_), None) => false,
        })
    }

    /// Whether the exception excludes a whole combination.
    pub(super) fn leaves_out(&self, combination: &[usize]) -> bool {
        let chosen: Vec<_> = combination.iter().copied().map(Some).collect();
        self.holds(&chosen)
    }
}

impl Space {
    /// Returns the number of combinations, exceptions included.
    pub(super) fn size(&self) -> usize {
        let sizes = self.values.iter().map(Vec::len);
        sizes.fold(1, usize::saturating_mul)
    }

    /// Returns every combination, exceptions included. The last dimension changes fastest.
    pub(super) fn every(&self) -> Vec<Combination> {
        let mut out = vec![Vec::new()];
        for values in &self.values {
            let longer = out.iter().flat_map(|one: &Combination| {
                (0..values.len()).map(move |value| [&one[..], &[value]].concat())
            });
            out = longer.collect();
        }
        out
    }

    /// Returns every combination that is played.
    pub(super) fn product(&self) -> Vec<Combination> {
        let mut out = self.every();
        out.retain(|one| self.versions_of(&chosen(one)) != 0);
        out
    }

    /// Returns the versions in which a partial combination can be played, none if it is an exception.
    fn versions_of(&self, chosen: &[Option<usize>]) -> u8 {
        if self.exceptions.iter().any(|e| e.holds(chosen)) {
            return 0;
        }
        let own = self.values.iter().zip(chosen);
        own.filter_map(|(values, chosen)| chosen.map(|value| values[value]))
            .fold(self.versions, |all, versions| all & versions)
    }

    /// Returns combinations in which every two values appear together, in every version in which they can. Returns
    /// `None` if the exceptions make the search too long.
    pub(super) fn pairs(&self) -> Option<Vec<Combination>> {
        let mut budget = LOOK_LIMIT;
        let mut open = self.open_pairs(&mut budget)?;
        let mut used: Vec<Vec<usize>> = self.values.iter().map(|v| vec![0; v.len()]).collect();
        let mut out = Vec::new();
        while let Some(first) = open.iter().find(|pair| pair.versions != 0) {
            let version = first.versions & first.versions.wrapping_neg();
            let mut combination = vec![None; self.values.len()];
            combination[first.one.0] = Some(first.one.1);
            combination[first.other.0] = Some(first.other.1);
            for dimension in 0..self.values.len() {
                if combination[dimension].is_none() {
                    let search = Search {
                        open: &open,
                        used: &used[dimension],
                        version,
                    };
                    let value =
                        self.best_value(&search, &mut combination, dimension, &mut budget)?;
                    combination[dimension] = Some(value);
                }
            }
            let versions = self.versions_of(&combination);
            let whole: Combination = combination.into_iter().flatten().collect();
            for pair in &mut open {
                if pair.is_in(&whole) {
                    pair.versions &= !versions;
                }
            }
            for (dimension, value) in whole.iter().enumerate() {
                used[dimension][*value] += 1;
            }
            out.push(whole);
        }
        Some(out)
    }

    /// Returns every pair of values, with the versions in which some combination has both.
    fn open_pairs(&self, budget: &mut usize) -> Option<Vec<Pair>> {
        let mut out = Vec::new();
        for (i, values) in self.values.iter().enumerate() {
            for (j, others) in self.values.iter().enumerate().skip(i + 1) {
                for (a, b) in (0..values.len()).flat_map(|a| (0..others.len()).map(move |b| (a, b)))
                {
                    let mut chosen = vec![None; self.values.len()];
                    chosen[i] = Some(a);
                    chosen[j] = Some(b);
                    let mut versions = 0;
                    for version in (0..u8::BITS).map(|bit| 1u8 << bit) {
                        if self.can_be_completed(&mut chosen, version, budget)? {
                            versions |= version;
                        }
                    }
                    out.push(Pair {
                        one: (i, a),
                        other: (j, b),
                        versions,
                    });
                }
            }
        }
        Some(out)
    }

    /// Whether the open dimensions can be chosen so that the combination is played in this version. Returns `None` if
    /// `budget` is used up.
    fn can_be_completed(
        &self,
        chosen: &mut Vec<Option<usize>>,
        version: u8,
        budget: &mut usize,
    ) -> Option<bool> {
        *budget = budget.checked_sub(1)?;
        if self.versions_of(chosen) & version == 0 {
            return Some(false);
        }
        let Some(open) = chosen.iter().position(Option::is_none) else {
            return Some(true);
        };
        for value in 0..self.values[open].len() {
            chosen[open] = Some(value);
            let can = self.can_be_completed(chosen, version, budget);
            chosen[open] = None;
            if can? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Returns the value of a dimension that adds most pairs that no row has yet. Of several such values it is the one
    /// used least, then the first.
    fn best_value(
        &self,
        search: &Search<'_>,
        chosen: &mut Vec<Option<usize>>,
        dimension: usize,
        budget: &mut usize,
    ) -> Option<usize> {
        let mut best = None;
        for value in 0..self.values[dimension].len() {
            chosen[dimension] = Some(value);
            let can = self.can_be_completed(chosen, search.version, budget);
            let versions = self.versions_of(chosen);
            let gain: u32 = search
                .open
                .iter()
                .filter(|pair| pair.has((dimension, value)) && pair.is_in_part(chosen))
                .map(|pair| (pair.versions & versions).count_ones())
                .sum();
            chosen[dimension] = None;
            let rank = (gain, std::cmp::Reverse(search.used[value]));
            if can? && best.is_none_or(|(first, _)| rank > first) {
                best = Some((rank, value));
            }
        }
        best.map(|(_, value)| value)
    }
}

/// The data on which the choice of a value depends.
struct Search<'a> {
    open: &'a [Pair],
    /// How often each value has been used.
    used: &'a [usize],
    /// The version in which the row must be playable.
    version: u8,
}

/// Two values, and the versions in which no row has both yet.
struct Pair {
    one: (usize, usize),
    other: (usize, usize),
    versions: u8,
}

impl Pair {
    fn has(&self, value: (usize, usize)) -> bool {
        self.one == value || self.other == value
    }

    fn is_in(&self, combination: &[usize]) -> bool {
        combination[self.one.0] == self.one.1 && combination[self.other.0] == self.other.1
    }

    fn is_in_part(&self, chosen: &[Option<usize>]) -> bool {
        chosen[self.one.0] == Some(self.one.1) && chosen[self.other.0] == Some(self.other.1)
    }
}

fn chosen(combination: &[usize]) -> Vec<Option<usize>> {
    combination.iter().copied().map(Some).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(sizes: &[usize], exceptions: Vec<Exception>) -> Space {
        Space {
            values: sizes.iter().map(|n| vec![0b11; *n]).collect(),
            versions: 0b11,
            exceptions,
        }
    }

    /// Checks that the rows have every pair that the product has, by version, and that no row is an exception.
    fn check(space: &Space, rows: &[Combination]) {
        let pairs_of = |rows: &[Combination]| {
            let mut out = std::collections::BTreeSet::new();
            for row in rows {
                let versions = space.versions_of(&chosen(row));
                assert_ne!(versions, 0, "{row:?} is left out");
                for (i, a) in row.iter().enumerate() {
                    for (j, b) in row.iter().enumerate().skip(i + 1) {
                        for bit in (0..8).filter(|bit| versions & (1 << bit) != 0) {
                            out.insert((i, *a, j, *b, bit));
                        }
                    }
                }
            }
            out
        };
        assert_eq!(pairs_of(rows), pairs_of(&space.product()));
    }

    #[test]
    fn every_pair_of_values_is_in_some_row() {
        for sizes in [
            &[2, 2, 2][..],
            &[3, 3, 3, 3],
            &[10, 8, 3],
            &[1, 5],
            &[4, 1, 6, 2, 3],
        ] {
            let space = space(sizes, Vec::new());
            let rows = space.pairs().expect("few exceptions");
            check(&space, &rows);
            assert!(rows.len() <= space.size());
        }
    }

    #[test]
    fn pairs_are_few_and_the_same_every_time() {
        let space = space(&[3, 3, 3, 3], Vec::new());
        let rows = space.pairs().expect("no exceptions");
        assert!(rows.len() <= 13, "{} rows of 81", rows.len());
        assert_eq!(Some(rows), space.pairs());
    }

    #[test]
    fn excepted_combinations_are_in_no_row_and_all_others_are() {
        let exceptions = vec![
            Exception(vec![Some(vec![0, 1]), None, Some(vec![2])]),
            Exception(vec![None, Some(vec![1]), Some(vec![0])]),
            Exception(vec![Some(vec![3]), Some(vec![2]), Some(vec![1, 2])]),
        ];
        let mut space = space(&[4, 3, 3], exceptions);
        check(&space, &space.pairs().expect("few exceptions"));
        // This value exists in one version only. Another row plays the values beside it in the other version.
        space.values[0][0] = 0b10;
        space.values[2][1] = 0b01;
        check(&space, &space.pairs().expect("few exceptions"));
        check(&space, &space.product());
    }
}
