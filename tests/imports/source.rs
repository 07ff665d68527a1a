//! Extracts what a Rust source file says about other files of its tree: the paths that it names, the types and methods
//! that it defines, and the methods that it calls on `self`. Ignores comments and literals.

use std::collections::BTreeSet;

/// The facts of one file.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Structs, enums, unions and traits that the file defines.
    pub(crate) types: BTreeSet<String>,
    /// Types with an `impl` block in the file, with the line.
    pub(crate) impls: Vec<(usize, String)>,
    /// Methods and associated functions, each with its type.
    pub(crate) methods: BTreeSet<(String, String)>,
    /// `self.method(` and `Self::method(`, each with the type of its `impl` block.
    pub(crate) calls: Vec<(usize, String, String)>,
    /// Paths, with the line and the enclosing inline modules.
    pub(crate) paths: Vec<Path>,
}

#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) line: usize,
    pub(crate) inline: Vec<String>,
    pub(crate) segments: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        let first = self.text.chars().next();
        first.is_some_and(|c| c.is_alphabetic() || c == '_')
    }
}

/// Splits a text into names, `::`, and single characters.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
    while at < chars.len() {
        let begin = at;
        let c = chars[at];
        if c == '/' && peek(at + 1) == '/' {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if c == '/' && peek(at + 1) == '*' {
            at = behind_comment(&chars, at);
        } else if let Some(end) = behind_literal(&chars, at) {
            at = end;
        } else if c.is_alphanumeric() || c == '_' {
            while peek(at).is_alphanumeric() || peek(at) == '_' {
                at += 1;
            }
            let text = chars[begin..at].iter().collect();
            found.push(Token { line, text });
        } else if c == ':' && peek(at + 1) == ':' {
            at += 2;
            let text = "::".to_owned();
            found.push(Token { line, text });
        } else {
            at += 1;
            if !c.is_whitespace() {
                let text = c.to_string();
                found.push(Token { line, text });
            }
        }
        line += chars[begin..at].iter().filter(|c| **c == '\n').count();
    }
    found
}

fn behind_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The end of the string, character or lifetime that begins here. `None` if there is none.
fn behind_literal(chars: &[char], begin: usize) -> Option<usize> {
    let is = |at: usize, c: char| chars.get(at) == Some(&c);
    let mut at = begin;
    // A prefix must not be the end of a name.
    let before = begin.checked_sub(1).map(|at| chars[at]);
    let in_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if is(at, 'b') && !in_name {
        at += 1;
    }
    if is(at, 'r') && !in_name {
        let mut quote = at + 1;
        while is(quote, '#') {
            quote += 1;
        }
        if is(quote, '"') {
            let hashes = quote - at - 1;
            let mut end = quote + 1;
            while end < chars.len() && !(is(end, '"') && (1..=hashes).all(|n| is(end + n, '#'))) {
                end += 1;
            }
            return Some((end + 1 + hashes).min(chars.len()));
        }
    }
    if is(at, '\'') && !is(at + 1, '\\') && !is(at + 2, '\'') {
        // A lifetime: skip its name.
        let name = |at: usize| {
            chars
                .get(at)
                .is_some_and(|c| c.is_alphanumeric() || *c == '_')
        };
        return Some((at + 1..).find(|at| !name(*at)).unwrap_or(at + 1));
    }
    let quote = *chars.get(at).filter(|c| matches!(c, '"' | '\''))?;
    at += 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    Some((at + 1).min(chars.len()))
}

/// What a pair of braces encloses.
enum Scope {
    Module(String),
    Impl(String),
    Other,
}

/// Reads one file. `children` are its child modules with their own files: a path may begin with one.
pub(crate) fn read(text: &str, children: &BTreeSet<String>) -> Source {
    let tokens = tokens(text);
    let mut source = Source::default();
    let mut scopes = Vec::new();
    let mut opens = None;
    let mut at = 0;
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| &token.text);
    while at < tokens.len() {
        let token = &tokens[at];
        let before = at.checked_sub(1).map_or("", text);
        match &*token.text {
            "{" => scopes.push(opens.take().unwrap_or(Scope::Other)),
            "}" => {
                scopes.pop();
            }
            ";" => opens = None,
            "mod" if text(at + 2) == "{" => opens = Some(Scope::Module(text(at + 1).to_owned())),
            "impl" if matches!(before, "" | "}" | "{" | ";" | "]" | "unsafe") => {
                if let Some(name) = implemented(&tokens[at + 1..]) {
                    source.impls.push((token.line, name.clone()));
                    opens = Some(Scope::Impl(name));
                }
            }
            "struct" | "enum" | "union" | "trait" => {
                source.types.insert(text(at + 1).to_owned());
            }
            "fn" => {
                if let Some(Scope::Impl(of)) = scopes.last() {
                    source.methods.insert((of.clone(), text(at + 1).to_owned()));
                }
            }
            "self" | "Self"
                if matches!((&*token.text, text(at + 1)), ("self", ".") | ("Self", "::"))
                    && matches!(text(at + 3), "(" | "::") =>
            {
                let of = scopes.iter().rev().find_map(|scope| match scope {
                    Scope::Impl(of) => Some(of.clone()),
                    _ => None,
                });
                let name = text(at + 2).to_owned();
                source.calls.extend(of.map(|of| (token.line, of, name)));
            }
            // `+ use<>` is a capture list, not an import.
            "use" if text(at + 1) != "<" => {
                let (end, paths) = use_tree(&tokens, at + 1, &[]);
                source.paths.extend(paths.into_iter().map(|segments| Path {
                    line: token.line,
                    inline: inline_modules(&scopes),
                    segments,
                }));
                at = end;
                continue;
            }
            name if text(at + 1) == "::" && !matches!(before, "::" | ".") => {
                let leads = matches!(name, "crate" | "self" | "super");
                if leads || children.contains(name) {
                    push_path(&mut source, &tokens, at, inline_modules(&scopes));
                }
            }
            _ => {}
        }
        at += 1;
    }
    source
}

fn inline_modules(scopes: &[Scope]) -> Vec<String> {
    let modules = scopes.iter().filter_map(|scope| match scope {
        Scope::Module(name) => Some(name.clone()),
        _ => None,
    });
    modules.collect()
}

/// Adds the path in an expression or a type that begins here.
fn push_path(source: &mut Source, tokens: &[Token], mut at: usize, inline: Vec<String>) {
    let line = tokens[at].line;
    let mut segments = vec![tokens[at].text.clone()];
    while tokens.get(at + 1).is_some_and(|t| t.text == "::")
        && let Some(next) = tokens.get(at + 2).filter(|t| t.is_name())
    {
        segments.push(next.text.clone());
        at += 2;
    }
    source.paths.push(Path {
        line,
        inline,
        segments,
    });
}

/// Every path of a `use`, and where it ends. `prefix` is what precedes its braces.
fn use_tree(tokens: &[Token], mut at: usize, prefix: &[String]) -> (usize, Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    let mut all = Vec::new();
    while let Some(token) = tokens.get(at) {
        match &*token.text {
            "::" => at += 1,
            // The local name does not matter.
            "as" => at += 2,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|t| t.text != "}") {
                    let (end, inner) = use_tree(tokens, at, &path);
                    all.extend(inner);
                    assert!(end > at, "line {}: no `use`", tokens[at].line);
                    at = end;
                    if tokens.get(at).is_some_and(|t| t.text == ",") {
                        at += 1;
                    }
                }
                return (at + 1, all);
            }
            "," | "}" | ";" => break,
            name => {
                path.push(name.to_owned());
                at += 1;
            }
        }
    }
    all.push(path);
    (at, all)
}

/// The type of an `impl` block, from the tokens after the word.
fn implemented(tokens: &[Token]) -> Option<String> {
    let mut depth = 0;
    let mut name = None;
    for (at, token) in tokens.iter().enumerate() {
        match &*token.text {
            "<" => depth += 1,
            // Not the arrow of a function's type.
            ">" if at > 0 && tokens[at - 1].text != "-" => depth -= 1,
            "{" | "where" if depth == 0 => break,
            // The name so far was the trait.
            "for" if depth == 0 => name = None,
            _ if depth == 0 && token.is_name() => name = Some(token.text.clone()),
            _ => {}
        }
    }
    name
}

#[test]
fn comments_and_literals_say_nothing() {
    let text = r####"
        // use crate::core::a;
        /* use crate::core::b; /* self.c() */ */
        fn f<'a>(x: &'a str) {
            let _ = ("use crate::core::d;", r#"crate::core::"e""#, b"crate::core::f", '"', '\'');
            crate::core::g::h(x);
        }
    "####;
    let source = read(text, &BTreeSet::new());
    let paths: Vec<String> = source.paths.iter().map(|p| p.segments.join("::")).collect();
    assert_eq!(paths, ["crate::core::g::h"]);
    assert_eq!(source.paths[0].line, 6);
    assert!(source.calls.is_empty());
}

#[test]
fn every_path_of_a_use_is_found() {
    let text = "use super::{a::{self, b as c}, d::*};\npub use self::e;\nmod t { use super::f; }";
    let source = read(text, &BTreeSet::new());
    let paths: Vec<_> = source
        .paths
        .iter()
        .map(|p| (p.segments.join("::"), p.inline.join("::")))
        .collect();
    let of = |path: &str, inline: &str| (path.to_owned(), inline.to_owned());
    assert_eq!(
        paths,
        [
            of("super::a::self", ""),
            of("super::a::b", ""),
            of("super::d::*", ""),
            of("self::e", ""),
            of("super::f", "t"),
        ]
    );
}

#[test]
fn methods_and_calls_belong_to_the_type_of_their_block() {
    let text = "
        struct A<'a>(&'a u8);
        impl<'a> A<'a> { fn m(&self) -> impl Fn() { self.n(); self.field.o(); Self::p() } }
        impl A<'_> { fn q(&self) -> impl Fn() + use<> { let x = 1; } }
        impl From<u8> for B { fn from(x: u8) -> Self { x::y(); self::z(); B } }
    ";
    let children = BTreeSet::from(["x".to_owned()]);
    let source = read(text, &children);
    let impls: Vec<&str> = source.impls.iter().map(|(_, of)| &**of).collect();
    assert_eq!(impls, ["A", "A", "B"]);
    let has = |of: &str, name: &str| source.methods.contains(&(of.to_owned(), name.to_owned()));
    assert!(has("A", "m") && has("A", "q") && has("B", "from"));
    let calls: Vec<_> = source
        .calls
        .iter()
        .map(|(_, of, n)| (&**of, &**n))
        .collect();
    assert_eq!(calls, [("A", "n"), ("A", "p")]);
    let paths: Vec<String> = source.paths.iter().map(|p| p.segments.join("::")).collect();
    assert_eq!(paths, ["x::y", "self::z"]);
}
