//! A writing transaction, done again while the database is busy.
//!
//! # Why here
//! Whoever asks has read posts or thought about incidents for it; throwing that away because a backup holds the file
//! for half a minute would cost more than to wait. What waits longer than [`Patience`] is told to the caller.

use std::time::Duration;

use super::StoreError;
use crate::clock::jitter;

/// How often a transaction is tried. SQLite itself waits five seconds for a lock each time.
const TRIES: u32 = 24;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Counts the tries of one transaction.
#[derive(Debug, Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// A start that finds the database busy or the server away says so soon: its supervisor starts it again.
    pub(super) const fn at_start() -> Self {
        Self(TRIES - 6)
    }

    /// Waits before another try; `false` when it is over.
    pub(super) async fn wait(&mut self, why: &StoreError) -> bool {
        if self.0 >= TRIES {
            return false;
        }
        if self.0.is_power_of_two() || self.0 + 1 == TRIES {
            tracing::warn!(store.tries = self.0, "{why}");
        }
        self.0 += 1;
        tokio::time::sleep(pause(self.0, std::process::id())).await;
        true
    }
}

/// Grows, is capped, and differs by up to a half between programs that were turned away together.
fn pause(tries: u32, who: u32) -> Duration {
    let grown = FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
    grown.mul_f64(1.0 - jitter(&[&tries.to_string(), &who.to_string()]) / 2.0)
}

/// Does `$work`, a future made from the open transaction `$tx`, in one transaction.
///
/// # Why the connection may be closed
/// On a full disk SQLite has rolled back by itself; sqlx's own rollback then fails and leaves a connection that
/// never begins anything again (measured with sqlx 0.9.0). One that could not be cleaned up is thrown away.
macro_rules! in_transaction {
    ($store:expr, $tx:ident => $work:expr) => {{
        let mut patience = $crate::store::transaction::Patience::default();
        loop {
            let tried: Result<_, $crate::store::StoreError> = async {
                fail::fail_point!("full", |_| Err($crate::store::StoreError::Full));
                let mut connection = $store.write.acquire().await?;
                let (mut unclean, outcome) = match $store.begin(&mut connection).await {
                    Err(error) => (!error.is_passing(), Err(error)),
                    Ok(mut $tx) => match $work.await {
                        Ok(done) => match $tx.commit().await {
                            Ok(()) => (false, Ok(done)),
                            Err(error) => (true, Err($crate::store::StoreError::at_commit(error))),
                        },
                        Err(error) => ($tx.rollback().await.is_err(), Err(error)),
                    },
                };
                unclean |= matches!(outcome, Err($crate::store::StoreError::Away(_)));
                if unclean {
                    connection.close_on_drop();
                }
                outcome
            }
            .await;
            match tried {
                Err(error) if error.is_passing() => {
                    if !patience.wait(&error).await {
                        break Err(error);
                    }
                }
                other => break other,
            }
        }
    }};
}
pub(super) use in_transaction;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ_between_two_programs() {
        assert!(pause(1, 7) < pause(6, 7));
        assert!((1..100).all(|n| pause(n, 7) <= LONGEST_PAUSE && pause(n, 7) >= FIRST_PAUSE));
        assert_ne!(pause(8, 7), pause(8, 8));
        assert_eq!(pause(8, 7), pause(8, 7));
    }
}
