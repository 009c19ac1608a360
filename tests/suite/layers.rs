//! The architecture of `src/lib.rs`: what may use what. `code` reads the files.

mod code;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use code::{Code, Name, Use};

/// The layers of each crate, as `src/lib.rs` draws them, and which layers each may use. What is not named here (`main`,
/// `lib` and `cli`) joins everything, and nothing else uses it. That the core uses no API, and no API the server, cargo
/// holds.
const LAYERS: [(&str, &[&str]); 12] = [
    ("besedka_core::traces", &[]),
    ("besedka_core::model", &[]),
    ("besedka_core::store", &["model"]),
    ("besedka_core::files", &["model", "traces"]),
    ("besedka_core::hub", &["model"]),
    ("besedka_core::integrations", &["model", "traces"]),
    ("besedka_core::backup", &["model", "store", "files"]),
    ("besedka_core::messenger", &["model", "store", "files", "hub", "integrations", "backup", "traces"]),
    ("besedka_api", &["model", "files", "hub", "messenger"]),
    ("besedka::web", &[]),
    ("besedka::config", &["model", "files", "hub", "backup", "integrations", "messenger", "besedka_api"]),
    (
        "besedka::server",
        &[
            "model",
            "store",
            "files",
            "hub",
            "backup",
            "integrations",
            "messenger",
            "traces",
            "besedka_api",
            "web",
            "config",
        ],
    ),
];

/// Modules that join everything.
const JOINING: [&str; 3] = ["main", "besedka", "besedka::cli"];

/// The folders of the messenger, the lowest first. A folder may use those of lines above its own, and of its own line
/// only itself. What `messenger/mod.rs` itself defines (`Messenger`, `Caller`, `Visitor`, `Core`) all may use: each
/// folder adds what it is about to these types.
const FOLDERS: [&[&str]; 10] = [
    &["foundation"],
    &["files"],
    &["accounts"],
    &["chats"],
    &["messages"],
    &["live", "search", "assistant", "meetings", "portability", "administration"],
    &["bots"],
    &["webhooks"],
    &["notifications"],
    &["jobs"],
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All of `src`, read once.
static ALL: LazyLock<(Code, Vec<Use>)> = LazyLock::new(|| {
    let source = source();
    let mut code = Code::default();
    code.read("besedka_core", &source.join("core/lib.rs"));
    code.read("besedka_api", &source.join("api/lib.rs"));
    code.read("besedka", &source.join("lib.rs"));
    code.read("main", &source.join("main.rs"));
    let uses = code.uses();
    (code, uses)
});

#[test]
fn layers_use_only_layers_below() {
    let wrong = wrong_layers(&ALL.1);
    assert!(wrong.is_empty(), "uses of a layer that is not below:\n{}", wrong.join("\n"));
}

#[test]
fn folders_of_the_messenger_use_only_lower_ones() {
    let wrong = wrong_folders(&ALL.1);
    assert!(wrong.is_empty(), "uses of a folder that is not lower:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_uses_itself_through_others() {
    let circles = circles(&ALL.1);
    assert!(circles.is_empty(), "files that use each other in a circle:\n{}", circles.join("\n\n"));
}

#[test]
fn every_file_and_module_has_its_place_in_the_architecture() {
    let code = &ALL.0;
    for name in code.modules() {
        let joins = name.len() < 2 && name[0] != "besedka_api"
            || JOINING.contains(&name[..2.min(name.len())].join("::").as_str());
        assert!(joins || layer(name).is_some(), "{} is in no layer", name.join("::"));
        if let Some(folder) = folder(name) {
            assert!(rank(folder).is_some(), "the folder {folder} of the messenger has no rank");
        }
    }
    let read = code.files();
    let (mut folders, mut unread) = (vec![source()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !read.contains(path.as_path())
            {
                unread.push(path);
            }
        }
    }
    unread.retain(|file| file.file_stem().unwrap() != "tests");
    assert!(unread.is_empty(), "no crate contains {unread:?}");
}

/// The layer of a module.
fn layer(name: &[String]) -> Option<&'static str> {
    let of_two = name[..name.len().min(2)].join("::");
    LAYERS.iter().map(|(layer, _)| *layer).find(|layer| *layer == of_two || *layer == name[0])
}

fn short(layer: &str) -> &str {
    layer.rsplit("::").next().unwrap()
}

fn wrong_layers(uses: &[Use]) -> Vec<String> {
    let is_wrong = |used: &&Use| {
        let Some(from) = layer(&used.from) else { return false };
        let (_, below) = LAYERS.iter().find(|(layer, _)| *layer == from).unwrap();
        match layer(&used.to) {
            Some(to) => to != from && !below.contains(&short(to)),
            None => true,
        }
    };
    uses.iter().filter(is_wrong).map(told).collect()
}

/// The folder of the messenger in which a module is.
fn folder(name: &[String]) -> Option<&str> {
    match name {
        [core, messenger, folder, ..] if core == "besedka_core" && messenger == "messenger" => Some(folder),
        _ => None,
    }
}

fn rank(folder: &str) -> Option<usize> {
    FOLDERS.iter().position(|folders| folders.contains(&folder))
}

fn wrong_folders(uses: &[Use]) -> Vec<String> {
    let is_wrong = |used: &&Use| match (folder(&used.from), folder(&used.to)) {
        (Some(from), Some(to)) => from != to && rank(to) >= rank(from),
        _ => false,
    };
    uses.iter().filter(is_wrong).map(told).collect()
}

fn told(used: &Use) -> String {
    let shown = |file: &Path| file.strip_prefix(source()).unwrap_or(file).display().to_string();
    format!("src/{}:{}: {} is in src/{}", shown(&used.from_file), used.line, used.path, shown(&used.to_file))
}

/// For every set of files that use each other: a shortest circle, use by use.
fn circles(uses: &[Use]) -> Vec<String> {
    let mut next: BTreeMap<&Path, BTreeMap<&Path, &Use>> = BTreeMap::new();
    for used in uses.iter().filter(|used| !used.is_of_ancestor()) {
        next.entry(&used.from_file).or_default().entry(&used.to_file).or_insert(used);
    }
    let mut shown = BTreeSet::new();
    let mut circles = Vec::new();
    for start in next.keys() {
        let Some(circle) = shortest(&next, start) else { continue };
        let files: BTreeSet<&Path> = circle.iter().map(|used| used.from_file.as_path()).collect();
        if shown.insert(files) {
            circles.push(circle.into_iter().map(told).collect::<Vec<_>>().join("\n"));
        }
    }
    circles
}

/// The fewest uses that lead from a file to itself.
fn shortest<'a>(
    next: &BTreeMap<&'a Path, BTreeMap<&'a Path, &'a Use>>,
    start: &'a Path,
) -> Option<Vec<&'a Use>> {
    let mut came_by: BTreeMap<&Path, &Use> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(file) = waiting.pop_front() {
        for (to, used) in next.get(file).into_iter().flatten() {
            if came_by.contains_key(to) {
                continue;
            }
            came_by.insert(to, used);
            if *to == start {
                let mut circle = vec![came_by[start]];
                while circle.last().unwrap().from_file != start {
                    circle.push(came_by[circle.last().unwrap().from_file.as_path()]);
                }
                circle.reverse();
                return Some(circle);
            }
            waiting.push_back(to);
        }
    }
    None
}

/// A use as it would be found.
fn made_up(from: &str, to: &str) -> Use {
    let name = |path: &str| path.split("::").map(str::to_owned).collect::<Name>();
    let file = |path: &str| source().join(format!("{}.rs", path.replace("::", "/")));
    Use {
        from: name(from),
        from_file: file(from),
        line: 1,
        path: to.to_owned(),
        to: name(to),
        to_file: file(to),
    }
}

#[test]
fn a_use_of_a_higher_layer_would_be_seen() {
    let wrong = |from: &str, to: &str| !wrong_layers(&[made_up(from, to)]).is_empty();
    assert!(wrong("besedka_core::store::db", "besedka_core::messenger::foundation::error"));
    assert!(wrong("besedka_core::store", "besedka_core::files"));
    assert!(wrong("besedka_api::v1::chats", "besedka_core::store::chats"));
    assert!(wrong("besedka::config", "besedka::server"));
    assert!(wrong("besedka::server", "besedka::cli"));
    assert!(!wrong("besedka_core::messenger::chats::chat", "besedka_core::store::chats"));
    assert!(!wrong("besedka_api::v1::chats", "besedka_api::links"));
    assert!(!wrong("besedka::cli::serve", "besedka::server"));
}

#[test]
fn a_use_of_a_higher_folder_would_be_seen() {
    let wrong = |from: &str, to: &str| {
        let inside = |path: &str| format!("besedka_core::messenger::{path}");
        !wrong_folders(&[made_up(&inside(from), &inside(to))]).is_empty()
    };
    assert!(wrong("chats::chat", "messages::post"));
    assert!(wrong("live::sync", "search::query"), "of the same line");
    assert!(wrong("foundation::error", "jobs"));
    assert!(!wrong("messages::post", "chats::lookup"));
    assert!(!wrong("messages::post", "messages::validate"));
}

#[test]
fn a_circle_would_be_seen() {
    let circle = [made_up("a::one", "a::two"), made_up("a::two", "b"), made_up("b", "a::one")];
    assert_eq!(circles(&circle).len(), 1);
    assert_eq!(circles(&circle[..2]).len(), 0);
    // A child and what declares it.
    assert_eq!(circles(&[made_up("a", "a::one"), made_up("a::one", "a")]).len(), 0);
}
