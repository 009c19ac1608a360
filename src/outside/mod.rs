//! Asking other servers. What leaves the machine by itself leaves through here.
//!
//! Addresses that people write are read by [`Pages`] alone, behind a [`guard`] that lets nobody
//! reach what only this machine can see.

mod address;
mod charset;
mod guard;
mod html;
mod http;
mod page;

pub use guard::Exception;
pub use page::{Failure, Pages};
