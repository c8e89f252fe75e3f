use super::world::{But, Chance, World, post, start, stream};
use crate::model::{
    incident::{DetectorName, EventKind, IncidentRole, Level, State},
    mention::{Category, Fate, Grave, MentionRecord, Role, Stance},
    post::Channel,
    time::{Span, Timestamp},
};

fn safety(hours: f64) -> MentionRecord {
    post(hours, Category::SAFETY)
}

fn leak(hours: f64) -> MentionRecord {
    post(hours, Category::LEAK)
}

fn complaint(hours: f64) -> MentionRecord {
    post(hours, Category::COMPLAINT)
}

/// Linear between `(hour, posts per hour)`.
fn anchors(points: &'static [(f64, f64)]) -> impl Fn(f64) -> f64 {
    move |hour| {
        let pair = points.windows(2).find(|p| (p[0].0..p[1].0).contains(&hour));
        pair.map_or(0.0, |p| p[0].1 + (p[1].1 - p[0].1) * (hour - p[0].0) / (p[1].0 - p[0].0))
    }
}

#[test]
fn one_post_of_an_insider_is_enough_for_a_notice_and_never_more_by_itself() {
    let mut world = World::since(30);
    let mut posts = vec![leak(19.3).grave(Grave::Insider).firsthand().words("対応したの私です")];
    posts.extend([41.0, 65.0, 89.0].map(|h| leak(h).on(Channel::Blog).by("complainant").words("対応したの私です")));
    posts.extend((0..9).map(|i| {
        let stance = if i % 3 == 0 { Stance::AgainstPoster } else { Stance::Opinion };
        complaint(99.0 + f64::from(i) * 0.3).on(Channel::Comment).but(|r| r.mention.stance = stance)
    }));
    world.run(posts, 300.0);
    assert!(world.reached(&Category::LEAK, Level::Notice).is_some_and(|h| h < 19.5), "{}", world.told());
    assert!(world.top() <= Level::Warning, "{}", world.told());
    assert_eq!(world.incidents(), 1, "{}", world.told());
    assert_eq!(world.events[0].incident.finding.detector, DetectorName::Grave);
}

#[test]
fn the_third_independent_report_of_a_symptom_in_90_days_is_a_notice() {
    let call = |h: f64| leak(h).firsthand().symptom("勧誘の電話").words("名指しで電話");
    let mut world = World::since(60);
    let mut posts = vec![call(0.0), call(470.0), call(910.0), call(1450.0)];
    posts.extend([1.0, 2.0].map(|h| call(h).by("same").but(|r| r.fate = Fate::SameText)));
    world.run(posts, 1500.0);
    let reached = world.reached(&Category::LEAK, Level::Notice).unwrap();
    assert!((reached - 910.0).abs() < 0.2, "{}", world.told());
    let first = &world.events[0];
    assert_eq!(first.incident.origin_external_id, "p1");
    assert!(first.reason.contains("90日で別々の3人が「勧誘の電話」を訴え（平常0）"), "{}", first.reason);
    assert_eq!(world.top(), Level::Notice, "{}", world.told());
    assert_eq!(world.attached.iter().filter(|(_, i)| *i == first.incident.id).count(), 3);
}

#[test]
fn two_reports_or_three_by_one_person_are_no_ember() {
    let call = |h: f64| leak(h).firsthand().symptom("勧誘の電話");
    let mut two = World::since(60);
    two.run(vec![call(0.0), call(470.0)], 600.0);
    assert_eq!(two.incidents(), 0, "{}", two.told());
    let mut one = World::since(60);
    one.run([0.0, 200.0, 470.0, 700.0].map(|h| call(h).by("one")).to_vec(), 800.0);
    assert_eq!(one.incidents(), 0, "{}", one.told());
}

fn foreign_object(seed: u64) -> Vec<MentionRecord> {
    let mut chance = Chance::new(seed);
    let rate = anchors(&[
        (100.0, 2.0),
        (101.0, 30.0),
        (103.0, 120.0),
        (109.0, 60.0),
        (114.0, 210.0),
        (124.0, 150.0),
        (148.0, 0.0),
    ]);
    let mut posts = stream(&mut chance, (100, 148), rate, |h| safety(h).words("混入"));
    posts.push(safety(100.05).firsthand().grave(Grave::Injury).words("混入"));
    posts.extend((0..6).map(|i| {
        safety(114.0 + f64::from(i) * 0.2).on(Channel::News).words("混入").but(|r| {
            r.mention.stance = Stance::Report;
            r.post.text = "保健所が立ち入り検査".into();
            r.mention.affected_count = Some(50_000);
        })
    }));
    posts
}

#[test]
fn a_sudden_spike_climbs_to_critical_when_the_press_joins_and_is_told_over_once() {
    for seed in 1..4 {
        let mut world = World::since(30);
        world.run(foreign_object(seed), 400.0);
        let reached = |level| world.reached(&Category::SAFETY, level).unwrap_or(999.0);
        assert!(reached(Level::Notice) < 100.5, "{}", world.told());
        assert!(reached(Level::Warning) < 102.0, "{}", world.told());
        assert!(reached(Level::Critical) < 115.0, "{}", world.told());
        assert_eq!(world.incidents(), 1, "{}", world.told());
        let resolved = world.events.iter().filter(|e| e.kind == EventKind::Resolved).count();
        assert_eq!(resolved, 1, "{}", world.told());
        let last = &world.events.last().unwrap().incident;
        assert_eq!((last.level, last.state), (Level::Normal, State::Resolved));
        assert_eq!(last.affected.as_ref().map(|a| a.number), Some(50_000));
        assert_eq!(last.role, IncidentRole::SelfCaused);
        let press = last.press_at.unwrap();
        assert!(((press - start()).as_hours() - 114.0).abs() < 0.1);
    }
}

#[test]
fn what_comes_back_within_60_days_keeps_its_id() {
    let mut world = World::since(30);
    let mut posts = foreign_object(1);
    let mut chance = Chance::new(9);
    posts.extend(stream(&mut chance, (900, 920), |_| 25.0, |h| safety(h).words("混入")));
    world.run(posts, 1100.0);
    assert_eq!(world.incidents(), 1, "{}", world.told());
    let back = world.events.iter().position(|e| e.kind == EventKind::Reignited).unwrap();
    assert_eq!(world.events[back - 1].kind, EventKind::Resolved);
    assert_eq!(world.events[back].incident.state, State::Reignited);
    assert!(world.events[back].incident.level >= Level::Notice);
    assert!(((world.events[back].at - start()).as_hours() - 900.0) < 1.0, "{}", world.told());
}

#[test]
fn a_wave_of_praise_stays_a_notice() {
    let mut chance = Chance::new(5);
    let rate = anchors(&[(100.0, 40.0), (103.0, 300.0), (110.0, 400.0), (148.0, 200.0), (200.0, 0.0)]);
    let mut world = World::since(30);
    let mut posts = stream(&mut chance, (100, 200), |h| rate(h) * 0.4, |h| safety(h).words("回収"));
    posts.extend(stream(
        &mut chance,
        (100, 200),
        |h| rate(h) * 0.6,
        |h| post(h, Category::PRAISE).but(|r| r.mention.role = Role::Praised),
    ));
    world.run(posts, 210.0);
    assert!(world.reached(&Category::SAFETY, Level::Notice).is_some_and(|h| h < 101.0), "{}", world.told());
    assert_eq!(world.top(), Level::Notice, "{}", world.told());
}

#[test]
fn one_loud_author_or_one_text_alone_never_burns() {
    let mut loud = World::since(30);
    loud.run((0..72).map(|h| complaint(100.0 + f64::from(h)).by("loud")).collect(), 200.0);
    assert_eq!(loud.incidents(), 0, "{}", loud.told());
    let mut copies = World::since(30);
    let copy = |i: i32| complaint(100.0 + f64::from(i) * 0.1).but(|r| r.text_key = "copy".into());
    copies.run((0..40).map(copy).collect(), 200.0);
    assert_eq!(copies.incidents(), 0, "{}", copies.told());
}

#[test]
fn a_leak_during_another_quarrel_is_an_incident_of_its_own() {
    let mut chance = Chance::new(2);
    let mut world = World::since(30);
    let mut posts = stream(&mut chance, (100, 320), |_| 5.0, |h| complaint(h).words("謝罪がない"));
    posts.extend(stream(
        &mut chance,
        (300, 306),
        |_| 6.0,
        |h| {
            leak(h).words("顧客情報").but(|r| {
                r.mention.affected_count = Some(20_000);
            })
        },
    ));
    world.run(posts, 330.0);
    assert_eq!(world.incidents(), 2, "{}", world.told());
    assert!(world.reached(&Category::LEAK, Level::Notice).is_some_and(|h| (300.0..303.0).contains(&h)));
}

#[test]
fn complaints_about_a_leak_belong_to_the_leak() {
    let mut chance = Chance::new(3);
    let mut world = World::since(30);
    let mut posts = stream(&mut chance, (100, 130), |_| 12.0, |h| leak(h).words("不正利用"));
    posts.extend(stream(&mut chance, (101, 130), |_| 20.0, |h| complaint(h).words("説明が遅い")));
    world.run(posts, 131.0);
    assert_eq!(world.incidents(), 1, "{}", world.told());
    assert_eq!(world.events.last().unwrap().incident.category, Category::LEAK, "{}", world.told());
    assert!(world.attached.len() > 900, "{}", world.attached.len());
}

#[test]
fn a_video_whose_views_double_raises_to_a_warning() {
    let mut chance = Chance::new(4);
    let mut world = World::since(30);
    let mut posts = stream(
        &mut chance,
        (100, 200),
        |_| 1.2,
        |h| post(h, Category::CONDUCT).on(Channel::Comment).words("荷物を投げる"),
    );
    for hour in 0..100_i32 {
        let views = (2_000.0 * (f64::from(hour) / 24.0 * 1.1_f64).exp2()) as u64;
        posts.push(
            post(100.0 + f64::from(hour), Category::CONDUCT).on(Channel::Video).by("filmer").words("荷物を投げる").but(
                |r| {
                    r.post.external_id = "video".into();
                    r.post.views = Some(views);
                    r.text_key = "video".into();
                    r.fate = if hour == 0 { Fate::Counted } else { Fate::Snapshot };
                },
            ),
        );
    }
    world.run(posts, 201.0);
    let reached = world.reached(&Category::CONDUCT, Level::Warning).unwrap();
    assert!((125.0..140.0).contains(&reached), "{}", world.told());
    let raised = world.events.iter().find(|e| e.kind == EventKind::Raised).unwrap();
    assert!(raised.reason.contains("1日で2."), "{}", raised.reason);
    assert_eq!(world.incidents(), 1, "{}", world.told());
}

#[test]
fn warnings_about_a_forged_message_stay_a_notice_with_the_right_role() {
    let mut chance = Chance::new(6);
    let mut world = World::since(30);
    let warn = |h: f64| {
        leak(h).words("偽SMS").but(|r| {
            r.post.text = "はやぶさ運輸をかたる偽SMSが来た。リンクは踏まないで".into();
            r.mention.role = Role::Victim;
        })
    };
    world.run(stream(&mut chance, (100, 140), |_| 30.0, warn), 141.0);
    assert_eq!(world.top(), Level::Notice, "{}", world.told());
    assert_eq!(world.events.last().unwrap().incident.role, IncidentRole::Impersonated);
}

#[test]
fn the_numbers_of_the_press_are_told_with_the_one_before() {
    let mut world = World::since(30);
    let mut chance = Chance::new(7);
    let mut posts = stream(&mut chance, (100, 230), |_| 8.0, |h| leak(h).words("カード"));
    for (hour, number) in [(110.0, 110_000), (120.0, 130_000), (121.0, 110_000), (210.0, 18_184)] {
        posts.push(leak(hour).on(Channel::News).words("カード").but(|r| {
            r.mention.stance = Stance::Report;
            r.mention.affected_count = Some(number);
        }));
    }
    posts.push(leak(115.0).words("カード").but(|r| r.mention.affected_count = Some(7)));
    world.run(posts, 231.0);
    let mut stated: Vec<_> =
        world.events.iter().filter_map(|e| e.incident.affected.clone()).map(|a| (a.number, a.previous)).collect();
    stated.dedup();
    assert_eq!(stated, [(110_000, None), (130_000, Some(110_000)), (18_184, Some(130_000))], "{}", world.told());
}

#[test]
fn an_incident_does_not_end_while_nobody_looks() {
    let mut chance = Chance::new(8);
    let end: Timestamp = start() + Span::hours(110);
    let posts = stream(&mut chance, (100, 110), |_| 25.0, safety);
    let mut blind = World::since(30).blind(move |at| at > end);
    blind.run(posts.clone(), 300.0);
    assert!(!blind.states().contains(&State::Resolved), "{}", blind.told());
    let mut seeing = World::since(30);
    seeing.run(posts, 300.0);
    assert!(seeing.states().contains(&State::Resolved), "{}", seeing.told());
}

#[test]
fn five_people_with_one_symptom_over_days_are_a_warning() {
    let mail = |h: f64| leak(h).firsthand().symptom("覚えのない郵便").words("そこにしか登録していない");
    let mut world = World::since(30);
    world.run([0.0, 20.0, 44.0, 44.4, 70.0, 96.0, 96.3, 130.0, 190.0, 250.0].map(mail).to_vec(), 300.0);
    assert!(world.reached(&Category::LEAK, Level::Notice).is_some_and(|h| h < 46.0), "{}", world.told());
    assert!(world.reached(&Category::LEAK, Level::Warning).is_some_and(|h| h < 100.0), "{}", world.told());
    assert_eq!((world.incidents(), world.top()), (1, Level::Warning), "{}", world.told());
}

#[test]
fn reports_of_injuries_are_rationed_and_those_of_insiders_never() {
    let (mut injuries, mut insiders) = (World::since(60), World::since(60));
    let object = |h: f64| safety(h).firsthand().grave(Grave::Injury).words(&format!("異物{h}"));
    let insider = |h: f64| leak(h).grave(Grave::Insider).words(&format!("内部{h}"));
    injuries.run([10.0, 200.0, 400.0, 600.0].map(object).to_vec(), 680.0);
    insiders.run([10.0, 200.0, 400.0, 600.0].map(insider).to_vec(), 680.0);
    assert_eq!(injuries.incidents(), 1, "{}", injuries.told());
    assert_eq!(insiders.incidents(), 4, "{}", insiders.told());
    let mut two = World::since(60);
    two.run([10.0, 200.0, 230.0].map(object).to_vec(), 680.0);
    assert_eq!(two.incidents(), 2, "a second person within a week is heard: {}", two.told());
}

#[test]
fn a_slow_quarrel_that_doubles_over_days_is_seen_before_it_is_loud() {
    for seed in 1..4 {
        let mut chance = Chance::new(seed);
        let rate =
            anchors(&[(0.0, 1.0), (6.0, 4.0), (12.0, 8.0), (20.0, 40.0), (36.0, 90.0), (60.0, 160.0), (72.0, 190.0)]);
        let mut posts = super::quiet::background(seed, 3.0, 30);
        posts.extend(stream(&mut chance, (500, 572), |h| rate(h - 500.0), |h| complaint(h).words("解約料")));
        let mut world = World::since(0);
        world.run(posts.into_iter().filter(|r| r.at < start() + Span::hours(572)).collect(), 572.0);
        let reached = |level: Level| {
            let hit = world.events.iter().find(|e| e.incident.level >= level && e.at > start() + Span::hours(500));
            hit.map_or(999.0, |e| (e.at - start()).as_hours() - 500.0)
        };
        assert!(reached(Level::Notice) < 6.0, "{}", world.told());
        assert!(reached(Level::Warning) < 21.0, "{}", world.told());
        assert!(reached(Level::Critical) < 62.0, "{}", world.told());
    }
}

#[test]
fn a_company_cleared_by_its_answer_is_told_to_be_over_within_60_hours() {
    let mut chance = Chance::new(12);
    let rate = anchors(&[
        (100.0, 3.0),
        (101.0, 60.0),
        (103.0, 110.0),
        (105.0, 90.0),
        (112.0, 50.0),
        (124.0, 12.0),
        (140.0, 2.0),
        (150.0, 0.0),
    ]);
    let praise = anchors(&[(100.0, 0.0), (103.0, 0.1), (106.0, 0.6), (112.0, 0.8), (400.0, 0.8)]);
    let mut posts = stream(&mut chance, (100, 150), |h| rate(h) * (1.0 - praise(h)), |h| safety(h).words("虫"));
    posts.extend(stream(&mut chance, (100, 150), |h| rate(h) * praise(h), |h| post(h, Category::PRAISE)));
    posts.extend(super::quiet::background(1, 3.0, 10));
    let mut world = World::since(0);
    world.run(posts, 200.0);
    assert!(world.reached(&Category::SAFETY, Level::Warning).is_some_and(|h| h < 101.5), "{}", world.told());
    let over = world.events.iter().find(|e| e.kind == EventKind::Resolved).unwrap();
    assert!((over.at - start()).as_hours() < 160.0, "{}", world.told());
    assert!(over.reason.starts_with("24時間平常の範囲"), "{}", over.reason);
}

#[test]
fn an_incident_that_a_person_calls_nothing_is_closed_and_stays_so() {
    let mut chance = Chance::new(13);
    let posts = stream(&mut chance, (100, 104), |_| 15.0, |h| safety(h).words("異臭"));
    let mut world = World::since(30);
    world.run(posts, 104.5);
    let id = world.events[0].incident.id;
    let now = start() + Span::minutes(104 * 60 + 31);
    let event = world.lookout.dismiss(id, now).unwrap();
    assert_eq!((event.incident.state, event.incident.level), (State::FalseAlarm, Level::Normal));
    assert_eq!(world.lookout.dismiss(id, now), None);
    let told = world.events.len();
    world.run(vec![safety(104.6).words("異臭")], 200.0);
    assert_eq!(world.events.len(), told, "{}", world.told());
}

#[test]
fn an_article_of_an_ordinary_day_does_not_raise_an_ordinary_quarrel() {
    let mut posts = super::quiet::background(4, 14.0, 12);
    posts.extend([180.0, 190.0].map(|h| {
        complaint(h).on(Channel::News).words("遅い").but(|r| {
            r.mention.stance = Stance::Report;
            r.post.text = "総務省が注意".into();
        })
    }));
    posts.extend([185.0, 195.0].map(|h| complaint(h).words("遅い").but(|r| r.post.author_followers = Some(90_000))));
    let mut world = World::since(0);
    world.run(posts, 280.0);
    assert!(world.incidents() > 0, "this month has a false alarm to begin with");
    assert_eq!(world.top(), Level::Notice, "{}", world.told());
}

#[test]
fn a_fire_in_the_first_hours_of_watching_is_judged_by_bare_numbers_and_says_so() {
    let mut chance = Chance::new(14);
    let posts = stream(&mut chance, (2, 5), |_| 40.0, |h| safety(h).words("発煙"));
    let mut world = World::since(0);
    world.run(posts.clone(), 5.0);
    assert!(world.reached(&Category::SAFETY, Level::Notice).is_some_and(|h| h < 3.0), "{}", world.told());
    assert!(world.events[0].reason.contains("平常は不明"), "{}", world.events[0].reason);

    let mut history = World::since(0);
    for record in posts {
        let record = history.number(record);
        history.lookout.remember(&record);
    }
    history.lookout.looked_until(start() + Span::hours(5));
    history.step(start() + Span::hours(5));
    assert!(history.events.is_empty(), "{}", history.told());
}
