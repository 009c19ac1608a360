//! `/admin/audit`: the audit log.

use std::io;

use bytes::Bytes;
use futures_util::Stream;
use poem::Body;
use poem::http::header;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::{Binary, Json, Response};
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::{Value, json};

use super::caller::Owner;
use super::{Answer, Area};
use besedka_core::messenger::{AuditExport, Error, Messenger};
use besedka_core::model::{self, AuditAction, AuditFilter, Time, UserId};

pub struct Audit;

/// Who did something.
#[derive(Object)]
struct AuditActor {
    /// `user`, `operator` for a command on the server's machine, or `system` for the server by itself.
    r#type: String,
    /// Only of a user.
    id: Option<i64>,
    /// The user's name at the time.
    name: Option<String>,
}

/// What something was done to.
#[derive(Object)]
struct AuditTarget {
    /// `user`, `chat`, `webhook` or `report`; more can be added. Of sessions and tokens it is their user.
    r#type: String,
    id: i64,
    /// Its name at the time.
    name: Option<String>,
}

/// An entry of the audit log.
#[derive(Object)]
#[oai(example)]
struct AuditEntry {
    id: i64,
    /// UTC, ISO 8601 without a zone.
    at: String,
    /// What was done, such as `account.deactivate`; more can be added.
    action: String,
    actor: AuditActor,
    target: Option<AuditTarget>,
    /// The IP address of the request.
    address: Option<String>,
    /// More about it: a JSON object without secrets and texts of messages.
    details: Value,
}

impl From<model::AuditEntry> for AuditEntry {
    fn from(entry: model::AuditEntry) -> Self {
        let target =
            entry.target.map(|model::AuditTarget { kind, id, name }| AuditTarget { r#type: kind, id, name });
        Self {
            id: entry.id,
            at: entry.at.iso(),
            action: entry.action,
            actor: AuditActor {
                r#type: entry.actor_kind,
                id: entry.actor.map(|actor| actor.0),
                name: entry.actor_name,
            },
            target,
            address: entry.address,
            details: Value::Object(entry.details),
        }
    }
}

impl Example for AuditEntry {
    fn example() -> Self {
        Self {
            id: 253_402_301_567,
            at: "2024-03-26T12:00:00".to_owned(),
            action: AuditAction::SessionRevoke.name().to_owned(),
            actor: AuditActor {
                r#type: "user".to_owned(),
                id: Some(253_402_300_863),
                name: Some("anna".to_owned()),
            },
            target: Some(AuditTarget {
                r#type: "user".to_owned(),
                id: 253_402_300_927,
                name: Some("boris".to_owned()),
            }),
            address: Some("192.0.2.7".to_owned()),
            details: json!({"sessions": "all"}),
        }
    }
}

/// How the audit log is exported.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum AuditFormat {
    /// JSON Lines: an object on each line, as in `GET /admin/audit`.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
}

const CSV_HEADER: &str =
    "id,at,action,actor_type,actor_id,actor_name,target_type,target_id,target_name,address,details\r\n";

impl AuditFormat {
    /// What stands before all entries.
    pub fn header(self) -> &'static str {
        match self {
            Self::Jsonl => "",
            Self::Csv => CSV_HEADER,
        }
    }

    /// An entry with its line break.
    pub fn line(self, entry: model::AuditEntry) -> String {
        match self {
            Self::Jsonl => {
                let value = AuditEntry::from(entry).to_json().unwrap_or_default();
                format!("{value}\n")
            }
            Self::Csv => csv_line(entry),
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

fn csv_line(entry: model::AuditEntry) -> String {
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let (target_type, target_id, target_name) = match entry.target {
        Some(target) => (target.kind, number(Some(target.id)), target.name.unwrap_or_default()),
        None => Default::default(),
    };
    let cells = [
        entry.id.to_string(),
        entry.at.iso(),
        entry.action,
        entry.actor_kind,
        number(entry.actor.map(|actor| actor.0)),
        entry.actor_name.unwrap_or_default(),
        target_type,
        target_id,
        target_name,
        entry.address.unwrap_or_default(),
        Value::Object(entry.details).to_string(),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell in quotes (RFC 4180). Spreadsheets take what begins with some characters for a formula, and names are chosen by
/// users: an apostrophe before it makes it a text.
fn csv_cell(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))
}

fn filter(
    action: Option<String>,
    user_id: Option<i64>,
    since: Option<String>,
    until: Option<String>,
) -> Result<AuditFilter, Error> {
    let time = |field: &'static str, text: Option<String>| {
        text.map(|text| Time::read(&text).ok_or_else(|| Error::invalid(field, "must be a time, ISO 8601")))
            .transpose()
    };
    let action = action.map(|name| {
        AuditAction::by_name(&name).ok_or_else(|| {
            let names: Vec<_> = AuditAction::ALL.iter().map(|action| action.name()).collect();
            Error::invalid("action", format!("must be one of {}", names.join(", ")))
        })
    });
    Ok(AuditFilter {
        action: action.transpose()?,
        person: user_id.map(UserId),
        since: time("since", since)?,
        until: time("until", until)?,
    })
}

#[OpenApi(tag = "Area::Admin")]
impl Audit {
    /// The audit log
    ///
    /// What administrators, operators and the server did, and what users did for the security of their accounts; the
    /// newest first. For the next page, pass the last entry's `id` as `before_id`. Only for server administrators.
    #[oai(path = "/admin/audit", method = "get", operation_id = "auditLog")]
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    async fn list(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// Only this action, such as `account.deactivate`.
        action: Query<Option<String>>,
        /// Only what this user did, and what was done to their account.
        user_id: Query<Option<i64>>,
        /// Not before this time (ISO 8601).
        since: Query<Option<String>>,
        /// Before this time (ISO 8601).
        until: Query<Option<String>>,
        before_id: Query<Option<i64>>,
        /// The maximum number of results, 1 to 200; 50 by default.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<Vec<AuditEntry>>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let filter = filter(action.0, user_id.0, since.0, until.0)?;
        let entries = administrator.audit_log(&filter, before_id.0, limit.0).await?;
        Ok(Json(entries.into_iter().map(AuditEntry::from).collect()))
    }

    /// Export the audit log
    ///
    /// All entries that match, the oldest first, as a file. The export itself is recorded. In CSV, a cell that
    /// spreadsheets would take for a formula begins with an apostrophe. Only for server administrators.
    #[oai(path = "/admin/audit/export", method = "get", operation_id = "exportAuditLog")]
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    async fn export(
        &self,
        messenger: Data<&Messenger>,
        caller: Owner,
        /// `jsonl` by default.
        format: Query<Option<AuditFormat>>,
        /// Only this action, such as `account.deactivate`.
        action: Query<Option<String>>,
        /// Only what this user did, and what was done to their account.
        user_id: Query<Option<i64>>,
        /// Not before this time (ISO 8601).
        since: Query<Option<String>>,
        /// Before this time (ISO 8601).
        until: Query<Option<String>>,
    ) -> Answer<Response<Binary<Body>>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let format = format.0.unwrap_or(AuditFormat::Jsonl);
        let export = administrator.export_audit_log(filter(action.0, user_id.0, since.0, until.0)?).await?;
        let name = format!("attachment; filename=\"besedka-audit.{}\"", format.extension());
        Ok(Response::new(Binary(Body::from_bytes_stream(stream(export, format))))
            .header(header::CONTENT_TYPE, format.content_type())
            .header(header::CONTENT_DISPOSITION, name)
            .header(header::CACHE_CONTROL, "private, no-store"))
    }
}

/// Streams the export page by page.
fn stream(
    export: AuditExport,
    format: AuditFormat,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let header = (!format.header().is_empty()).then(|| Ok(Bytes::from_static(format.header().as_bytes())));
    let pages = futures_util::stream::try_unfold(export, move |mut export| async move {
        let page = export.next().await.map_err(io::Error::other)?;
        let text: String = page.into_iter().map(|entry| format.line(entry)).collect();
        Ok((!text.is_empty()).then(|| (Bytes::from(text), export)))
    });
    futures_util::StreamExt::chain(futures_util::stream::iter(header), pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("anna", "\"anna\""),
            ("say \"hi\", Anna", "\"say \"\"hi\"\", Anna\""),
            ("=1+1", "\"'=1+1\""),
            (" =cmd|' /C calc'!A0", "\"' =cmd|' /C calc'!A0\""),
            ("+7 999", "\"'+7 999\""),
            ("-", "\"'-\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
