//! Recording in the audit log, in the transaction of what is recorded.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::{AuditAction, AuditEntry, AuditTarget, User, UserId};
use crate::store::{audit, users};

/// The longest name that is recorded, in characters.
const MAX_NAME: usize = 200;

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A user, and the address of the request.
    User(UserId, Option<IpAddr>),
    /// A command on the server's machine.
    Operator,
    /// The server by itself, and the address of the request that made it act.
    System(Option<IpAddr>),
}

impl UnitOfWork {
    /// Records an action in the audit log. `details` is a JSON object, or null; it must contain neither secrets nor texts
    /// of messages.
    pub(crate) async fn audit(
        &mut self,
        by: Actor,
        action: AuditAction,
        target: impl Into<Option<AuditTarget>> + Send,
        details: Value,
    ) -> Result<()> {
        let mut target = target.into();
        let (kind, actor, address) = match by {
            Actor::User(user, address) => ("user", Some(user), address),
            Actor::Operator => ("operator", None, None),
            Actor::System(address) => ("system", None, address),
        };
        let actor_name = match actor {
            Some(user) => users::by_id(&mut self.tx, user).await?.map(name_of),
            None => None,
        };
        if let Some(target) = target.as_mut().filter(|target| target.kind == "user" && target.name.is_none())
        {
            target.name = match actor {
                Some(actor) if actor.0 == target.id => actor_name.clone(),
                _ => users::by_id(&mut self.tx, UserId(target.id)).await?.map(name_of),
            };
        }
        if let Some(name) = target.as_mut().and_then(|target| target.name.as_mut()) {
            *name = name.chars().take(MAX_NAME).collect();
        }
        let entry = AuditEntry {
            id: self.messenger().id(),
            at: self.now,
            action: action.name().to_owned(),
            actor_kind: kind.to_owned(),
            actor,
            actor_name,
            target,
            address: address.map(|address| address.to_canonical().to_string()),
            details: match details {
                Value::Object(details) => details,
                _ => Map::new(),
            },
        };
        audit::insert(&mut self.tx, &entry).await?;
        self.mark_changed();
        Ok(())
    }
}

/// The name by which a person is found again: the username, which is unique, or else the display name.
fn name_of(user: User) -> String {
    user.person.username.unwrap_or(user.person.display_name)
}
