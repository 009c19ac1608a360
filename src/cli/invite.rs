//! `besedka invite`: codes for registration by invitation.

use std::io::Write;
use std::time::Duration;

use clap::Args;

use super::{Failure, open};
use crate::config::Data;

#[derive(Args)]
pub(super) struct Invite {
    #[command(flatten)]
    data: Data,
    /// How many days the code is valid.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=365))]
    days: u64,
}

impl Invite {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let operator = open(&self.data).await?;
        let code = operator.invite(Duration::from_secs(self.days * 24 * 3_600)).await;
        operator.close().await;
        let code = code?;
        writeln!(std::io::stdout(), "{code}")?;
        Ok(())
    }
}
