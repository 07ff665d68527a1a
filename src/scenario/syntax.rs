//! Parses YAML text into a tree of nodes. It refuses parts of YAML that scenarios do not use: several documents, tags,
//! merge keys, duplicate keys, and keys that are not text. Anchors and aliases are expanded, within limits.

use std::collections::HashMap;
use std::sync::Arc;

use serde_yaml::granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, options,
};

use super::node::{Entry, Key, Node, Scalar, Style, Value};
use crate::diagnostic::{Diagnostic, Place, Source};

/// The maximum size of a scenario file in bytes.
pub(crate) const FILE_LIMIT: usize = 1024 * 1024;
/// The maximum depth of nested mappings and lists.
const DEPTH_LIMIT: usize = 32;
/// The maximum number of aliases in a file.
const ALIAS_LIMIT: usize = 64;
/// The maximum number of values in a file with its aliases expanded.
const NODE_LIMIT: usize = 100_000;
/// The maximum number of errors shown for one file.
pub(crate) const SHOWN: usize = 100;

/// Parses the only document of a file into a tree.
///
/// # Errors
/// Returns the first syntax error, and every duplicate key before it.
pub(crate) fn parse(source: &Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    let mut builder = Builder {
        source,
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        aliases: 0,
        nodes: 0,
        diagnostics: Vec::new(),
        more: 0,
    };
    let fatal = builder.read().err();
    builder
        .diagnostics
        .extend(fatal.map(|diagnostic| *diagnostic));
    if !builder.diagnostics.is_empty() {
        let more = builder.more;
        builder.diagnostics.extend(more_errors(source, more));
        return Err(builder.diagnostics);
    }
    match builder.root {
        Some(root) if root.value != Value::Empty => Ok(root),
        _ => Err(vec![
            Diagnostic::new(source, None, "the file is empty")
                .hint("a scenario has at least `title`, `clients` and `steps`"),
        ]),
    }
}

/// Returns a diagnostic that counts the errors that are not shown, if any.
pub(crate) fn more_errors(source: &Arc<Source>, more: usize) -> Option<Diagnostic> {
    let title = || format!("{more} more errors in this file");
    (more > 0).then(|| Diagnostic::new(source, None, title()))
}

type Fatal = Box<Diagnostic>;

struct Builder<'a> {
    source: &'a Arc<Source>,
    /// The collections that are still open, outermost first.
    open: Vec<Open>,
    /// The finished nodes to which aliases may refer.
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    aliases: usize,
    nodes: usize,
    diagnostics: Vec<Diagnostic>,
    /// The number of errors that are not shown.
    more: usize,
}

struct Open {
    start: Marker,
    flow: bool,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    /// The pairs so far, the lines of their keys, and a key that waits for its value.
    Map(Vec<Entry>, HashMap<Arc<str>, u32>, Option<Key>),
}

impl Builder<'_> {
    fn read(&mut self) -> Result<(), Fatal> {
        let source = Arc::clone(self.source);
        let options = options! { emit_comments: false, disallow_directives: true };
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(&source.text, options) {
            let (event, span) = event.map_err(|error| self.syntax_error(&error))?;
            if let Some(tag) = span.tag_span() {
                let place = self.place(&tag.start, &tag.end);
                return Err(Box::new(
                    Diagnostic::new(&source, Some(place), "a tag")
                        .label("tags are not supported")
                        .hint("remove it; the field decides the type of its value"),
                ));
            }
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let place = self.place(&span.start, &span.end);
                        return Err(Box::new(
                            Diagnostic::new(&source, Some(place), "a second document")
                                .hint("a file has one scenario: move this one to its own file"),
                        ));
                    }
                }
                Event::Scalar(text, style, anchor, _) => {
                    self.scalar(&text, style, anchor, &span)?
                }
                Event::SequenceStart(style, anchor, _) => {
                    self.begin(Items::List(Vec::new()), style, anchor, &span)?;
                }
                Event::MappingStart(style, anchor, _) => {
                    self.begin(
                        Items::Map(Vec::new(), HashMap::new(), None),
                        style,
                        anchor,
                        &span,
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(&span)?,
                Event::Alias(id) => self.alias(id, &span)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        span: &Span,
    ) -> Result<(), Fatal> {
        let place = self.place(&span.start, &span.end);
        let plain = style == ScalarStyle::Plain;
        // Where nothing was written, the parser reports a tilde of length zero.
        let nothing = plain && span.start.index() == span.end.index();
        let value = if nothing {
            Value::Empty
        } else {
            Value::Scalar(Scalar {
                text: Arc::from(text),
                style: if plain { Style::Plain } else { Style::Quoted },
            })
        };
        let node = Node { place, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.add(node)
    }

    fn begin(
        &mut self,
        items: Items,
        style: serde_yaml::granit_parser::StructureStyle,
        anchor: usize,
        span: &Span,
    ) -> Result<(), Fatal> {
        if self.open.len() == DEPTH_LIMIT {
            return Err(self.too_deep(self.place(&span.start, &span.end)));
        }
        if let Some(Items::Map(_, _, key @ None)) = self.open.last_mut().map(|o| &mut o.items) {
            let _ = key;
            let place = self.place(&span.start, &span.end);
            return Err(self.no_text_key(place));
        }
        self.open.push(Open {
            start: span.start,
            flow: style == serde_yaml::granit_parser::StructureStyle::Flow,
            anchor,
            items,
        });
        Ok(())
    }

    fn end(&mut self, span: &Span) -> Result<(), Fatal> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        // The end of a block is marked where the next thing begins, so use its first line.
        let place = if open.flow {
            self.place(&open.start, &span.end)
        } else {
            self.first_line(&open.start)
        };
        let value = match open.items {
            Items::List(items) => Value::List(items),
            Items::Map(entries, ..) => Value::Map(entries),
        };
        let node = Node { place, value };
        if open.anchor != 0 {
            self.anchors.insert(open.anchor, node.clone());
        }
        self.add(node)
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<(), Fatal> {
        let place = self.place(&span.start, &span.end);
        self.aliases += 1;
        if self.aliases > ALIAS_LIMIT {
            let title = format!("more than {ALIAS_LIMIT} aliases");
            return Err(Box::new(
                Diagnostic::new(self.source, Some(place), title)
                    .hint("`cases` plays one scenario over a table of rows"),
            ));
        }
        let Some(node) = self.anchors.get(&id) else {
            return Err(Box::new(
                Diagnostic::new(self.source, Some(place), "an alias inside its own anchor")
                    .label("it refers to itself endlessly"),
            ));
        };
        let (nodes, depth) = measure(node);
        if self.open.len() + depth > DEPTH_LIMIT {
            return Err(self.too_deep(place));
        }
        if self.nodes + nodes > NODE_LIMIT {
            return Err(self.too_large(place));
        }
        let node = node.clone();
        // `add` counts the node itself.
        self.nodes += nodes - 1;
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Result<(), Fatal> {
        self.nodes += 1;
        if self.nodes > NODE_LIMIT {
            return Err(self.too_large(node.place));
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map(entries, known, waiting)) => match waiting.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => {
                    let Value::Scalar(scalar) = node.value else {
                        return Err(self.no_text_key(node.place));
                    };
                    if &*scalar.text == "<<" && scalar.style == Style::Plain {
                        return Err(Box::new(
                            Diagnostic::new(self.source, Some(node.place), "a merge key")
                                .label("merge keys are not supported")
                                .hint("write out the keys, or use rows of `cases`"),
                        ));
                    }
                    if known.contains_key(&scalar.text) && self.diagnostics.len() >= SHOWN {
                        self.more += 1;
                    } else if let Some(line) = known.get(&scalar.text) {
                        let title = format!(
                            "the key `{}` is given twice",
                            super::node::short(&scalar.text)
                        );
                        let hint = format!("first given in line {line}");
                        self.diagnostics
                            .push(Diagnostic::new(self.source, Some(node.place), title).hint(hint));
                    }
                    known
                        .entry(Arc::clone(&scalar.text))
                        .or_insert(node.place.line);
                    *waiting = Some(Key {
                        text: scalar.text,
                        place: node.place,
                    });
                }
            },
        }
        Ok(())
    }

    fn no_text_key(&self, place: Place) -> Fatal {
        Box::new(
            Diagnostic::new(self.source, Some(place), "a key that is not a string")
                .hint("text that contains `{`, `[`, `?` or `: ` needs quotes"),
        )
    }

    fn too_deep(&self, place: Place) -> Fatal {
        let title = format!("nested more than {DEPTH_LIMIT} deep");
        Box::new(Diagnostic::new(self.source, Some(place), title))
    }

    fn too_large(&self, place: Place) -> Fatal {
        let title = format!("more than {NODE_LIMIT} values");
        Box::new(
            Diagnostic::new(self.source, Some(place), title)
                .hint("split the file, or use fewer aliases"),
        )
    }

    fn syntax_error(&self, error: &ScanError) -> Fatal {
        let mark = error.marker();
        let place = self.place(mark, mark);
        let title = match error.kind() {
            ErrorKind::DirectiveDisallowed => "a directive".to_owned(),
            ErrorKind::RecursionLimitExceeded => format!("nested more than {DEPTH_LIMIT} deep"),
            kind => format!("not YAML: {kind}"),
        };
        let diagnostic = Diagnostic::new(self.source, Some(place), title);
        Box::new(match advice(error.kind()) {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        })
    }

    /// Returns the place from one mark to another, cut at the end of the first line.
    fn place(&self, start: &Marker, end: &Marker) -> Place {
        if start.line() != end.line() {
            return self.first_line(start);
        }
        Place {
            line: narrow(start.line()),
            column: narrow(start.col() + 1),
            length: narrow(end.index().saturating_sub(start.index())).max(1),
        }
    }

    /// Returns the place from a mark to the end of its line.
    fn first_line(&self, start: &Marker) -> Place {
        let text = &self.source.text;
        let rest = start
            .byte_offset()
            .and_then(|at| text.get(at..))
            .unwrap_or("");
        let line = rest.split(['\n', '\r']).next().unwrap_or("").trim_end();
        Place {
            line: narrow(start.line()),
            column: narrow(start.col() + 1),
            length: narrow(line.chars().count()).max(1),
        }
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Returns the number of nodes in a tree and the depth of its collections.
fn measure(node: &Node) -> (usize, usize) {
    let fold = |children: &mut dyn Iterator<Item = &Node>| {
        let (mut nodes, mut depth) = (1, 0);
        for child in children {
            let (n, d) = measure(child);
            nodes += n;
            depth = depth.max(d);
        }
        (nodes, depth + 1)
    };
    match &node.value {
        Value::Empty | Value::Scalar(_) => (1, 0),
        Value::List(items) => fold(&mut items.iter()),
        Value::Map(entries) => fold(&mut entries.iter().map(|e| &e.value)),
    }
}

fn advice(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Some("indent with spaces"),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidMappingValueWhitespace => {
            Some("text that contains `: ` needs quotes")
        }
        ErrorKind::UnexpectedCharacter { .. } => {
            Some("text that begins with this character needs quotes")
        }
        ErrorKind::UnknownAnchor => Some(
            "an alias `*name` needs an anchor `&name` before it; text that begins with `*` needs quotes",
        ),
        ErrorKind::DirectiveDisallowed => Some("remove the line"),
        ErrorKind::UnclosedQuotedScalar => Some("the closing quote is missing"),
        ErrorKind::UnclosedFlowCollection { .. } => Some("the closing bracket is missing"),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            Some("text that contains `,`, `{`, `}`, `[` or `]` needs quotes inside brackets")
        }
        ErrorKind::UnknownQuotedScalarEscape => Some("in single quotes a backslash is literal"),
        _ => None,
    }
}
