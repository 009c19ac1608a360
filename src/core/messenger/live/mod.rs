//! Live delivery to connected clients: synchronization, backfill, presence, other nodes.

pub(crate) mod cursor;
pub(crate) mod delivery;
pub(crate) mod gap_fill;
pub(crate) mod nodes;
pub(crate) mod presence;
pub(crate) mod sync;
