//! What the program knows of a server that is examined.

use std::sync::Arc;

use rustix::process::{Resource, getrlimit};

use super::tls;
use crate::config::Config;
use besedka_api::v1::Examination;
use besedka_core::messenger::{Examined, Finding, Settings, examine_migrations};

/// The settings of a server and what is found of its database and certificate, or a finding after which nothing else can
/// be examined.
pub(crate) async fn examined(config: &Config, settings: &Settings) -> Result<Examined, Finding> {
    let url = config.data.database_url().map_err(|reason| Finding::error("settings", reason))?;
    let migrations = examine_migrations(&url).await?;
    Ok(Examined {
        before: vec![migrations],
        public_url: config.public_url.clone(),
        listen: config.listen.clone(),
        has_trusted_proxies: !config.trusted_proxies.is_empty(),
        upload_limit: config.upload_limit,
        registration: settings.registration,
        has_tls: config.tls.is_on(),
        certificate: tls::examine(config, config.clock.now()),
        push: settings.push.clone(),
        mail: settings.senders.mail.clone(),
        assistant: settings.assistant.clone(),
        bus: settings.bus.clone(),
        backup_every: config.operation.backup_every,
        max_fds: getrlimit(Resource::Nofile).current,
    })
}

/// How the running server is examined for its administrators.
pub(super) fn examination(config: &Config) -> Examination {
    let config = Arc::new(config.clone());
    Examination::new(move || {
        let config = config.clone();
        Box::pin(async move {
            let settings = config.settings().map_err(|reason| Finding::error("settings", reason))?;
            examined(&config, &settings).await
        })
    })
}
