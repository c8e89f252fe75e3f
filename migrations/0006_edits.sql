-- Since when a company is watched. `joined` 1: others were watched before it, so what was published before
-- `watched_at` is history to it and no news.
create table watched (
    company text primary key,
    watched_at bigint not null,
    joined bigint not null
);

-- When the text was seen changed for the last time.
alter table post add column edited_at bigint;

-- A mention whose post was edited so that it says something else is a new row, so that detection looks at it once
-- more: `edited_at` is when that was seen. `counted_before` 1: its count has been given already.
alter table mention add column edited_at bigint;
alter table mention add column counted_before bigint not null default 0;
