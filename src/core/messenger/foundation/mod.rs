//! What all other parts of the messenger build on: errors, the clock, rate limits, units of work.

pub(crate) mod audit;
pub(crate) mod clock;
pub(crate) mod counters;
pub(crate) mod encryption;
pub(crate) mod error;
pub(crate) mod event_log;
pub(crate) mod idempotency;
pub(crate) mod last_run;
pub(crate) mod limits;
pub(crate) mod read_cache;
pub(crate) mod retry;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod shared_query;
pub(crate) mod slice;
pub(crate) mod subject;
pub(crate) mod unit_of_work;

pub(crate) use audit::Actor;
pub(crate) use clock::Clock;
pub(crate) use error::{Error, Result};
pub(crate) use idempotency::Attempt;
pub(crate) use limits::{Limit, Network};
pub(crate) use read_cache::ReadCache;
pub(crate) use secrets::Secrets;
pub(crate) use shared_query::SharedQueries;
pub(crate) use slice::SliceSize;
pub(crate) use subject::{Original, Subject};
pub(crate) use unit_of_work::{Retries, UnitOfWork};
