//! What can keep Hinomi itself from watching or remembering, in words for the duty officer.
//!
//! These are told by mails written from memory, because the store that every other mail comes from may be the trouble.

/// A matter of the watch itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// There is no room to remember anything.
    DiskFull,
    /// The database takes nothing, for another reason than room.
    StoreStopped,
    /// The database file is damaged, so Hinomi does not start.
    StoreDamaged,
    /// A part of the program broke off again and again; the program ends so that its supervisor starts it anew.
    PartStopped,
}

impl Trouble {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::DiskFull, Self::StoreStopped, Self::StoreDamaged, Self::PartStopped];

    /// Part of the Message-ID; ASCII.
    pub const fn key(self) -> &'static str {
        match self {
            Self::DiskFull => "diskfull",
            Self::StoreStopped => "storestopped",
            Self::StoreDamaged => "storedamaged",
            Self::PartStopped => "partstopped",
        }
    }

    /// What happened, for the subject.
    pub const fn headline(self) -> &'static str {
        match self {
            Self::DiskFull => "ディスクに空きがなく、記録できません",
            Self::StoreStopped => "データベースに書き込めません",
            Self::StoreDamaged => "データベースが壊れていて、起動できません",
            Self::PartStopped => "プログラムの一部が繰り返し止まりました",
        }
    }

    /// What that means for the watch.
    pub const fn effect(self) -> &'static str {
        match self {
            Self::DiskFull | Self::StoreStopped => {
                "新しい投稿を記録できないため、この間の出来事は知らせられません。記録済みの内容は失われていません。"
            }
            Self::StoreDamaged => "監視は止まっています。壊れたファイルには手を付けていません。",
            Self::PartStopped => {
                "自動で起動し直します。起動し直せないあいだ、監視は止まっています。記録済みの内容は失われていません。"
            }
        }
    }

    /// What a person should do.
    pub const fn cure(self) -> &'static str {
        match self {
            Self::DiskFull => "ディスクの空きを作ってください。空きができると、自動で監視に戻ります。",
            Self::StoreStopped => {
                "データベースのあるディスクと、ほかにデータベースを開いているプログラムを確かめてください。\
                 書き込めるようになると、自動で監視に戻ります。"
            }
            Self::StoreDamaged => {
                "hinomi db check で状態を確かめ、バックアップから戻してください（手順は README の「運用」）。"
            }
            Self::PartStopped => "動作の記録（journalctl -u hinomi など）を開発元へ送ってください。",
        }
    }
}
