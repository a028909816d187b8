//! Snapshots of every generated type, from the syntax tree, and of all signatures,
//! so that no change of the public API goes unnoticed.

use std::collections::BTreeMap;

use quote::ToTokens as _;
use syn::Item;

use crate::support::project_root;

fn parse(name: &str) -> syn::File {
    let path = project_root()
        .join("heymarket-api/src/generated")
        .join(name);
    let text = std::fs::read_to_string(&path).expect("a generated file");
    syn::parse_file(&text).expect("Rust")
}

/// The items that make up each type: itself, its impls, and the macro that
/// writes impls.
fn items_by_type() -> BTreeMap<String, Vec<Item>> {
    let mut types: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for file in [parse("types.rs"), parse("enums.rs")] {
        for mut item in file.items {
            without_inline(&mut item);
            let name = match &item {
                Item::Struct(item) => item.ident.to_string(),
                Item::Enum(item) => item.ident.to_string(),
                Item::Impl(item) => item.self_ty.to_token_stream().to_string(),
                Item::Macro(item) => {
                    let tokens = item.mac.tokens.to_string();
                    tokens
                        .split([' ', ','])
                        .next()
                        .unwrap_or_default()
                        .to_owned()
                }
                Item::Use(_) => continue,
                other => panic!("an item of no type: {}", other.to_token_stream()),
            };
            types.entry(name).or_default().push(item);
        }
    }
    types
}

/// Removes `#[inline]`, which is not part of the public API.
fn without_inline(item: &mut Item) {
    let Item::Impl(item) = item else { return };
    for item in &mut item.items {
        if let syn::ImplItem::Fn(function) = item {
            function
                .attrs
                .retain(|attribute| !attribute.path().is_ident("inline"));
        }
    }
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn print(items: Vec<Item>) -> String {
    let file = syn::File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items,
    };
    prettyplease::unparse(&file)
}

#[test]
fn every_type_is_as_in_its_snapshot() {
    let types = items_by_type();
    let mut changed = Vec::new();
    for (name, items) in types.clone() {
        let text = print(items);
        // All differences in one run.
        if std::panic::catch_unwind(|| snapshot(&name, &text)).is_err() {
            changed.push(name);
        }
    }
    assert!(
        changed.is_empty(),
        "changed: {}; review with `cargo insta`",
        changed.join(", ")
    );

    let folder = project_root().join("tests/snapshots");
    for entry in std::fs::read_dir(folder).expect("snapshots") {
        let file = entry.expect("an entry").file_name();
        let file = file.to_string_lossy();
        let name = file.trim_end_matches(".snap");
        let is_known = types.contains_key(name) || name == "signatures";
        assert!(
            is_known || file.ends_with(".new"),
            "{file} is of no type: delete it"
        );
    }
}

#[test]
fn every_signature_is_as_in_its_snapshot() {
    let mut signatures = String::new();
    for item in parse("client.rs").items {
        let Item::Impl(item) = item else { continue };
        for item in item.items {
            if let syn::ImplItem::Fn(mut method) = item {
                method
                    .attrs
                    .retain(|attribute| attribute.path().is_ident("deprecated"));
                method.block = syn::parse_quote!({});
                let method: syn::ItemFn = syn::parse_quote!(#method);
                signatures.push_str(&print(vec![Item::Fn(method)]));
            }
        }
    }
    snapshot("signatures", &signatures);
}
