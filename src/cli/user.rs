//! `besedka user add`: accounts by hand.

use std::io::Write;

use clap::{Args, Subcommand};

use super::Failure;
use crate::config::Data;
use crate::messenger::{Clock, Opening, Registration, Settings};
use crate::server;

#[derive(Args)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make an account and print its password.
    Add {
        #[command(flatten)]
        data: Data,
        /// The name to sign in with.
        username: String,
        /// The name that others see.
        #[arg(long)]
        display_name: Option<String>,
        #[arg(long)]
        email: Option<String>,
    },
}

impl User {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Action::Add { data, username, display_name, email } = self.action;
        let messenger = server::open(&data, administrator(), Clock::default()).await?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        let new = Registration {
            email,
            username: Some(username.clone()),
            password: password.clone(),
            display_name,
            ..Registration::default()
        };
        messenger.add_user(new).await?;
        messenger.close().await;
        writeln!(std::io::stdout(), "username: {username}\npassword: {password}")?;
        Ok(())
    }
}

/// An administrator at the machine is not limited.
pub(super) fn administrator() -> Settings {
    Settings { opening: Opening::Open, upload_limit: 1, rate_limits: false }
}
