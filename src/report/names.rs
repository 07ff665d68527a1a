//! Shortens lists of case ids.

/// The name of a row, and its versions.
type Row<'a> = (Option<&'a str>, Vec<&'a str>);

/// Joins all rows and versions of a scenario: `publish/x[a, b, c]@3.1.1,5`.
pub(super) fn compressed<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    // For each path its rows, each with its versions, in the order of the ids.
    let mut paths: Vec<(&str, Vec<Row<'_>>)> = Vec::new();
    for id in ids {
        let (case, version) = id.rsplit_once('@').unwrap_or((id, ""));
        let (path, row) = match case.split_once('[') {
            Some((path, row)) => (path, Some(row.strip_suffix(']').unwrap_or(row))),
            None => (case, None),
        };
        let rows = entry(&mut paths, path);
        entry(rows, row).push(version);
    }
    let mut out = Vec::new();
    for (path, rows) in paths {
        let mut sets: Vec<(Vec<&str>, Vec<Option<&str>>)> = Vec::new();
        for (row, mut versions) in rows {
            versions.sort_unstable();
            versions.dedup();
            entry(&mut sets, versions).push(row);
        }
        for (versions, rows) in sets {
            let named: Vec<&str> = rows.into_iter().flatten().collect();
            let rows = match named.is_empty() {
                true => String::new(),
                false => format!("[{}]", named.join(", ")),
            };
            out.push(format!("{path}{rows}@{}", versions.join(",")));
        }
    }
    out
}

/// Returns the values of a key. Adds the key if it is new.
fn entry<K: PartialEq, V>(all: &mut Vec<(K, Vec<V>)>, key: K) -> &mut Vec<V> {
    let at = all.iter().position(|(known, _)| *known == key);
    let at = at.unwrap_or_else(|| {
        all.push((key, Vec::new()));
        all.len() - 1
    });
    &mut all[at].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_rows_and_versions_together() {
        let ids = [
            "publish/x[a]@3.1.1",
            "publish/x[a]@5",
            "publish/x[b]@3.1.1",
            "publish/x[b]@5",
            "publish/x[c]@5",
            "qos/y@5",
        ];
        assert_eq!(
            compressed(ids),
            ["publish/x[a, b]@3.1.1,5", "publish/x[c]@5", "qos/y@5"]
        );
    }
}
