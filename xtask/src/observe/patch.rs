//! Writes findings as a patch of the YAML sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use heck::ToUpperCamelCase as _;

use super::compare::{Finding, Kind, properties};
use crate::bundle::Bundle;
use crate::error::Error;
use crate::write::{read, unified};

/// Lines to put before a line of a file, or in its place.
enum Edit {
    Before(Vec<String>),
    Replace(String),
}

/// The edits of a file, by line, from 1.
type Edits = BTreeMap<usize, Vec<Edit>>;

/// Returns the patch.
pub(super) fn write(root: &Path, bundle: &Bundle, findings: &[Finding]) -> Result<String, Error> {
    let mut files: BTreeMap<String, Edits> = BTreeMap::new();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in findings {
        let (file, _, _) = bundle.place(&finding.pointer);
        if !texts.contains_key(&file) {
            let text = read(root, &file)?.unwrap_or_default();
            texts.insert(file.clone(), text.lines().map(str::to_owned).collect());
        }
        let lines = texts.entry(file.clone()).or_default();
        let edits = files.entry(file).or_default();
        propose(bundle, finding, lines, edits);
    }
    let mut patch = String::new();
    for (file, edits) in files {
        let lines = &texts[&file];
        let before = lines.join("\n") + "\n";
        patch.push_str(&unified(&file, &before, &apply(lines, &edits)));
    }
    Ok(patch)
}

fn apply(lines: &[String], edits: &Edits) -> String {
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let mut line = line.clone();
        for edit in edits.get(&(index + 1)).into_iter().flatten() {
            match edit {
                Edit::Before(new) => text.extend(new.iter().map(|line| format!("{line}\n"))),
                Edit::Replace(new) => line.clone_from(new),
            }
        }
        let _ = writeln!(text, "{line}");
    }
    for edit in edits.get(&(lines.len() + 1)).into_iter().flatten() {
        if let Edit::Before(new) = edit {
            text.extend(new.iter().map(|line| format!("{line}\n")));
        }
    }
    text
}

fn propose(bundle: &Bundle, finding: &Finding, lines: &[String], edits: &mut Edits) {
    match &finding.kind {
        Kind::Member { name, types, inner } => {
            member(bundle, finding, (name, types, inner), lines, edits);
        }
        Kind::Value(value) => new_value(bundle, finding, value, lines, edits),
        Kind::Type(of) => new_type(bundle, finding, of, lines, edits),
    }
}

/// Proposes a member: behind the last one of its object.
fn member(
    bundle: &Bundle,
    finding: &Finding,
    (name, types, inner): (&str, &[String], &Inner),
    lines: &[String],
    edits: &mut Edits,
) {
    let holder = bundle.document.pointer(&finding.pointer);
    let places = holder.map(properties).unwrap_or_default();
    let last = places
        .iter()
        .map(|name| {
            let key = crate::yaml::escape_pointer(name);
            bundle.place(&format!("{}/properties/{key}", finding.pointer))
        })
        .max_by_key(|(_, line, _)| *line);
    let Some((_, line, _)) = last else { return };
    let indent = indent_of(&lines[line - 1]);
    let end = end_of(lines, line, indent);
    let pad = " ".repeat(indent);
    let mut new = vec![format!("{pad}{name}:")];
    let component = finding.place.replace('.', "_").to_upper_camel_case();
    let mut proposal = Proposal::default();
    new.extend(proposal.schema(&component, types, inner, indent + 2));
    new.push(format!("{pad}  x-evidence: [sampled]"));
    let times = finding.times();
    new.push(format!(
        "{pad}  description: Observed {times}. Describe it."
    ));
    edits.entry(end).or_default().push(Edit::Before(new));
    if !proposal.components.is_empty() {
        let end = edits.entry(lines.len() + 1).or_default();
        end.push(Edit::Before(proposal.components));
    }
}

/// A proposal of schemas: the components that it adds.
#[derive(Default)]
struct Proposal {
    components: Vec<String>,
}

impl Proposal {
    /// Returns the lines of a schema for observed types. An object becomes a component,
    /// which `name` names.
    fn schema(
        &mut self,
        name: &str,
        types: &[String],
        inner: &Inner,
        indent: usize,
    ) -> Vec<String> {
        let pad = " ".repeat(indent);
        let known: Vec<&String> = types.iter().filter(|of| *of != "null").collect();
        let mut lines = match known.as_slice() {
            [] => Vec::new(),
            [one] => self.one_type(name, one, inner, indent),
            _ if known.iter().all(|of| is_text(of)) => vec![format!("{pad}type: string")],
            // Without a type, the member is free JSON, which reads every shape.
            several => {
                let names: Vec<&str> = several.iter().map(|of| of.as_str()).collect();
                return vec![format!(
                    "{pad}# Free JSON: observed as {}.",
                    names.join(", ")
                )];
            }
        };
        lines.push(format!("{pad}nullable: true"));
        lines
    }

    fn one_type(&mut self, name: &str, of: &str, inner: &Inner, indent: usize) -> Vec<String> {
        let pad = " ".repeat(indent);
        match of {
            "integer" => vec![format!("{pad}type: integer"), format!("{pad}format: int64")],
            "date-time" => vec![
                format!("{pad}type: string"),
                format!("{pad}format: date-time"),
            ],
            "string" | "empty string" | "text" => vec![format!("{pad}type: string")],
            "array" => {
                let items = inner.get("[]").cloned().unwrap_or_default();
                let items = self.schema(name, &items, &below(inner, "[]"), indent + 2);
                let mut lines = vec![format!("{pad}type: array"), format!("{pad}items:")];
                lines.extend(items);
                lines
            }
            "object" if inner.keys().any(|path| is_direct(path)) => {
                self.component(name, inner);
                vec![
                    format!("{pad}type: object"),
                    format!("{pad}allOf:"),
                    format!("{pad}  - $ref: \"{}{name}\"", crate::schema::SCHEMAS),
                ]
            }
            "object" => vec![
                format!("{pad}type: object"),
                format!("{pad}additionalProperties: {{}}"),
            ],
            other => vec![format!("{pad}type: {other}")],
        }
    }

    fn component(&mut self, name: &str, inner: &Inner) {
        let mut lines = vec![
            format!("{name}:"),
            "  type: object".to_owned(),
            "  description: Describe it.".to_owned(),
            "  properties:".to_owned(),
        ];
        for (member, types) in inner.iter().filter(|(path, _)| is_direct(path)) {
            lines.push(format!("    {member}:"));
            let name = format!("{name}{}", member.to_upper_camel_case());
            lines.extend(self.schema(&name, types, &below(inner, member), 6));
            lines.push("      description: Describe it.".to_owned());
        }
        self.components.extend(lines);
    }
}

/// The types of what is in a member, by path.
type Inner = BTreeMap<String, Vec<String>>;

/// Returns whether a path is the name of a member.
fn is_direct(path: &str) -> bool {
    !path.contains(['.', '[', '*'])
}

fn is_text(of: &str) -> bool {
    ["string", "empty string", "date-time"].contains(&of)
}

/// Returns what is below a path, with the rest of its paths.
fn below(inner: &Inner, path: &str) -> Inner {
    inner
        .iter()
        .filter_map(|(other, types)| {
            let rest = other.strip_prefix(path)?;
            rest.starts_with(['.', '['])
                .then(|| (rest.trim_start_matches('.').to_owned(), types.clone()))
        })
        .collect()
}

/// Proposes a value: behind the last one of its enum.
fn new_value(bundle: &Bundle, finding: &Finding, value: &str, lines: &[String], edits: &mut Edits) {
    let values = bundle
        .document
        .pointer(&format!("{}/enum", finding.pointer));
    let count = crate::schema::array(values).len();
    let (_, line, _) = bundle.place(&format!(
        "{}/enum/{}",
        finding.pointer,
        count.saturating_sub(1)
    ));
    // An earlier finding may have changed the line.
    let entry = edits.entry(line).or_default();
    let replaced = entry.iter().rev().find_map(|edit| match edit {
        Edit::Replace(text) => Some(text.clone()),
        Edit::Before(_) => None,
    });
    let text = replaced.unwrap_or_else(|| lines[line - 1].clone());
    if let Some(at) = text.rfind(']') {
        let new = format!("{}, {value}{}", &text[..at], &text[at..]);
        entry.push(Edit::Replace(new));
    } else {
        let pad = " ".repeat(indent_of(&text));
        edits
            .entry(line + 1)
            .or_default()
            .push(Edit::Before(vec![format!("{pad}- {value}")]));
    }
}

/// Proposes a type of a known member: `nullable` for null, and otherwise a comment
/// with what was observed, since a member with several shapes needs a type of its
/// own.
fn new_type(bundle: &Bundle, finding: &Finding, of: &str, lines: &[String], edits: &mut Edits) {
    let (_, line, _) = bundle.place(&finding.pointer);
    let first = lines.get(line - 1).map(String::as_str).unwrap_or_default();
    let is_inside = !first.trim_start().ends_with(':') && !first.contains('{');
    let indent = indent_of(first) + if is_inside { 0 } else { 2 };
    let pad = " ".repeat(indent);
    let new = if of == "null" {
        format!("{pad}nullable: true")
    } else {
        let times = finding.times();
        format!("{pad}# Observed {times} as `{of}`: write a wire type that reads it.")
    };
    let at = if is_inside { line } else { line + 1 };
    edits.entry(at).or_default().push(Edit::Before(vec![new]));
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Returns the line behind a block that begins at a line.
fn end_of(lines: &[String], line: usize, indent: usize) -> usize {
    let mut end = line + 1;
    while let Some(text) = lines.get(end - 1) {
        if !text.trim().is_empty() && indent_of(text) <= indent {
            break;
        }
        end += 1;
    }
    end
}
