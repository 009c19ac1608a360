//! `besedka config`: the settings and where each comes from.

use std::io::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, Subcommand};
use serde_json::json;

use super::Failure;
use crate::config::Config;

/// What is shown instead of a secret.
const MASK: &str = "***";

#[derive(Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show every setting, its value and where the value comes from: a flag, an environment variable or the default.
    /// Secrets are masked.
    Show {
        /// Write JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: Box<Config>,
    },
}

/// A setting as it is shown.
struct Setting {
    flag: String,
    variable: Option<String>,
    /// `None` if the setting is not set and has no default.
    value: Option<String>,
    source: &'static str,
}

impl ConfigCommand {
    /// `matches` are those of this command.
    pub(super) fn run(self, matches: &ArgMatches) -> Result<(), Failure> {
        let Action::Show { json, config } = self.action;
        let matches = matches.subcommand_matches("show").ok_or("the command line can't be read again")?;
        let command = Config::augment_args(Command::new("besedka"));
        let settings: Vec<Setting> =
            command.get_arguments().map(|arg| setting(arg, matches, &config)).collect();
        let mut out = std::io::stdout();
        if json {
            let all: Vec<_> = settings
                .iter()
                .map(|Setting { flag, variable, value, source }| {
                    json!({"flag": flag, "variable": variable, "value": value, "source": source})
                })
                .collect();
            return Ok(writeln!(out, "{:#}", json!({"settings": all}))?);
        }
        let width =
            |text: fn(&Setting) -> &str| settings.iter().map(|one| text(one).len()).max().unwrap_or(0);
        let (flags, sources) = (width(|one| &one.flag), width(|one| one.source));
        for Setting { flag, variable, value, source } in &settings {
            let value = value.as_deref().unwrap_or("-");
            let variable = match (*source, variable) {
                ("environment", Some(variable)) => format!("  ({variable})"),
                _ => String::new(),
            };
            writeln!(out, "{flag:<flags$}  {source:<sources$}  {value}{variable}")?;
        }
        Ok(())
    }
}

fn setting(arg: &Arg, matches: &ArgMatches, config: &Config) -> Setting {
    let id = arg.get_id().as_str();
    let given = matches.get_raw(id).map(|values| {
        let values: Vec<_> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        values.join(",")
    });
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => "flag",
        Some(ValueSource::EnvVariable) => "environment",
        _ => "default",
    };
    let is_secret = arg.is_hide_env_values_set();
    let value = given.filter(|value| !value.is_empty()).or_else(|| default(id, config));
    Setting {
        flag: arg.get_long().map(|long| format!("--{long}")).unwrap_or_default(),
        variable: arg.get_env().map(|name| name.to_string_lossy().into_owned()),
        value: value.map(|value| if is_secret { masked(&value) } else { value }),
        source,
    }
}

/// Defaults that depend on other settings.
fn default(id: &str, config: &Config) -> Option<String> {
    let data = &config.data;
    match id {
        "database_url" if data.database_url_file.is_none() => data.database_url().ok(),
        "storage_url" => Some(data.storage().to_string()),
        "secret_file" => Some(data.secret().display().to_string()),
        _ => None,
    }
}

/// A setting that may hold a secret: of a database's or a server's address only the user and the password are masked.
fn masked(value: &str) -> String {
    if value.starts_with("sqlite:") {
        return value.to_owned();
    }
    match value.split_once("://") {
        // A web address may be secret as a whole.
        Some((scheme, _)) if !scheme.starts_with("http") => {
            without_login(value).unwrap_or_else(|| value.to_owned())
        }
        _ => MASK.to_owned(),
    }
}

/// An address with its user and password masked; `None` if it has none.
fn without_login(value: &str) -> Option<String> {
    let (login, place) = value.rsplit_once('@')?;
    // What was refused may lack the slashes.
    let scheme = match login.split_once("://") {
        Some((scheme, _)) => &login[..scheme.len() + 3],
        None => &login[..=login.find(':')?],
    };
    Some(format!("{scheme}{MASK}@{place}"))
}

/// What to show of a value that was refused; `None` for all of it. `flag` is as clap writes it, `--database-url <URL>`.
pub(super) fn refused_value(flag: &str, value: &str) -> Option<String> {
    let command = Config::augment_args(Command::new("besedka"));
    let name = flag.split([' ', '=']).next().and_then(|flag| flag.strip_prefix("--"));
    let is_secret = name.is_some()
        && command.get_arguments().any(|arg| arg.is_hide_env_values_set() && arg.get_long() == name);
    if is_secret { Some(masked(value)) } else { without_login(value) }
}

#[cfg(test)]
mod tests {
    use super::{masked, refused_value};

    #[test]
    fn secrets_are_masked_and_places_are_not() {
        for (value, shown) in [
            ("mysql://besedka:hush@db.lan:3306/besedka", "mysql://***@db.lan:3306/besedka"),
            ("mysql://besedka:h@sh@db.lan/besedka", "mysql://***@db.lan/besedka"),
            ("nats://token@bus:4222", "nats://***@bus:4222"),
            ("nats://bus:4222", "nats://bus:4222"),
            ("sqlite:data/besedka.db", "sqlite:data/besedka.db"),
            ("https://sms.example.org/send/hush", "***"),
            ("hush", "***"),
        ] {
            assert_eq!(masked(value), shown);
        }
    }

    #[test]
    fn a_refused_address_is_shown_without_user_and_password() {
        for (value, shown) in [
            ("postgres://besedka:hush@db.lan/besedka", Some("postgres://***@db.lan/besedka")),
            ("mysql:besedka:hush@db.lan", Some("mysql:***@db.lan")),
            ("besedka:hush@db.lan/besedka", Some("besedka:***@db.lan/besedka")),
            ("anna@example.org", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(refused_value("--from <URL>", value).as_deref(), shown);
        }
    }
}
