//! The arrows of the architecture point down only (`src/lib.rs`).

use std::fs;
use std::path::{Path, PathBuf};

/// What each room may use. `main` joins everything and is not a room.
const ROOMS: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("store", &["model"]),
    ("files", &["model"]),
    ("hub", &["model"]),
    ("integrations", &["model"]),
    ("messenger", &["model", "store", "files", "hub", "integrations"]),
    ("api", &["model", "messenger", "files", "hub"]),
    ("web", &[]),
    ("config", &["messenger", "api", "files", "integrations"]),
    ("server", &["model", "store", "files", "hub", "messenger", "api", "web", "config"]),
];

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for (room, below) in ROOMS {
        for file in files_of(room) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for (index, line) in code.lines().enumerate().filter(|(_, line)| !line.trim().starts_with("//")) {
                for used in used_rooms(line) {
                    if used != room && !below.contains(&used.as_str()) {
                        wrong.push(format!("{}:{}: {room} uses {used}", file.display(), index + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point up:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_known() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_top = ["main", "lib", "cli"].contains(&name.as_str());
        assert!(
            is_top || ROOMS.iter().any(|(room, _)| *room == name),
            "{name} has no place in the architecture"
        );
    }
}

#[test]
fn an_arrow_up_would_be_seen() {
    assert_eq!(used_rooms("use crate::api::v1;"), ["api"]);
    assert_eq!(used_rooms("use crate::{files, store::Run};"), ["files", "store"]);
    assert_eq!(used_rooms("let x = crate::hub::Hub::default();"), ["hub"]);
}

fn files_of(room: &str) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let single = source.join(format!("{room}.rs"));
    if single.exists() {
        return vec![single];
    }
    let mut files = Vec::new();
    let mut folders = vec![source.join(room)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "{room} is there");
    files
}

/// The rooms that a line names: `crate::room` and `crate::{room, room::Thing}`.
fn used_rooms(line: &str) -> Vec<String> {
    let first =
        |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = Vec::new();
    for part in line.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            Some(list) => {
                let list = list.split_once("};").map_or(list, |(list, _)| list);
                rooms.extend(list.split(", ").map(|item| first(item.trim())));
            }
            None => rooms.push(first(part)),
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms
}
