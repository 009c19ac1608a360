//! Background work: periodic jobs and retention.

pub(crate) mod periodic;
pub(crate) mod retention;
