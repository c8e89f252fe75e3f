//! What the tests of several rooms share.

pub(crate) mod mailserver;
pub(crate) mod nginx;
pub(crate) mod owing;
pub(crate) mod process;
#[path = "../../harness/proxy.rs"]
pub(crate) mod proxy;
pub(crate) mod store;
