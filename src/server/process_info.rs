//! What the operating system says about this process.

use std::fs;

/// The memory, time and files of this process; what can't be read is zero.
#[derive(Debug, Default)]
pub(super) struct ProcessInfo {
    pub resident_bytes: u64,
    pub virtual_bytes: u64,
    pub cpu_seconds: f64,
    pub open_fds: usize,
    /// `None` if there is no limit.
    pub max_fds: Option<u64>,
    /// Since 1970.
    pub start_seconds: f64,
}

impl ProcessInfo {
    pub(super) fn read() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name in parentheses may contain spaces. After it come the fields from the third on (proc(5)).
        let fields: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let field = |number: usize| -> u64 {
            fields.get(number - 3).and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        let ticks = |number: u64| number as f64 / rustix::param::clock_ticks_per_second() as f64;
        let booted = fs::read_to_string("/proc/stat").unwrap_or_default();
        let booted = booted.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok());
        let page_size = rustix::param::page_size() as u64;
        Self {
            resident_bytes: field(24) * page_size,
            virtual_bytes: field(23),
            cpu_seconds: ticks(field(14) + field(15)),
            open_fds: fs::read_dir("/proc/self/fd").map_or(0, |fds| fds.count().saturating_sub(1)),
            max_fds: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
            start_seconds: booted.unwrap_or_default() + ticks(field(22)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_files_and_a_start() {
        let info = ProcessInfo::read();
        assert!(info.resident_bytes > 1024 * 1024 && info.virtual_bytes >= info.resident_bytes, "{info:?}");
        assert!(info.open_fds >= 3, "{info:?}");
        let now = besedka_core::messenger::Clock::default().now().seconds() as f64;
        assert!((now - info.start_seconds).abs() < 3_600.0, "{info:?}");
    }
}
