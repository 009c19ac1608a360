//! `/admin/doctor`: what is wrong with the server, and what to change.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};

use super::caller::Owner;
use super::{Answer, Area};
use besedka_core::messenger::{self, Examined, Messenger};

pub struct Doctor;

/// What the program knows of the server, or the finding after which nothing else can be examined.
type Known = Result<Examined, messenger::Finding>;

/// How the program finds out what an examination needs of it.
#[derive(Clone)]
pub struct Examination(Arc<dyn Fn() -> BoxFuture<'static, Known> + Send + Sync>);

impl Examination {
    pub fn new(examined: impl Fn() -> BoxFuture<'static, Known> + Send + Sync + 'static) -> Self {
        Self(Arc::new(examined))
    }
}

/// How bad something is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
enum Severity {
    Ok,
    Warning,
    Error,
}

impl From<messenger::Severity> for Severity {
    fn from(severity: messenger::Severity) -> Self {
        match severity {
            messenger::Severity::Ok => Self::Ok,
            messenger::Severity::Warning => Self::Warning,
            messenger::Severity::Error => Self::Error,
        }
    }
}

/// Lines for the configuration of another program.
#[derive(Object)]
struct Advice {
    /// The program, such as `nginx`.
    program: String,
    /// The lines to add to its configuration.
    lines: String,
}

/// What one check found.
#[derive(Object)]
struct Finding {
    /// The name of the check, such as `public-address`; more can be added.
    check: String,
    severity: Severity,
    /// What was found and what to do about it, in English.
    summary: String,
    /// What to change in the configuration of other programs; one of them is in use.
    advice: Vec<Advice>,
}

impl From<messenger::Finding> for Finding {
    fn from(finding: messenger::Finding) -> Self {
        let messenger::Finding { check, severity, summary, advice } = finding;
        let advice = advice
            .into_iter()
            .map(|messenger::Advice { program, lines }| Advice { program: program.to_owned(), lines });
        Self { check: check.to_owned(), severity: severity.into(), summary, advice: advice.collect() }
    }
}

/// The result of an examination of the server.
#[derive(Object)]
#[oai(example)]
struct ServerFindings {
    /// The worst of all findings.
    status: Severity,
    findings: Vec<Finding>,
}

impl From<Vec<messenger::Finding>> for ServerFindings {
    fn from(found: Vec<messenger::Finding>) -> Self {
        let worst = found.iter().map(|finding| finding.severity).max();
        Self {
            status: worst.unwrap_or(messenger::Severity::Ok).into(),
            findings: found.into_iter().map(Finding::from).collect(),
        }
    }
}

impl Example for ServerFindings {
    fn example() -> Self {
        Self {
            status: Severity::Error,
            findings: vec![Finding {
                check: "upload-limit".to_owned(),
                severity: Severity::Error,
                summary: "the proxy refuses files of 100 MiB with 413".to_owned(),
                advice: vec![Advice {
                    program: "nginx".to_owned(),
                    lines: "client_max_body_size 101m;".to_owned(),
                }],
            }],
        }
    }
}

#[OpenApi(tag = "Area::Admin")]
impl Doctor {
    /// Examine the server
    ///
    /// What `besedka doctor` finds: the database, the disk, backups, the server as it is seen through its public address,
    /// its certificate, and the services that it uses, each with what to change. It takes seconds: the database is read and
    /// other servers are asked. 409 while another examination is running. Only for server administrators.
    #[oai(path = "/admin/doctor", method = "get", operation_id = "examineServer")]
    async fn examine(
        &self,
        messenger: Data<&Messenger>,
        examination: Data<&Examination>,
        caller: Owner,
    ) -> Answer<Json<ServerFindings>> {
        let administrator = messenger.as_user(caller.0).administering().await?;
        let found = match (examination.0.0)().await {
            Ok(examined) => administrator.examine(examined).await?,
            Err(finding) => vec![finding],
        };
        Ok(Json(found.into()))
    }
}
