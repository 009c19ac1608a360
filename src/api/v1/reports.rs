//! Reports of messages and people to the administrators of the server.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};

use super::caller::{Owner, SignedIn};
use super::idempotency::Key;
use super::types::{Done, MessageType};
use super::{Answer, Area};
use crate::body::JsonBody;
use besedka_core::messenger::{Messenger, ReportView};
use besedka_core::model::{self, MessageId, ReportSubject, UserId};

pub struct Reports;

/// Why something is reported.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
enum ReportReason {
    Spam,
    Harassment,
    Violence,
    Sexual,
    Fraud,
    Illegal,
    Other,
}

impl From<ReportReason> for model::ReportReason {
    fn from(reason: ReportReason) -> Self {
        match reason {
            ReportReason::Spam => Self::Spam,
            ReportReason::Harassment => Self::Harassment,
            ReportReason::Violence => Self::Violence,
            ReportReason::Sexual => Self::Sexual,
            ReportReason::Fraud => Self::Fraud,
            ReportReason::Illegal => Self::Illegal,
            ReportReason::Other => Self::Other,
        }
    }
}

impl From<model::ReportReason> for ReportReason {
    fn from(reason: model::ReportReason) -> Self {
        match reason {
            model::ReportReason::Spam => Self::Spam,
            model::ReportReason::Harassment => Self::Harassment,
            model::ReportReason::Violence => Self::Violence,
            model::ReportReason::Sexual => Self::Sexual,
            model::ReportReason::Fraud => Self::Fraud,
            model::ReportReason::Illegal => Self::Illegal,
            model::ReportReason::Other => Self::Other,
        }
    }
}

/// A new report.
#[derive(Object)]
#[oai(example)]
struct NewReport {
    reason: ReportReason,
    /// More about it, up to 1,000 characters.
    comment: Option<String>,
}

impl Example for NewReport {
    fn example() -> Self {
        Self { reason: ReportReason::Spam, comment: Some("The third time today".to_owned()) }
    }
}

/// A person in a report.
#[derive(Object)]
struct ReportPerson {
    id: i64,
    /// Null if the account was deleted.
    username: Option<String>,
    /// Null if the account was deleted.
    display_name: Option<String>,
}

/// A reported message, as it was when it was reported.
#[derive(Object)]
struct ReportedMessage {
    id: i64,
    chat_id: i64,
    /// Null for a chat that was deleted, and empty for a private one.
    chat_title: Option<String>,
    r#type: MessageType,
    text: String,
    /// UTC, ISO 8601 without a zone.
    sent_at: String,
}

/// What became of a report.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
enum ReportState {
    Open,
    Resolved,
    Dismissed,
}

/// A report of a message or a person.
#[derive(Object)]
#[oai(example)]
struct Report {
    id: i64,
    /// UTC, ISO 8601 without a zone.
    created_at: String,
    reason: ReportReason,
    comment: Option<String>,
    reporter: ReportPerson,
    /// The person who is reported, or who wrote the message.
    user: ReportPerson,
    /// Null if a person is reported.
    message: Option<ReportedMessage>,
    state: ReportState,
    /// Null while it is open. UTC, ISO 8601 without a zone.
    closed_at: Option<String>,
    /// The administrator who closed it.
    closed_by: Option<ReportPerson>,
    /// What they noted.
    note: Option<String>,
}

impl From<ReportView> for Report {
    fn from(view: ReportView) -> Self {
        let ReportView { report, people, chat_title } = view;
        let person = |id: UserId| {
            let user = people.iter().find(|user| user.id() == id && !user.person.is_deleted);
            ReportPerson {
                id: id.0,
                username: user.and_then(|user| user.person.username.clone()),
                display_name: user.map(|user| user.person.display_name.clone()),
            }
        };
        let state = match &report.decision {
            None => ReportState::Open,
            Some(decision) if decision.is_upheld => ReportState::Resolved,
            Some(_) => ReportState::Dismissed,
        };
        Self {
            id: report.id,
            created_at: report.created_at.iso(),
            reason: report.reason.into(),
            comment: report.comment,
            reporter: person(report.reporter),
            user: person(report.subject.user()),
            message: match report.subject {
                ReportSubject::User(_) => None,
                ReportSubject::Message(message) => Some(ReportedMessage {
                    id: message.id.0,
                    chat_id: message.chat.0,
                    chat_title,
                    r#type: message.kind.into(),
                    text: message.text,
                    sent_at: message.sent_at.iso(),
                }),
            },
            state,
            closed_at: report.decision.as_ref().map(|decision| decision.at.iso()),
            closed_by: report.decision.as_ref().map(|decision| person(decision.by)),
            note: report.decision.and_then(|decision| decision.note),
        }
    }
}

impl Example for Report {
    fn example() -> Self {
        let person = |id: i64, name: &str| ReportPerson {
            id,
            username: Some(name.to_owned()),
            display_name: Some(name.to_owned()),
        };
        Self {
            id: 253_402_301_631,
            created_at: "2024-03-26T12:05:00".to_owned(),
            reason: ReportReason::Spam,
            comment: Some("The third time today".to_owned()),
            reporter: person(253_402_300_863, "anna"),
            user: person(253_402_300_927, "boris"),
            message: Some(ReportedMessage {
                id: 253_402_301_119,
                chat_id: 253_402_300_991,
                chat_title: Some("Garden".to_owned()),
                r#type: MessageType::Text,
                text: "Buy now".to_owned(),
                sent_at: "2024-03-26T12:00:00".to_owned(),
            }),
            state: ReportState::Open,
            closed_at: None,
            closed_by: None,
            note: None,
        }
    }
}

/// An administrator's decision.
#[derive(Object)]
#[oai(example)]
struct ReportDecision {
    /// For other administrators, up to 1,000 characters.
    note: Option<String>,
}

impl Example for ReportDecision {
    fn example() -> Self {
        Self { note: Some("Asked to stop".to_owned()) }
    }
}

#[OpenApi]
impl Reports {
    /// Report a message
    ///
    /// To the administrators of the server, with its text as it is now. Reporting the same message again changes nothing.
    #[oai(
        path = "/messages/:id/report",
        method = "post",
        operation_id = "reportMessage",
        tag = "Area::Messages"
    )]
    async fn report_message(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        body: JsonBody<NewReport>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        let NewReport { reason, comment } = body.0;
        caller.message(MessageId(id.0)).await?.report(reason.into(), comment.as_deref()).await?;
        Ok(Done::Done)
    }

    /// Report a user
    ///
    /// To the administrators of the server. Reporting the same user again changes nothing.
    #[oai(path = "/users/:id/report", method = "post", operation_id = "reportUser", tag = "Area::Users")]
    async fn report_user(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        body: JsonBody<NewReport>,
    ) -> Answer<Done> {
        let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
        let NewReport { reason, comment } = body.0;
        caller.report_person(UserId(id.0), reason.into(), comment.as_deref()).await?;
        Ok(Done::Done)
    }

    /// List reports
    ///
    /// Of messages and users, the newest first. For the next page, pass the last report's `id` as `before_id`. Only for
    /// server administrators.
    #[oai(path = "/admin/reports", method = "get", operation_id = "reports", tag = "Area::Admin")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// True for closed reports instead of open ones.
        closed: Query<Option<bool>>,
        before_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<Report>>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let reports = administrator.reports(!closed.0.unwrap_or(false), before_id.0, limit.0).await?;
        Ok(Json(reports.into_iter().map(Report::from).collect()))
    }

    /// Resolve a report
    ///
    /// Closes a report after something was done about it; 409 if it is closed. Only for server administrators.
    #[oai(
        path = "/admin/reports/:id/resolve",
        method = "post",
        operation_id = "resolveReport",
        tag = "Area::Admin"
    )]
    async fn resolve(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        body: JsonBody<ReportDecision>,
    ) -> Answer<Done> {
        close(&messenger, caller, &key, id.0, true, body.0).await
    }

    /// Dismiss a report
    ///
    /// Closes a report about which nothing has to be done; 409 if it is closed. Only for server administrators.
    #[oai(
        path = "/admin/reports/:id/dismiss",
        method = "post",
        operation_id = "dismissReport",
        tag = "Area::Admin"
    )]
    async fn dismiss(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        id: Path<i64>,
        body: JsonBody<ReportDecision>,
    ) -> Answer<Done> {
        close(&messenger, caller, &key, id.0, false, body.0).await
    }
}

async fn close(
    messenger: &Messenger,
    caller: Owner,
    key: &Key,
    id: i64,
    is_upheld: bool,
    decision: ReportDecision,
) -> Answer<Done> {
    let caller = messenger.as_user(caller.0).once(key.answering(StatusCode::NO_CONTENT));
    caller.administering().await?.close_report(id, is_upheld, decision.note.as_deref()).await?;
    Ok(Done::Done)
}
