-- The read contract: pages, exports and people with a SQL prompt see the same numbers under the same names. A view
-- may gain columns and lose none. Epochs are UTC seconds; *_jst is text as people in Japan read it. What counts as
-- a spike is stored by the detectors, never worked out here.

drop view if exists v_mentions;
create view v_mentions as
select
    m.id as mention_id,
    m.company,
    m.at / 1000 as published_epoch,
    strftime('%Y-%m-%d %H:%M', m.at / 1000, 'unixepoch', '+9 hours') as published_jst,
    p.collected_at / 1000 as collected_epoch,
    (p.collected_at - m.at) / 1000 as delay_s,
    p.channel,
    p.source,
    coalesce(p.author, m.author_key) as author,
    p.author_followers,
    p.url,
    p.title,
    p.body as text,
    m.category,
    m.score,
    m.stance,
    m.polarity,
    m.role,
    (select json_group_array(json_extract(e.value, '$.surface')) from json_each(m.evidence) e) as evidence,
    m.evidence as evidence_detail,
    m.symptom,
    m.grave,
    m.affected_count,
    p.reach,
    p.views,
    p.repost_of,
    case when i.number is not null then printf('HN-%04d', i.number) end as incident_id,
    m.text_key as cluster_id,
    case when m.fate in ('same_text', 'repost') then 1 else 0 end as is_duplicate,
    m.fate
from mention m
join post p on p.id = m.post_id
left join incident i on i.id = m.incident_id
where m.fate not in ('excluded', 'snapshot');

drop view if exists v_hourly;
create view v_hourly as
select
    company,
    hour_at / 1000 as hour_epoch,
    strftime('%Y-%m-%d %H:%M', hour_at / 1000, 'unixepoch', '+9 hours') as hour_jst,
    category,
    mentions,
    originals as authors,
    firsthand,
    originals,
    negative,
    praise,
    press
from hourly_count;

drop view if exists v_daily;
create view v_daily as
select
    company,
    date(hour_at / 1000, 'unixepoch', '+9 hours') as day_jst,
    sum(case when category = 'all' then mentions else 0 end) as mentions,
    sum(case when category = 'all' then originals else 0 end) as authors,
    sum(case when category = 'all' then negative else 0 end) as negative,
    sum(case when category = 'all' then praise else 0 end) as praise,
    sum(case when category = 'leak' then mentions else 0 end) as leak,
    sum(case when category = 'complaint' then mentions else 0 end) as complaint,
    sum(case when category = 'all' then press else 0 end) as press,
    max(case when category = 'all' then max_reach else 0 end) as max_reach
from hourly_count
group by company, day_jst;

drop view if exists v_incidents;
create view v_incidents as
select
    printf('HN-%04d', number) as incident_id,
    company,
    category,
    role,
    level,
    case level when 3 then '緊急' when 2 then '警戒' when 1 then '注意' else '平常' end as level_name,
    state,
    first_post_at / 1000 as first_post_epoch,
    strftime('%Y-%m-%d %H:%M', first_post_at / 1000, 'unixepoch', '+9 hours') as first_post_jst,
    opened_at / 1000 as detected_epoch,
    strftime('%Y-%m-%d %H:%M', opened_at / 1000, 'unixepoch', '+9 hours') as detected_jst,
    press_at / 1000 as first_press_epoch,
    strftime('%Y-%m-%d %H:%M', press_at / 1000, 'unixepoch', '+9 hours') as first_press_jst,
    json_extract(body, '$.counts.peak_hour') as peak_per_hour,
    round(json_extract(body, '$.counts.peak_hour') / max(json_extract(body, '$.counts.normal_hour'), 0.1), 1)
        as peak_ratio,
    strftime('%Y-%m-%d %H:%M', closed_at / 1000, 'unixepoch', '+9 hours') as closed_jst,
    json_extract(body, '$.counts.mentions') as mentions,
    json_extract(body, '$.counts.authors') as authors,
    json_extract(body, '$.counts.firsthand') as firsthand,
    affected_count as stated_count,
    affected_source as stated_source,
    (press_at - opened_at) / 60000 as lead_min,
    detector as rule,
    json_extract(body, '$.finding.why') as why
from incident;

drop view if exists v_incident_events;
create view v_incident_events as
select incident_id, at_epoch, at_jst, kind, from_value, to_value, text
from (
    select
        printf('HN-%04d', i.number) as incident_id,
        e.at / 1000 as at_epoch,
        strftime('%Y-%m-%d %H:%M', e.at / 1000, 'unixepoch', '+9 hours') as at_jst,
        case e.kind
            when 'opened' then 'level' when 'raised' then 'level' when 'lowered' then 'level'
            when 'moved' then 'state' when 'resolved' then 'state' when 'reignited' then 'state'
            when 'restated' then 'count' else e.kind end as kind,
        e.from_value,
        e.to_value,
        e.reason as text,
        e.id as sort_id
    from incident_event e join incident i on i.id = e.incident_id
    union all
    select
        printf('HN-%04d', i.number),
        a.created_at / 1000,
        strftime('%Y-%m-%d %H:%M', a.created_at / 1000, 'unixepoch', '+9 hours'),
        'mail', null, a.reason, a.subject, a.id
    from alert a join incident i on i.id = a.incident_id
    union all
    select
        printf('HN-%04d', i.number),
        h.at / 1000,
        strftime('%Y-%m-%d %H:%M', h.at / 1000, 'unixepoch', '+9 hours'),
        'note', h.kind, h.mute, null, h.id
    from hold h join incident i on i.id = h.incident_id
)
order by at_epoch, sort_id;

drop view if exists v_alerts;
create view v_alerts as
select
    a.id as alert_id,
    printf('HN-%04d', i.number) as incident_id,
    i.company,
    (select min(d.sent_at) / 1000 from delivery d where d.alert_id = a.id) as sent_epoch,
    (select strftime('%Y-%m-%d %H:%M', min(d.sent_at) / 1000, 'unixepoch', '+9 hours')
     from delivery d where d.alert_id = a.id) as sent_jst,
    a.level,
    case when a.reason = 'first' then 'new' else a.reason end as state,
    i.detector as rule,
    a.subject,
    a.recipients,
    a.created_at / 1000 as owed_epoch,
    (select count(*) from delivery d where d.alert_id = a.id and d.state = 'sent') as delivered,
    (select count(*) from delivery d where d.alert_id = a.id and d.state <> 'sent') as undelivered,
    (select group_concat(line, char(10))
     from (select d.recipient || ': ' || d.reply as line
           from delivery d where d.alert_id = a.id and d.reply is not null order by d.id)) as replies
from alert a
join incident i on i.id = a.incident_id;

drop view if exists v_stated_counts;
create view v_stated_counts as
select
    printf('HN-%04d', i.number) as incident_id,
    strftime('%Y-%m-%d %H:%M', min(m.at) / 1000, 'unixepoch', '+9 hours') as at_jst,
    m.affected_count as number,
    p.source,
    count(*) as times_seen
from mention m
join incident i on i.id = m.incident_id
join post p on p.id = m.post_id
where m.affected_count is not null and m.fate not in ('excluded', 'snapshot')
group by i.number, m.affected_count, p.source;

drop view if exists v_sources;
-- «Now» is the hour of the last visit of anybody. What is usual of 24 hours is the median of the same 24 hours of the
-- past four weeks (of every past day while there are fewer than three such weeks), counted where visits worked; with
-- fewer than three of either nothing is usual yet. A delay is the upper bound of the step that holds the share.
create view v_sources as
with clock as (
    select coalesce(max(hour_at), 0) as hour_at from source_hour
),
days as (
    select
        h.source,
        (c.hour_at - h.hour_at) / 86400000 as back,
        cast(sum(h.visits) as bigint) as visits,
        cast(sum(h.failed) as bigint) as failed,
        cast(sum(h.answers) as bigint) as answers,
        cast(sum(h.not_modified) as bigint) as not_modified,
        cast(sum(h.bytes) as bigint) as bytes,
        cast(sum(h.posts) as bigint) as posts
    from source_hour h cross join clock c
    where h.hour_at > c.hour_at - 2505600000
    group by h.source, (c.hour_at - h.hour_at) / 86400000
),
spans as (
    select source, posts, 1 as weekly from days where back in (7, 14, 21, 28) and visits > failed
    union all
    select source, posts, 0 as weekly from days where back between 1 and 28 and visits > failed
),
ranked as (
    select
        source,
        weekly,
        posts,
        row_number() over (partition by source, weekly order by posts) as nth,
        count(*) over (partition by source, weekly) as spans
    from spans
),
medians as (
    select source, weekly, avg(posts) as posts from ranked
    where spans >= 3 and nth in ((spans + 1) / 2, (spans + 2) / 2)
    group by source, weekly
),
usual as (
    select
        source,
        cast(coalesce(max(case when weekly = 1 then posts end), max(posts)) as double precision) as posts
    from medians group by source
),
steps as (
    select l.source, l.within_s, sum(l.posts) as posts
    from source_lag l cross join clock c
    where l.hour_at > c.hour_at - 86400000
    group by l.source, l.within_s
),
sums as (
    select
        source,
        within_s,
        sum(posts) over (partition by source order by within_s) as upto,
        sum(posts) over (partition by source) as posts
    from steps
),
delays as (
    select
        source,
        min(case when upto * 2 >= posts then within_s end) as p50,
        min(case when upto * 100 >= posts * 95 then within_s end) as p95
    from sums group by source
),
pages as (
    select
        h.source,
        max(case when h.full_pages > 0 then h.hour_at end) as last_full,
        sum(h.full_pages) as full_pages
    from source_hour h cross join clock c
    where h.hour_at > c.hour_at - 2505600000
    group by h.source
),
empties as (
    select
        h.source,
        sum(case when h.hour_at < p.last_full then h.empty_pages else 0 end) as earlier,
        sum(case when h.hour_at > p.last_full then h.empty_pages else 0 end) as since
    from source_hour h join pages p on p.source = h.source cross join clock c
    where h.hour_at > c.hour_at - 2505600000
    group by h.source
)
select
    s.source,
    (select p.channel from post p where p.source = s.source order by p.external_id limit 1) as channel,
    case
        when s.gone = 1 then 'gone'
        when s.errors >= 3 then 'failing'
        when s.errors > 0 and coalesce(s.last_ok_at, 0) < c.hour_at - 86400000 then 'failing'
        when s.last_ok_at is null then 'new'
        when p.full_pages >= 10 and e.earlier = 0 and e.since >= 3 then 'suspicious'
        when u.posts >= 8 and coalesce(d.posts, 0) * 4 < u.posts then 'quiet'
        else 'ok'
    end as status,
    strftime('%Y-%m-%d %H:%M', s.last_ok_at / 1000, 'unixepoch', '+9 hours') as last_ok_jst,
    s.last_error,
    s.errors,
    s.visits,
    strftime('%Y-%m-%d %H:%M', s.next_due_at / 1000, 'unixepoch', '+9 hours') as next_due_jst,
    cast(coalesce(d.posts, 0) as bigint) as items_24h,
    u.posts as expected_24h,
    l.p50 as lag_p50_s,
    l.p95 as lag_p95_s,
    s.meter_used as quota_used,
    s.meter_limit as quota_limit,
    cast(coalesce(d.visits, 0) as bigint) as visits_24h,
    cast(coalesce(d.failed, 0) as bigint) as failed_24h,
    cast(coalesce(d.not_modified, 0) as bigint) as not_modified_24h,
    cast(coalesce(d.bytes, 0) as bigint) as bytes_24h,
    -- As if each «not modified» had been a page like the others of the day.
    cast(case when d.answers > d.not_modified then d.bytes / (d.answers - d.not_modified) * d.not_modified end
        as bigint) as saved_bytes_24h,
    s.last_ok_at / 1000 as last_ok_epoch,
    s.next_due_at / 1000 as next_due_epoch,
    s.meter_unit as quota_unit,
    strftime('%Y-%m-%d %H:%M', s.meter_resets_at / 1000, 'unixepoch', '+9 hours') as quota_resets_jst,
    s.meter_resets_at / 1000 as quota_resets_epoch,
    -- A permanent new address that its server has named three times and for a week; somebody should write it down.
    case when s.moved_times >= 3 and s.last_ok_at - s.moved_since_at >= 604800000 then s.moved_to end as moved_to
from source_state s
cross join clock c
left join days d on d.source = s.source and d.back = 0
left join usual u on u.source = s.source
left join delays l on l.source = s.source
left join pages p on p.source = s.source
left join empties e on e.source = s.source;

drop view if exists v_fates;
create view v_fates as
select
    source,
    strftime('%Y-%m-%d %H:%M', hour_at / 1000, 'unixepoch', '+9 hours') as hour_jst,
    hour_at / 1000 as hour_epoch,
    fate,
    posts
from tally;
