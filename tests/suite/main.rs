//! The only integration binary: one link, one list.

mod harness;

// The memory: statements, views, fates, outbox.
mod store;
mod config;
mod layout;
mod demo_world;
