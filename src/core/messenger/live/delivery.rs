//! Delivers committed events, outside the database's writer.

use std::sync::Weak;

use crate::hub::WaitingDeliveries;
use crate::messenger::Core;

/// Delivers events in the order of their commits, until the messenger is gone.
pub(crate) async fn run(core: Weak<Core>, mut committed: WaitingDeliveries) {
    while let Some(delivery) = committed.next().await {
        let Some(core) = core.upgrade() else { return };
        delivery.deliver_to(&core.hub);
    }
}
