//! How a change of an incident is printed: one line of when, how bad, whose, and why.

use super::Lang;
use crate::model::{
    incident::{Incident, IncidentEvent, Level},
    time::{Timestamp, Zone},
};

/// `  2/11 22:31  ◆ 注意・発生  しらかば生命  90日で別々の3人が…`
pub(super) fn line(event: &IncidentEvent, lang: Lang) -> String {
    let i = &event.incident;
    let style = style(i.level);
    let head = head(i, lang);
    format!(
        "  {}  {}{head}{}  {}  {}  {}",
        stamp(event.at),
        style.render(),
        style.render_reset(),
        i.company,
        event.reason,
        i.code()
    )
}

/// `◆ 注意・発生`.
pub(super) fn head(i: &Incident, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{} {}・{}", i.level.mark(), i.level.ja(), i.state),
        Lang::En => format!("{} {}, {}", i.level.mark(), i.level.en(), i.state.en()),
    }
}

/// Month, day and time in columns.
pub(super) fn stamp(at: Timestamp) -> String {
    format!("{:>11}", at.short(Zone::JST))
}

/// Colour goes with the shape and the word; it never stands alone.
fn style(level: Level) -> anstyle::Style {
    let colour = match level {
        Level::Normal => anstyle::AnsiColor::Cyan,
        Level::Notice => anstyle::AnsiColor::Yellow,
        Level::Warning => anstyle::AnsiColor::BrightYellow,
        Level::Critical => anstyle::AnsiColor::BrightRed,
    };
    let style = anstyle::Style::new().fg_color(Some(colour.into()));
    if level >= Level::Warning { style.bold() } else { style }
}
