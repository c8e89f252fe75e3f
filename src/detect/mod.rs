//! Is this unusual, and is it still going on? Pure, and no async at all.
//!
//! `count`, `grave`, `ember` and `views` say *whether* something burns, `incident` says *how bad* and how long, and
//! [`Lookout`] is the machine of one company that holds them together. [`count`] knows numbers and nothing else.

pub mod count;
mod digest;
mod ember;
mod grave;
mod incident;
mod lookout;
mod tallies;
mod views;
pub mod wording;

pub use lookout::{Lookout, LookoutParams, Numbering, Returning, Step};

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers made up on the spot")]
mod tests;
