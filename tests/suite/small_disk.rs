//! A disk that is soon full.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::skip::skip;

/// A file system of some megabytes.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Nothing when this may not be done here.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let size = format!("size={megabytes}m");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path());
        match command.output() {
            Ok(output) if output.status.success() => Some(Self(dir)),
            failed => {
                let why = failed.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
                skip(&format!("a small disk can't be mounted: {why:?}"));
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes until nothing fits.
    pub fn fill(&self, file: &Path) {
        let mut file = std::fs::File::create(file).unwrap();
        for size in [1024 * 1024, 4_096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Writes until only so many bytes fit.
    pub fn fill_but(&self, file: &Path, free: u64) {
        self.fill(file);
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_len(file.metadata().unwrap().len() - free).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}
