-- `body` is the incident as the program knows it; the columns beside it are what queries and views ask for.
create table incident (
    id bigint primary key,
    number bigint not null unique,
    company text not null,
    category text not null,
    role text not null,
    level bigint not null,
    state text not null,
    detector text not null,
    first_post_at bigint not null,
    opened_at bigint not null,
    changed_at bigint not null,
    last_seen_at bigint not null,
    closed_at bigint,
    press_at bigint,
    affected_count bigint,
    affected_source text,
    body text not null
);
create index incident_open on incident (closed_at);

-- Every change, with the incident as it stood afterwards: the story that mails and pages tell.
create table incident_event (
    id bigint primary key,
    incident_id bigint not null references incident (id),
    at bigint not null,
    kind text not null,
    from_value text,
    to_value text,
    reason text not null,
    body text not null
);
create index incident_event_incident on incident_event (incident_id, at);

-- How far the detectors have read. Moves in the transaction that stores what they found.
create table progress (
    name text primary key,
    value bigint not null
);
