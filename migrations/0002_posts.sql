-- A post that names somebody we watch.
-- `author` is the name as the source writes it and is dropped when it is no longer needed; `author_key` is its
-- pseudonym and stays, because one person must count once.
create table post (
    id bigint primary key,
    source text not null,
    external_id text not null,
    source_type text not null,
    channel text not null,
    url text,
    author text,
    author_key text,
    author_followers bigint,
    title text,
    body text not null,
    text_key text not null,
    published_at bigint,
    collected_at bigint not null,
    effective_at bigint not null,
    reach bigint,
    views bigint,
    repost_of text,
    unique (source, external_id)
);
create index post_collected_at on post (collected_at);
