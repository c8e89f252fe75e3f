//! Is this unusual, and is it still going on? Pure, and no async at all.
//!
//! [`count`] knows series of numbers and nothing else.

pub mod count;
pub mod wording;
