//! Links lead to existing files and headings, and the table of contents lists every page.

use std::path::{Component, Path, PathBuf};

use super::page::{Page, pages, top};

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for page in &pages {
        for link in &page.links {
            if link.to.contains("://") {
                continue;
            }
            looked_at += 1;
            if let Err(why) = follow(page, &link.to, &pages) {
                wrong.push(format!("{}: {} {why}", page.at(link.line), link.to));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 100, "only {looked_at} links were found");
}

fn follow(from: &Page, to: &str, pages: &[Page]) -> Result<(), &'static str> {
    let (file, anchor) = to.split_once('#').unwrap_or((to, ""));
    let path = match file {
        "" => from.path.clone(),
        file => joined(&from.path, file),
    };
    if !top().join(&path).exists() {
        return Err("does not exist");
    }
    if anchor.is_empty() {
        return Ok(());
    }
    let page = pages.iter().find(|page| page.path == path);
    let page = page.ok_or("is not a page with headings")?;
    match page.anchors.iter().any(|a| a == anchor) {
        true => Ok(()),
        false => Err("has no such heading"),
    }
}

/// Resolves a path that is relative to a page.
fn joined(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path
}

#[test]
fn the_table_of_contents_has_every_page() {
    let contents = Page::read(PathBuf::from("docs/SUMMARY.md"));
    let listed = contents
        .links
        .iter()
        .map(|link| joined(&contents.path, &link.to));
    let mut listed: Vec<_> = listed.collect();
    listed.sort();
    let there = pages().into_iter().map(|page| page.path);
    let mut there: Vec<_> = there
        .filter(|path| path.starts_with("docs") && *path != contents.path)
        .collect();
    there.sort();
    assert_eq!(listed, there);
}
