//! Rewrites progenitor's methods. Their signatures, paths, queries and bodies stay;
//! the runtime sends the request.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote};
use syn::{Expr, ExprMethodCall, FnArg, ImplItemFn, Signature, Stmt, Type, visit_mut::VisitMut};

use super::methods::{self, Methods};
use super::model::Model;
use super::operations::constant;
use super::structs::Structs;
use super::syntax::{
    first_argument, ident, is_named, is_vector, referent, response_type, type_name,
};
use super::{docs, examples};
use crate::error::Error;
use crate::formats;
use crate::operation::Operation;
use crate::schema::{self, REPLACED_BY, SHORTCUT};

/// Generates the file `client.rs`.
pub(super) fn write(
    methods: &Methods,
    structs: &Structs,
    model: &Model<'_>,
) -> Result<TokenStream, Error> {
    let mut rewritten = Vec::new();
    for operation in &model.operations {
        let method = methods.of(operation)?;
        let arguments = methods::arguments(method, operation)?;
        let mut text = method_docs(operation, model.has_local_id(operation));
        if operation.value.get(SHORTCUT).is_none() {
            text.push_str(&examples::of_method(operation, &arguments, structs, model)?);
        }
        rewritten.push(rewrite(method.clone(), operation, &text, model)?);
    }
    Ok(quote! {
        //! One method for each operation of the spec.

        use super::{operations, types};
        use crate::error::Error;
        use crate::runtime::{Client, Response, encode_path};

        impl Client {
            #(#rewritten)*
        }
    })
}

fn rewrite(
    mut method: ImplItemFn,
    operation: &Operation<'_>,
    text: &str,
    model: &Model<'_>,
) -> Result<ImplItemFn, Error> {
    let id = operation.name();
    let unexpected = |what: &str| Error::Unexpected(format!("the method {id}: {what}"));
    let parts = Parts::read(&method, model).map_err(unexpected)?;
    let response = response_type(&method).ok_or_else(|| unexpected("its return type"))?;

    let table = constant(&id);
    let (path, queries) = (parts.path, parts.queries);
    let json = parts.body.then(|| quote!(.json(body)));
    let request = quote!(self.request(&operations::#table, #path) #(.query(#queries))* #json);
    let mut signature = method.sig;
    signature.output = syn::parse_quote!(-> Result<Response<#response>, Error>);
    signature.generics = syn::Generics::default();
    let conversions = rewrite_arguments(&mut signature, model);
    let comment = docs::comment(text);
    let deprecated = deprecation(operation);
    method.attrs = syn::parse_quote!(#comment #deprecated);
    if operation.value.get(SHORTCUT).is_some() {
        // The method that callers see is written by hand.
        signature.ident = format_ident!("{id}_with");
        method.vis = syn::parse_quote!(pub(crate));
    }
    method.sig = signature;
    method.block = syn::parse_quote!({
        #(#conversions)*
        self.send(#request).await
    });
    Ok(method)
}

/// Rewrites the arguments of a method, and returns the statements that convert
/// them.
fn rewrite_arguments(signature: &mut Signature, model: &Model<'_>) -> Vec<TokenStream> {
    let mut conversions = Vec::new();
    // Two IDs side by side could be swapped, so each has to be of its type.
    let is_id = |argument: &&FnArg| matches!(argument, FnArg::Typed(it) if model.is_id(&it.ty));
    let takes_any_id = signature.inputs.iter().filter(is_id).count() == 1;
    for argument in &mut signature.inputs {
        WithoutLifetimes.visit_fn_arg_mut(argument);
        match argument {
            FnArg::Receiver(receiver) => *receiver = syn::parse_quote!(&self),
            FnArg::Typed(argument) => {
                let id = takes_any_id && model.is_id(&argument.ty);
                let id = id.then(|| (*argument.ty).clone());
                if let Some(ty) = converted(&argument.ty).or(id) {
                    let name = &argument.pat;
                    conversions.push(quote!(let #name: #ty = #name.into();));
                    *argument.ty = syn::parse_quote!(impl Into<#ty>);
                } else {
                    *argument.ty = argument_type(&argument.ty);
                }
            }
        }
    }
    conversions
}

/// Returns the type that an argument is converted to, if the argument is text with
/// a private format.
pub(super) fn converted(ty: &Type) -> Option<Type> {
    let name = type_name(referent(ty)?)?;
    let ident = ident(formats::of_type(&name)?.type_name());
    Some(syn::parse_quote!(types::#ident))
}

/// Returns the type of an argument: a slice for a vector.
fn argument_type(ty: &Type) -> Type {
    if let Type::Reference(reference) = ty
        && is_vector(&reference.elem)
        && let Some(item) = first_argument(&reference.elem)
    {
        return syn::parse_quote!(&[#item]);
    }
    ty.clone()
}

/// The parts of a method's body that are particular to its operation.
struct Parts {
    /// An expression for the path.
    path: TokenStream,
    /// The arguments of each `query` call: name and value.
    queries: Vec<TokenStream>,
    body: bool,
}

impl Parts {
    /// Reads them from the statements that progenitor writes:
    /// `let url = format!(…);` and `let mut request = self.client.get(url)….build()?;`.
    fn read(method: &ImplItemFn, model: &Model<'_>) -> Result<Self, &'static str> {
        let initializer = |name: &str| {
            method
                .block
                .stmts
                .iter()
                .find_map(|statement| match statement {
                    Stmt::Local(local) => {
                        let syn::Pat::Ident(pattern) = &local.pat else {
                            return None;
                        };
                        let init = local.init.as_ref()?;
                        // An argument of the same name makes it another one.
                        let local = pattern.ident.to_string();
                        (local.trim_start_matches('_') == name).then(|| (*init.expr).clone())
                    }
                    _ => None,
                })
        };
        let Some(Expr::Macro(format)) = initializer("url") else {
            return Err("it builds no `url`");
        };
        let arguments = format
            .mac
            .parse_body_with(syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated)
            .map_err(|_| "its `url` is not a format with arguments")?;
        let path = path(
            arguments.into_iter().collect(),
            &arguments_of(method, model),
        )?;

        let mut request = match initializer("request") {
            Some(Expr::Try(request)) => *request.expr,
            _ => return Err("it builds no `request`"),
        };
        let mut queries = Vec::new();
        let mut body = false;
        while let Expr::MethodCall(call) = request {
            match call.method.to_string().as_str() {
                "query" => queries.push(query(&call)?),
                "json" => body = true,
                "header" | "headers" | "build" => {}
                "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace" => {}
                _ => return Err("it calls something new on the request"),
            }
            request = *call.receiver;
        }
        queries.reverse();
        Ok(Self {
            path,
            queries,
            body,
        })
    }
}

/// Returns `format!("{}/v1/tag/{}", self.baseurl, x)` without the base URL.
fn path(arguments: Vec<Expr>, known: &[(String, InPath)]) -> Result<TokenStream, &'static str> {
    let mut arguments = arguments.into_iter();
    let Some(Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Str(template),
        ..
    })) = arguments.next()
    else {
        return Err("its `url` has no template");
    };
    let template = template.value();
    let template = template
        .strip_prefix("{}/")
        .ok_or("its `url` does not begin with the base URL")?;
    let template = format!("/{template}");
    // The base URL itself.
    arguments.next();
    let values: Vec<Expr> = arguments.map(|value| without_copy(value, known)).collect();
    Ok(if values.is_empty() {
        quote!(#template)
    } else {
        quote!(format!(#template, #(#values),*))
    })
}

/// How an argument of a method is written into a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InPath {
    /// Percent-encoded.
    Text,
    /// Unchanged: a number needs no encoding.
    Number,
}

/// Returns the names of the arguments that are texts or numbers.
fn arguments_of(method: &ImplItemFn, model: &Model<'_>) -> Vec<(String, InPath)> {
    let arguments = method.sig.inputs.iter();
    arguments
        .filter_map(|argument| match argument {
            FnArg::Typed(argument) => {
                let in_path = match &*argument.ty {
                    Type::Reference(reference) if is_named(&reference.elem, "str") => InPath::Text,
                    ty if is_named(ty, "i64") || model.is_id(ty) => InPath::Number,
                    _ => return None,
                };
                Some((argument.pat.to_token_stream().to_string(), in_path))
            }
            FnArg::Receiver(_) => None,
        })
        .collect()
}

/// Returns `encode_path(x)` instead of `encode_path(&x.to_string())` if `x` is
/// text, and `x` if it is a number.
fn without_copy(value: Expr, arguments: &[(String, InPath)]) -> Expr {
    if let Expr::Call(call) = &value
        && let Some(Expr::Reference(reference)) = call.args.first()
        && let Expr::MethodCall(copy) = &*reference.expr
    {
        let (function, argument) = (&call.func, &copy.receiver);
        let name = argument.to_token_stream().to_string();
        let known = arguments.iter().find(|(known, _)| *known == name);
        return match known {
            Some((_, InPath::Text)) => syn::parse_quote!(#function(#argument)),
            Some((_, InPath::Number)) => *argument.clone(),
            None => value,
        };
    }
    value
}

/// Returns the arguments of
/// `.query(&progenitor_client::QueryParam::new("name", &value))`.
fn query(call: &ExprMethodCall) -> Result<TokenStream, &'static str> {
    let new = match call.args.first() {
        Some(Expr::Reference(reference)) => &*reference.expr,
        _ => return Err("its query has a new form"),
    };
    match new {
        Expr::Call(new) => {
            let arguments = &new.args;
            Ok(quote!(#arguments))
        }
        _ => Err("its query has a new form"),
    }
}

struct WithoutLifetimes;

impl VisitMut for WithoutLifetimes {
    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        reference.lifetime = None;
        syn::visit_mut::visit_type_reference_mut(self, reference);
    }
}

/// Generates the attribute of an operation with a replacement. Without one,
/// callers could not act on the warning.
fn deprecation(operation: &Operation<'_>) -> Option<TokenStream> {
    let replacement = operation.value.get(REPLACED_BY)?.as_str()?;
    let note = format!("the vendor deprecates it; use `{replacement}`");
    Some(quote!(#[deprecated = #note]))
}

fn method_docs(operation: &Operation<'_>, has_local_id: bool) -> String {
    let mut text = docs::escape(operation.text("summary"));
    text.push_str("\n\n");
    text.push_str(&docs::escape(operation.text("description")));
    text.push_str(&format!(
        "\n\n`{} {}`",
        operation.method.to_uppercase(),
        operation.path
    ));
    let page = operation.value.pointer("/externalDocs/url");
    if let Some(page) = page.and_then(serde_json::Value::as_str) {
        text.push_str(&format!(", documented at <{page}>"));
    }
    text.push_str(match operation.text("x-safety") {
        "read" => ". It changes nothing and is retried after a failure.",
        "idempotent" => ". It is retried after a failure: a second time has no further effect.",
        "keyed" => ". It is retried after a failure, with the same `local_id`.",
        _ if has_local_id => {
            ". It is not retried once it may have reached the server, unless the caller sets \
             [`Options::trust_local_id`](crate::Options::trust_local_id)."
        }
        _ => ". It is not retried once it may have reached the server.",
    });
    if schema::strings(operation.value.get("x-evidence")).any(|tag| tag == "inferred") {
        text.push_str(" Inferred in part: no source shows it exactly as it is here.");
    }
    if schema::flag(operation.value, "deprecated") {
        text.push_str("\n\nThe vendor deprecates it and may remove it");
        text.push_str(&match operation.text(REPLACED_BY) {
            "" => "; no other operation replaces it.".to_owned(),
            replacement => format!(": use [`{replacement}`](Self::{replacement})."),
        });
    }
    text.push_str("\n\n# Errors\n\nReturns ");
    if operation.request_schema().is_some() {
        text.push_str("[`InvalidRequest`](crate::ErrorKind::InvalidRequest) before sending, ");
    }
    text.push_str("[`Status`](crate::ErrorKind::Status) for a response that is not 2xx; see ");
    text.push_str("[`ErrorKind`](crate::ErrorKind) for other failures.");
    text
}
