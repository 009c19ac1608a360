//! The machine that the numbers are of; absolute times mean little without it.

use std::fs::{File, read_to_string};
use std::io::Write;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Instant;

use crate::Result;
use crate::report::{Cell, Table};
use crate::times::Times;

const FLUSHES: usize = 200;

pub(crate) fn describe(binary: &Path, folder: &Path) -> Result<Table> {
    let load = read_to_string("/proc/loadavg")?;
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    let processors = read_to_string("/proc/cpuinfo")?;
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let [flush, slow] = flushes(folder)?.millis([0.50, 0.99]);
    let size = binary.metadata()?.len() as f64 / (1024.0 * 1024.0);
    let mut table = Table::new("Machine and binary", &["what", "value"]);
    let facts: [(&str, Cell); 7] = [
        ("processor", model.into()),
        ("cores", Cell::count(available_parallelism()?.get())),
        ("load average at start", load.split(' ').next().unwrap_or_default().into()),
        ("Linux", kernel.trim().into()),
        ("disk flush p50 ms", flush.into()),
        ("disk flush p99 ms", slow.into()),
        ("size of the binary MiB", size.into()),
    ];
    for (what, value) in facts {
        table.row(vec![what.into(), value]);
    }
    Ok(table)
}

/// How long the disk takes to keep 4 KiB more of a file: no durable answer can be faster.
fn flushes(folder: &Path) -> Result<Times> {
    let path = folder.join("flush");
    let mut file = File::create(&path)?;
    let mut times = Times::default();
    for _ in 0..FLUSHES {
        let begun = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_all()?;
        times.add(begun.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(times)
}
