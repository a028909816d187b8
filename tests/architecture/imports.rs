//! Which file uses names of which: every import, and every path in code and in
//! the arguments of macros.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::modules::{Modules, Target, attributes, is_test};

/// For each pair of files, the names of the second that the first uses.
pub(super) type Imports = BTreeMap<(usize, usize), BTreeSet<String>>;

/// Returns the imports among the files of a crate.
pub(super) fn imports(modules: &Modules) -> Imports {
    let mut imports = Imports::new();
    for file in &modules.files {
        let mut reader = Reader {
            modules,
            module: file.module,
            imports: &mut imports,
        };
        reader.read_uses();
        reader.visit_file(&file.syntax);
    }
    imports
}

struct Reader<'a> {
    modules: &'a Modules,
    module: usize,
    imports: &'a mut Imports,
}

impl Reader<'_> {
    fn read_uses(&mut self) {
        let modules = self.modules;
        for path in &modules.module(self.module).imports {
            self.add(path);
        }
    }

    fn add(&mut self, path: &[String]) {
        let from = self.modules.module(self.module).file();
        let Some(Target::Item(to)) = self.modules.resolve(self.module, path) else {
            return;
        };
        if from != to {
            let names = self.imports.entry((from, to)).or_default();
            names.insert(path.join("::"));
        }
    }

    /// Reads the paths among the tokens of a macro.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.add_path(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.add_path(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.read_tokens(group.stream());
                    }
                }
            }
        }
        self.add_path(&mut path);
    }

    /// Adds a path of two names or more. One name alone may be a field.
    fn add_path(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.add(&path);
        }
    }

    fn add_tree(&mut self, before: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_tree(before, &path.tree);
                before.pop();
            }
            syn::UseTree::Group(group) => {
                group
                    .items
                    .iter()
                    .for_each(|tree| self.add_tree(before, tree));
            }
            syn::UseTree::Name(name) => {
                self.add(&[before.as_slice(), &[name.ident.to_string()]].concat());
            }
            syn::UseTree::Rename(name) => {
                self.add(&[before.as_slice(), &[name.ident.to_string()]].concat());
            }
            syn::UseTree::Glob(_) => {}
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let child = self
            .modules
            .inline_child(self.module, &item.ident.to_string());
        if let (Some(_), Some(child)) = (&item.content, child) {
            let outer = std::mem::replace(&mut self.module, child);
            self.read_uses();
            visit::visit_item_mod(self, item);
            self.module = outer;
        }
    }

    /// Those of modules are read already; here are those within functions.
    fn visit_item_use(&mut self, _item: &'ast syn::ItemUse) {}

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        if let syn::Stmt::Item(syn::Item::Use(item)) = statement {
            self.add_tree(&mut Vec::new(), &item.tree);
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path
            .segments
            .iter()
            .map(|one| one.ident.to_string())
            .collect();
        self.add(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // The tokens of a quote are code of another crate.
        let name = call.path.segments.last().map(|last| last.ident.to_string());
        if matches!(name.as_deref(), Some("quote" | "parse_quote")) {
            return;
        }
        self.read_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    /// `pub(in path)` uses nothing.
    fn visit_visibility(&mut self, _visibility: &'ast syn::Visibility) {}
}
