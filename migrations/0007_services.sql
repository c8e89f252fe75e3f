-- Questions asked in a row without a pause.
alter table source_state add column steps bigint not null default 0;

-- What a service counts against us, as far as it counts. Written before a question that costs is asked.
alter table source_state add column meter_used double precision;
alter table source_state add column meter_limit double precision;
alter table source_state add column meter_unit text;
alter table source_state add column meter_resets_at bigint;

-- Numbers that a service reports of its own, without posts: how many an hour, how many views. They are never added
-- to ours.
create table observed (
    source text not null,
    series text not null,
    at bigint not null,
    value double precision not null,
    primary key (source, series, at)
);

-- When a platform or an author took a post back. Its words are gone; that it counted stays.
alter table post add column withdrawn_at bigint;
