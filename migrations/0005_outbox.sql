-- A message owed to people, written in the transaction that changed the incident. `mime` and `message_id` are
-- filled before the first try, so that every try sends the same bytes.
create table alert (
    id bigint primary key,
    incident_id bigint not null references incident (id),
    sequence bigint not null,
    reason text not null,
    level bigint not null,
    state text not null,
    created_at bigint not null,
    recipients text not null,
    event text not null,
    subject text,
    message_id text,
    mime text
);
create index alert_incident on alert (incident_id, created_at);

-- Why a change was not told.
create table hold (
    id bigint primary key,
    incident_id bigint not null references incident (id),
    at bigint not null,
    kind text not null,
    mute text not null
);

-- One alert to one address.
create table delivery (
    id bigint primary key,
    alert_id bigint not null references alert (id),
    recipient text not null,
    state text not null,
    attempts bigint not null,
    next_try_at bigint not null,
    leased_until bigint not null,
    sent_at bigint,
    reply text,
    unique (alert_id, recipient)
);
create index delivery_due on delivery (state, next_try_at);
