//! What becomes of a connection that changes its protocol.

use hyper::upgrade::OnUpgrade;
use hyper::{Request, body::Incoming};

/// hyper's promise of the connection, once the answer is written. poem takes it out of each request for its own
/// WebSockets; services that are no endpoints of poem's find it here.
#[derive(Clone)]
pub struct Upgrade(OnUpgrade);

impl Upgrade {
    /// Keeps it before poem takes it.
    pub fn keep(request: &mut Request<Incoming>) {
        if let Some(promise) = request.extensions().get::<OnUpgrade>().cloned() {
            request.extensions_mut().insert(Self(promise));
        }
    }

    /// Gives it back where such a service looks for it.
    pub fn give_back(request: &mut poem::Request) {
        if let Some(Self(promise)) = request.extensions_mut().remove() {
            request.set_data(promise);
        }
    }
}
