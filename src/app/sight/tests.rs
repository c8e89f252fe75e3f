use super::*;

const NOON: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Eyes, what is remembered, and what somebody heard; turned look by look.
struct World {
    eyes: Vec<Eye>,
    known: Vec<Sight>,
    now: Timestamp,
    mail_works: bool,
    heard: Vec<(Timestamp, Sighting)>,
}

impl World {
    fn of(n: usize) -> Self {
        let eye = |i: usize| {
            let name = SourceName(format!("s{i}"));
            let state = SourceState { last_ok_at: Some(NOON), ..SourceState::new(name.clone(), NOON) };
            Eye { name, state: Some(state) }
        };
        Self { eyes: (0..n).map(eye).collect(), known: Vec::new(), now: NOON, mail_works: true, heard: Vec::new() }
    }

    fn set(&mut self, which: std::ops::Range<usize>, errors: u32) -> &mut Self {
        for eye in &mut self.eyes[which] {
            let state = eye.state.as_mut().unwrap();
            state.errors = errors;
            state.last_error = (errors > 0).then(|| "no answer in time".to_owned());
            if errors == 0 {
                state.last_ok_at = Some(self.now);
            }
        }
        self
    }

    fn keep(&mut self, changes: &[SightChange]) {
        for change in changes {
            let name = match change {
                SightChange::Keep(sight) => &sight.source,
                SightChange::End(name) => name,
            };
            self.known.retain(|s| s.source != *name);
            if let SightChange::Keep(sight) = change {
                self.known.push(sight.clone());
            }
        }
    }

    fn run(&mut self, span: Span) -> &mut Self {
        let until = self.now + span;
        while self.now < until {
            self.now = self.now + LOOK;
            for state in self.eyes.iter_mut().filter_map(|e| e.state.as_mut()).filter(|s| s.errors == 0) {
                state.last_ok_at = Some(self.now);
            }
            let verdict = weigh(&self.eyes, &self.known, self.now);
            self.keep(&verdict.changes);
            for (sighting, changes) in verdict.says {
                if self.mail_works {
                    self.keep(&changes);
                    self.heard.push((self.now, sighting));
                }
            }
        }
        self
    }

    fn said(&self) -> Vec<&'static str> {
        let word = |s: &Sighting| match s {
            Sighting::Blind { .. } => "blind",
            Sighting::SeesAgain { .. } => "again",
            Sighting::Lost(_) => "lost",
        };
        self.heard.iter().map(|(_, s)| word(s)).collect()
    }
}

#[test]
fn many_that_fail_together_are_one_notice_and_one_line_when_they_are_back() {
    let mut w = World::of(10);
    w.set(0..6, 2).run(Span::hours(40));
    assert_eq!(w.said(), ["blind"], "and no word of each, though it lasts more than a day");
    assert!(w.heard[0].0 - NOON >= BLIND && w.heard[0].0 - NOON <= BLIND + LOOK);
    let Sighting::Blind { since, dark, all } = &w.heard[0].1 else { panic!() };
    assert_eq!((*since, dark.len(), *all), (NOON, 6, 10));
    w.set(0..6, 0).run(Span::hours(10));
    assert_eq!(w.said(), ["blind", "again"]);
    assert!(matches!(w.heard[1].1, Sighting::SeesAgain { since: NOON, .. }));
}

#[test]
fn half_of_them_or_one_failure_each_is_not_most() {
    let mut w = World::of(10);
    w.set(0..5, 9).set(5..10, 1).run(Span::hours(12));
    assert_eq!(w.said(), [""; 0]);
}

#[test]
fn a_line_that_is_back_soon_is_nobodys_business() {
    let mut w = World::of(4);
    for _ in 0..5 {
        w.set(0..4, 2).run(Span::minutes(20)).set(0..4, 0).run(Span::hours(2));
    }
    assert_eq!(w.said(), [""; 0]);
}

#[test]
fn a_line_that_comes_and_goes_is_told_once_in_hours() {
    let mut w = World::of(4);
    for _ in 0..8 {
        w.set(0..4, 2).run(Span::minutes(50)).set(0..4, 0).run(Span::minutes(10));
    }
    assert_eq!(w.said(), ["blind"], "ten minutes are no recovery");
    w.run(Span::hours(1));
    assert_eq!(w.said(), ["blind", "again"]);
    let mut w = World::of(4);
    for _ in 0..6 {
        w.set(0..4, 2).run(Span::minutes(50)).set(0..4, 0).run(Span::minutes(40));
    }
    let told: Vec<Timestamp> =
        w.heard.iter().filter(|(_, s)| matches!(s, Sighting::Blind { .. })).map(|(at, _)| *at).collect();
    assert!(told.windows(2).all(|w| w[1] - w[0] >= SILENCE), "{told:?}");
    assert!(told.len() == 2 && w.heard.len() <= 4, "{:?}", w.said());
}

#[test]
fn a_notice_that_could_not_leave_is_told_when_it_can() {
    let mut w = World::of(4);
    w.mail_works = false;
    w.set(0..4, 2).run(Span::hours(3));
    w.mail_works = true;
    w.run(Span::minutes(2));
    assert_eq!(w.said(), ["blind"]);
    // Where sight came back before the mail did, the past is told.
    let mut w = World::of(4);
    w.mail_works = false;
    w.set(0..4, 2).run(Span::hours(3)).set(0..4, 0).run(Span::hours(2));
    w.mail_works = true;
    w.run(Span::hours(12));
    assert_eq!(w.said(), ["again"]);
    let Sighting::SeesAgain { since, until, .. } = w.heard[0].1 else { panic!() };
    assert_eq!(since, NOON);
    assert!((until - NOON) >= Span::hours(3) && (until - NOON) <= Span::hours(3) + LOOK);
}

#[test]
fn single_ones_that_are_dark_for_a_day_are_told_once_and_together() {
    let mut w = World::of(10);
    w.set(0..2, 2).run(Span::days(5));
    assert_eq!(w.said(), ["lost"]);
    let Sighting::Lost(dark) = &w.heard[0].1 else { panic!() };
    assert_eq!(dark.iter().map(|d| d.source.0.as_str()).collect::<Vec<_>>(), ["s0", "s1"]);
    assert!(w.heard[0].0 - NOON >= LOST && w.heard[0].0 - NOON <= LOST + LOOK.times(2));
    // One failure is no recovery and no relapse; a success begins anew.
    w.set(0..1, 1).run(Span::hours(2)).set(0..1, 5).run(Span::days(2));
    assert_eq!(w.said(), ["lost"]);
    w.set(0..1, 0).run(Span::hours(1)).set(0..1, 2).run(Span::days(2));
    assert_eq!(w.said(), ["lost", "lost"]);
}

#[test]
fn a_source_that_left_the_list_is_forgotten() {
    let mut w = World::of(3);
    w.set(0..1, 2).run(Span::hours(23));
    w.eyes.remove(0);
    w.run(Span::days(2));
    assert!(w.said().is_empty() && w.known.is_empty());
}
