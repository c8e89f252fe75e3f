//! One incident while it is watched: what belongs to it, how it moves, when it is over.
//!
//! # Invariants
//! From closed to growing only through 再燃. The level is 0 exactly while closed. Nothing here raises: it is told by
//! the lookout that a detector has found something.

pub(super) mod fire;
pub(super) mod level;
pub(super) mod part;
mod pulse;
pub(super) mod stated;

pub(super) use fire::Fire;
