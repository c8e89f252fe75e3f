//! Stories told to the lookout, with fictional companies and posts made on the spot.

mod machine;
mod quiet;
mod stories;
mod world;
