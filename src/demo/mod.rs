//! A small world to try everything on: fictional companies, their feeds on a loopback web server, and a loopback
//! mail server that keeps what it is given.
//!
//! [`world`] makes the posts and [`feeds`] publishes them as a clock comes to them; the rest is how they are made.
//! Nothing here looks at what Hinomi makes of it.

pub mod chance;
pub mod companies;
mod draft;
pub mod feeds;
mod standing;
mod stories;
pub mod texts;
mod timetable;
pub mod world;

pub mod mailbox;
