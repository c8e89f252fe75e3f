-- A post about one company. A later snapshot of the same video is a row of its own with fate 'snapshot'.
create table mention (
    id bigint primary key,
    post_id bigint not null references post (id),
    company text not null,
    at bigint not null,
    category text not null,
    score double precision not null,
    scores text not null,
    complaint bigint not null,
    leak bigint not null,
    alert_worthy bigint not null,
    role text not null,
    polarity text not null,
    stance text not null,
    retrospective bigint not null,
    affected_count bigint,
    complaint_score double precision not null,
    leak_score double precision not null,
    grave text,
    symptom text,
    evidence text not null,
    fate text not null,
    author_key text,
    text_key text not null,
    views bigint,
    incident_id bigint
);
-- A company's latest, a company's window.
create index mention_company_at on mention (company, at);
-- Has this text, has this author been counted already?
create index mention_text on mention (company, text_key);
create index mention_author on mention (company, author_key, at);
create index mention_post on mention (post_id);
create index mention_incident on mention (incident_id);

-- The rollup that pages read; kept in the transaction that stores the mentions. Category 'all' is the total.
create table hourly_count (
    company text not null,
    hour_at bigint not null,
    category text not null,
    mentions bigint not null,
    originals bigint not null,
    firsthand bigint not null,
    negative bigint not null,
    praise bigint not null,
    press bigint not null,
    max_reach bigint not null,
    primary key (company, hour_at, category)
);
