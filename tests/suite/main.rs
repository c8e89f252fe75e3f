//! The only integration binary: one link, one list.
