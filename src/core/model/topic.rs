//! What a chat is about in the application around it.

use super::Flaw;

/// The longest name of a kind of things, and of one of them, in characters.
const LONGEST: (usize, usize) = (100, 190);

/// Something of another application, as a course or a week of one. There is one chat about each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// What kind of thing.
    pub service: String,
    /// Which of them; without it, any number of chats may be about that kind.
    pub id: Option<String>,
}

impl Topic {
    /// Nothing when nothing is named.
    pub fn new(service: Option<String>, id: Option<String>) -> Result<Option<Self>, Flaw> {
        let named = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let flaw = |field, reason: &str| Err(Flaw { field, reason: reason.to_owned() });
        let (service, id) = (named(service), named(id));
        let (most, most_of_id) = LONGEST;
        match (service, id) {
            (None, None) => Ok(None),
            (None, Some(_)) => flaw("service", "is missing"),
            (Some(service), _) if service.chars().count() > most => {
                flaw("service", "is longer than 100 characters")
            }
            (_, Some(id)) if id.chars().count() > most_of_id => {
                flaw("service_id", "is longer than 190 characters")
            }
            (Some(service), id) => Ok(Some(Self { service, id })),
        }
    }
}
