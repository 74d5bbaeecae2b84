{#
    Threads that a build has to enter anew, neighbours in an agent's day apart (int_touched_threads):
    what was loaded or decided otherwise since the last complete build, what time decides, and what a
    build that did not end may have left half-done. No row in a full build, which enters all.
#}
{% if is_increment() -%}
with

inputs as (

    select * from {{ ref('int_build_inputs') }}
    where kind <> 'build'

),

state as (

    select * from {{ kept('intermediate', 'int_build_state') }}

),

last_build as (

    select cast(max(content) as {{ timestamp_type() }}) as as_of
    from state
    where kind = 'build' and subject = 'as_of'

),

{% set columns = 'kind, scope, subject, content' -%}
changes as (

    (
        select {{ columns }} from inputs
        except
        select {{ columns }} from state
    )
    union all
    (
        select {{ columns }} from state
        where kind <> 'build'
        except
        select {{ columns }} from inputs
    )

),

known_threads as (

    select * from {{ kept('intermediate', 'int_known_threads') }}

),

known_authors as (

    select * from {{ kept('intermediate', 'int_known_authors') }}

),

loaded as (

    {% for name in chat_sources() -%}
    select
        source_name as source_slug,
        thread_id
    from {{ source('raw_' ~ name, 'messages') }}
    where
        _dlt_load_id in (
            select subject from changes
            where kind = 'load' and scope = 'raw_{{ name }}'
        )
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- What a source says of a chat, or of all its chats.
ruled as (

    select
        scope as source_slug,
        subject as thread_id
    from changes
    where kind = 'statement'

    union all

    select
        known_threads.source_slug,
        known_threads.thread_id
    from known_threads
    inner join changes on known_threads.source_slug = changes.scope
    where changes.kind in ('rule', 'staffed')

    union all

    select
        known_threads.source_slug,
        known_threads.thread_id
    from known_threads
    inner join changes
        on
            known_threads.source_slug = changes.scope
            and known_threads.channel_account_id = changes.subject
    where changes.kind = 'line'

),

-- People who turned out to be staff (or not), or somebody else's account.
peopled as (

    select
        known_authors.source_slug,
        known_authors.thread_id
    from known_authors
    inner join changes
        on
            known_authors.source_slug = changes.scope
            and known_authors.author_source_id = changes.subject
    where changes.kind = 'staff'

    union all

    select
        known_authors.source_slug,
        known_authors.thread_id
    from known_authors
    inner join changes on known_authors.author_source_id = changes.subject
    where changes.kind = 'person'

),

-- What the last build could not decide yet, since it depends on what comes later.
undecided as (

    select thread_key
    from {{ kept('intermediate', 'int_conversation_facts') }}
    where is_open

    union all

    select thread_key
    from {{ kept('marts', 'fct_replies') }}
    where is_open or is_within_target is null or is_within_target_business is null

    union all

    select thread_key
    from {{ kept('marts', 'fct_sla_events') }}
    where status = 'running'

    union all

    -- What happened after the moment of the last build was judged as if it had not.
    select known_threads.thread_key
    from known_threads
    cross join last_build
    where known_threads.last_event_at > last_build.as_of

),

unfinished as (

    select
        source_slug,
        thread_id
    from {{ kept('intermediate', 'int_touched_threads') }}
    where build_id not in (select build_id from state)

),

candidates as (

    select * from loaded
    union all
    select * from ruled
    union all
    select * from peopled
    union all
    select * from unfinished
    union all
    select
        source_slug,
        thread_id
    from known_threads
    where thread_key in (select thread_key from undecided)

)

select
    source_slug,
    thread_id,
    {{ thread_key('candidates') }} as thread_key
from candidates
group by source_slug, thread_id
{%- else -%}
select
    no_threads.source_slug,
    no_threads.thread_id,
    no_threads.thread_key
from (
    select
        cast(null as {{ dbt.type_string() }}) as source_slug,
        cast(null as {{ dbt.type_string() }}) as thread_id,
        cast(null as {{ dbt.type_string() }}) as thread_key
) as no_threads
-- A full build compares nothing; what it would compare with is named, so that the order is known.
where
    no_threads.thread_key is not null
    and no_threads.thread_key in (
        select inputs.build_id from {{ ref('int_build_inputs') }} as inputs
    )
{%- endif %}
