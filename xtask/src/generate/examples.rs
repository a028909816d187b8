//! Generates the examples of the documentation from the examples of the spec.
//! `cargo test` compiles them as doctests.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::Type;

use super::builder::Required;
use super::enums;
use super::member::Member;
use super::methods::{Argument, Place};
use super::model::{Model, Origin};
use super::structs::Structs;
use super::syntax::{
    first_argument, generic_argument, ident, is_named, map_value, referent, type_name,
};
use crate::error::Error;
use crate::formats;
use crate::operation::Operation;
use crate::schema;

/// Writes an example as an expression, and collects the types that it names.
struct Writer<'a> {
    structs: &'a Structs,
    model: &'a Model<'a>,
    names: BTreeSet<String>,
    /// Whether it has a `?`.
    is_fallible: bool,
}

/// Returns the section `Examples` of a request type; empty if the spec has no
/// example of it.
pub(super) fn of_type(name: &str, structs: &Structs, model: &Model<'_>) -> Result<String, Error> {
    let Some(example) = model.examples.get(name) else {
        return Ok(String::new());
    };
    let mut writer = Writer::new(structs, model);
    let value = writer.request(name, example);
    section(quote!(let request = #value;), &writer, None)
}

/// Returns the section `Examples` of a method.
pub(super) fn of_method(
    operation: &Operation<'_>,
    arguments: &[Argument<'_>],
    structs: &Structs,
    model: &Model<'_>,
) -> Result<String, Error> {
    let mut writer = Writer::new(structs, model);
    let mut request = TokenStream::new();
    let mut values = Vec::new();
    for argument in arguments {
        match argument.place {
            Place::Body => {
                let example = operation.request_example().unwrap_or(&Value::Null);
                let ty = referent(argument.ty).unwrap_or(argument.ty);
                let value = writer.value(ty, example);
                request = quote!(let request = #value;);
                values.push(quote!(&request));
            }
            Place::Path(name) | Place::Query(name) => {
                let example = operation.parameter_example(name);
                values.push(writer.argument(argument.ty, example));
            }
        }
    }
    let method = ident(&operation.name());
    let code = quote! {
        #request
        let response = client.#method(#(#values),*).await?;
    };
    section(code, &writer, Some("client: &heymarket_api::Client"))
}

impl<'a> Writer<'a> {
    fn new(structs: &'a Structs, model: &'a Model<'a>) -> Self {
        Self {
            structs,
            model,
            names: BTreeSet::new(),
            is_fallible: false,
        }
    }

    /// Returns a parameter as the method takes it.
    fn argument(&mut self, ty: &Type, example: Option<&Value>) -> TokenStream {
        if let Some(inner) = generic_argument(ty, "Option") {
            return match example {
                None => quote!(None),
                Some(example) if self.model.is_id(inner) => {
                    let value = self.id(inner, example);
                    quote!(Some(#value))
                }
                Some(_) => {
                    let value = self.argument(inner, example);
                    quote!(Some(#value))
                }
            };
        }
        let example = example.unwrap_or(&Value::Null);
        match referent(ty) {
            Some(text) if is_named(text, "str") => self.value(text, example),
            // A value of these is converted.
            Some(ty) if is_private_format(ty) => self.value(ty, example),
            Some(ty) => {
                let value = self.value(ty, example);
                quote!(&#value)
            }
            None => self.value(ty, example),
        }
    }

    /// Returns a value as a setter or `new` takes it.
    fn value(&mut self, ty: &Type, example: &Value) -> TokenStream {
        if let Some(inner) = generic_argument(ty, "Option").or(generic_argument(ty, "Box")) {
            return self.value(inner, example);
        }
        match (type_name(ty).as_deref(), example) {
            (Some("Vec"), Value::Array(items)) if !items.is_empty() => {
                let item = first_argument(ty).unwrap_or(ty);
                let items: Vec<_> = items.iter().map(|it| self.value(item, it)).collect();
                quote!([#(#items),*])
            }
            (Some("Map" | "BTreeMap"), Value::Object(members)) if !members.is_empty() => {
                let value = map_value(ty);
                let value = value.as_ref().unwrap_or(ty);
                let pairs = members.iter().map(|(key, it)| {
                    let it = self.value(value, it);
                    quote!((#key, #it))
                });
                let pairs: Vec<_> = pairs.collect();
                quote!([#(#pairs),*])
            }
            (Some("Timestamp"), Value::String(text)) => {
                self.is_fallible = true;
                quote!(#text.parse()?)
            }
            (Some("Value"), Value::Object(_) | Value::Array(_) | Value::Null) => json(example),
            (Some(name), _) => self.named(name, example),
            (None, _) => json(example),
        }
    }

    /// Returns a value of a type of the spec, or a scalar.
    fn named(&mut self, name: &str, example: &Value) -> TokenStream {
        let schema = self.model.schemas.get(name);
        match (schema.map(|schema| schema.origin), example) {
            (Some(Origin::OpenEnum), Value::String(text)) => {
                let known = schema::strings(schema.and_then(|it| it.value.get("enum")));
                let mut known = known.filter(|known| known == text);
                match known.next().map(|known| enums::variant(name, known)) {
                    Some(Ok(variant)) => {
                        self.names.insert(name.to_owned());
                        let ty = ident(name);
                        quote!(#ty::#variant)
                    }
                    _ => quote!(#text),
                }
            }
            (Some(Origin::Progenitor), Value::Object(_))
                if schema.is_some_and(|schema| schema.is_request) =>
            {
                self.request(name, example)
            }
            (Some(_), _) => {
                self.names.insert(name.to_owned());
                self.is_fallible = true;
                let (ty, json) = (ident(name), json(example));
                quote!(serde_json::from_value::<#ty>(#json)?)
            }
            (None, Value::String(text)) => quote!(#text),
            (None, Value::Bool(flag)) => quote!(#flag),
            (None, Value::Number(number)) => match number.as_i64() {
                Some(number) => {
                    let number = proc_macro2::Literal::i64_unsuffixed(number);
                    quote!(#number)
                }
                None => {
                    let number = number.as_f64().unwrap_or_default();
                    quote!(#number)
                }
            },
            (None, _) => json(example),
        }
    }

    /// Returns an ID of its type.
    fn id(&mut self, ty: &Type, example: &Value) -> TokenStream {
        let (name, value) = (type_name(ty).unwrap_or_default(), self.value(ty, example));
        let ty = ident(&name);
        self.names.insert(name);
        quote!(#ty(#value))
    }

    /// Returns a request: `new` with the required members, and a setter for each
    /// other member of the example.
    fn request(&mut self, name: &str, example: &Value) -> TokenStream {
        self.names.insert(name.to_owned());
        let ty = ident(name);
        let (structs, model) = (self.structs, self.model);
        let members = structs.get(name).map_or(&[][..], |it| &it.members);
        let find = |name: &str| members.iter().find(|member| member.name == name);
        let required = model.schemas.get(name).map(|schema| schema.required());
        let required = required.unwrap_or_default();
        let required: Vec<&Member> = required.iter().filter_map(|name| find(name)).collect();
        let Required {
            positional,
            by_name,
            takes_any_id,
        } = Required::of(&required, model);
        let value = |member: &Member| example.get(&member.name).unwrap_or(&Value::Null);
        let arguments: Vec<_> = positional
            .iter()
            .map(|member| {
                if takes_any_id || !model.is_id(&member.ty) {
                    self.value(&member.ty, value(member))
                } else {
                    self.id(&member.ty, value(member))
                }
            })
            .collect();
        let by_name = by_name.map(|member| {
            let (setter, value) = (&member.ident, self.value(&member.ty, value(member)));
            quote!(.#setter(#value))
        });
        let set = members.iter().filter(|member| !member.is_required);
        let set = set.filter_map(|member| Some((member, example.get(&member.name)?)));
        let setters: Vec<_> = set
            .filter(|(_, value)| !is_empty(value))
            .map(|(member, value): (&Member, &Value)| {
                let (setter, value) = (&member.ident, self.value(member.inner(), value));
                quote!(.#setter(#value))
            })
            .collect();
        quote!(#ty::new(#(#arguments),*) #by_name #(#setters)*)
    }
}

/// Returns whether a value sets nothing. The items of an empty list would have no
/// type.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn json(value: &Value) -> TokenStream {
    let text: TokenStream = value.to_string().parse().unwrap_or_default();
    quote!(serde_json::json!(#text))
}

/// Returns the section around some statements, formatted. With arguments, the code
/// is an asynchronous function, which is compiled and not run.
fn section(
    code: TokenStream,
    writer: &Writer<'_>,
    arguments: Option<&str>,
) -> Result<String, Error> {
    let file = syn::parse2(quote!(fn example() { #code }))
        .map_err(|error| Error::Unexpected(format!("an example does not parse: {error}")))?;
    let formatted = prettyplease::unparse(&file);
    let lines: Vec<&str> = formatted.lines().collect();
    let body = lines.get(1..lines.len().saturating_sub(1)).unwrap_or(&[]);
    let result = "Result<(), Box<dyn std::error::Error>>";
    let mut text = "\n\n# Examples\n\n".to_owned();
    text.push_str(if arguments.is_some() {
        "```no_run\n"
    } else {
        "```\n"
    });
    match arguments {
        Some(arguments) => {
            text.push_str(&format!("# async fn example({arguments}) -> {result} {{\n"))
        }
        None if writer.is_fallible => text.push_str(&format!("# fn main() -> {result} {{\n")),
        None => {}
    }
    let names: Vec<&str> = writer.names.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => {}
        [name] => text.push_str(&format!("use heymarket_api::types::{name};\n\n")),
        names => text.push_str(&format!(
            "use heymarket_api::types::{{{}}};\n\n",
            names.join(", ")
        )),
    }
    for line in body {
        text.push_str(line.strip_prefix("    ").unwrap_or(line));
        text.push('\n');
    }
    if arguments.is_some() || writer.is_fallible {
        text.push_str("# Ok(())\n# }\n");
    }
    text.push_str("```");
    Ok(text)
}

/// Returns whether a type is that of a private format, which callers give as text.
fn is_private_format(ty: &Type) -> bool {
    type_name(ty).is_some_and(|name| formats::of_type(&name).is_some())
}
