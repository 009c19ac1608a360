//! What `besedka doctor` says of the certificate.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::authority;
use crate::config::Config;
use besedka_core::integrations::validity;
use besedka_core::messenger::Finding;
use besedka_core::model::Time;

/// A certificate of one's own that ends within this time is reported, in days.
const SOON: i64 = 14;
const DAY: i64 = 24 * 3_600 * 1_000;

/// Examines the certificate of a server that encrypts by itself.
pub(crate) fn examine(config: &Config, now: Time) -> Option<Finding> {
    match &config.tls.tls_cert {
        Some(file) => Some(own(file, now)),
        None if config.tls.tls_domain.is_empty() => None,
        None => Some(of_authority(config, now)),
    }
}

fn own(file: &Path, now: Time) -> Finding {
    let check = "certificate";
    let wrong = |why: String| Finding::error(check, format!("--tls-cert {}: {why}", file.display()));
    let read = std::fs::read(file).map_err(|error| error.to_string()).and_then(|chain| period(&chain));
    let (from, until) = match read {
        Ok(period) => period,
        Err(why) => return wrong(why),
    };
    if now < from {
        return wrong(format!("it is not valid before {}", from.iso()));
    }
    let days = (until.0 - now.0) / DAY;
    if until <= now {
        return wrong(format!("it was valid until {}: browsers refuse the server", until.iso()));
    }
    let said = format!("the certificate is valid until {}", until.iso());
    match days < SOON {
        true => Finding::warning(check, format!("{said}: put a new one in its place within {days} days")),
        false => Finding::ok(check, said),
    }
}

fn of_authority(config: &Config, now: Time) -> Finding {
    let check = "certificate";
    let hosts = config.tls.tls_domain.join(", ");
    let reachable = "the authority must reach port 443 or, with --http-listen, port 80 of these names; the server's log says \
                     what it answered";
    let Some(chain) = authority::stored_chain(config) else {
        let summary = format!("there is no certificate for {hosts} yet: {reachable}");
        return Finding::warning(check, summary);
    };
    let (from, until) = match period(chain.as_bytes()) {
        Ok(period) => period,
        Err(why) => return Finding::error(check, format!("the stored certificate can't be used: {why}")),
    };
    if until <= now {
        let summary = format!("the certificate for {hosts} was valid until {}: {reachable}", until.iso());
        return Finding::error(check, summary);
    }
    // The server asks at once when it is due, and for half a day at most it waits after a failure.
    if authority::due(from, until) + std::time::Duration::from_secs(24 * 3_600) < now {
        let summary =
            format!("the certificate for {hosts} ends {} and could not be renewed: {reachable}", until.iso());
        return Finding::warning(check, summary);
    }
    Finding::ok(
        check,
        format!("the certificate for {hosts} is valid until {} and is renewed before", until.iso()),
    )
}

/// From when until when the first certificate of a chain (PEM) is valid.
fn period(chain: &[u8]) -> Result<(Time, Time), String> {
    let first = CertificateDer::pem_slice_iter(chain).next().ok_or("there is no certificate in it")?;
    let first = first.map_err(|error| format!("it can't be read: {error}"))?;
    validity(&first).ok_or_else(|| "it is not seen until when it is valid".to_owned())
}
