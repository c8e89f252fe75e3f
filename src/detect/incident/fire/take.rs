//! Taking posts in: what each adds to an incident.

use super::super::part::is_cause;
use super::{Fire, HOUR, NAMES_KEPT, WORDS_KEPT};
use crate::{
    detect::{
        digest::{Cue, Seen},
        tallies::BUCKET,
        wording,
    },
    model::{
        incident::{ChannelFirst, EventKind},
        mention::{Category, Fate, Grave},
        post::Channel,
    },
};

/// Followers that make a post a pick-up.
const LOUD: u64 = 50_000;

impl Fire {
    /// Takes a post in. `false` if it is here already.
    pub(in crate::detect) fn attach(&mut self, seen: &Seen) -> bool {
        if let Some(views) = seen.views {
            self.incident.counts.views = self.incident.counts.views.max(views);
        }
        if seen.fate == Fate::Snapshot || !self.ids.insert(seen.id) {
            return false;
        }
        if self.names.len() < NAMES_KEPT {
            self.names.insert(seen.name);
        }
        let counts = &mut self.incident.counts;
        counts.mentions += 1;
        counts.max_followers = counts.max_followers.max(seen.followers);
        self.incident.last_seen_at = self.incident.last_seen_at.max(seen.at);
        self.note_channel(seen);
        if seen.praises {
            self.incident.counts.praise += 1;
            self.pulse.at(seen.at).praise += 1;
        }
        if seen.category.is_risk() && seen.fate != Fate::OwnChannel {
            self.voices.hear(seen);
        }
        // History comes here only as the first reports of an ember, and those people have spoken.
        if seen.counts() || seen.fate == Fate::WarmUp {
            self.count(seen);
        }
        if seen.is_press() && seen.category.is_risk() {
            self.note_press(seen);
        }
        if seen.category.is_risk()
            && let Some(stated) = self.numbers.hear(seen, self.incident.affected.as_ref())
        {
            self.incident.affected = Some(stated);
            self.kind = self.kind.or(Some(EventKind::Restated));
        }
        true
    }

    fn count(&mut self, seen: &Seen) {
        let own = seen.category == self.incident.category;
        let beat = self.pulse.at(seen.at);
        beat.originals += 1;
        beat.own += u64::from(own);
        self.people.insert(seen.author);
        if seen.is_firsthand() && !seen.is_press() && (own || !is_cause(&self.incident.category)) {
            self.firsthand.insert(seen.author);
            if seen.has(Cue::Hurt) && (seen.category == Category::SAFETY || seen.grave == Some(Grave::Injury)) {
                self.hurt.insert(seen.author);
            }
        }
        for word in &seen.words {
            if self.words.len() < WORDS_KEPT || self.words.contains_key(word) {
                *self.words.entry(*word).or_default() += 1;
            }
        }
        let counts = &mut self.incident.counts;
        counts.originals += 1;
        counts.authors = self.people.len() as u64;
        counts.firsthand = self.firsthand.len() as u64;
        if own && seen.at < self.incident.first_post_at {
            self.incident.first_post_at = seen.at;
        }
        // What is caught up on after an outage: the hour in which it was loudest may be over already.
        if seen.collected_at - seen.at > HOUR {
            let ends = (0..HOUR.millis() / BUCKET.millis()).map(|n| seen.at + BUCKET.times(n));
            let loudest = ends.map(|end| self.pulse.within(HOUR, end).originals).max().unwrap_or(0);
            counts.peak_hour = counts.peak_hour.max(loudest);
        }
    }

    fn note_channel(&mut self, seen: &Seen) {
        let channels = &mut self.incident.channels;
        match channels.iter_mut().find(|c| c.channel == seen.channel) {
            Some(known) => {
                known.posts += 1;
                known.first_at = known.first_at.min(seen.at);
            }
            None => channels.push(ChannelFirst { channel: seen.channel, first_at: seen.at, posts: 1 }),
        }
        channels.sort_by_key(|c| (c.first_at, c.channel));
        let after = seen.at > self.incident.opened_at && seen.category == self.incident.category && self.burns(seen.at);
        let class = match seen.channel {
            Channel::Matome => Some("まとめサイトに掲載"),
            Channel::Video if seen.views.is_some() || seen.fate == Fate::Counted => Some("動画に取り上げられた"),
            _ => None,
        };
        if let Some(class) = class.filter(|_| after && !seen.praises) {
            self.picked_up.get_or_insert_with(|| class.to_owned());
        } else if after && seen.followers >= LOUD && !seen.praises {
            let followers = wording::number((seen.followers as f64 / 10_000.0).floor());
            self.picked_up.get_or_insert_with(|| format!("フォロワー{followers}万人の投稿者が言及"));
        }
    }

    fn note_press(&mut self, seen: &Seen) {
        self.incident.counts.press += 1;
        if !self.burns(seen.at) {
            return;
        }
        self.press = true;
        self.press_hard |= seen.affected.is_some() || seen.has(Cue::Authority);
        if self.incident.press_at.is_none_or(|at| seen.at < at) {
            if self.incident.press_at.is_none() && self.kind != Some(EventKind::Reignited) {
                self.kind = Some(EventKind::Press);
            }
            self.incident.press_at = Some(seen.at);
        }
    }

    /// A video of this story has doubled its views.
    pub(in crate::detect) fn doubled(&mut self, sentence: String, views: u64) {
        self.incident.counts.views = self.incident.counts.views.max(views);
        // A video that spreads is not calm, though nobody may write.
        self.quiet = 0;
        self.views = Some(sentence);
    }
}
