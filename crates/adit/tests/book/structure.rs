//! The book holds together: every chapter is in its summary, and every link leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::repository;

/// What is no part of the book, and links to it or within itself.
const BESIDE: [&str; 3] = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"];

#[test]
fn every_chapter_is_in_the_summary_once() {
    let docs = repository("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let linked: Vec<PathBuf> = links(&summary).into_iter().map(|link| docs.join(link)).collect();
    let mut chapters = BTreeSet::new();
    find_chapters(&docs, &mut chapters);
    chapters.remove(&docs.join("SUMMARY.md"));
    assert_eq!(linked.iter().cloned().collect::<BTreeSet<_>>(), chapters);
    assert_eq!(linked.len(), chapters.len(), "a chapter is there twice");
}

#[test]
fn every_link_leads_somewhere() {
    let mut documents: BTreeSet<PathBuf> = BESIDE.into_iter().map(repository).collect();
    find_chapters(&repository("docs"), &mut documents);
    let docs = repository("docs").canonicalize().unwrap();
    let mut seen = 0;
    for document in &documents {
        let text = fs::read_to_string(document).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target =
                if path.is_empty() { document.clone() } else { document.parent().unwrap().join(path) };
            let place = format!("{}: {link}", document.display());
            let found = target.canonicalize().unwrap_or_else(|_| panic!("there is no such file: {place}"));
            let is_of_the_book = document.canonicalize().unwrap().starts_with(&docs);
            assert!(!is_of_the_book || found.starts_with(&docs), "not in the book: {place}");
            if !anchor.is_empty() {
                let anchors = anchors(&fs::read_to_string(&found).unwrap());
                assert!(anchors.iter().any(|one| one == anchor), "no such heading: {place}: {anchors:?}");
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "links are not found");
}

#[test]
fn the_book_is_where_its_settings_say() {
    let settings: toml::Table = fs::read_to_string(repository("book.toml")).unwrap().parse().unwrap();
    assert_eq!(settings["book"]["src"].as_str(), Some("docs"));
    assert_eq!(settings["book"]["title"].as_str(), Some("Adit"));
    let built = settings["build"]["build-dir"].as_str().unwrap();
    assert!(built.starts_with("target/"), "{built} is not ignored by git");
}

fn find_chapters(folder: &Path, chapters: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_chapters(&path, chapters);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            chapters.insert(path);
        }
    }
}

/// Where the links of a text lead.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let parts = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    parts.map(|(link, _)| link.to_owned()).collect()
}

/// What the headings of a text are called in links, by the rules of mdBook.
fn anchors(text: &str) -> Vec<String> {
    let heading = |line: &str| {
        let title = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))?;
        let kept = title.chars().filter_map(|one| match one {
            ' ' => Some('-'),
            '-' | '_' => Some(one),
            _ if one.is_alphanumeric() => one.to_lowercase().next(),
            _ => None,
        });
        Some(kept.collect())
    };
    prose(text).lines().filter_map(heading).collect()
}

/// A text without its blocks of code.
fn prose(text: &str) -> String {
    let mut is_block = false;
    let mut lines = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

#[test]
fn the_unit_in_the_book_is_the_one_that_is_shipped() {
    let unit = fs::read_to_string(repository("packaging/adit.service")).unwrap();
    let text = fs::read_to_string(repository("docs/operators.md")).unwrap();
    assert!(text.contains(&unit), "packaging/adit.service is another");
}
