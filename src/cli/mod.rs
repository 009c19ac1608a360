//! The command line: the server and the administrator's commands.

mod any_certificate;
mod audit;
mod backup;
mod chats;
mod config;
mod doctor;
mod files;
mod healthcheck;
mod invite;
mod log;
mod migrate;
mod openapi;
mod restore;
mod retention;
mod serve;
mod token;
mod traces;
mod user;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgMatches, Command as ClapCommand, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, Data};
use crate::server;
use besedka_core::backup::check_not_interrupted;
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
    /// List groups and channels, delete them, give them to another owner.
    Chats(chats::ChatsCommand),
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
    /// Show or change for how long messages are kept, and in which chats for ever.
    Retention(retention::RetentionCommand),
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
            Some(Command::Chats(chats)) => chats.run().await,
            Some(Command::Invite(invite)) => invite.run().await,
            Some(Command::Files(files)) => files.run().await,
            Some(Command::Token(token)) => token.run().await,
            Some(Command::Migrate(migrate)) => migrate.run().await,
            Some(Command::Backup(backup)) => backup.run().await,
            Some(Command::Restore(restore)) => restore.run().await,
            Some(Command::Retention(retention)) => retention.run().await,
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

/// Parses the command line and the environment. A setting that is set to nothing, as a compose file sets it for a missing
/// variable, counts as not set.
fn parse() -> (Besedka, ArgMatches) {
    let given = without_empty_settings(&Besedka::command(), std::env::args_os());
    let matches = without_empty_variables(Besedka::command()).try_get_matches_from(given);
    let matches = matches.unwrap_or_else(|error| masking_secrets(error).exit());
    let parsed = Besedka::from_arg_matches(&matches).unwrap_or_else(|error| masking_secrets(error).exit());
    (parsed, matches)
}

/// An error without the password that a refused value may contain: what a service prints is logged and kept.
fn masking_secrets(mut error: clap::Error) -> clap::Error {
    let shown = match (error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidValue)) {
        (Some(ContextValue::String(flag)), Some(ContextValue::String(value))) => {
            config::refused_value(flag, value)
        }
        _ => None,
    };
    if let Some(shown) = shown {
        error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    }
    error
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

/// The command line without settings that are given as nothing: `--public-url ''`, `--public-url=`.
fn without_empty_settings(command: &ClapCommand, given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut settings = HashSet::new();
    collect_settings(command, &mut settings);
    let is_empty = |value: &OsString| value.to_str().is_some_and(|value| value.trim().is_empty());
    let is_setting = |flag: &str| flag.strip_prefix("--").is_some_and(|name| settings.contains(name));
    let (mut given, mut kept) = (given.into_iter().peekable(), Vec::new());
    while let Some(part) = given.next() {
        let flag = part.to_str().unwrap_or_default();
        let is_unset = match flag.split_once('=') {
            Some((flag, value)) => is_setting(flag) && value.trim().is_empty(),
            None => is_setting(flag) && given.next_if(is_empty).is_some(),
        };
        if !is_unset {
            kept.push(part);
        }
    }
    kept
}

/// The names of all settings that take a value: of what has a variable.
fn collect_settings(command: &ClapCommand, names: &mut HashSet<String>) {
    let with_value =
        command.get_arguments().filter(|arg| arg.get_env().is_some() && arg.get_action().takes_values());
    names.extend(with_value.filter_map(|arg| arg.get_long().map(str::to_owned)));
    command.get_subcommands().for_each(|command| collect_settings(command, names));
}

/// Opens the messenger for a command of the server's operator. Fails where there is no server.
async fn open(data: &Data) -> Result<Operator, Failure> {
    require_server(data)?;
    Ok(server::open_operator(data, Settings::at_the_machine(), Clock::default()).await?)
}

/// Fails if the settings lead to no server. Opening would create an empty one, and a command with wrong settings would
/// succeed there while the server that was meant stays as it is.
fn require_server(data: &Data) -> Result<(), Failure> {
    check_not_interrupted(&data.data_dir)?;
    if let Some(file) = data.database_url()?.strip_prefix("sqlite:") {
        require_file("the database", Path::new(file))?;
    }
    require_file("the server's secret", &data.secret())
}

fn require_file(what: &str, file: &Path) -> Result<(), Failure> {
    let place = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    match file.try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!(
            "there is no server here: {what} {} does not exist. Give the settings of the server: its data folder with \
             --data-dir or BESEDKA_DATA_DIR, and its database, if that is elsewhere, with --database-url or \
             BESEDKA_DATABASE_URL",
            place.display()
        )
        .into()),
        Err(error) => Err(format!("{what} {} can't be read: {error}", place.display()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(given: &[&str]) -> Result<Besedka, clap::Error> {
        let command = Besedka::command();
        let given = ["besedka"].iter().chain(given).map(OsString::from);
        let given = without_empty_settings(&command, given);
        Besedka::from_arg_matches(&command.try_get_matches_from(given)?)
    }

    #[test]
    fn a_setting_that_is_given_as_nothing_is_not_set() {
        let mut settings = HashSet::new();
        collect_settings(&Besedka::command(), &mut settings);
        assert!(settings.len() > 50, "{settings:?}");
        for name in &settings {
            for given in [
                vec![format!("--{name}="), format!("--{name}"), String::new()],
                vec![format!("--{name}"), " ".to_owned()],
            ] {
                let given = given.iter().map(OsString::from).collect::<Vec<_>>();
                assert_eq!(without_empty_settings(&Besedka::command(), given), [""; 0], "--{name}");
            }
        }
        let config =
            parsed(&["--public-url", "", "--listen", "127.0.0.1:1", "--smtp-url=", "--registration", ""]);
        let config = config.unwrap().config;
        assert_eq!((config.public_url, config.listen.as_str()), (None, "127.0.0.1:1"));
        assert!(parsed(&["serve", "--public-url", ""]).is_ok());
    }

    #[test]
    fn a_value_that_is_refused_is_shown_without_its_password() {
        for given in [
            &["--database-url", "postgres://besedka:hush@db/besedka"][..],
            &["--database-url", "mysql:besedka:hush@db/besedka"],
            &["--database-url=hush"],
            &["--otlp-url", "http://besedka:hush@otel:4318"],
            &["--backup-to", "s3://besedka:hush@bucket/?endpoint=http://s3"],
            &["--public-url", "https://besedka:hush@chat.example.org"],
            &["migrate", "--from", "postgres://besedka:hush@db/besedka", "--to", "sqlite:a.db"],
        ] {
            let shown = masking_secrets(parsed(given).err().unwrap()).to_string();
            assert!(shown.contains("***") && !shown.contains("hush"), "{shown}");
        }
        let shown = masking_secrets(parsed(&["--public-url", "chat.example.org"]).err().unwrap()).to_string();
        assert!(shown.contains("'chat.example.org'") && shown.contains("--public-url"), "{shown}");
    }

    #[test]
    fn what_is_no_setting_or_not_empty_stays() {
        for given in [
            &["--public-url", "https://example.org"][..],
            &["--public-url", "--listen", ""],
            &["user", "add", "anna", "--unknown", ""],
            &["user", ""],
        ] {
            let given: Vec<OsString> = given.iter().map(OsString::from).collect();
            let kept = without_empty_settings(&Besedka::command(), given.clone());
            let without_listen = given.iter().any(|part| part == "--listen");
            assert_eq!(kept, if without_listen { given[..1].to_vec() } else { given });
        }
        assert!(parsed(&["--public-url", "chat.example.org"]).is_err());
    }
}
