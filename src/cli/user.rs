//! `besedka user`: accounts by hand.

use std::io::{BufRead, Write};

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
    /// Give somebody another password and print it; all their sessions end.
    Password {
        #[command(flatten)]
        data: Data,
        /// Their username or e-mail address.
        name: String,
        /// Read the password from the first line of the standard input instead of making one.
        #[arg(long)]
        stdin: bool,
    },
}

impl User {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::Add { data, username, display_name, email } => {
                let password = new_password();
                let new = Registration {
                    email,
                    username: Some(username.clone()),
                    password: password.clone(),
                    display_name,
                    ..Registration::default()
                };
                let messenger = server::open(&data, administrator(), Clock::default()).await?;
                messenger.add_user(new).await?;
                messenger.close().await;
                writeln!(std::io::stdout(), "username: {username}\npassword: {password}")?;
            }
            Action::Password { data, name, stdin } => {
                let password = if stdin { first_line()? } else { new_password() };
                let messenger = server::open(&data, administrator(), Clock::default()).await?;
                messenger.set_password(&name, &password).await?;
                messenger.close().await;
                if !stdin {
                    writeln!(std::io::stdout(), "password: {password}")?;
                }
            }
        }
        Ok(())
    }
}

fn new_password() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn first_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// An administrator at the machine is not limited.
pub(super) fn administrator() -> Settings {
    Settings {
        opening: Opening::Open,
        upload_limit: 1,
        voice_limit: 1,
        quota_per_user: 0,
        quota_total: 0,
        rate_limits: false,
        link_previews: None,
    }
}
