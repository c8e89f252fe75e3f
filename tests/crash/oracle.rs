//! Whether what is stored and what was mailed is what was published: every difference in a sentence.

use std::collections::{BTreeMap, BTreeSet};

use hinomi::model::time::Span;

use super::{
    sink::Copy,
    truth::{About, FEEDS, Post},
    web,
    world::{DUTY, World, text},
};

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    /// Differences; none if all is well.
    pub(crate) wrong: Vec<String>,
    pub(crate) posts: usize,
    pub(crate) incidents: usize,
    pub(crate) notifications: usize,
    /// Mails that were taken, counted once for each notification and recipient.
    pub(crate) mails: usize,
    /// Copies that were taken beyond the first.
    pub(crate) repeats: usize,
}

impl Judgement {
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, wanted: &T) {
        if found != wanted {
            self.wrong.push(format!("{what}: {found:?}, should be {wanted:?}"));
        }
    }
}

pub(crate) async fn judge(world: &World) -> Judgement {
    let mut j = Judgement { posts: world.truth.posts.len(), ..Judgement::default() };
    let sound = world.words("select integrity_check from pragma_integrity_check").await;
    j.same("integrity_check", &sound, &BTreeSet::from(["ok".to_owned()]));
    let dangling = world.number("select count(*) from pragma_foreign_key_check").await;
    j.same("rows that refer to nothing", &dangling, &0);
    posts(world, &mut j).await;
    tallies(world, &mut j).await;
    hours(world, &mut j).await;
    cursors(world, &mut j).await;
    incidents(world, &mut j).await;
    mails(world, &mut j).await;
    j
}

/// Each post once, with its words, and once for the company it names.
async fn posts(world: &World, j: &mut Judgement) {
    let rows = world.rows("select source, external_id, body from post order by id").await;
    let found: Vec<_> = rows.iter().map(|r| (text(&r[0]), text(&r[1]), text(&r[2]))).collect();
    let named: Vec<&Post> = world.truth.posts.iter().filter(|p| p.about != About::Nobody).collect();
    j.same("posts stored", &found.len(), &named.len());
    for post in &named {
        if !found.contains(&(post.source().to_owned(), post.id.clone(), post.text.clone())) {
            j.wrong.push(format!("lost or changed: {post:?}"));
        }
    }
    let question = "select p.external_id, m.company, m.fate, m.at, m.incident_id is not null
                    from mention m join post p on p.id = m.post_id";
    let mut mentions: BTreeMap<String, Vec<(String, String, i64, bool)>> = BTreeMap::new();
    for row in world.rows(question).await {
        let told = (text(&row[1]), text(&row[2]), row[3].as_i64().unwrap_or(0), row[4] == 1);
        mentions.entry(text(&row[0])).or_default().push(told);
    }
    j.same("posts with mentions", &mentions.len(), &named.len());
    for post in named {
        let grave = matches!(post.about, About::Grave(_));
        let mut told = mentions.remove(&post.id).unwrap_or_default();
        if !grave {
            // Whether talk that is about nothing hangs on a fire nearby is the detector's business.
            for mention in &mut told {
                mention.3 = false;
            }
        }
        let company = post.about.company().unwrap_or_default().to_owned();
        let wanted = vec![(company, post.about.fate().to_owned(), post.at.millis(), grave)];
        j.same(&format!("mentions in {}", post.id), &told, &wanted);
    }
}

/// Fetched is the sum of fates, each post new exactly once.
async fn tallies(world: &World, j: &mut Judgement) {
    let question = "select source, fate, cast(sum(posts) as bigint) from tally where fate <> 'duplicate' group by 1, 2";
    let rows = world.rows(question).await;
    let found: BTreeMap<_, _> = rows.iter().map(|r| ((text(&r[0]), text(&r[1])), r[2].as_i64().unwrap_or(0))).collect();
    let mut wanted: BTreeMap<(String, String), i64> = BTreeMap::new();
    for post in &world.truth.posts {
        *wanted.entry((post.source().to_owned(), post.about.fate().to_owned())).or_default() += 1;
    }
    j.same("fates per source", &found, &wanted);
    let marks = world.number("select count(*) from seen").await;
    let nobody = world.truth.posts.iter().filter(|p| p.about == About::Nobody).count();
    j.same("marks of posts about nobody", &marks, &i64::try_from(nobody).unwrap());
}

async fn hours(world: &World, j: &mut Judgement) {
    let question = "select company, hour_at, mentions, originals from hourly_count where category = 'all'";
    let rows = world.rows(question).await;
    let cell = |v: &serde_json::Value| v.as_i64().unwrap_or(-1);
    let found: BTreeMap<_, _> = rows.iter().map(|r| ((text(&r[0]), cell(&r[1])), (cell(&r[2]), cell(&r[3])))).collect();
    let mut wanted: BTreeMap<(String, i64), (i64, i64)> = BTreeMap::new();
    for post in &world.truth.posts {
        let Some(company) = post.about.company() else { continue };
        let hour = post.at.floor(Span::hours(1)).millis();
        let counts = wanted.entry((company.to_owned(), hour)).or_default();
        counts.0 += 1;
        counts.1 += i64::from(post.about.fate() == "counted");
    }
    for key in found.keys().chain(wanted.keys()).collect::<BTreeSet<_>>() {
        j.same(&format!("counts of {key:?}"), &found.get(key), &wanted.get(key));
    }
}

/// The cursor stands at the last version, and as many visits are covered as were made.
async fn cursors(world: &World, j: &mut Judgement) {
    let question = "select s.source, s.etag, s.visits, (select sum(ok) + sum(failed) from coverage c
                    where c.source = s.source) from source_state s";
    let rows = world.rows(question).await;
    j.same("sources", &rows.len(), &FEEDS.len());
    for row in rows {
        let name = text(&row[0]);
        let feed = FEEDS.iter().position(|f| f.0 == name).unwrap();
        j.same(&format!("version of {name}"), &web::version_of(&text(&row[1])), &Some(world.web.version(feed)));
        j.same(&format!("visits of {name} that left a trace"), &row[3], &row[2]);
    }
}

/// One incident for each company that burns, none for any other; the mails owed for it in an unbroken row.
async fn incidents(world: &World, j: &mut Judgement) {
    let rows = world.rows("select id, number, company from incident order by number").await;
    j.incidents = rows.len();
    let companies: Vec<String> = rows.iter().map(|r| text(&r[2])).collect();
    let burning = world.truth.burning();
    let told: BTreeSet<&str> = companies.iter().map(String::as_str).collect();
    j.same("companies with an incident", &told, &burning);
    j.same("incidents", &companies.len(), &burning.len());
    for (n, row) in rows.iter().enumerate() {
        j.same("number of an incident", &row[1].as_u64(), &Some(n as u64 + 1));
        let (id, company) = (&row[0], text(&row[2]));
        let alerts = world.rows(&format!("select sequence from alert where incident_id = {id} order by id")).await;
        let found: Vec<_> = alerts.iter().map(|r| r[0].as_u64().unwrap_or(0)).collect();
        let wanted: Vec<u64> = (1..=alerts.len().max(1) as u64).collect();
        j.same(&format!("mails owed for {company}"), &found, &wanted);
        let opened = format!("select count(*) from incident_event where incident_id = {id} and kind = 'opened'");
        j.same(&format!("beginnings of {company}"), &world.number(&opened).await, &1);
    }
    let stray = world.number("select count(*) from incident_event where incident_id not in (select id from incident)");
    j.same("changes of nothing", &stray.await, &0);
}

/// Everybody got every notification, whole; nobody got anything else; and only a crash explains a second copy.
async fn mails(world: &World, j: &mut Judgement) {
    let rows = world.rows("select message_id, mime from alert").await;
    let stored: BTreeMap<String, String> = rows.iter().map(|r| (text(&r[0]), text(&r[1]))).collect();
    j.notifications = rows.len();
    j.same("distinct Message-IDs", &stored.len(), &rows.len());
    let deliveries = world.rows("select a.message_id, d.recipient from delivery d join alert a on a.id = d.alert_id");
    let found: BTreeSet<_> = deliveries.await.iter().map(|r| (text(&r[0]), text(&r[1]))).collect();
    let wanted: BTreeSet<_> =
        stored.keys().flat_map(|id| DUTY.map(|recipient| (id.clone(), recipient.to_owned()))).collect();
    j.same("deliveries", &found, &wanted);

    let copies = world.sink.copies();
    let mut by_mail: BTreeMap<(String, String), Vec<&Copy>> = BTreeMap::new();
    for copy in &copies {
        by_mail.entry((copy.message_id.clone(), copy.recipient.clone())).or_default().push(copy);
    }
    let arrived: BTreeSet<_> =
        by_mail.iter().filter(|(_, c)| c.iter().any(|c| c.answered)).map(|(key, _)| key.clone()).collect();
    j.mails = arrived.len();
    j.same("notifications that arrived", &arrived, &wanted);
    for ((id, recipient), copies) in by_mail {
        let Some(mime) = stored.get(&id) else {
            j.wrong.push(format!("mailed and not in the database: {id} to {recipient}"));
            continue;
        };
        let whole = format!("To: {recipient}\r\n{mime}");
        for copy in &copies {
            // A relay puts its stamp in front and touches nothing else.
            let stamp = copy.bytes.strip_suffix(whole.as_bytes());
            if !stamp.is_some_and(|s| s.is_empty() || s.starts_with(b"Received: ")) {
                j.wrong.push(format!("{id} to {recipient} came as {:?}", String::from_utf8_lossy(&copy.bytes)));
            }
        }
        let answered: Vec<u64> = copies.iter().filter(|c| c.answered).map(|c| c.life).collect();
        j.repeats += answered.len().saturating_sub(1);
        if !world.relayed && answered.windows(2).any(|lives| lives[0] == lives[1]) {
            j.wrong.push(format!("{id} to {recipient} was taken twice in one life: {answered:?}"));
        }
    }
    if j.repeats as u64 > world.crashes {
        j.wrong.push(format!("{} repeated mails after {} crashes", j.repeats, world.crashes));
    }
}
