//! What the desktop app does without a window: which servers and accounts there are, the check of an address, requests
//! and sockets in the page's stead, links, texts. It needs no webview, so its tests run anywhere.

pub mod accounts;
pub mod address;
pub mod badge;
pub mod download;
pub mod dropped;
pub mod forward;
pub mod links;
pub mod net;
pub mod secrets;
pub mod socket;
pub mod texts;
pub mod updates;
