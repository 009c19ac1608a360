//! The command line: the server and the administrator's commands.

mod any_certificate;
mod audit;
mod backup;
mod config;
mod doctor;
mod files;
mod healthcheck;
mod invite;
mod log;
mod migrate;
mod openapi;
mod restore;
mod serve;
mod token;
mod user;

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command as ClapCommand, CommandFactory, FromArgMatches, Parser, Subcommand};

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
    /// Back up the whole server, which may be running: the database, the files and the server's secret.
    Backup(backup::BackupCommand),
    /// Restore a backup where there is no server yet, or check one.
    Restore(restore::Restore),
    /// Show or export the audit log: who did what to the server and its accounts, when and from where.
    Audit(audit::Audit),
    /// Examine the server, also from outside by its public address, and say what to change. The exit code is 0 if all
    /// is well, 1 with warnings and 2 with errors.
    Doctor(doctor::Doctor),
    /// Show the settings and where each comes from.
    Config(config::ConfigCommand),
    /// Ask the running server whether it is healthy. The exit code is 0 if it is, and 1 if not.
    Healthcheck(healthcheck::Healthcheck),
    /// Write the OpenAPI and AsyncAPI documents to a folder.
    Openapi(openapi::Openapi),
}

/// Why a command failed, as a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command given on the command line. Returns the exit code.
pub fn run() -> Result<ExitCode, Failure> {
    // What the program creates is its owner's alone, whatever the umask of the shell that started it.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let (Besedka { command, config }, matches) = parse();
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
            Some(Command::Backup(backup)) => backup.run().await,
            Some(Command::Restore(restore)) => restore.run().await,
            Some(Command::Audit(audit)) => audit.run().await,
            Some(Command::Doctor(doctor)) => return Ok(ExitCode::from(doctor.run().await?)),
            Some(Command::Config(config)) => config
                .run(matches.subcommand_matches("config").ok_or("the command line can't be read again")?),
            Some(Command::Healthcheck(healthcheck)) => healthcheck.run().await,
            Some(Command::Openapi(openapi)) => openapi.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Parses the command line and the environment. A variable that is set to nothing, as a compose file sets it for a
/// missing one, counts as not set.
fn parse() -> (Besedka, ArgMatches) {
    let matches = without_empty_variables(Besedka::command()).get_matches();
    let parsed = Besedka::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    (parsed, matches)
}

fn without_empty_variables(command: ClapCommand) -> ClapCommand {
    let empty: Vec<_> = std::env::vars_os()
        .filter(|(_, value)| value.to_str().is_some_and(|value| value.trim().is_empty()))
        .map(|(name, _)| name)
        .collect();
    let is_empty = |arg: &Arg| arg.get_env().is_some_and(|name| empty.iter().any(|empty| empty == name));
    command
        .mut_args(|arg| if is_empty(&arg) { arg.env(None) } else { arg })
        .mut_subcommands(without_empty_variables)
}

/// Opens the messenger for a command of the server's operator.
async fn open(data: &Data) -> Result<Operator, Failure> {
    Ok(server::open_operator(data, Settings::at_the_machine(), Clock::default()).await?)
}
