//! Text → one spelling for matching, and the way back to the original letters.
#![no_main]

use hinomi::analyze::normalize::{Normalized, folded, letters};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let n = Normalized::new(&text);
    let len = text.chars().count();
    assert_eq!(n.original_len(), len);
    // What ends most posts must not overlook a name that the full road would find.
    assert_eq!(folded(&text), n.as_str());
    let marks: Vec<usize> = n.as_str().char_indices().map(|(i, _)| i).chain([n.as_str().len()]).collect();
    let mut last = 0..0;
    for (letter, pair) in marks.windows(2).enumerate() {
        let own = pair[0]..pair[1];
        let o = n.original_range(&own);
        assert!(last.start <= o.start && last.end <= o.end, "{last:?} then {o:?}");
        assert!(o.start < o.end && o.end <= len, "{o:?} of {len}");
        assert_eq!(letters(&text, &o).chars().count(), o.len());
        assert_eq!(n.letter_at(own.start), letter);
        assert!(n.window_before(own.start, 5).chars().count() <= 5);
        assert!(n.window_after(own.end, 5).chars().count() <= 5);
        last = o;
    }
    // Any two places, also in the middle of a letter and beyond the end.
    let at = |n: usize| data.get(n).map_or(0, |b| usize::from(*b));
    let range = at(0).min(at(1))..at(0).max(at(1));
    let o = n.original_range(&range);
    assert!(o.start <= o.end && o.end <= len);
    let _places = (n.slice(range.clone()), n.before(range.start), n.after(range.end));
});
