-- What is known of how often a page changes: the mean time between its last entries, when the newest came, how often
-- the page itself says that it changes, and how many entries the last full page held.
alter table source_state add column rhythm bigint;
alter table source_state add column newest_at bigint;
alter table source_state add column update_every bigint;
alter table source_state add column items bigint not null default 0;

-- A permanent new address, since when and how often the server has named it; it is proposed and never adopted.
alter table source_state add column moved_to text;
alter table source_state add column moved_since_at bigint;
alter table source_state add column moved_times bigint not null default 0;

-- Until when the host of this source wants nobody of ours, also after a restart.
alter table source_state add column host_pause_at bigint;
