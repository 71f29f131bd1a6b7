//! No group of files imports itself in a circle: neither file by file, nor folder by folder.
//!
//! The sources are parsed; an import is each path in a `use` or in code that leads to another file of the same crate, followed through
//! `pub use` to the file that defines the name. Two things are no imports: what stands under `cfg(test)`, be it an item or a file, and what
//! a file takes from the `mod.rs` of a folder in which it lies, which lists the folder's files and may hold the words that they share. (The
//! crate's root is such a list only for the files beside it.)

use super::{files, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syn::visit::Visit;

/// A module by its path from the root of its crate.
type Module = Vec<String>;

/// The modules of a crate: their syntax, and the names that each hands on from elsewhere.
struct Crate {
    modules: BTreeMap<Module, syn::File>,
    handed_on: BTreeMap<(Module, String), Vec<String>>,
}

/// The paths in one file: those of imports, and those in code.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
    handed_on: Vec<Vec<String>>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !attributes(item).iter().any(is_test) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let to = if matches!(item.vis, syn::Visibility::Inherited) { &mut self.found } else { &mut self.handed_on };
        leaves(&item.tree, &mut Vec::new(), to);
    }

    // `pub(crate)` and `pub(super)` say who may import, and import nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.found.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attribute: &syn::Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let of: Vec<String> = list.tokens.clone().into_iter().map(|token| token.to_string()).collect();
    list.path.is_ident("cfg") && (of == ["test"] || of.first().is_some_and(|word| word == "any"))
}

/// The paths of a `use`.
fn leaves(tree: &syn::UseTree, prefix: &mut Vec<String>, to: &mut Vec<Vec<String>>) {
    let with = |name: &syn::Ident| prefix.iter().cloned().chain([name.to_string()]).collect::<Vec<String>>();
    match tree {
        syn::UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            leaves(&path.tree, prefix, to);
            prefix.pop();
        }
        syn::UseTree::Name(name) => to.push(with(&name.ident)),
        syn::UseTree::Rename(name) => to.push(with(&name.ident)),
        syn::UseTree::Glob(_) => to.push(prefix.clone()),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, prefix, to)),
    }
}

impl Crate {
    fn read(folder: &str) -> Self {
        let mut modules = BTreeMap::new();
        for file in files(folder, "rs") {
            let text = std::fs::read_to_string(&file).unwrap();
            let syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            modules.insert(module(file.strip_prefix(root().join(folder)).unwrap()), syntax);
        }
        let tests: Vec<Module> = modules.iter().flat_map(|(module, syntax)| tests(module, syntax)).collect();
        modules.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        let mut read = Self { modules, handed_on: BTreeMap::new() };
        for module in read.modules.keys().cloned().collect::<Vec<_>>() {
            for path in read.paths(&module).handed_on {
                let Some(path) = read.rooted(&module, &path) else { continue };
                // `pub use a::*` hands on all that `a` defines.
                let names = if read.modules.contains_key(&path) { read.defined(&path) } else { Vec::new() };
                for name in names {
                    let whole = path.iter().cloned().chain([name.clone()]).collect();
                    read.handed_on.insert((module.clone(), name), whole);
                }
                if let Some(name) = path.last().cloned() {
                    read.handed_on.insert((module.clone(), name), path);
                }
            }
        }
        read
    }

    fn paths(&self, module: &Module) -> Paths {
        let mut paths = Paths::default();
        paths.visit_file(&self.modules[module]);
        paths
    }

    fn defined(&self, module: &Module) -> Vec<String> {
        let name = |item: &syn::Item| match item {
            syn::Item::Struct(item) => Some(item.ident.to_string()),
            syn::Item::Enum(item) => Some(item.ident.to_string()),
            syn::Item::Fn(item) => Some(item.sig.ident.to_string()),
            syn::Item::Const(item) => Some(item.ident.to_string()),
            syn::Item::Type(item) => Some(item.ident.to_string()),
            syn::Item::Trait(item) => Some(item.ident.to_string()),
            _ => None,
        };
        self.modules[module].items.iter().filter_map(name).collect()
    }

    /// A path from the root of the crate; `None` where it leads out of it.
    fn rooted(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let beside = |base: &[String]| base.iter().chain(rest).cloned().collect::<Vec<String>>();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some(beside(module)),
            "super" => {
                let above = &module[..module.len().checked_sub(1)?];
                match rest.first() {
                    Some(next) if next == "super" => self.rooted(&above.to_vec(), rest),
                    _ => Some(beside(above)),
                }
            }
            _ => {
                let child: Module = module.iter().cloned().chain([first.clone()]).collect();
                self.modules.contains_key(&child).then(|| beside(&child))
            }
        }
    }

    /// The file that defines what a path leads to.
    fn home(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let longest = (0..=path.len()).rev().find(|end| self.modules.contains_key(&path[..*end])).unwrap_or(0);
            let Some(name) = path.get(longest) else { return path };
            let home = path[..longest].to_vec();
            match self.handed_on.get(&(home.clone(), name.clone())) {
                Some(whole) if whole[..] != path[..=longest] => {
                    path = whole.iter().chain(&path[longest + 1..]).cloned().collect();
                }
                _ => return home,
            }
        }
        panic!("{path:?} is handed on without end")
    }

    /// What each file imports.
    fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let imports = |module: &Module| {
            let homes =
                self.paths(module).found.iter().filter_map(|path| self.rooted(module, path)).collect::<Vec<_>>();
            let homes = homes.iter().map(|path| self.home(path));
            let is_own_list = |home: &Module| {
                let is_beside_the_root = home.is_empty() && module.len() == 1;
                is_beside_the_root || (!home.is_empty() && module.len() > home.len() && module.starts_with(home))
            };
            homes.filter(|home| home != module && !is_own_list(home)).collect()
        };
        self.modules.keys().map(|module| (module.clone(), imports(module))).collect()
    }
}

/// The modules that a file declares for tests alone.
fn tests(module: &Module, syntax: &syn::File) -> Vec<Module> {
    let declared = syntax.items.iter().filter_map(|item| match item {
        syn::Item::Mod(item) if item.attrs.iter().any(is_test) => Some(item.ident.to_string()),
        _ => None,
    });
    declared.map(|name| module.iter().cloned().chain([name]).collect()).collect()
}

/// The module of a file: `call/breaker/mod.rs` is `call::breaker`.
fn module(file: &Path) -> Module {
    let mut parts: Module = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// All that is reached from a module by imports.
fn reached(from: &Module, imports: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
    while let Some(module) = next.pop() {
        for to in imports.get(&module).into_iter().flatten() {
            if seen.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    seen
}

/// The imports that lie on circles, each as `a -> b`.
fn on_circles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let pairs = imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
    let circular = pairs.filter(|(from, to)| reached(to, imports).contains(*from));
    circular.map(|(from, to)| format!("{} -> {}", from.join("::"), to.join("::"))).collect()
}

/// The imports between the folders and single files at the top of a crate. Its root, which lists them, is none of them.
fn between_folders(imports: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut folders: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, to) in imports.iter().filter(|(module, _)| !module.is_empty()) {
        let others = to.iter().filter(|other| !other.is_empty() && other[0] != module[0]);
        folders.entry(module[..1].to_vec()).or_default().extend(others.map(|other| other[..1].to_vec()));
    }
    folders
}

#[test]
fn no_files_and_no_folders_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for folder in ["sim-core/src", "scenarios/src", "reports/src", "src"] {
        let imports = Crate::read(folder).imports();
        assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 50, "{folder}: imports are not found");
        for imports in [imports.clone(), between_folders(&imports)] {
            circles.extend(on_circles(&imports).into_iter().map(|pair| format!("{folder}: {pair}")));
        }
    }
    assert!(circles.is_empty(), "imports run in circles:\n{}", circles.join("\n"));
}

#[test]
fn circles_are_found() {
    let name = |text: &str| vec![text.to_owned()];
    let found = |pairs: &[(&str, &str)]| {
        let mut imports: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, to) in pairs {
            imports.entry(name(from)).or_default().insert(name(to));
        }
        on_circles(&imports)
    };
    assert_eq!(found(&[("a", "b"), ("b", "c"), ("a", "c")]), [""; 0]);
    assert_eq!(found(&[("a", "b"), ("b", "c"), ("c", "b")]), ["b -> c", "c -> b"]);
}
