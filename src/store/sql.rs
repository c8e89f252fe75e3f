//! Declares statements next to the functions that bind them, and lists them for the prepare test.

/// Constants with SQL and a list of them named `STATEMENTS`.
macro_rules! sql {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $text;)*
        /// Every statement of this file by name.
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(super) use sql;

sql! {
    /// Over all tables whose ids the program gives.
    LAST_ID = "
        select coalesce(max(id), 0) from (
            select max(id) as id from post
            union all select max(id) from mention
            union all select max(id) from incident
            union all select max(id) from incident_event
            union all select max(id) from alert
            union all select max(id) from delivery
            union all select max(id) from hold
        ) as ids";
}
