//! What the tests of several rooms share.

pub(crate) mod mailserver;
pub(crate) mod owing;
pub(crate) mod process;
pub(crate) mod store;
