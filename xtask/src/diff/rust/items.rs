//! Reads the public items of generated files from their syntax.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, ImplItem, Meta, Pat, Token, Visibility};

use crate::error::Error;

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

/// Files whose items no other crate can name.
const INTERNAL: [&str; 2] = ["mod.rs", "raw.rs"];

/// Reads the items of generated files.
pub(in crate::diff) fn read(files: &BTreeMap<String, String>) -> Result<Items, Error> {
    let mut items = Items::new();
    for (name, text) in files {
        if INTERNAL.contains(&name.as_str()) {
            continue;
        }
        let file = syn::parse_file(text)
            .map_err(|error| Error::Unexpected(format!("{name} does not parse: {error}")))?;
        let module = match name.trim_end_matches(".rs") {
            "enums" | "ids" => "types",
            name => name,
        };
        for item in file.items {
            add(module, item, &mut items);
        }
    }
    Ok(items)
}

impl Item {
    fn new(kind: Kind, parent: &str, shape: String, attributes: &[Attribute]) -> Self {
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

fn add(module: &str, item: syn::Item, items: &mut Items) {
    match item {
        syn::Item::Struct(item) if is_public(&item.vis) => {
            let path = format!("{module}::{}", item.ident);
            let entry = Item::new(Kind::Struct, module, tokens(&item.generics), &item.attrs);
            items.insert(path.clone(), entry);
            derives(&path, &item.attrs, items);
            for field in item.fields.iter().filter(|field| is_public(&field.vis)) {
                let Some(name) = &field.ident else { continue };
                let entry = Item::new(Kind::Field, &path, tokens(&field.ty), &field.attrs);
                items.insert(format!("{path}.{name}"), entry);
            }
        }
        syn::Item::Enum(item) if is_public(&item.vis) => {
            let path = format!("{module}::{}", item.ident);
            let entry = Item::new(Kind::Enum, module, tokens(&item.generics), &item.attrs);
            items.insert(path.clone(), entry);
            derives(&path, &item.attrs, items);
            for variant in &item.variants {
                let shape = tokens(&variant.fields);
                let entry = Item::new(Kind::Variant, &path, shape, &variant.attrs);
                items.insert(format!("{path}::{}", variant.ident), entry);
            }
        }
        syn::Item::Impl(item) => add_impl(module, item, items),
        syn::Item::Static(item) if is_public(&item.vis) => {
            let entry = Item::new(Kind::Constant, module, tokens(&item.ty), &item.attrs);
            items.insert(format!("{module}::{}", item.ident), entry);
        }
        syn::Item::Const(item) if is_public(&item.vis) => {
            let entry = Item::new(Kind::Constant, module, tokens(&item.ty), &item.attrs);
            items.insert(format!("{module}::{}", item.ident), entry);
        }
        syn::Item::Macro(item)
            if item
                .mac
                .path
                .segments
                .last()
                .is_some_and(|one| one.ident == "id") =>
        {
            add_id(module, &item.mac, items);
        }
        syn::Item::Fn(item) if is_public(&item.vis) => {
            let entry = function(module, &item.sig, &item.attrs);
            items.insert(format!("{module}::{}", item.sig.ident), entry);
        }
        _ => {}
    }
}

/// The traits that `id!` implements for each type of an ID.
const ID_TRAITS: [&str; 13] = [
    "Clone",
    "Copy",
    "Debug",
    "Deserialize",
    "Display",
    "Eq",
    "From",
    "FromStr",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Serialize",
];

/// Adds the type that `id!(Name, "…")` defines.
fn add_id(module: &str, call: &syn::Macro, items: &mut Items) {
    let Some(name) = call.tokens.clone().into_iter().next() else {
        return;
    };
    let path = format!("{module}::{name}");
    let entry = Item::new(Kind::Struct, module, String::new(), &[]);
    items.insert(path.clone(), entry);
    let number = Item::new(Kind::Field, &path, "i64".to_owned(), &[]);
    items.insert(format!("{path}.0"), number);
    for name in ID_TRAITS {
        let entry = Item::new(Kind::Implementation, &path, String::new(), &[]);
        items.insert(format!("{path}: {name}"), entry);
    }
}

fn add_impl(module: &str, item: syn::ItemImpl, items: &mut Items) {
    let name = tokens(&item.self_ty)
        .replace("crate::wire::", "")
        .replace("crate::types::", "");
    let path = match name.as_str() {
        "Client" => name,
        _ => format!("{module}::{name}"),
    };
    if let Some((of, _)) = &item.trait_ {
        let key = format!("{path}: {}", last_segment(&tokens(of)));
        let shape = tokens(&item.generics);
        items.insert(
            key,
            Item::new(Kind::Implementation, &path, shape, &item.attrs),
        );
        return;
    }
    for member in item.items {
        match member {
            ImplItem::Fn(member) if is_public(&member.vis) => {
                let entry = function(&path, &member.sig, &member.attrs);
                items.insert(format!("{path}::{}", member.sig.ident), entry);
            }
            ImplItem::Const(member) if is_public(&member.vis) => {
                let entry = Item::new(Kind::Constant, &path, tokens(&member.ty), &member.attrs);
                items.insert(format!("{path}::{}", member.ident), entry);
            }
            _ => {}
        }
    }
}

fn function(parent: &str, signature: &syn::Signature, attributes: &[Attribute]) -> Item {
    let mut types = Vec::new();
    let mut arguments = Vec::new();
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => types.push(tokens(receiver).replace("mut ", "")),
            FnArg::Typed(argument) => {
                types.push(tokens(&argument.ty));
                if let Pat::Ident(name) = &*argument.pat {
                    arguments.push(name.ident.to_string());
                }
            }
        }
    }
    let asyncness = signature.asyncness.map_or("", |_| "async ");
    let shape = format!(
        "{asyncness}fn{}({}) {}",
        tokens(&signature.generics),
        types.join(", "),
        tokens(&signature.output)
    );
    Item {
        arguments,
        ..Item::new(Kind::Function, parent, shape.trim().to_owned(), attributes)
    }
}

/// Adds the traits that a type derives.
fn derives(path: &str, attributes: &[Attribute], items: &mut Items) {
    let mut names = BTreeSet::new();
    for attribute in attributes {
        let text = tokens(&attribute.meta);
        let Some((_, list)) = text.split_once("derive(") else {
            continue;
        };
        let list = list.split(')').next().unwrap_or_default();
        names.extend(list.split(',').map(|name| last_segment(name).to_owned()));
    }
    for name in names {
        let entry = Item::new(Kind::Implementation, path, String::new(), &[]);
        items.insert(format!("{path}: {name}"), entry);
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path).trim()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}

/// Returns the keys and values of serde's attributes.
fn serde(attributes: &[Attribute]) -> BTreeMap<String, String> {
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
fn tokens(of: &impl ToTokens) -> String {
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
