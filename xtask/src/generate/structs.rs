//! The structs that progenitor writes, with what the spec says of their members.

use std::collections::BTreeMap;

use quote::quote;
use syn::{Fields, Item, ItemStruct};

use super::member::Member;
use super::model::Model;
use crate::error::Error;

/// The structs of a document, by name.
pub(super) struct Structs(BTreeMap<String, Struct>);

/// A struct, with its members.
pub(super) struct Struct {
    pub(super) item: ItemStruct,
    pub(super) members: Vec<Member>,
}

impl Structs {
    /// Reads progenitor's types, and rewrites their fields.
    pub(super) fn read(items: Vec<Item>, model: &Model<'_>) -> Result<Self, Error> {
        let mut types = BTreeMap::new();
        for item in items {
            match item {
                Item::Struct(item) => {
                    types.insert(item.ident.to_string(), read(item, model)?);
                }
                // The errors of constrained newtypes, which no type is.
                Item::Mod(_) => {}
                other => {
                    let text = quote!(#other).to_string();
                    let start: String = text.chars().take(120).collect();
                    return Err(Error::Unexpected(format!(
                        "a type that is not a struct: {start}; mark its component `x-open-enum` \
                         or `x-wire`, or make it an object"
                    )));
                }
            }
        }
        Ok(Self(types))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Struct> {
        self.0.values()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Struct> {
        self.0.get(name)
    }
}

fn read(mut item: ItemStruct, model: &Model<'_>) -> Result<Struct, Error> {
    let name = item.ident.to_string();
    let schema = model.schemas.get(&name).ok_or_else(|| {
        Error::Unexpected(format!("the type {name} is of no component of the spec"))
    })?;
    let Fields::Named(fields) = &mut item.fields else {
        return Err(Error::Unexpected(format!(
            "the type {name} is not an object: mark its component `x-wire: true`"
        )));
    };
    let mut members = Vec::new();
    for field in &mut fields.named {
        members.push(Member::rewrite(field, schema, model)?);
    }
    Ok(Struct { item, members })
}
