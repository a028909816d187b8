//! Finds dead links in the Markdown files of the project: relative links to files
//! that do not exist, and to headings that a file does not have. A path of the
//! project in backticks must exist, too. Links to other sites are not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::command::Output;
use crate::error::Error;
use crate::words;

/// The links, paths and headings of a Markdown file. Lines count from 1.
#[derive(Default)]
struct Page {
    links: Vec<(String, usize)>,
    /// Code that looks like a path.
    paths: Vec<(String, usize)>,
    anchors: BTreeSet<String>,
}

/// Prints every dead link. Returns whether every link leads somewhere.
///
/// # Errors
///
/// Fails when a file cannot be read.
pub fn run(root: &Path, output: &mut Output<'_>) -> Result<bool, Error> {
    let mut pages = BTreeMap::new();
    for path in words::files(root)? {
        if path.extension().is_some_and(|extension| extension == "md") {
            let page = parse(&words::read(&path)?);
            let path = path.strip_prefix(root).unwrap_or(&path).to_owned();
            pages.insert(path, page);
        }
    }
    let (mut dead, mut count) = (0, 0);
    for (path, page) in &pages {
        for (link, line) in &page.links {
            count += 1;
            if let Some(problem) = problem(root, &pages, path, link) {
                let path = path.display();
                output.print(&format!("{path}:{line}: dead link \"{link}\": {problem}"))?;
                dead += 1;
            }
        }
        for (named, line) in &page.paths {
            if is_of_project(root, named) && !root.join(named).exists() {
                let path = path.display();
                output.print(&format!("{path}:{line}: `{named}` does not exist"))?;
                dead += 1;
            }
        }
    }
    output.say(&format!(
        "links: {count}, in {} files; dead: {dead}",
        pages.len()
    ))?;
    Ok(dead == 0)
}

fn parse(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    for (event, range) in
        Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES).into_offset_iter()
    {
        let line = || text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push((dest_url.into_string(), line()));
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap_or_default());
                let mut anchor = slug.clone();
                let mut copy = 0;
                while !page.anchors.insert(anchor.clone()) {
                    copy += 1;
                    anchor = format!("{slug}-{copy}");
                }
            }
            Event::Code(code) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&code);
                }
                if code.contains('/') && code.chars().all(is_of_path) {
                    page.paths.push((code.into_string(), line()));
                }
            }
            Event::Text(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    page
}

fn is_of_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._-".contains(c)
}

/// Whether a path begins with a folder of the project, other than `target`.
fn is_of_project(root: &Path, path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    !matches!(first, "" | "." | ".." | "target") && root.join(first).is_dir()
}

/// Returns the anchor that GitHub and MkDocs give a heading.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

/// Returns what is wrong with a link of a page, if anything is.
fn problem(
    root: &Path,
    pages: &BTreeMap<PathBuf, Page>,
    page: &Path,
    link: &str,
) -> Option<String> {
    let scheme = link.split_once(':').map(|(scheme, _)| scheme);
    if matches!(scheme, Some("http" | "https" | "mailto")) {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => page.to_owned(),
        path => match normal(&page.parent().unwrap_or(Path::new("")).join(path)) {
            Some(target) => target,
            None => return Some("it leads out of the project".to_owned()),
        },
    };
    if !root.join(&target).exists() {
        return Some(format!("{} does not exist", target.display()));
    }
    let has_anchor = |page: &Page| page.anchors.contains(anchor);
    if !anchor.is_empty() && !pages.get(&target).is_some_and(has_anchor) {
        return Some(format!("{} has no heading for #{anchor}", target.display()));
    }
    None
}

/// Resolves `..` in a relative path; `None` for one that leaves the project.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir if normal.pop() => {}
            _ => return None,
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(files: &[(&str, &str)]) -> (bool, String) {
        let root = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            std::fs::write(path, text).expect("a file");
        }
        let (mut data, mut talk) = (Vec::new(), Vec::new());
        let mut output = Output {
            data: &mut data,
            talk: &mut talk,
        };
        let is_alive = run(root.path(), &mut output).expect("the links");
        (is_alive, String::from_utf8(data).expect("UTF-8"))
    }

    #[test]
    fn links_to_files_and_headings_are_alive() {
        let index = "[a](docs/a.md) [b](docs/a.md#the-b-c-twice-1) [x](https://example.com/x)";
        let page =
            "# The `b`, c: twice\n\n## The b c twice\n\n[up](../index.md) [here](#the-b-c-twice)";
        let (is_alive, printed) = printed(&[("index.md", index), ("docs/a.md", page)]);
        assert_eq!((is_alive, printed.as_str()), (true, ""));
    }

    #[test]
    fn dead_links_are_printed_with_their_line() {
        let text = "# A\n\n[a](b.md)\n| t |\n|---|\n| [c](#d) |\n\n[e](../f.md)";
        let (is_alive, printed) = printed(&[("a.md", text)]);
        assert!(!is_alive);
        let lines: Vec<&str> = printed.lines().collect();
        let expected = [
            "a.md:3: dead link \"b.md\": b.md does not exist",
            "a.md:6: dead link \"#d\": a.md has no heading for #d",
            "a.md:8: dead link \"../f.md\": it leads out of the project",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_path_of_the_project_in_backticks_exists() {
        let text = "`docs/a.md` `docs/b.md` `other/c.md` `docs/<name>.md` `GET /docs/b`";
        let (is_alive, printed) = printed(&[("index.md", text), ("docs/a.md", "")]);
        assert!(!is_alive);
        assert_eq!(printed, "index.md:1: `docs/b.md` does not exist\n");
    }

    #[test]
    fn links_in_code_are_not_links() {
        let text = "`[a](b.md)`\n\n```\n[a](b.md)\n```\n";
        assert!(printed(&[("a.md", text)]).0);
    }
}
