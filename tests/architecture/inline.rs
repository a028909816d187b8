//! Functions that reach the types of all operations are inline: any other one is
//! compiled, with all of these types, in each build of the library.

use std::path::Path;

use syn::visit::{self, Visit};

use super::shown;
use crate::support::project_root;

/// The generated functions that match over all operations, by the end of their path.
const OVER_ALL_TYPES: [[&str; 2]; 2] = [["raw", "body"], ["raw", "walk"]];

/// The functions of a file that call one of them without being inline.
#[derive(Default)]
struct Callers {
    /// The functions around the place, and whether each is inline.
    around: Vec<(String, bool)>,
    found: Vec<String>,
}

impl Callers {
    fn within(
        &mut self,
        name: &syn::Ident,
        attributes: &[syn::Attribute],
        run: impl FnOnce(&mut Self),
    ) {
        let is_inline = attributes.iter().any(|it| it.path().is_ident("inline"));
        self.around.push((name.to_string(), is_inline));
        run(self);
        self.around.pop();
    }
}

impl<'ast> Visit<'ast> for Callers {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within(&item.sig.ident, &item.attrs, |callers| {
            visit::visit_item_fn(callers, item);
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.sig.ident, &item.attrs, |callers| {
            visit::visit_impl_item_fn(callers, item);
        });
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let segments = path.path.segments.iter().rev().take(2);
        let names: Vec<String> = segments.map(|it| it.ident.to_string()).collect();
        let reaches = OVER_ALL_TYPES
            .iter()
            .any(|[module, name]| names == [*name, *module]);
        if reaches && let Some((name, false)) = self.around.last() {
            self.found.push(name.clone());
        }
    }
}

fn callers(text: &str) -> Vec<String> {
    let mut callers = Callers::default();
    callers.visit_file(&syn::parse_file(text).expect("Rust"));
    callers.found
}

fn check(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            check(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path).expect("a file");
            let names = callers(&text);
            found.extend(names.iter().map(|name| format!("{}: {name}", shown(&path))));
        }
    }
}

#[test]
fn what_reaches_all_types_is_compiled_where_it_is_used() {
    let mut found = Vec::new();
    check(&project_root().join("heymarket-api/src"), &mut found);
    assert!(found.is_empty(), "add #[inline] to {found:?}");
}

#[test]
fn a_function_that_reaches_all_types_is_found_unless_inline() {
    let text = "
        fn outer() { let of = |it| crate::raw::body(it); }
        impl X { fn method() { raw::walk(1); } #[inline] fn inline() { raw::body(2); } }
        fn other() { raw::phones(3); body(4); }
    ";
    assert_eq!(callers(text), ["outer", "method"]);
}
