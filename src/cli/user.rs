//! `besedka user`: managing accounts.

use std::io::{BufRead, Write};

use clap::{Args, Subcommand};

use super::serve::setup_link;
use super::{Failure, open};
use crate::config::Data;
use besedka_core::messenger::{MessagesOnDeletion, Operator, Registration};
use besedka_core::model::Account;

#[derive(Args)]
pub(super) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Create an account and print its password.
    Add {
        #[command(flatten)]
        data: Data,
        /// The username to sign in with.
        username: String,
        /// The name that others see.
        #[arg(long)]
        display_name: Option<String>,
        /// The e-mail address, which can also be used to sign in.
        #[arg(long)]
        email: Option<String>,
        /// Make the user a server administrator.
        #[arg(long)]
        admin: bool,
    },
    /// Print a link with which the first administrator's account is created. It works once, for a day.
    SetupLink {
        #[command(flatten)]
        data: Data,
        /// The address at which people reach the server.
        #[arg(long, env = "BESEDKA_PUBLIC_URL", default_value = "http://localhost:8000", value_name = "URL")]
        public_url: String,
    },
    /// Set a new password for a user and print it. All their sessions end.
    Password {
        #[command(flatten)]
        data: Data,
        /// The user's username or e-mail address.
        name: String,
        /// Read the password from the first line of standard input instead of generating one.
        #[arg(long)]
        stdin: bool,
    },
    /// List all accounts, the oldest first.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Deactivate an account: end its sessions and prevent sign-in. Its messages stay.
    Deactivate(Named),
    /// Reactivate an account, so that its user can sign in again.
    Reactivate(Named),
    /// Make a user a server administrator.
    Admin {
        #[command(flatten)]
        named: Named,
        /// Take the administrator role away instead.
        #[arg(long)]
        revoke: bool,
    },
    /// Delete an account. The running server removes it from its chats.
    Delete {
        #[command(flatten)]
        named: Named,
        /// Also delete all messages that the user wrote.
        #[arg(long)]
        messages: bool,
    },
}

#[derive(Args)]
struct Named {
    #[command(flatten)]
    data: Data,
    /// The user's username or e-mail address.
    name: String,
}

impl Named {
    async fn operator(&self) -> Result<Operator, Failure> {
        open(&self.data).await
    }
}

impl User {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::SetupLink { data, public_url } => {
                let operator = open(&data).await?;
                let token = operator.setup_token().await?;
                operator.close().await;
                let token =
                    token.ok_or("the server has an administrator already; see `besedka user admin`")?;
                writeln!(std::io::stdout(), "{}", setup_link(&public_url, &token))?;
            }
            Action::Add { data, username, display_name, email, admin } => {
                let password = new_password();
                let new = Registration {
                    email,
                    username: Some(username.clone()),
                    password: password.clone(),
                    display_name,
                    ..Registration::default()
                };
                let operator = open(&data).await?;
                operator.add_user(new).await?;
                if admin {
                    operator.appoint(&username, true).await?;
                }
                operator.close().await;
                writeln!(std::io::stdout(), "username: {username}\npassword: {password}")?;
            }
            Action::Password { data, name, stdin } => {
                let password = if stdin { first_line()? } else { new_password() };
                let operator = open(&data).await?;
                operator.set_password(&name, &password).await?;
                operator.close().await;
                if !stdin {
                    writeln!(std::io::stdout(), "password: {password}")?;
                }
            }
            Action::List { data } => {
                let operator = open(&data).await?;
                let accounts = operator.accounts().await?;
                operator.close().await;
                list(&accounts)?;
            }
            Action::Deactivate(named) => {
                let operator = named.operator().await?;
                operator.deactivate(&named.name).await?;
                operator.close().await;
            }
            Action::Reactivate(named) => {
                let operator = named.operator().await?;
                operator.reactivate(&named.name).await?;
                operator.close().await;
            }
            Action::Admin { named, revoke } => {
                let operator = named.operator().await?;
                operator.appoint(&named.name, !revoke).await?;
                operator.close().await;
            }
            Action::Delete { named, messages } => {
                let messages = if messages { MessagesOnDeletion::Erased } else { MessagesOnDeletion::Kept };
                let operator = named.operator().await?;
                operator.delete_user(&named.name, messages).await?;
                operator.close().await;
            }
        }
        Ok(())
    }
}

/// Prints one account per line, separated by tabs: readable, and easy to process with `cut` and `awk`.
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
