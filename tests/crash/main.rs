//! The whole program, killed again and again beside a real web server and real mail servers: nothing is lost, nothing
//! is counted twice, and no mail is repeated but the one that was on its way.
//!
//! The truth is kept on this side: what was published ([`truth`]), what nginx was asked ([`web`]), what the mail server
//! took ([`sink`]). [`oracle`] compares it with the database and says every difference.

#[cfg(test)]
#[path = "../harness/dialogue.rs"]
mod dialogue;
#[cfg(test)]
#[path = "../harness/postfix.rs"]
mod postfix;

// What holds the stage.
#[cfg(test)]
mod chance;
#[cfg(test)]
mod flight;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod program;
#[cfg(test)]
mod sink;
#[cfg(test)]
mod truth;
#[cfg(test)]
mod web;
#[cfg(test)]
mod world;

// Killed at one exact place.
#[cfg(test)]
mod points;

// Mail servers that fail, and a program that is killed meanwhile.
#[cfg(test)]
mod refused;

// Broken inside, or asked to stop.
#[cfg(test)]
mod broken;

// Killed at any moment, many times.
#[cfg(test)]
mod storm;
