//! `besedka user`: accounts by hand.

use std::io::{BufRead, Write};

use clap::{Args, Subcommand};

use super::{Failure, open};
use crate::config::Data;
use besedka_core::messenger::{Legacy, Messenger, Registration};
use besedka_core::model::Account;

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
    /// List all accounts, the oldest first.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// End somebody's sessions and let them sign in no more; what they said stays.
    Deactivate(Named),
    /// Let somebody sign in again.
    Reactivate(Named),
    /// Let somebody look after the server. Whoever came first does so already.
    Admin {
        #[command(flatten)]
        named: Named,
        /// Take it from them again.
        #[arg(long)]
        revoke: bool,
    },
    /// Delete an account. A running server takes it out of its chats.
    Delete {
        #[command(flatten)]
        named: Named,
        /// Delete everything that they said, too.
        #[arg(long)]
        messages: bool,
    },
}

#[derive(Args)]
struct Named {
    #[command(flatten)]
    data: Data,
    /// Their username or e-mail address.
    name: String,
}

impl Named {
    async fn messenger(&self) -> Result<Messenger, Failure> {
        open(&self.data).await
    }
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
                let messenger = open(&data).await?;
                messenger.add_user(new).await?;
                messenger.close().await;
                writeln!(std::io::stdout(), "username: {username}\npassword: {password}")?;
            }
            Action::Password { data, name, stdin } => {
                let password = if stdin { first_line()? } else { new_password() };
                let messenger = open(&data).await?;
                messenger.set_password(&name, &password).await?;
                messenger.close().await;
                if !stdin {
                    writeln!(std::io::stdout(), "password: {password}")?;
                }
            }
            Action::List { data } => {
                let messenger = open(&data).await?;
                let accounts = messenger.accounts().await?;
                messenger.close().await;
                list(&accounts)?;
            }
            Action::Deactivate(named) => {
                let messenger = named.messenger().await?;
                messenger.deactivate(&named.name).await?;
                messenger.close().await;
            }
            Action::Reactivate(named) => {
                let messenger = named.messenger().await?;
                messenger.reactivate(&named.name).await?;
                messenger.close().await;
            }
            Action::Admin { named, revoke } => {
                let messenger = named.messenger().await?;
                messenger.appoint(&named.name, !revoke).await?;
                messenger.close().await;
            }
            Action::Delete { named, messages } => {
                let legacy = if messages { Legacy::Erased } else { Legacy::Kept };
                let messenger = named.messenger().await?;
                messenger.delete_user(&named.name, legacy).await?;
                messenger.close().await;
            }
        }
        Ok(())
    }
}

/// One account in a line, with tabs between: for eyes, and for `cut` and `awk`.
fn list(accounts: &[Account]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "username\temail\tname\tsince\tstate")?;
    for Account { user, deactivated_at, .. } in accounts {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let state = match (deactivated_at.is_some(), user.is_admin) {
            (true, _) => "deactivated",
            (false, true) => "admin",
            (false, false) => "active",
        };
        let (username, email) = (or_none(&user.person.username), or_none(&user.email));
        let (name, since) = (&user.person.display_name, user.person.created_at.iso());
        writeln!(out, "{username}\t{email}\t{name}\t{since}\t{state}")?;
    }
    Ok(())
}

fn new_password() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn first_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
