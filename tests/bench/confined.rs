//! A server that has one core and little memory, as on the smallest machine that can be rented.

use std::fs;
use std::path::PathBuf;

use crate::Result;

/// The memory of the machine in bytes.
pub(crate) const MEMORY: u64 = 256 * 1024 * 1024;

/// A control group with that limit; removed in the end.
pub(crate) struct Confinement {
    group: Option<PathBuf>,
}

impl Confinement {
    /// With a group below that of the benchmark; without one where none can be made.
    pub(crate) fn new() -> Self {
        Self { group: make_group() }
    }

    /// What goes before the command of the server: it enters the group, and runs on the first core alone.
    pub(crate) fn prefix(&self) -> Vec<String> {
        let enter = match &self.group {
            Some(group) => format!("echo $$ > '{}' && ", group.join("cgroup.procs").display()),
            None => String::new(),
        };
        ["sh".to_owned(), "-c".to_owned(), format!("{enter}exec taskset -c 0 \"$@\""), "sh".to_owned()]
            .to_vec()
    }

    pub(crate) fn describe(&self) -> &'static str {
        match self.group {
            Some(_) => "1 core (taskset), 256 MiB (control group)",
            None => "1 core (taskset), memory not limited",
        }
    }
}

impl Drop for Confinement {
    fn drop(&mut self) {
        if let Some(group) = &self.group
            && let Err(why) = fs::remove_dir(group)
        {
            eprintln!("{} could not be removed: {why}", group.display());
        }
    }
}

fn make_group() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let parts = own.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        Some((parts.nth(1)?, parts.next()?))
    });
    for (controllers, path) in parts {
        let (root, limit) = match controllers {
            // Version 2 has one tree.
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let group =
            PathBuf::from(format!("{root}{path}")).join(format!("besedka-bench-{}", std::process::id()));
        match try_group(&group, limit) {
            Ok(()) => return Some(group),
            // Version 1 has others.
            Err(_) => _ = fs::remove_dir(&group),
        }
    }
    None
}

fn try_group(group: &PathBuf, limit: &str) -> Result<()> {
    fs::create_dir(group)?;
    if !group.join(limit).exists() {
        return Err("no limit of memory there".into());
    }
    Ok(fs::write(group.join(limit), MEMORY.to_string())?)
}
