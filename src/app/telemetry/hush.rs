//! Lets one source say the same thing a few times, then counts.
//!
//! The same thing is the same line of our code with the same `source.name`; the words may differ, for a server can put
//! a new number into each answer.

use std::{
    collections::HashMap,
    fmt,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tracing::{
    Event, Metadata, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Filter};

/// So often within a window.
const OFTEN: u32 = 5;
const WINDOW: Duration = Duration::from_mins(10);
/// Things remembered at once; as many sources as anybody watches.
const KEYS: usize = 2_000;

type Key = (Identifier, String);

#[derive(Debug)]
struct Window {
    since: Instant,
    told: u32,
    suppressed: u64,
}

static WINDOWS: LazyLock<Mutex<HashMap<Key, Window>>> = LazyLock::new(Mutex::default);

/// Decides whether an event is written.
#[derive(Debug)]
pub(super) struct Hush;

impl<S: Subscriber> Filter<S> for Hush {
    fn enabled(&self, _meta: &Metadata<'_>, _cx: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _cx: &Context<'_, S>) -> bool {
        let mut about = About::default();
        event.record(&mut about);
        let Some(source) = about.source.filter(|_| !about.is_sum) else { return true };
        let mut windows = WINDOWS.lock().unwrap_or_else(PoisonError::into_inner);
        is_told(&mut windows, (event.metadata().callsite(), source), Instant::now())
    }
}

fn is_told(windows: &mut HashMap<Key, Window>, key: Key, now: Instant) -> bool {
    if windows.len() >= KEYS && !windows.contains_key(&key) {
        windows.retain(|_, w| now - w.since < WINDOW || w.suppressed > 0);
        if windows.len() >= KEYS {
            return true;
        }
    }
    let window = windows.entry(key).or_insert(Window { since: now, told: 0, suppressed: 0 });
    // One with something to tell stays until it has been told.
    if now - window.since >= WINDOW && window.suppressed == 0 {
        *window = Window { since: now, told: 0, suppressed: 0 };
    }
    if window.told < OFTEN {
        window.told += 1;
        return true;
    }
    window.suppressed += 1;
    false
}

/// Says what was left out in windows that are over. Called from time to time.
pub fn tell_suppressed() {
    for (source, suppressed) in over(&mut WINDOWS.lock().unwrap_or_else(PoisonError::into_inner), Instant::now()) {
        tracing::warn!(source.name = source, suppressed, "suppressed {suppressed} more messages of one kind");
    }
}

/// Ends windows whose time is over, and says which of them had left something out.
fn over(windows: &mut HashMap<Key, Window>, now: Instant) -> Vec<(String, u64)> {
    let mut told = Vec::new();
    windows.retain(|(_, source), w| {
        let open = now - w.since < WINDOW;
        if !open && w.suppressed > 0 {
            told.push((source.clone(), w.suppressed));
        }
        open
    });
    told
}

#[derive(Default)]
struct About {
    source: Option<String>,
    /// The sum itself is never left out.
    is_sum: bool,
}

impl Visit for About {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "source.name" => self.source = Some(format!("{value:?}")),
            "suppressed" => self.is_sum = true,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "source.name" {
            self.source = Some(value.to_owned());
        }
    }

    fn record_u64(&mut self, field: &Field, _value: u64) {
        self.is_sum |= field.name() == "suppressed";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Callsite;
    use tracing_subscriber::{Layer, fmt::MakeWriter, layer::SubscriberExt};

    #[derive(Clone, Default)]
    struct Lines(std::sync::Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_source_that_repeats_itself_is_counted_and_the_others_are_heard() {
        let lines = Lines::default();
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines.clone()).with_filter(Hush);
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let say = |source: &str, n: u32| tracing::warn!(source.name = %source, "answer {n}");
        for n in 0..50 {
            say("flood-test-a", n);
            tracing::warn!(n, "about no source");
        }
        say("flood-test-b", 1);
        let count = |word: &str| String::from_utf8(lines.0.lock().unwrap().clone()).unwrap().matches(word).count();
        assert_eq!((count("flood-test-a"), count("flood-test-b"), count("about no source")), (5, 1, 50));
        tell_suppressed();
        assert_eq!(count("suppressed"), 0, "the window is still open");
        let end = Instant::now() + WINDOW;
        let sums = over(&mut WINDOWS.lock().unwrap(), end);
        assert!(sums.contains(&("flood-test-a".to_owned(), 45)), "{sums:?}");
        assert!(sums.iter().all(|(source, _)| source != "flood-test-b"));
        say("flood-test-a", 51);
        assert_eq!(count("flood-test-a"), 6, "a new window");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_not_remembered_is_told() {
        let (mut windows, now) = (HashMap::new(), Instant::now());
        let callsite =
            || tracing::callsite!(name: "here", kind: tracing::metadata::Kind::EVENT, fields: x).metadata().callsite();
        let here = callsite();
        for n in 0..KEYS {
            assert!(is_told(&mut windows, (here.clone(), n.to_string()), now));
        }
        for _ in 0..2 * OFTEN {
            assert!(is_told(&mut windows, (here.clone(), "one more".into()), now));
        }
        assert_eq!(windows.len(), KEYS);
        assert!(is_told(&mut windows, (here, "one more".into()), now + WINDOW));
        assert_eq!(windows.len(), 1, "the old ones have made room");
    }
}
