//! What was published: the journal that everything is measured against.

use std::collections::BTreeSet;

use hinomi::model::time::{Timestamp, Zone};

/// The feeds, by the name of their source.
pub(crate) const FEEDS: [(&str, &str); 3] = [("tokoton", "rss"), ("hitokoto", "atom"), ("nikki", "json")];

const FIRST: [&str; 7] = ["つばめ", "青空", "みどり屋", "しらかば", "こだま", "まるふく", "はやぶさ"];
const SECOND: [&str; 7] = ["電機", "テレコム", "通販", "生命", "自動車", "食品", "運輸"];

/// So many unrelated people telling one kind of story are a fire.
const EMBERS: usize = 3;

/// Companies that nobody has: forty-nine, so that there is always one nothing has happened to yet.
pub(crate) fn companies() -> Vec<String> {
    FIRST.iter().flat_map(|first| SECOND.iter().map(move |second| format!("{first}{second}"))).collect()
}

/// What a post is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// Nobody whom anybody watches.
    Nobody,
    /// A company, in passing.
    Ordinary(String),
    /// A company to whom alone a number was given that strangers call now: three such reports are one fire.
    Ember(String),
    /// A company whose staff did what one report of is enough.
    Grave(String),
}

impl About {
    pub(crate) fn company(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Ordinary(company) | Self::Ember(company) | Self::Grave(company) => Some(company),
        }
    }

    /// The fate of a first report by an author of its own.
    pub(crate) fn fate(&self) -> &'static str {
        match self {
            Self::Nobody => "not_about_us",
            Self::Ordinary(_) => "below",
            Self::Ember(_) | Self::Grave(_) => "counted",
        }
    }
}

/// One post. No two have the same words or the same author.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) feed: usize,
    pub(crate) id: String,
    pub(crate) author: String,
    pub(crate) about: About,
    pub(crate) text: String,
    pub(crate) at: Timestamp,
}

impl Post {
    pub(crate) fn source(&self) -> &'static str {
        FEEDS[self.feed].0
    }

    pub(crate) fn date(&self) -> String {
        self.at.rfc3339(Zone::JST)
    }
}

/// Everything published so far.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) posts: Vec<Post>,
}

impl Truth {
    pub(crate) fn publish(&mut self, feed: usize, about: About, now: Timestamp) -> &Post {
        let n = self.posts.len() + 1;
        let text = match &about {
            About::Nobody => format!("朝の散歩で写真を{n}枚とった。公園の桜がきれいだった"),
            About::Ordinary(company) => format!("{company}のCMを駅で見た。写真は{n}枚目"),
            About::Ember(company) => match self.embers(company) {
                0 => format!("{company}にしか教えていない番号に、知らない会社から名指しで勧誘の電話が来た"),
                1 => format!("化粧品の会社から急に電話。この番号は{company}にしか登録していないのに、名前まで呼ばれた"),
                _ => format!("母の携帯に健康食品の営業電話。{company}でしか使っていない番号なのに。どこから漏れたの?"),
            },
            About::Grave(company) => format!(
                "受付番号{n}。さっき{company}のサポートに電話した。そのあと知らないアカウントから\
                 「対応したの私です」と来た。なんで私のSNSを知ってるの。怖い"
            ),
        };
        // Feeds tell whole seconds.
        let at = Timestamp::from_seconds(now.seconds());
        self.posts.push(Post { feed, id: format!("post-{n}"), author: format!("person{n}"), about, text, at });
        &self.posts[n - 1]
    }

    pub(crate) fn burning(&self) -> BTreeSet<&str> {
        let burns = |company: &str| self.embers(company) >= EMBERS || self.is_grave(company);
        self.posts.iter().filter_map(|p| p.about.company()).filter(|company| burns(company)).collect()
    }

    fn is_grave(&self, company: &str) -> bool {
        self.posts.iter().any(|p| matches!(&p.about, About::Grave(c) if c == company))
    }

    fn embers(&self, company: &str) -> usize {
        self.posts.iter().filter(|p| matches!(&p.about, About::Ember(c) if c == company)).count()
    }
}
