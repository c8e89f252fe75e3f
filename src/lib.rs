//! Hinomi (火の見, the fire lookout): hears when something starts to burn around a company, and mails its PR team.
//!
//! Posts flow one way: [`collect`] → [`analyze`] → [`store`] → [`detect`] → [`alert`]; `app/pipeline.rs` alone knows
//! the order. [`cli`] is a face; [`demo`] is a small world to try it on. Start reading at [`model`], then
//! `app/pipeline.rs`.
//!
//! # Who may import whom
//! The table is kept by `tests/suite/layout.rs`.
//!
//! | module | may import (ours) | may use (theirs, exclusively) |
//! |---|---|---|
//! | `model` | — | chrono (`time.rs`) |
//! | `clock` | `model` | — |
//! | `collect` | `model`, `clock` | reqwest (`fetch.rs`, `guard.rs`), tokio-tungstenite (`socket.rs`), feed-rs, quick-xml, encoding_rs |
//! | `analyze` | `model` | lindera (also `app/dictionary.rs`), daachorse, icu_normalizer |
//! | `detect` | `model` | — |
//! | `store` | `model`, `clock` | sqlx |
//! | `alert` | `model`, `clock` | lettre (`email/`), askama |
//! | `web` | `model` | axum, hyper, hyper-util, prometheus-client |
//! | `config` | `model`, the `Params` types of the stages, the list of source kinds | toml |
//! | `demo` | `model`, `clock` | axum, encoding_rs (to write Shift_JIS) |
//! | `app` | everything but `cli` and `demo` | hinomi-ipadic, sd-notify, `tokio::spawn`, signals |
//! | `cli` | everything | clap; may print |

pub mod alert;
pub mod analyze;
pub mod app;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod config;
pub mod demo;
pub mod detect;
pub mod model;
pub mod store;
pub mod web;
