-- How long the texts of a source may be kept, where its operator sets a limit. It is written here and not only in the
-- configuration: a source that a person removed still has texts, and its operator's terms still hold.
create table retention (
    source text primary key,
    kept_ms bigint not null
);
