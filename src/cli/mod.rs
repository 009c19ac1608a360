//! The command line: the server and the administrator's commands.

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
use besedka_core::messenger::{Clock, Operator, Settings};

/// Besedka, a self-hosted team messenger.
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
    /// Run the server (the default command).
    Serve(Box<Config>),
    /// Manage accounts: add, list, deactivate, delete, set passwords, appoint administrators.
    User(user::User),
    /// Create a registration code, for servers with --registration invite.
    Invite(invite::Invite),
    /// Copy uploaded files to another storage, for example from a folder to a bucket.
    Files(files::Files),
    /// Create personal access tokens for programs.
    Token(token::Token),
    /// Show, apply or undo database migrations, or copy all data to another database.
    Migrate(migrate::Migrate),
    /// Write the OpenAPI and AsyncAPI documents to a folder.
    Openapi(openapi::Openapi),
}

/// Why a command failed, as a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command given on the command line.
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

/// Opens the messenger for a command of the server's operator.
async fn open(data: &Data) -> Result<Operator, Failure> {
    Ok(server::open_operator(data, Settings::at_the_machine(), Clock::default()).await?)
}
