//! What the macros of the generated files define.

use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitStr, Macro, Token, braced, parse_quote};

use super::item::{Item, Items, Kind, serde};

/// Adds what a call of a macro defines, if it defines something public.
pub(super) fn add(module: &str, call: &Macro, items: &mut Items) {
    let name = call.path.segments.last().map(|last| last.ident.to_string());
    match name.as_deref() {
        Some("id") => add_id(module, call, items),
        Some("object") => add_object(module, call, items),
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
fn add_id(module: &str, call: &Macro, items: &mut Items) {
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

/// The traits that `object!` implements for a struct.
const OBJECT_TRAITS: [&str; 2] = ["Deserialize", "Serialize"];

/// Adds how `object!` has a struct read and written, as the attributes with which serde
/// would derive the same.
fn add_object(module: &str, call: &Macro, items: &mut Items) {
    let Ok(object) = call.parse_body::<Object>() else {
        return;
    };
    let path = format!("{module}::{}", object.name);
    for name in OBJECT_TRAITS {
        let entry = Item::new(Kind::Implementation, &path, String::new(), &[]);
        items.insert(format!("{path}: {name}"), entry);
    }
    for member in object.members {
        if let Some(field) = items.get_mut(&format!("{path}.{}", member.field)) {
            field.serde = serde(&member.attributes());
        }
    }
}

/// The struct and the members of `object! { Name { "id" id: required, } }`.
struct Object {
    name: Ident,
    members: Vec<Member>,
}

struct Member {
    name: String,
    field: Ident,
    form: String,
}

impl Member {
    /// The attributes for serde that mean the same.
    fn attributes(&self) -> Vec<Attribute> {
        let name = &self.name;
        let mut attributes: Vec<Attribute> = Vec::new();
        if self.form != "others" && self.field != name {
            attributes.push(parse_quote!(#[serde(rename = #name)]));
        }
        if self.form == "optional" || self.form == "lenient" {
            attributes.push(parse_quote! {
                #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            });
        }
        match self.form.as_str() {
            "others" => attributes.push(parse_quote!(#[serde(flatten)])),
            "lenient" => attributes.push(parse_quote! {
                #[serde(default, deserialize_with = "crate::wire::optional")]
            }),
            "integer" => attributes.push(parse_quote! {
                #[serde(deserialize_with = "crate::wire::integer")]
            }),
            _ => {}
        }
        attributes
    }
}

impl Parse for Object {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        let content;
        braced!(content in input);
        let mut members = Vec::new();
        while content.peek(LitStr) {
            members.push(content.parse()?);
        }
        if content.parse::<Option<Token![..]>>()?.is_some() {
            members.push(Member {
                name: String::new(),
                field: content.parse()?,
                form: "others".to_owned(),
            });
        }
        Ok(Self { name, members })
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse::<LitStr>()?.value();
        let field = input.parse()?;
        input.parse::<Token![:]>()?;
        let form = input.parse::<Ident>()?.to_string();
        input.parse::<Token![,]>()?;
        Ok(Self { name, field, form })
    }
}
