-- What is remembered of a source between two visits. The cursor moves only in the transaction that stores what it
-- covered, which is why it lives here and not in a file.
create table source_state (
    source text primary key,
    cursor text not null,
    etag text,
    last_modified text,
    visits bigint not null,
    errors bigint not null,
    last_error text,
    next_due_at bigint not null,
    last_ok_at bigint,
    warmed_up_at bigint,
    last_full_at bigint,
    gone bigint not null
);

-- Visits per source and five minutes. A bucket in which no visit worked is unknown, not zero.
create table coverage (
    source text not null,
    bucket_at bigint not null,
    ok bigint not null,
    failed bigint not null,
    primary key (source, bucket_at)
);

-- Where every fetched post went, per source and hour: fetched = sum of fates.
create table tally (
    source text not null,
    hour_at bigint not null,
    fate text not null,
    posts bigint not null,
    primary key (source, hour_at, fate)
);

-- Posts that are about nobody we watch leave only a mark, so that the next poll knows them again.
create table seen (
    source text not null,
    post_hash bigint not null,
    seen_at bigint not null,
    primary key (source, post_hash)
);
create index seen_at on seen (seen_at);
