//! A public item of the generated client, as its syntax shows it.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// What kind of item an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::diff) enum Kind {
    Struct,
    Enum,
    Field,
    Variant,
    Function,
    Constant,
    /// A trait that a type implements.
    Implementation,
}

/// A public item.
#[derive(Clone, Debug)]
pub(in crate::diff) struct Item {
    pub(in crate::diff) kind: Kind,
    /// What a caller's code depends on, as tokens.
    pub(in crate::diff) shape: String,
    /// The type or the module that it belongs to.
    pub(in crate::diff) parent: String,
    /// The names of the arguments of a function, in their order.
    pub(in crate::diff) arguments: Vec<String>,
    /// What serde does with a field or a type: the keys of its attributes.
    pub(in crate::diff) serde: BTreeMap<String, String>,
    /// Whether more fields or variants may come.
    pub(in crate::diff) is_open: bool,
    pub(in crate::diff) is_deprecated: bool,
    /// The examples in its documentation.
    pub(in crate::diff) examples: Vec<String>,
}

/// The public items of the client, by their paths: `types::Message.status`.
pub(in crate::diff) type Items = BTreeMap<String, Item>;

impl Item {
    pub(super) fn new(kind: Kind, parent: &str, shape: String, attributes: &[Attribute]) -> Self {
        Self {
            kind,
            shape,
            parent: parent.to_owned(),
            arguments: Vec::new(),
            serde: serde(attributes),
            is_open: has(attributes, "non_exhaustive"),
            is_deprecated: has(attributes, "deprecated"),
            examples: examples(attributes),
        }
    }
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}

/// Returns the keys and values of serde's attributes.
pub(super) fn serde(attributes: &[Attribute]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for attribute in attributes.iter().filter(|one| one.path().is_ident("serde")) {
        let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
        for meta in attribute.parse_args_with(parse).into_iter().flatten() {
            let value = match &meta {
                Meta::NameValue(pair) => tokens(&pair.value),
                other => tokens(other),
            };
            found.insert(tokens(meta.path()), value);
        }
    }
    found
}

/// Returns the text of each block of Rust in a documentation.
fn examples(attributes: &[Attribute]) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in attributes.iter().filter_map(documentation) {
        let line = line.strip_prefix(' ').unwrap_or(&line);
        match (&mut block, line.trim_start().strip_prefix("```")) {
            (None, Some("" | "no_run" | "rust")) => block = Some(String::new()),
            (Some(text), Some(_)) => {
                blocks.push(std::mem::take(text));
                block = None;
            }
            (Some(text), None) => {
                let line = match line.trim_start().strip_prefix('#') {
                    Some(hidden) if !hidden.starts_with(['[', '!']) => hidden.trim_start(),
                    _ => line,
                };
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

fn documentation(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let syn::Expr::Lit(literal) = &pair.value else {
        return None;
    };
    match &literal.lit {
        syn::Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

/// Returns tokens as text, spaced as Rust usually is.
pub(super) fn tokens(of: &impl ToTokens) -> String {
    let mut text = of.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        ("( ", "("),
        (" )", ")"),
        (" (", "("),
        ("[ ", "["),
        (" ]", "]"),
        ("-> ::", "-> "),
    ] {
        text = text.replace(from, to);
    }
    text.replace("::std::", "std::").trim().to_owned()
}
