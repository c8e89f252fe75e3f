//! The words of the domain. No input or output, no async, nothing else of ours.
//!
//! # Glossary
//! - **source**: a configured place to look: a feed, a search, a channel
//! - **post** (投稿): one collected item of any kind
//! - **watchlist** (監視対象): the list of companies watched, each with its names and exclusions
//! - **mention** (言及): a post about a watched company, with its scores
//! - **category** (分類): the kind of trouble a text suggests
//! - **evidence** (根拠): the words that led to a score, with their positions
//! - **baseline** (平常): the count expected for this company at this hour
//! - **spike** (急増): a count far above its baseline
//! - **ember** (弱い兆候): independent people telling the same kind of story over weeks
//! - **finding**: what a detector reports
//! - **incident** (事案): a finding that lasts
//! - **alert** (通知): the message owed to people about an incident
//! - **delivery**: one alert to one address, with its outcome
//! - **silence** (静音): a rule that holds alerts for a time

pub mod alert;
pub mod ids;
pub mod incident;
pub mod limits;
pub mod mention;
pub mod post;
pub mod secret;
pub mod source;
pub mod time;
pub mod watch;
mod words;
