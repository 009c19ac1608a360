//! Reports of messages and people, and what administrators decide about them.

use std::time::Duration;

use serde_json::json;

use crate::boxed;
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::foundation::{Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::messages::message::MessageInChat;
use crate::messenger::{Caller, Messenger};
use crate::model::{
    AuditAction, AuditTarget, Change, ChatId, Kind, Report, ReportDecision, ReportReason, ReportSubject,
    ReportedMessage, User, UserId, text,
};
use crate::store::{accounts, chats, reports, users};

/// The longest comment and note, in characters.
const MAX_TEXT: usize = 1_000;
const MAX_LISTED: u64 = 200;
/// How long closed reports are kept: they contain what people wrote.
const KEPT: Duration = Duration::from_secs(365 * 24 * 3_600);

/// A report with the names that administrators need to decide.
#[derive(Debug, Clone)]
pub struct ReportView {
    pub report: Report,
    /// Who reports, who is reported, and who decided, as far as they have an account.
    pub people: Vec<User>,
    /// The chat of a message; `None` if the chat was deleted.
    pub chat_title: Option<String>,
}

impl MessageInChat {
    /// Reports the message to the administrators of the server, with its text as it is now. Reporting it again changes
    /// nothing.
    #[boxed]
    pub async fn report(mut self, reason: ReportReason, comment: Option<&str>) -> Result<()> {
        let comment = check_text("comment", comment)?;
        let reporter = self.caller().access.user;
        self.caller().messenger.limit(Limit::Report(reporter))?;
        let mut work = self.begin().await?;
        let message = self.message();
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        if message.kind == Kind::System {
            return Err(Error::Forbidden("Notices of the server can't be reported"));
        }
        if message.author == reporter {
            return Err(Error::Conflict("You can't report your own message"));
        }
        let subject = ReportSubject::Message(ReportedMessage {
            id: message.id,
            chat: message.chat,
            author: message.author,
            kind: message.kind,
            text: message.plain(),
            sent_at: message.sent_at,
        });
        insert(&mut work, reporter, subject, reason, comment).await?;
        self.commit(work, Subject::Nothing).await
    }
}

impl Caller {
    /// Reports a person to the administrators of the server. Reporting them again changes nothing.
    #[boxed]
    pub async fn report_person(self, id: UserId, reason: ReportReason, comment: Option<&str>) -> Result<()> {
        let comment = check_text("comment", comment)?;
        let reporter = self.access.user;
        self.messenger.limit(Limit::Report(reporter))?;
        let mut work = self.messenger.begin_for([reporter]).await?;
        let user = users::by_id(&mut work.tx, id).await?.filter(|user| !user.person.is_deleted);
        if user.ok_or(Error::NotFound("user"))?.id() == reporter {
            return Err(Error::Conflict("You can't report yourself"));
        }
        insert(&mut work, reporter, ReportSubject::User(id), reason, comment).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

async fn insert(
    work: &mut UnitOfWork,
    reporter: UserId,
    subject: ReportSubject,
    reason: ReportReason,
    comment: Option<String>,
) -> Result<()> {
    let (id, created_at) = (work.messenger().id(), work.now);
    let report = Report { id, reporter, subject, reason, comment, created_at, decision: None };
    reports::insert(&mut work.tx, &report).await?;
    work.mark_changed();
    tell_administrators(work).await
}

/// Tells the administrators how many reports are open.
async fn tell_administrators(work: &mut UnitOfWork) -> Result<()> {
    let open = reports::count_open(&mut work.tx).await?;
    for administrator in accounts::list_admins(&mut work.tx).await? {
        work.announce(administrator, Change::ReportsUpdated { open });
    }
    Ok(())
}

fn check_text(field: &'static str, given: Option<&str>) -> Result<Option<String>> {
    let Some(given) = given else { return Ok(None) };
    let checked = text::lines(given).filter(|text| text.chars().count() <= MAX_TEXT);
    let reason = || Error::invalid(field, format!("must have at most {MAX_TEXT} visible characters"));
    Ok(Some(checked.ok_or_else(reason)?).filter(|text| !text.is_empty()))
}

impl Administrator {
    /// Reports that are open, or those that are closed; the newest first, before one of them.
    #[boxed]
    pub async fn reports(
        &self,
        is_open: bool,
        before: Option<i64>,
        limit: Option<u64>,
    ) -> Result<Vec<ReportView>> {
        let limit = limit.unwrap_or(50).clamp(1, MAX_LISTED);
        let mut read = self.messenger().db.read().await?;
        let listed = reports::list(&mut read, is_open, before, limit).await?;
        let mut ids: Vec<UserId> = listed.iter().flat_map(people).collect();
        ids.sort_unstable();
        ids.dedup();
        let known = users::by_ids(&mut read, &ids).await?;
        let mut views = Vec::with_capacity(listed.len());
        for report in listed {
            let ids = people(&report);
            let people = known.iter().filter(|user| ids.contains(&user.id())).cloned().collect();
            let chat_title = match chat(&report) {
                Some(chat) => chats::by_id(&mut read, chat).await?.map(|chat| chat.title),
                None => None,
            };
            views.push(ReportView { report, people, chat_title });
        }
        Ok(views)
    }

    /// Resolves an open report (`is_upheld`), or dismisses it.
    #[boxed]
    pub async fn close_report(self, id: i64, is_upheld: bool, note: Option<&str>) -> Result<()> {
        let note = check_text("note", note)?;
        let mut work = self.begin_alone().await?;
        let report = reports::locked(&mut work.tx, id).await?.ok_or(Error::NotFound("report"))?;
        if report.decision.is_some() {
            return Err(Error::Conflict("This report is closed already"));
        }
        let decision = ReportDecision { at: work.now, by: self.id(), is_upheld, note };
        reports::close(&mut work.tx, id, &decision).await?;
        let action = if is_upheld { AuditAction::ReportResolve } else { AuditAction::ReportDismiss };
        let details = json!({"user_id": report.subject.user().0, "reason": report.reason.name()});
        work.audit(self.actor(), action, AuditTarget::new("report", id, None), details).await?;
        tell_administrators(&mut work).await?;
        self.finish(work).await
    }
}

fn people(report: &Report) -> Vec<UserId> {
    let decided = report.decision.as_ref().map(|decision| decision.by);
    [report.reporter, report.subject.user()].into_iter().chain(decided).collect()
}

fn chat(report: &Report) -> Option<ChatId> {
    match &report.subject {
        ReportSubject::User(_) => None,
        ReportSubject::Message(message) => Some(message.chat),
    }
}

impl Messenger {
    pub(crate) async fn delete_old_reports(&self) -> Result<()> {
        let mut work = self.begin_background().await?;
        let before = work.now - KEPT;
        reports::delete_closed_before(&mut work.tx, before).await?;
        work.commit().await
    }
}
