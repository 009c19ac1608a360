//! `besedka token`: personal access tokens.

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Failure, open};
use crate::config::Data;
use besedka_core::messenger::NewToken;
use besedka_core::model::Scopes;

#[derive(Args)]
pub(super) struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Create a token that lets a program act as a user, and print its secret.
    Create {
        #[command(flatten)]
        data: Data,
        /// The user's username or e-mail address.
        username: String,
        /// A name that says what the token is for.
        #[arg(long, default_value = "made by an administrator")]
        name: String,
        /// What the token may be used for: read, write, account.
        #[arg(long, value_delimiter = ',', default_value = "read,write", value_name = "SCOPE,…", value_parser = scope)]
        scopes: Vec<Scopes>,
        /// How many days the token is valid. By default, until it is revoked.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: Option<u32>,
    },
}

impl Token {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Action::Create { data, username, name, scopes, days } = self.action;
        let scopes = scopes.into_iter().fold(Scopes::NONE, Scopes::and);
        let life = days.map(|days| Duration::from_secs(24 * 3_600) * days);
        let operator = open(&data).await?;
        let made = operator.create_token_for(&username, NewToken { name, scopes, life }).await?;
        operator.close().await;
        writeln!(std::io::stdout(), "{}", made.secret)?;
        Ok(())
    }
}

fn scope(text: &str) -> Result<Scopes, String> {
    Scopes::by_name(text).ok_or_else(|| "it must be read, write or account".to_owned())
}
