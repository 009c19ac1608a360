//! The object of an embedding application that a chat belongs to.

use super::InvalidField;

/// The maximum lengths of service and id, in characters.
const MAX_LENGTH: (usize, usize) = (100, 190);

/// An object of another application, such as a course. There is at most one chat for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The kind of object.
    pub service: String,
    /// The object's id; without it, any number of chats may belong to the service.
    pub id: Option<String>,
}

impl Topic {
    /// `None` when both are missing or blank.
    pub fn new(service: Option<String>, id: Option<String>) -> Result<Option<Self>, InvalidField> {
        let named = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let invalid = |field, reason: &str| Err(InvalidField { field, reason: reason.to_owned() });
        let (service, id) = (named(service), named(id));
        let (most, most_of_id) = MAX_LENGTH;
        match (service, id) {
            (None, None) => Ok(None),
            (None, Some(_)) => invalid("service", "is missing"),
            (Some(service), _) if service.chars().count() > most => {
                invalid("service", "is longer than 100 characters")
            }
            (_, Some(id)) if id.chars().count() > most_of_id => {
                invalid("service_id", "is longer than 190 characters")
            }
            (Some(service), id) => Ok(Some(Self { service, id })),
        }
    }
}
