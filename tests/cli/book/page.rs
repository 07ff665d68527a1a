//! A parsed page of the documentation: its headings, links and code blocks.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

pub(super) struct Page {
    /// Relative to the root of the repository.
    pub(super) path: PathBuf,
    /// The fragment of each heading, without `#`.
    pub(super) anchors: Vec<String>,
    pub(super) links: Vec<Link>,
    pub(super) blocks: Vec<Block>,
}

pub(super) struct Link {
    pub(super) to: String,
    pub(super) line: usize,
}

/// A fenced code block.
pub(super) struct Block {
    /// The info string: the language, and for some tests another word.
    pub(super) info: String,
    pub(super) text: String,
    pub(super) line: usize,
}

/// The root of the repository.
pub(super) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that users read.
pub(super) fn pages() -> Vec<Page> {
    let mut paths = vec![
        PathBuf::from("ARCHITECTURE.md"),
        PathBuf::from("CONTRIBUTING.md"),
        PathBuf::from("README.md"),
    ];
    collect(Path::new("docs"), &mut paths);
    paths.sort();
    paths.into_iter().map(Page::read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(top().join(folder)).expect("a folder of pages") {
        let entry = entry.expect("an entry");
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            paths.push(path);
        }
    }
}

impl Page {
    pub(super) fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(top().join(&path)).expect("a page");
        let line_of = |range: &Range<usize>| text[..range.start].matches('\n').count() + 1;
        let mut page = Self {
            path,
            anchors: Vec::new(),
            links: Vec::new(),
            blocks: Vec::new(),
        };
        let mut heading: Option<String> = None;
        let mut fenced = false;
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let title = heading.take().unwrap_or_default();
                    page.anchors.push(anchor(&title));
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(Link {
                        to: dest_url.into_string(),
                        line: line_of(&range),
                    });
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    fenced = true;
                    page.blocks.push(Block {
                        info: info.into_string(),
                        text: String::new(),
                        line: line_of(&range),
                    });
                }
                Event::End(TagEnd::CodeBlock) => fenced = false,
                Event::Text(text) | Event::Code(text) => {
                    if let Some(title) = &mut heading {
                        title.push_str(&text);
                    } else if fenced && let Some(block) = page.blocks.last_mut() {
                        block.text.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        number_repeated(&mut page.anchors);
        page
    }

    pub(super) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

impl Block {
    pub(super) fn language(&self) -> &str {
        self.info.split(' ').next().unwrap_or_default()
    }
}

/// The fragment for a heading, as code hosts derive it: lower case, hyphens for spaces, no other punctuation.
fn anchor(title: &str) -> String {
    let letters = title.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    letters.collect::<String>().to_lowercase()
}

/// Appends `-1` to the second heading with the same fragment, `-2` to the third.
fn number_repeated(anchors: &mut [String]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for anchor in anchors {
        let times = seen.entry(anchor.clone()).or_default();
        if *times > 0 {
            *anchor = format!("{anchor}-{times}");
        }
        *times += 1;
    }
}
