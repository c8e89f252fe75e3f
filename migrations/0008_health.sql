-- What each source brought, and how, hour by hour: enough to say whether it is quiet, dead or late, and what is usual
-- of it. Written in the transaction that stores the visit. First pages are history and count neither as posts nor as
-- delay.
create table source_hour (
    source text not null,
    hour_at bigint not null,
    visits bigint not null,
    failed bigint not null,
    -- Answers that came over the network, and among them those that said «not modified».
    answers bigint not null,
    not_modified bigint not null,
    -- After decompression: what we had to read.
    bytes bigint not null,
    -- Pages that were read, by whether anything stood on them.
    full_pages bigint not null,
    empty_pages bigint not null,
    -- Posts never seen before, whether they are about anybody or not.
    posts bigint not null,
    primary key (source, hour_at)
);

-- How long after they were published new posts were collected: so many within so many seconds, and not within the
-- step below. The steps are fixed (see src/store/figures.rs).
create table source_lag (
    source text not null,
    hour_at bigint not null,
    within_s bigint not null,
    posts bigint not null,
    primary key (source, hour_at, within_s)
);

-- What people have been told of sources that cannot be read. The empty name stands for most of them together. Without
-- `since` it is over, and only when people were told is remembered.
create table sight (
    source text primary key,
    since bigint,
    told_at bigint,
    well_since bigint
);
