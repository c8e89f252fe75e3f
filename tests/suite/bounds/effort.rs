//! How much work something is. Measured in time on the processor, which a busy machine does not stretch.

use std::{fs, time::Duration};

/// Far more than a debug build needs for what is linear, far less than anything quadratic takes.
const ENOUGH: Duration = Duration::from_secs(20);

/// Does `work` on this thread and fails where it is too much.
pub(super) fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let before = spent();
    let done = work();
    let took = spent().saturating_sub(before);
    assert!(took < ENOUGH, "{what} took {took:?}");
    done
}

/// What this thread has had of the processor so far.
fn spent() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts (Linux)");
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
