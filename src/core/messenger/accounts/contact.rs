//! Contacts by which users are reached outside of the messenger: e-mail addresses and phone numbers.

use crate::integrations::is_mail_address;
use crate::messenger::foundation::{Error, Result};
use crate::model::{self, User, email_key, text};
use crate::store::{Executor, users};

/// An e-mail address, or a phone number in E.164.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    Email(String),
    Phone(String),
}

impl Contact {
    pub fn email(text: &str) -> Result<Self> {
        check_email(text).map(Self::Email)
    }

    /// Parses a phone number. Without a country code it is taken as Russian, also with the trunk prefix 8 instead of
    /// +7.
    pub fn phone(text: &str) -> Result<Self> {
        let text = text.trim();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_written = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\u{a0}' | '-' | '(' | ')' | '.');
        let is_whole = text.starts_with('+');
        let number = match (is_whole, digits.len()) {
            (true, 11) if digits.starts_with('7') => Some(digits),
            (true, 8..=15) if !digits.starts_with(['0', '7']) => Some(digits),
            (true, 12) if digits.starts_with("77") => None,
            (false, 11) if digits.starts_with(['7', '8']) => Some(format!("7{}", &digits[1..])),
            (false, 10) if !digits.starts_with('0') => Some(format!("7{digits}")),
            _ => None,
        };
        match number {
            Some(number) if text.trim_start_matches('+').chars().all(is_written) => {
                Ok(Self::Phone(format!("+{number}")))
            }
            _ => Err(Error::invalid("phone", "must be a phone number, such as +79991234567")),
        }
    }

    /// The normalised form: different spellings of an address are equal.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Email(address) => email_key(address),
            Self::Phone(number) => number.clone(),
        }
    }

    /// The account with this contact.
    pub(crate) async fn account(&self, run: &mut Executor) -> Result<Option<User>> {
        Ok(match self {
            Self::Email(address) => users::by_email(run, address).await?,
            Self::Phone(number) => users::by_phone(run, number).await?,
        })
    }

    /// The account's own spelling of a contact of this kind.
    pub(crate) fn of(&self, user: User) -> Option<Self> {
        match self {
            Self::Email(_) => user.email.map(Self::Email),
            Self::Phone(_) => user.phone.map(Self::Phone),
        }
    }

    /// What mail servers compare by: unlike in [`Contact::key`], accents count.
    pub(crate) fn mailbox(&self) -> String {
        match self {
            Self::Email(address) => model::mailbox(address),
            Self::Phone(number) => number.clone(),
        }
    }

    /// A default display name.
    pub(crate) fn default_name(&self) -> String {
        match self {
            Self::Email(address) => address.split('@').next().unwrap_or_default().chars().take(64).collect(),
            // Don't disclose the whole number.
            Self::Phone(number) => format!("User {}", &number[number.len() - 4..]),
        }
    }
}

pub(crate) fn check_email(text: &str) -> Result<String> {
    let text = text.trim();
    let has_invisible = text.chars().any(char::is_whitespace) || text::has_invisible(text);
    if has_invisible || !is_mail_address(text) {
        return Err(Error::invalid("email", "is not an e-mail address"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_repaired_where_it_is_clear_what_is_meant() {
        for (written, number) in [
            ("+79991234567", "+79991234567"),
            (" +7 (999) 123-45-67 ", "+79991234567"),
            ("89991234567", "+79991234567"),
            ("8 999 123 45 67", "+79991234567"),
            ("79991234567", "+79991234567"),
            ("9991234567", "+79991234567"),
            ("+49 1512 3456789", "+4915123456789"),
            ("+1.212.555.0100", "+12125550100"),
            ("+3726123456", "+3726123456"),
        ] {
            assert_eq!(Contact::phone(written).unwrap(), Contact::Phone(number.to_owned()), "{written}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_is_refused() {
        let long_label = format!("ann@{}.org", "a".repeat(64));
        let long_name = format!("{}@example.org", "a".repeat(65));
        let long = format!("ann@{}org", "abcdefghi.".repeat(26));
        for wrong in [
            "",
            "@",
            "ann",
            "ann@",
            "@example.org",
            "a@b@c.org",
            "a b@c.org",
            ".ann@example.org",
            "ann.@example.org",
            "a..n@example.org",
            "ann@example..org",
            "ann@.org",
            "ann@org.",
            "ann@-example.org",
            "ann@example-.org",
            "ann@exa_mple.org",
            "ann@exam,ple.org",
            "ann@1.2.3.4",
            "ann@b%41.org",
            "<ann@example.org>",
            "Ann <ann@example.org>",
            "ann@example.org,",
            "a(b)@example.org",
            "ann@xn--\u{430}.org",
            &long_label,
            &long_name,
            &long,
        ] {
            assert!(check_email(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_that_can_be_is_kept_as_it_is_written() {
        for fine in [
            "ann@example.org",
            "Ann.Lee+chat@Example.org",
            "o'neil@example.co.uk",
            "анна@пример.рф",
            "ann@xn--e1afmkfd.xn--p1ai",
            "ann@localhost",
            "a_b-c=d@mail-1.example.museum",
            "用户@例子.广告",
        ] {
            assert_eq!(check_email(&format!(" {fine} ")).unwrap(), fine);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in [
            "",
            "+",
            "12345",
            "+7999123456",
            "+799912345678",
            "+0123456789",
            "4915123456789",
            "+1234567890123456",
            "+7999123456a",
            "++79991234567 9",
            "7999+1234567",
            "ann@example.com",
        ] {
            assert!(Contact::phone(wrong).is_err(), "{wrong:?}");
        }
    }
}
