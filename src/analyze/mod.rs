//! What does this text say? Pure: no clock, no socket, no database.
