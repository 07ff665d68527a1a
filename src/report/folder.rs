//! The files of a report that is a folder.

use std::collections::BTreeSet;

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    pub content: Vec<u8>,
}

/// The names that files of one folder have already, in lower case, since some file systems ignore case.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

/// The longest stem of a name, in characters.
const LONGEST: usize = 120;

impl Names {
    /// Returns a unique file name for a text: `session-takeover@5.pcapng`.
    pub(super) fn file(&mut self, what: &str, ending: &str) -> String {
        let stem = self.stem(what);
        format!("{stem}.{ending}")
    }

    /// Returns a unique name without an extension, for files that differ only in their extensions.
    pub(super) fn stem(&mut self, what: &str) -> String {
        let mut plain = String::new();
        for c in what.chars() {
            let is_plain = c.is_ascii_alphanumeric() || "@._".contains(c);
            match is_plain {
                true => plain.push(c),
                false if plain.ends_with('-') => {}
                false => plain.push('-'),
            }
        }
        plain.truncate(LONGEST);
        let mut name = plain.clone();
        let mut number = 2;
        while !self.0.insert(name.to_lowercase()) {
            name = format!("{plain}-{number}");
            number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_file_a_name_that_every_system_takes() {
        let mut names = Names::default();
        let mut file = |what| names.file(what, "x");
        assert_eq!(file("session/takeover@5"), "session-takeover@5.x");
        assert_eq!(file("topics/a[x: \"y\"]@3.1.1"), "topics-a-x-y-@3.1.1.x");
        assert_eq!(file("topics/a[x: 'y']@3.1.1"), "topics-a-x-y-@3.1.1-2.x");
        assert_eq!(file("Topics/a[x: 'y']@3.1.1"), "Topics-a-x-y-@3.1.1-3.x");
    }
}
