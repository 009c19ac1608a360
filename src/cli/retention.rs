//! `besedka retention`: for how long the server keeps messages.

use std::collections::BTreeSet;
use std::io::Write;

use clap::{Args, Subcommand};

use super::{Failure, open};
use crate::config::Data;
use besedka_core::messenger::{Operator, RetentionChange};
use besedka_core::model::{ChatId, Retention};

#[derive(Args)]
pub(super) struct RetentionCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show for how many days messages are kept, and in which chats for ever.
    Show {
        #[command(flatten)]
        data: Data,
    },
    /// Delete messages that are older than a number of days for everybody, in all chats that are not exempt.
    Set {
        #[command(flatten)]
        data: Data,
        /// The number of days, 1 to 36500, or `forever` to keep all messages.
        #[arg(value_name = "DAYS", value_parser = days)]
        days: Days,
        /// Confirm that messages may be deleted. Without it, their number is printed and nothing is changed.
        #[arg(long)]
        delete_messages: bool,
    },
    /// Keep the messages of chats for ever.
    Exempt {
        #[command(flatten)]
        data: Data,
        /// The ids of the chats: the number in the address of a chat in the browser.
        #[arg(required = true, value_name = "CHAT")]
        chats: Vec<i64>,
    },
    /// Delete old messages in chats that were exempt, too.
    Include {
        #[command(flatten)]
        data: Data,
        /// The ids of the chats.
        #[arg(required = true, value_name = "CHAT")]
        chats: Vec<i64>,
        /// Confirm that messages may be deleted. Without it, their number is printed and nothing is changed.
        #[arg(long)]
        delete_messages: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct Days(Option<i64>);

impl RetentionCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let data = match &self.action {
            Action::Show { data }
            | Action::Set { data, .. }
            | Action::Exempt { data, .. }
            | Action::Include { data, .. } => data,
        };
        let operator = open(data).await?;
        let done = carry_out(&operator, self.action).await;
        operator.close().await;
        done
    }
}

async fn carry_out(operator: &Operator, action: Action) -> Result<(), Failure> {
    let before = operator.retention().await?;
    let (change, is_confirmed) = match action {
        Action::Show { .. } => return print(&before),
        Action::Set { days, delete_messages, .. } => {
            (RetentionChange { message_days: Some(days.0), exempt: None }, delete_messages)
        }
        Action::Exempt { chats, .. } => {
            let exempt = before.exempt.iter().copied().chain(chats.into_iter().map(ChatId)).collect();
            (RetentionChange { message_days: None, exempt: Some(exempt) }, true)
        }
        Action::Include { chats, delete_messages, .. } => {
            let mut exempt: BTreeSet<ChatId> = before.exempt.clone();
            for chat in chats {
                if !exempt.remove(&ChatId(chat)) {
                    return Err(format!("chat {chat} is not exempt").into());
                }
            }
            (RetentionChange { message_days: None, exempt: Some(exempt) }, delete_messages)
        }
    };
    let messages = operator.preview_retention(change.clone()).await?;
    if messages > 0 && !is_confirmed {
        return Err(format!(
            "{messages} messages would be deleted for everybody, which cannot be undone; add --delete-messages"
        )
        .into());
    }
    operator.change_retention(change).await?;
    print(&operator.retention().await?)
}

fn print(retention: &Retention) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match retention.message_days {
        Some(days) => writeln!(out, "messages are kept for {days} days")?,
        None => writeln!(out, "messages are kept for ever")?,
    }
    for chat in &retention.exempt {
        writeln!(out, "chat {chat} is exempt")?;
    }
    Ok(())
}

fn days(text: &str) -> Result<Days, String> {
    if text == "forever" {
        return Ok(Days(None));
    }
    let days = text.parse().ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days| Days(Some(days))).ok_or_else(|| "it must be 1 to 36500 days, or forever".to_owned())
}
