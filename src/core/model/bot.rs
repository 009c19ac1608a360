//! Bots: accounts of programs.

use super::{Person, UserId};

/// The kind of a program's account. The numbers are stored in the database; 0 is a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BotKind {
    Assistant = 1,
    /// Created by a user, who owns it.
    Bot = 2,
    /// The author of the messages of an incoming webhook.
    Webhook = 3,
}

/// A bot that a user owns.
#[derive(Debug, Clone)]
pub struct Bot {
    pub person: Person,
    pub owner: UserId,
    /// By name.
    pub commands: Vec<BotCommand>,
}

/// A slash command of a bot: `/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotCommand {
    /// Without the slash.
    pub name: String,
    /// For people who look for a command; may be empty.
    pub description: String,
}

/// A slash command of a text, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandCall {
    pub name: String,
    /// The username of the bot that is meant, from `/name@bot`.
    pub bot: Option<String>,
    pub arguments: String,
}

impl BotCommand {
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 32;

    /// Whether a name can be one of a command: 1 to 32 lower-case letters, digits, `_` and `-`, the first of which is a
    /// letter. Letters of any script: `/погода` is one.
    pub fn is_name(name: &str) -> bool {
        name.chars().count() <= Self::MAX_NAME
            && name.starts_with(|c: char| c.is_alphabetic() && !c.is_uppercase())
            && name.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '_' | '-'))
    }
}

impl CommandCall {
    /// The command that a text begins with. A path such as `/etc/hosts` is none.
    pub fn of(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix('/')?;
        let (word, arguments) = match rest.find(char::is_whitespace) {
            Some(end) => (&rest[..end], rest[end..].trim()),
            None => (rest, ""),
        };
        let (name, bot) = word.split_once('@').map_or((word, None), |(name, bot)| (name, Some(bot)));
        let name = name.to_lowercase();
        let is_valid = BotCommand::is_name(&name) && bot.is_none_or(|bot| !bot.is_empty());
        is_valid.then(|| Self { name, bot: bot.map(str::to_owned), arguments: arguments.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_word_after_a_slash() {
        let call = |name: &str, bot: Option<&str>, arguments: &str| {
            let (name, arguments) = (name.to_owned(), arguments.to_owned());
            Some(CommandCall { name, bot: bot.map(str::to_owned), arguments })
        };
        assert_eq!(CommandCall::of("/deploy api  to prod "), call("deploy", None, "api  to prod"));
        assert_eq!(CommandCall::of("/Deploy"), call("deploy", None, ""));
        assert_eq!(CommandCall::of("/deploy\nnow"), call("deploy", None, "now"));
        assert_eq!(CommandCall::of("/deploy@ci api"), call("deploy", Some("ci"), "api"));
        assert_eq!(CommandCall::of("/погода завтра"), call("погода", None, "завтра"));
        for text in
            ["deploy", "/", "/ deploy", "//deploy", "/etc/hosts", "/8ball", "/a.b", "/deploy@", "say /deploy"]
        {
            assert_eq!(CommandCall::of(text), None, "{text}");
        }
        assert_eq!(CommandCall::of(&format!("/{}", "a".repeat(33))), None);
    }
}
