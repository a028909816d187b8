//! Reads the public items of generated files from their syntax.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, FnArg, ImplItem, Pat, Visibility};

use super::item::{Item, Items, Kind, tokens};
use super::macros;
use crate::error::Error;

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
        syn::Item::Macro(item) => macros::add(module, &item.mac, items),
        syn::Item::Fn(item) if is_public(&item.vis) => {
            let entry = function(module, &item.sig, &item.attrs);
            items.insert(format!("{module}::{}", item.sig.ident), entry);
        }
        _ => {}
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
