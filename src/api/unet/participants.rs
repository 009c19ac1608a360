//! `/conversations/{id}/participants`: the participants of a conversation.

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::auth::Caller;
use super::types::{Created, Done, Participant, Role};
use super::{Answer, Area, ids};
use crate::body::JsonBody;
use crate::links::{LONG_LIFE, Links};
use crate::visit::Visit;
use besedka_core::messenger::Messenger;
use besedka_core::model::{self, UserId};

pub struct Participants;

/// The user to add.
#[derive(Object)]
#[oai(example)]
struct NewParticipant {
    user_id: i64,
    /// The role; `member` by default.
    role: Option<Role>,
}

impl Example for NewParticipant {
    fn example() -> Self {
        Self { user_id: 253_402_300_863, role: Some(Role::Member) }
    }
}

/// The participant that was added.
#[derive(Object)]
#[oai(example)]
struct Added {
    user_id: i64,
    role: Role,
    joined_at: String,
}

impl From<model::Member> for Added {
    fn from(member: model::Member) -> Self {
        Self { user_id: member.user().0, role: member.role.into(), joined_at: member.joined_at.iso() }
    }
}

impl Example for Added {
    fn example() -> Self {
        Self { user_id: 253_402_300_863, role: Role::Member, joined_at: "2024-01-01T12:00:00".to_owned() }
    }
}

#[OpenApi(tag = "Area::Participants", prefix_path = "/api/unet-chat")]
impl Participants {
    /// List participants
    #[oai(path = "/conversations/:id/participants", method = "get", operation_id = "participants")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        visit: Visit,
        caller: Caller,
        id: Path<String>,
    ) -> Answer<Json<Vec<Participant>>> {
        let members = messenger.as_user(caller.0).chat(ids::chat(&id.0)?).await?.members().await?;
        let links = Links::to(&messenger, &visit, caller.0.user).lasting(LONG_LIFE);
        Ok(Json(members.into_iter().map(|member| Participant::new(member, &links)).collect()))
    }

    /// Add a participant
    ///
    /// Only for the admins of a group; only its owner can add admins.
    #[oai(path = "/conversations/:id/participants", method = "post", operation_id = "addParticipant")]
    async fn add(
        &self,
        messenger: Data<&Messenger>,
        caller: Caller,
        id: Path<String>,
        body: JsonBody<NewParticipant>,
    ) -> Answer<Created<Added>> {
        let NewParticipant { user_id, role } = body.0;
        let chat = messenger.as_user(caller.0).chat(ids::chat(&id.0)?).await?;
        let member = chat.moderating()?.add_as(UserId(user_id), role.unwrap_or(Role::Member).into()).await?;
        Ok(Created::Created(Json(member.into())))
    }

    /// Remove a participant or leave
    ///
    /// Only for the admins of a group; every participant can leave.
    #[oai(
        path = "/conversations/:id/participants/:user_id",
        method = "delete",
        operation_id = "removeParticipant"
    )]
    async fn remove(
        &self,
        messenger: Data<&Messenger>,
        caller: Caller,
        id: Path<String>,
        user_id: Path<i64>,
    ) -> Answer<Done> {
        messenger.as_user(caller.0).chat(ids::chat(&id.0)?).await?.remove_or_leave(UserId(user_id.0)).await?;
        Ok(Done::Done)
    }
}
