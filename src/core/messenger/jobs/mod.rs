//! Background work: periodic jobs and the deletion of what is no longer needed.

pub(crate) mod cleanup;
pub(crate) mod periodic;
