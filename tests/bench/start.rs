//! Section `start`: from the start of the process to a healthy answer, with data there already.

use crate::archive::Archive;
use crate::report::{Cell, Table};
use crate::times::Times;
use crate::{Bench, Result};

const TRIES: usize = 10;

pub(crate) struct Starts(Table);

impl Starts {
    pub(crate) fn new() -> Self {
        Self(Table::new(
            "Cold start to a healthy answer",
            &["messages in all", "starts", "median ms", "slowest ms"],
        ))
    }

    pub(crate) async fn measure(&mut self, bench: &Bench, archive: &Archive) -> Result<()> {
        eprintln!("start: {} messages …", archive.messages);
        let mut times = Times::default();
        for _ in 0..TRIES {
            let server = bench.start(&archive.data).await?;
            times.add(server.started_in);
            server.stop()?;
        }
        let [half, all] = times.millis([0.5, 1.0]);
        self.0.row(vec![Cell::count(archive.messages), Cell::count(TRIES), half.into(), all.into()]);
        Ok(())
    }

    pub(crate) fn table(self) -> Table {
        self.0
    }
}
