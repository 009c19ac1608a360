//! Connections that switch to another protocol.

use hyper::upgrade::OnUpgrade;
use hyper::{Request, body::Incoming};

/// hyper's handle for the connection after the response was written. poem removes it from each request for its
/// own WebSockets; services that are not poem endpoints find it here.
#[derive(Clone)]
pub struct Upgrade(OnUpgrade);

impl Upgrade {
    /// Stores the handle before poem takes it.
    pub fn keep(request: &mut Request<Incoming>) {
        if let Some(promise) = request.extensions().get::<OnUpgrade>().cloned() {
            request.extensions_mut().insert(Self(promise));
        }
    }

    /// Restores the handle where such a service expects it.
    pub fn give_back(request: &mut poem::Request) {
        if let Some(Self(promise)) = request.extensions_mut().remove() {
            request.set_data(promise);
        }
    }
}
