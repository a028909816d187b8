//! Prints a file with prettyplease, whose output does not depend on an installed rustfmt,
//! and `object!` with a line for each member: prettyplease would fill the lines.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::{File, Item, parse_quote};

/// Prints a file.
pub(super) fn print(mut file: File) -> String {
    let mut objects = Vec::new();
    for item in &mut file.items {
        if let Item::Macro(call) = item
            && call
                .mac
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "object")
        {
            objects.push(lines(call.mac.tokens.clone()));
            // A place that is replaced below.
            *item = parse_quote!(
                use OBJECT;
            );
        }
    }
    let printed = prettyplease::unparse(&file);
    let mut parts = printed.split("use OBJECT;\n");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (lines, part) in objects.iter().zip(parts) {
        text.push_str("crate::wire::object::object! {\n");
        text.push_str(lines);
        text.push_str("}\n");
        text.push_str(part);
    }
    text
}

/// Returns the lines of `Name { "id" id: required, ..others }`.
fn lines(tokens: TokenStream) -> String {
    let mut text = "    ".to_owned();
    for token in tokens {
        match token {
            TokenTree::Group(members) => {
                text.push_str(" {\n");
                text.push_str(&members_of(members.stream()));
                text.push_str("    }\n");
            }
            other => text.push_str(&other.to_string()),
        }
    }
    text
}

fn members_of(tokens: TokenStream) -> String {
    const INDENT: &str = "        ";
    let mut text = INDENT.to_owned();
    let mut is_start = true;
    for token in tokens {
        let is_joined = match &token {
            TokenTree::Punct(mark) => {
                let mark = mark.as_char();
                matches!(mark, ',' | ':') || (mark == '.' && text.ends_with('.'))
            }
            _ => text.ends_with('.'),
        };
        if !is_start && !is_joined {
            text.push(' ');
        }
        text.push_str(&token.to_string());
        is_start = matches!(&token, TokenTree::Punct(mark)
            if mark.as_char() == ',' && mark.spacing() == Spacing::Alone);
        if is_start {
            text.push('\n');
            text.push_str(INDENT);
        }
    }
    let text = text.trim_end();
    format!("{text}\n")
}
