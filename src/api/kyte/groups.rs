//! `/groups`: creating a group, and joining one by its code.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::caller::SignedIn;
use super::chats::whole;
use super::types::{Chat, Created};
use super::{Answer, Area, Refusal};
use crate::body::JsonBody;
use crate::visit::Visit;
use besedka_core::messenger::{Error, Messenger, NewGroup};
use besedka_core::model::UserId;

pub struct Groups;

/// A new group.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct GroupToMake {
    name: String,
    /// The other members; the caller is always included.
    #[oai(default)]
    participant_ids: Option<Vec<String>>,
}

impl Example for GroupToMake {
    fn example() -> Self {
        Self {
            name: "Group Name".to_owned(),
            participant_ids: Some(vec!["253402300863".to_owned(), "253402300864".to_owned()]),
        }
    }
}

/// A group's join code.
#[derive(Object)]
#[oai(example, rename_all = "camelCase")]
struct Invitation {
    /// Case and surrounding spaces are ignored.
    invite_code: String,
}

impl Example for Invitation {
    fn example() -> Self {
        Self { invite_code: "ABC123".to_owned() }
    }
}

/// A group.
#[derive(Object)]
#[oai(example)]
struct Group {
    group: Chat,
}

impl Example for Group {
    fn example() -> Self {
        Self { group: Chat::example() }
    }
}

#[OpenApi(tag = "Area::Chats")]
impl Groups {
    /// Create a group
    ///
    /// The caller becomes its owner.
    #[oai(path = "/groups", method = "post", operation_id = "createGroup")]
    async fn create(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        body: JsonBody<GroupToMake>,
    ) -> Answer<Created<Group>> {
        let members = body.0.participant_ids.unwrap_or_default();
        let members = members.iter().map(|id| user_id(id)).collect::<Result<_, Error>>()?;
        let new = NewGroup::private(body.0.name, members);
        let chat = messenger.as_user(caller.0).create_group(new).await.map_err(rename_fields)?;
        let language = messenger.language(Some(caller.0.user), visit.language);
        Ok(Created::Created(Json(Group { group: whole(&messenger, caller.0, chat, language).await? })))
    }

    /// Join a group by code
    ///
    /// Wrong codes are limited to five per minute and account, and to twenty per minute and IP address.
    #[oai(path = "/groups/join", method = "post", operation_id = "joinGroup")]
    async fn join(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: SignedIn,
        body: JsonBody<Invitation>,
    ) -> Answer<Json<Group>> {
        let code = body.0.invite_code.trim().to_ascii_uppercase();
        let joined = messenger.as_user(caller.0).join_by_code(&code, visit.address).await;
        let chat = joined.map_err(|error| match error {
            Error::Conflict(reason) => Refusal::of(StatusCode::BAD_REQUEST, reason, "conflict"),
            error => error.into(),
        })?;
        let language = messenger.language(Some(caller.0.user), visit.language);
        let group = whole(&messenger, caller.0, chat, language).await?;
        // The caller knows the code already, although otherwise only members who can invite others see it.
        Ok(Json(Group { group: Chat { invite_code: Some(code), ..group } }))
    }
}

fn user_id(text: &str) -> Result<UserId, Error> {
    let unknown = || Error::invalid("participantIds", format!("no such user: {text}"));
    text.trim().parse().map(UserId).map_err(|_| unknown())
}

/// An error with this API's names of fields.
fn rename_fields(error: Error) -> Error {
    error.rename_field("title", "name").rename_field("member_ids", "participantIds")
}
