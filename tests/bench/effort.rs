//! What a stretch of time cost the server and, for honesty, the load generator beside it.

use std::fs::read_to_string;
use std::time::{Duration, Instant};

use crate::Result;
use crate::server::Server;

pub(crate) struct Watch {
    begun: Instant,
    server: Duration,
    own: Duration,
    written: u64,
}

pub(crate) struct Effort {
    wall: Duration,
    server: Duration,
    own: Duration,
    /// Bytes that the server had written to the disk.
    written: u64,
}

impl Watch {
    pub(crate) fn start(nodes: &[&Server]) -> Result<Self> {
        let (server, written) = (taken(nodes)?, written(nodes)?);
        Ok(Self { server, written, own: cpu("self")?, begun: Instant::now() })
    }

    pub(crate) fn read(&self, nodes: &[&Server]) -> Result<Effort> {
        Ok(Effort {
            wall: self.begun.elapsed(),
            server: taken(nodes)? - self.server,
            own: cpu("self")? - self.own,
            written: written(nodes)?.saturating_sub(self.written),
        })
    }
}

/// Processor time of all of them together.
fn taken(nodes: &[&Server]) -> Result<Duration> {
    nodes.iter().map(|node| node.cpu()).sum()
}

/// Bytes that all of them together had written to a disk: `write_bytes` in `/proc/PID/io`.
fn written(nodes: &[&Server]) -> Result<u64> {
    nodes.iter().map(|node| node.written()).sum()
}

impl Effort {
    /// Kibibytes that the server had written to the disk for each of `count`.
    pub(crate) fn kibibytes_each(&self, count: u64) -> f64 {
        self.written as f64 / 1024.0 / count as f64
    }

    pub(crate) fn rate(&self, count: u64) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }

    /// Microseconds of the server's processor time for each of `count`.
    pub(crate) fn micros_each(&self, count: u64) -> f64 {
        self.server.as_secs_f64() * 1e6 / count as f64
    }

    /// How many cores the server kept busy.
    pub(crate) fn server_cores(&self) -> f64 {
        self.server.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// How much of a core the generator took.
    pub(crate) fn own_cores(&self) -> f64 {
        self.own.as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// Linux tells other programs of processor time in hundredths of a second, whatever its own clock does.
const TICK: u64 = 10;

/// User and system time of a process: fields 14 and 15 of its stat line. The name in field 2 may
/// hold spaces, so counting begins behind its bracket.
pub(crate) fn cpu(process: &str) -> Result<Duration> {
    let stat = read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let mut ticks = 0;
    for field in fields.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(Duration::from_millis(ticks * TICK))
}
