//! The web client goes into the binary: a release that finds none builds it first.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    pack_relocations();
    let Err(why) = client() else {
        return ExitCode::SUCCESS;
    };
    eprintln!("{why}");
    ExitCode::FAILURE
}

/// A static binary that may be loaded anywhere has fifty thousand relative relocations. In the packed form, which glibc
/// applies itself since 2.36, they take a megabyte less.
fn pack_relocations() {
    #[expect(clippy::disallowed_methods, reason = "Cargo speaks to build scripts through the environment")]
    let is = |what: &str, value: &str| std::env::var(what).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

fn client() -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "Cargo speaks to build scripts through the environment")]
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if !release {
        // A debug build reads the client from disk when it is asked for; only the folder must be there.
        println!("cargo::rerun-if-changed=build.rs");
        return fs::create_dir_all("web/dist").map_err(|e| format!("web/dist could not be made: {e}"));
    }
    // A folder is watched with all that is in it, so that new files reach the binary too.
    println!("cargo::rerun-if-changed=web/dist");
    if Path::new("web/dist/index.html").exists() {
        return Ok(());
    }
    if !Path::new("web/node_modules").exists() {
        // Without scripts: nothing here needs one, and one of them would report the installation.
        npm(&["ci", "--ignore-scripts"])?;
    }
    npm(&["run", "build"])
}

fn npm(args: &[&str]) -> Result<(), String> {
    let what = format!("`npm {}` in web/, which builds the client,", args.join(" "));
    match Command::new("npm").args(args).current_dir("web").status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(format!("{what} failed ({status}). Its own words are above; `cargo build` tries again."))
        }
        Err(e) => Err(format!(
            "{what} could not be started ({e}). Install Node.js 20.19 or newer, or bring a built web/dist."
        )),
    }
}
