//! The only integration binary: one link, one list.

#[cfg(test)]
mod harness;

// The house's own rules: imports, sizes, what the README must name.
#[cfg(test)]
mod layout;

// Both files a person writes, and what is said of their mistakes.
#[cfg(test)]
mod config;

// Sources against servers that behave, and servers that do not.
#[cfg(test)]
mod collect;

// Services: keys, budgets, answers in pages, what is taken back.
#[cfg(test)]
mod services;

// Feeds in the shapes of the services.
#[cfg(test)]
mod feeds;
// Services that count, for a whole day.
#[cfg(test)]
mod apis;
// Pages without a feed, boards, and lines on which things go wrong, with a real server behind them.
#[cfg(test)]
mod pages;

// Who is asked when, and who is not: the visiting loop over a web in memory.
#[cfg(test)]
mod manners;

// Every bound on what a stranger can make us hold or wait for.
#[cfg(test)]
mod bounds;

// The stories of `bounds/mail.rs` are a file of the crate, which calls its own rooms by these names.
#[cfg(test)]
use hinomi::{alert, model};

// Invented sentences with labels, and floors under the scores.
#[cfg(test)]
mod quality;

// The memory: statements, views, fates, outbox.
#[cfg(test)]
mod store;

// Mails over real sockets: a faulty server, and Postfix.
#[cfg(test)]
mod mail;

// The little world of the demo, over real connections.
#[cfg(test)]
mod demo_world;

// Places that speak by themselves, over real connections that break.
#[cfg(test)]
mod streams;

// From a feed on the network to a mail in the mailbox.
#[cfg(test)]
mod flow;

// Health, loops that die, stopping, what the log shows: the program as others see it.
#[cfg(test)]
mod outside;

// What others bring: posts over HTTP, and from files.
#[cfg(test)]
mod push;

// Another configuration while it runs.
#[cfg(test)]
mod reload;

// Commands as a person types them.
#[cfg(test)]
mod cli;

// From init to the first mail, as a stranger types it.
#[cfg(test)]
mod first_day;

// From the address of a page to a source in the settings.
#[cfg(test)]
mod source;

// Servers with certificates of a house's own authority.
#[cfg(test)]
mod own_authority;

// Six hours without a line.
#[cfg(test)]
mod outage;
