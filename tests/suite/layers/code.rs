//! Reads which file uses which other one, as the compiler resolves it.
//!
//! Whole `use` trees are read and every path elsewhere, also inside macros and attributes. A name that is re-exported
//! counts as used where it is defined. Code under `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// Where a module is: `["besedka_core", "store", "members"]`.
pub type Name = Vec<String>;

/// A file uses something that another one defines.
#[derive(Debug)]
pub struct Use {
    pub from: Name,
    pub from_file: PathBuf,
    pub line: usize,
    /// As it is written there.
    pub path: String,
    pub to: Name,
    pub to_file: PathBuf,
}

impl Use {
    /// A child may use what the modules around it define themselves: `impl Caller` stands with what it is about, while
    /// the module above defines `Caller` and declares the child.
    pub fn is_of_ancestor(&self) -> bool {
        self.from.len() > self.to.len() && self.from.starts_with(&self.to)
    }
}

/// All modules of some crates.
#[derive(Default)]
pub struct Code {
    modules: BTreeMap<Name, Module>,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    items: BTreeSet<String>,
    /// Names that `use` brings in, and what they stand for.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    paths: Vec<Written>,
}

/// A path in a file.
struct Written {
    line: usize,
    segments: Vec<String>,
}

/// What a path names.
enum Found {
    Module(Name),
    /// Something that this module defines.
    Item(Name),
}

impl Code {
    /// Reads a crate from its root file on.
    pub fn read(&mut self, name: &str, root: &Path) {
        self.read_file(vec![name.to_owned()], root, true);
    }

    /// Reads one module from its text.
    fn read_text(&mut self, name: Name, file: &Path, text: &str) -> Vec<String> {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut reader = Reader { code: self, name, file: file.to_owned(), declared: Vec::new() };
        reader.begin();
        reader.visit_file(&parsed);
        reader.declared
    }

    fn read_file(&mut self, name: Name, file: &Path, is_root: bool) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let folder = file.parent().unwrap();
        let folder = match file.file_stem().unwrap().to_str().unwrap() {
            _ if is_root => folder.to_owned(),
            "mod" => folder.to_owned(),
            stem => folder.join(stem),
        };
        for child in self.read_text(name.clone(), file, &text) {
            let single = folder.join(format!("{child}.rs"));
            let file = if single.exists() { single } else { folder.join(&child).join("mod.rs") };
            self.read_file([&name[..], &[child]].concat(), &file, false);
        }
    }

    pub fn files(&self) -> BTreeSet<&Path> {
        self.modules.values().map(|module| module.file.as_path()).collect()
    }

    pub fn modules(&self) -> impl Iterator<Item = &Name> {
        self.modules.keys()
    }

    /// Every use of a file by another one.
    pub fn uses(&self) -> Vec<Use> {
        let mut uses = Vec::new();
        for (name, module) in &self.modules {
            for written in &module.paths {
                let Some(found) = self.resolve(name, &written.segments, 0) else { continue };
                let (Found::Module(to) | Found::Item(to)) = found;
                let to_file = self.modules[&to].file.clone();
                if to_file != module.file {
                    uses.push(Use {
                        from: name.clone(),
                        from_file: module.file.clone(),
                        line: written.line,
                        path: written.segments.join("::"),
                        to,
                        to_file,
                    });
                }
            }
        }
        uses
    }

    /// What a path means in a module; nothing for what other crates and the language define.
    fn resolve(&self, at: &[String], path: &[String], depth: usize) -> Option<Found> {
        assert!(depth < 32, "{path:?} in {at:?} leads to itself");
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.walk(at[..1].to_vec(), rest, depth),
            "self" => self.walk(at.to_vec(), rest, depth),
            "super" => self.walk(at[..at.len() - 1].to_vec(), rest, depth),
            _ => match self.look_up(at, first, depth) {
                Some(found) => self.go_on(found, rest, depth),
                None if self.modules.contains_key(&vec![first.clone()]) => {
                    self.walk(vec![first.clone()], rest, depth)
                }
                None => None,
            },
        }
    }

    fn go_on(&self, found: Found, rest: &[String], depth: usize) -> Option<Found> {
        match found {
            Found::Module(name) => self.walk(name, rest, depth),
            // A variant, or what belongs to a type.
            item @ Found::Item(_) => Some(item),
        }
    }

    fn walk(&self, name: Name, rest: &[String], depth: usize) -> Option<Found> {
        match rest.split_first() {
            None => Some(Found::Module(name)),
            Some((first, rest)) if first == "super" => {
                self.walk(name[..name.len() - 1].to_vec(), rest, depth)
            }
            Some((first, rest)) => match self.look_up(&name, first, depth) {
                Some(found) => self.go_on(found, rest, depth),
                // A re-export of another crate's.
                None if self.modules[&name].imports.contains_key(first) => None,
                // A macro makes it.
                None => Some(Found::Item(name)),
            },
        }
    }

    /// What a name stands for in a module.
    fn look_up(&self, at: &[String], name: &str, depth: usize) -> Option<Found> {
        let child = [at, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return Some(Found::Module(child));
        }
        let module = &self.modules[at];
        if module.items.contains(name) {
            return Some(Found::Item(at.to_vec()));
        }
        if let Some(path) = module.imports.get(name) {
            // `use tokio;` and `use async_trait::async_trait;` name another crate.
            let names_itself = path.first().is_some_and(|first| first == name);
            return if names_itself { None } else { self.resolve(at, path, depth + 1) };
        }
        module.globs.iter().find_map(|path| match self.resolve(at, path, depth + 1)? {
            Found::Module(from) if from != at && depth < 8 => self.look_up(&from, name, depth + 1),
            _ => None,
        })
    }
}

/// Takes one file apart.
struct Reader<'a> {
    code: &'a mut Code,
    name: Name,
    file: PathBuf,
    /// Modules that have files of their own.
    declared: Vec<String>,
}

impl Reader<'_> {
    fn begin(&mut self) {
        let module = Module { file: self.file.clone(), ..Module::default() };
        self.code.modules.insert(self.name.clone(), module);
    }

    fn module(&mut self) -> &mut Module {
        self.code.modules.get_mut(&self.name).unwrap()
    }

    fn path(&mut self, line: usize, segments: Vec<String>) {
        self.module().paths.push(Written { line, segments });
    }

    /// Every leaf of a `use` tree.
    fn tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| match name.to_string() {
            name if name == "self" && !before.is_empty() => before.to_vec(),
            name => [before, &[name]].concat(),
        };
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &[before, &[path.ident.to_string()]].concat()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
            UseTree::Name(name) => {
                let path = with(&name.ident);
                self.path(name.ident.span().start().line, path.clone());
                self.module().imports.insert(path.last().unwrap().clone(), path);
            }
            UseTree::Rename(name) => {
                let path = with(&name.ident);
                self.path(name.ident.span().start().line, path.clone());
                self.module().imports.insert(name.rename.to_string(), path);
            }
            UseTree::Glob(glob) => {
                self.path(glob.star_token.spans[0].start().line, before.to_vec());
                self.module().globs.push(before.to_vec());
            }
        }
    }

    /// Paths in what only a macro understands.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let mut segments = vec![first.to_string()];
                    loop {
                        let mut ahead = tokens.clone();
                        let is_colon = |token: Option<TokenTree>| matches!(token, Some(TokenTree::Punct(it)) if it.as_char() == ':');
                        if !(is_colon(ahead.next()) && is_colon(ahead.next())) {
                            break;
                        }
                        let Some(TokenTree::Ident(next)) = ahead.next() else { break };
                        segments.push(next.to_string());
                        tokens = ahead;
                    }
                    self.used(first.span().start().line, segments);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// A path outside of `use`. What `use` brings in by its name was counted there.
    fn used(&mut self, line: usize, segments: Vec<String>) {
        let module = self.module();
        if segments.len() > 1 || !(module.globs.is_empty() || module.items.contains(&segments[0])) {
            self.path(line, segments);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = head(item);
        if attributes.iter().any(is_for_tests) {
            return;
        }
        if let Some(name) = name {
            self.module().items.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !function.attrs.iter().any(is_for_tests) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        let Some((_, items)) = &item.content else {
            self.declared.push(name);
            return;
        };
        self.name.push(name);
        self.begin();
        let declared = std::mem::take(&mut self.declared);
        items.iter().for_each(|item| self.visit_item(item));
        assert!(self.declared.is_empty(), "{}: a file inside an inline module", self.file.display());
        self.declared = declared;
        self.name.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments[0].ident.span().start().line;
        self.used(line, segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_path(&item.path);
        self.tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    /// `pub(in …)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// The attributes of an item, and its name in its module.
fn head(item: &Item) -> (&[Attribute], Option<String>) {
    let (attributes, name) = match item {
        Item::Const(it) => (&it.attrs, Some(&it.ident)),
        Item::Enum(it) => (&it.attrs, Some(&it.ident)),
        Item::Fn(it) => (&it.attrs, Some(&it.sig.ident)),
        Item::Macro(it) => (&it.attrs, it.ident.as_ref()),
        Item::Static(it) => (&it.attrs, Some(&it.ident)),
        Item::Struct(it) => (&it.attrs, Some(&it.ident)),
        Item::Trait(it) => (&it.attrs, Some(&it.ident)),
        Item::Type(it) => (&it.attrs, Some(&it.ident)),
        Item::Union(it) => (&it.attrs, Some(&it.ident)),
        Item::Mod(it) => (&it.attrs, None),
        Item::Impl(it) => (&it.attrs, None),
        Item::Use(it) => (&it.attrs, None),
        _ => return (&[], None),
    };
    (attributes, name.map(ToString::to_string))
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
}

mod tests {
    use super::{Code, Use};

    /// Modules of a crate `it`, each from its text.
    fn code(modules: &[(&str, &str)]) -> Code {
        let mut code = Code::default();
        for (name, text) in modules {
            let mut path = vec!["it".to_owned()];
            path.extend(name.split("::").filter(|part| !part.is_empty()).map(str::to_owned));
            code.read_text(path, format!("{name}.rs").as_ref(), text);
        }
        code
    }

    /// Which modules of a crate with `a`, `a::deep`, `b` and `c` the text of `c` uses.
    fn used(text: &str) -> Vec<String> {
        let code = code(&[
            ("", "pub use a::deep::Hidden; pub struct Root;"),
            (
                "a",
                "pub struct One; pub struct Two; pub fn run() {} pub use deep::Deep as Renamed; pub use b_in_a::*;",
            ),
            ("a::deep", "pub struct Deep; pub struct Hidden; pub enum Kind { First }"),
            ("a::b_in_a", "pub struct ByGlob;"),
            ("b", "pub struct One; pub const MOST: usize = 1; made! { Made }"),
            ("c", text),
        ]);
        let mut names: Vec<String> = code
            .uses()
            .iter()
            .filter(|used| used.from.join("::") == "it::c")
            .map(|used: &Use| used.to[1..].join("::"))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    #[test]
    fn a_use_of_many_lines_and_groups_is_read_whole() {
        let text =
            "use crate::{\n    a::{\n        One,\n        deep::{Deep, Kind},\n    },\n    b::MOST,\n};";
        assert_eq!(used(text), ["a", "a::deep", "b"]);
        assert_eq!(used("use crate::{a::{self, One}, b::{self}};"), ["a", "b"]);
        assert_eq!(used("use super::a::deep::*;"), ["a::deep"]);
        assert_eq!(used("use {crate::a::One as First, crate::b::One as Second};"), ["a", "b"]);
    }

    #[test]
    fn re_exports_count_where_something_is_defined() {
        assert_eq!(used("use crate::a::Renamed;"), ["a::deep"]);
        assert_eq!(used("use crate::Hidden;"), ["a::deep"]);
        assert_eq!(used("use crate::a::ByGlob;"), ["a::b_in_a"]);
        assert_eq!(used("pub use crate::a::One;"), ["a"]);
        assert_eq!(used("use crate::b::Made;"), ["b"], "a macro makes it");
        assert_eq!(used("use crate::Root;"), [""]);
    }

    #[test]
    fn paths_in_code_macros_and_attributes_count() {
        assert_eq!(used("fn f() { crate::a::run(); }"), ["a"]);
        assert_eq!(
            used("use crate::a as other; fn f() -> other::deep::Kind { other::deep::Kind::First }"),
            ["a", "a::deep"]
        );
        assert_eq!(used("fn f() { let _ = vec![super::b::MOST]; }"), ["b"]);
        assert_eq!(used("fn f() { use crate::b::One; }"), ["b"]);
        assert_eq!(used("#[made(by = crate::b::MOST)] struct A;"), ["b"]);
        assert_eq!(used("impl crate::a::One { fn f(_: &[crate::b::One]) {} }"), ["a", "b"]);
        assert_eq!(used("use crate::a::deep::*; fn f(_: Kind) {}"), ["a::deep"]);
    }

    #[test]
    fn comments_texts_tests_and_other_crates_do_not() {
        let text = r##"
            // use crate::a::One;
            /* use crate::{a, b}; */
            //! [`crate::a::One`]
            const TEXT: &str = "use crate::a::One;";
            const RAW: &str = r#"crate::b::MOST"#;
            use std::collections::{BTreeMap, btree_map::{self, Entry}};
            use tokio;
            #[cfg(test)]
            use crate::a::Two;
            #[cfg(test)]
            mod tests { use crate::b::One; }
        "##;
        assert_eq!(used(text.replace("//!", "///").as_str()), Vec::<String>::new());
    }

    #[test]
    fn a_use_tells_its_line() {
        let code = code(&[
            ("a", "pub struct One;"),
            ("c", "use std::fmt;\nuse crate::{\n    a::One,\n};"),
            ("", ""),
        ]);
        let uses = code.uses();
        assert_eq!((uses.len(), uses[0].line, uses[0].path.as_str()), (1, 3, "crate::a::One"));
    }
}
