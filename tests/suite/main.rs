//! The only integration binary: one link, one list.

mod harness;

// The house's own rules: imports, sizes, what the README must name.
mod layout;

// Both files a person writes, and what is said of their mistakes.
mod config;

// The little world of the demo, over real connections.
mod demo_world;

// The memory: statements, views, fates, outbox.
mod store;
#[cfg(test)]
mod mail;
mod collect;
mod quality; // how well sentences are read, with floors
