//! `besedka chats`: groups and channels.

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Failure, open};
use crate::config::Data;
use besedka_core::messenger::Operator;
use besedka_core::model::{ChatFilter, ChatId, ChatKind, ChatOverview, Person};

#[derive(Args)]
pub(super) struct ChatsCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List groups and channels, the last active first. Private chats are not listed.
    List {
        #[command(flatten)]
        data: Data,
        /// Only chats whose titles contain these words or parts of words.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "WORDS")]
        query: String,
    },
    /// Delete a group or channel for everybody.
    Delete {
        #[command(flatten)]
        data: Data,
        /// The id of the chat.
        #[arg(value_name = "CHAT")]
        chat: i64,
        /// Confirm it. Without it, the chat is named and nothing is changed.
        #[arg(long)]
        yes: bool,
    },
    /// Make a member the owner of a group or channel. The owner before becomes an admin.
    Owner {
        #[command(flatten)]
        data: Data,
        /// The id of the chat.
        #[arg(value_name = "CHAT")]
        chat: i64,
        /// The member's username or e-mail address.
        name: String,
    },
}

impl ChatsCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let (Action::List { data, .. } | Action::Delete { data, .. } | Action::Owner { data, .. }) =
            &self.action;
        let operator = open(data).await?;
        let done = carry_out(&operator, self.action).await;
        operator.close().await;
        done
    }
}

async fn carry_out(operator: &Operator, action: Action) -> Result<(), Failure> {
    match action {
        Action::List { query, .. } => {
            let filter = ChatFilter { words: query, ..ChatFilter::default() };
            Ok(list(&operator.chats(&filter).await?)?)
        }
        Action::Delete { chat, yes, .. } => {
            let chat = operator.chat_overview(ChatId(chat)).await?;
            if !yes {
                let ChatOverview { title, member_count, .. } = chat;
                return Err(format!(
                    "“{title}” with {member_count} members would be deleted for everybody, which cannot be undone; add \
                     --yes"
                )
                .into());
            }
            Ok(operator.delete_chat(chat.id).await?)
        }
        Action::Owner { chat, name, .. } => Ok(operator.set_chat_owner(ChatId(chat), &name).await?),
    }
}

/// Prints one chat per line, separated by tabs.
fn list(chats: &[ChatOverview]) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    writeln!(out, "id\tkind\ttitle\towner\tmembers\tactive\tretention")?;
    for chat in chats {
        let ChatOverview { id, title, member_count, active_at, .. } = chat;
        let kind = if chat.kind == ChatKind::Channel { "channel" } else { "group" };
        let owner = chat.owner.as_ref().map_or_else(|| "-".to_owned(), name_of);
        let retention = if chat.is_exempt { "exempt" } else { "-" };
        writeln!(out, "{id}\t{kind}\t{title}\t{owner}\t{member_count}\t{}\t{retention}", active_at.iso())?;
    }
    out.flush()
}

fn name_of(owner: &Person) -> String {
    let name = owner.username.as_deref().unwrap_or(&owner.display_name);
    match owner.is_deactivated {
        true => format!("{name} (deactivated)"),
        false => name.to_owned(),
    }
}
