//! The command line: the server, and what an administrator does beside it.

mod files;
mod invite;
mod migrate;
mod openapi;
mod serve;
mod token;
mod user;

use clap::{Parser, Subcommand};

use crate::config::{Config, Data};
use crate::server;
use besedka_core::messenger::{Clock, Messenger, Settings};

/// Besedka, a messenger that a team hosts itself.
#[derive(Parser)]
#[command(name = "besedka", version, about, args_conflicts_with_subcommands = true)]
struct Besedka {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    config: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server; also what happens without a command.
    Serve(Box<Config>),
    /// Make, list, deactivate and delete accounts, whoever may register, and give them passwords.
    User(user::User),
    /// Make a code with which people may register where it is by invitation.
    Invite(invite::Invite),
    /// Move uploaded files from one place to another, as from a folder to a bucket.
    Files(files::Files),
    /// Make personal access tokens for programs.
    Token(token::Token),
    /// Show how far the tables of the database are, or bring them up to date.
    Migrate(migrate::Migrate),
    /// Write the descriptions of the APIs into a folder.
    Openapi(openapi::Openapi),
}

/// Why a command failed: a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Does what the command line says.
pub fn run() -> Result<(), Failure> {
    let Besedka { command, config } = Besedka::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            None => serve::run(config).await,
            Some(Command::Serve(config)) => serve::run(*config).await,
            Some(Command::User(user)) => user.run().await,
            Some(Command::Invite(invite)) => invite.run().await,
            Some(Command::Files(files)) => files.run().await,
            Some(Command::Token(token)) => token.run().await,
            Some(Command::Migrate(migrate)) => migrate.run().await,
            Some(Command::Openapi(openapi)) => openapi.run(),
        }
    })
}

/// The messenger, for an administrator.
async fn open(data: &Data) -> Result<Messenger, Failure> {
    Ok(server::open(data, Settings::at_the_machine(), Clock::default()).await?)
}
