//! The modules of a crate: their files, the names in them, and what a path in
//! one of them refers to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::{Item, UseTree, Visibility};

/// A crate's modules, without the test code.
pub(super) struct Modules {
    pub(super) files: Vec<File>,
    modules: Vec<Module>,
}

pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) syntax: syn::File,
    /// The module that the file is.
    pub(super) module: usize,
}

#[derive(Default)]
pub(super) struct Module {
    file: usize,
    parent: Option<usize>,
    /// Items and imports.
    names: BTreeMap<String, Name>,
    children: BTreeMap<String, usize>,
    /// The modules of `use …::*`, as written.
    globs: Vec<Vec<String>>,
    /// Names imported for use here, as written: not those that are exported again.
    pub(super) imports: Vec<Vec<String>>,
}

/// What a name of a module stands for.
#[derive(Clone)]
enum Name {
    Item,
    /// A path, as written in a `use`.
    Alias(Vec<String>),
}

/// What a path refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Module(usize),
    /// An item in this file.
    Item(usize),
}

/// Aliases of aliases end long before this.
const DEEPEST: usize = 16;

impl Modules {
    /// Reads the crate whose root is this file.
    pub(super) fn read(root: &Path) -> Self {
        let mut modules = Self {
            files: Vec::new(),
            modules: Vec::new(),
        };
        let folder = root.parent().expect("a folder");
        modules.read_file(root, folder, None);
        modules
    }

    pub(super) fn module(&self, module: usize) -> &Module {
        &self.modules[module]
    }

    /// Returns the child module of this name that the file itself contains.
    pub(super) fn inline_child(&self, module: usize, name: &str) -> Option<usize> {
        self.modules[module].children.get(name).copied()
    }

    fn read_file(&mut self, path: &Path, folder: &Path, parent: Option<usize>) -> usize {
        let text = std::fs::read_to_string(path).expect("a Rust file");
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let (file, module) = (self.files.len(), self.modules.len());
        self.files.push(File {
            path: path.to_owned(),
            syntax: syntax.clone(),
            module,
        });
        self.add_module(file, parent, folder, &syntax.items)
    }

    fn add_module(
        &mut self,
        file: usize,
        parent: Option<usize>,
        folder: &Path,
        items: &[Item],
    ) -> usize {
        let module = self.modules.len();
        self.modules.push(Module {
            file,
            parent,
            ..Module::default()
        });
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            self.add_item(module, folder, item);
        }
        module
    }

    fn add_item(&mut self, module: usize, folder: &Path, item: &Item) {
        match item {
            Item::Mod(child) => {
                let name = child.ident.to_string();
                let inner = folder.join(&name);
                let index = match &child.content {
                    Some((_, items)) => {
                        let file = self.modules[module].file;
                        self.add_module(file, Some(module), &inner, items)
                    }
                    None => {
                        let beside = folder.join(format!("{name}.rs"));
                        let within = inner.join("mod.rs");
                        let path = if beside.exists() { beside } else { within };
                        self.read_file(&path, &inner, Some(module))
                    }
                };
                self.modules[module].children.insert(name, index);
            }
            Item::Use(import) => {
                let is_exported = !matches!(import.vis, Visibility::Inherited);
                self.add_use(module, is_exported, &mut Vec::new(), &import.tree);
            }
            other => {
                if let Some(name) = item_name(other) {
                    let names = &mut self.modules[module].names;
                    names.insert(name, Name::Item);
                }
            }
        }
    }

    fn add_use(
        &mut self,
        module: usize,
        is_exported: bool,
        before: &mut Vec<String>,
        tree: &UseTree,
    ) {
        let this = &mut self.modules[module];
        let mut add = |name: String, path: Vec<String>| {
            if !is_exported {
                this.imports.push(path.clone());
            }
            this.names.insert(name, Name::Alias(path));
        };
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_use(module, is_exported, before, &path.tree);
                before.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(module, is_exported, before, tree);
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = before.last().expect("a name before `self`").clone();
                add(last, before.clone());
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                add(name.clone(), [before.as_slice(), &[name]].concat());
            }
            UseTree::Rename(rename) => {
                let path = [before.as_slice(), &[rename.ident.to_string()]].concat();
                add(rename.rename.to_string(), path);
            }
            UseTree::Glob(_) => this.globs.push(before.clone()),
        }
    }

    /// Returns what a path means in a module; `None` for what other crates have.
    pub(super) fn resolve(&self, module: usize, path: &[String]) -> Option<Target> {
        self.resolve_within(module, path, DEEPEST)
    }

    fn resolve_within(&self, module: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules[module].parent?),
            name => self.lookup(module, name, depth)?,
        };
        rest.iter().try_fold(start, |target, name| match target {
            Target::Item(_) => Some(target),
            Target::Module(inner) if name == "super" => {
                self.modules[inner].parent.map(Target::Module)
            }
            // A name that a macro makes is in the file of its module.
            Target::Module(inner) => self
                .lookup(inner, name, depth)
                .or(Some(Target::Item(self.modules[inner].file))),
        })
    }

    fn lookup(&self, module: usize, name: &str, depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let this = &self.modules[module];
        // A function may have the name of a module. Few paths end at a module.
        if let Some(child) = this.children.get(name) {
            return Some(Target::Module(*child));
        }
        match this.names.get(name) {
            Some(Name::Item) => Some(Target::Item(this.file)),
            // `use rustls;` names itself: the crate.
            Some(Name::Alias(path)) if path.len() == 1 && path[0] == name => None,
            Some(Name::Alias(path)) => self.resolve_within(module, path, depth),
            None => this.globs.iter().find_map(|glob| {
                match self.resolve_within(module, glob, depth)? {
                    Target::Module(inner) if inner != module => self.lookup(inner, name, depth),
                    _ => None,
                }
            }),
        }
    }
}

impl Module {
    pub(super) fn file(&self) -> usize {
        self.file
    }
}

/// Whether `#[cfg(test)]` or `#[test]` is among the attributes.
pub(super) fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |list: &syn::MetaList| list.tokens.to_string() == "test";
        match &attribute.meta {
            syn::Meta::List(list) => list.path.is_ident("cfg") && is_test(list),
            meta => meta.path().is_ident("test"),
        }
    })
}

pub(super) fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn item_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
