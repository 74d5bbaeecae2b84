{#
    What this build was made from, in rows that the next one compares with its own: the loads it saw,
    and all that decides about messages without being one (staff, persons, rules, statements about
    chats). int_build_state keeps the rows of the last complete build.
#}
with

{% for name in chat_sources() -%}
{{ name }}_loads as (

    select
        'load' as kind,
        'raw_{{ name }}' as scope,
        _dlt_load_id as subject,
        cast(count(*) as {{ dbt.type_string() }}) as content
    from {{ source('raw_' ~ name, 'messages') }}
    group by _dlt_load_id

),

{% endfor -%}
staff as (

    select
        'staff' as kind,
        source_slug as scope,
        author_source_id as subject,
        {{ key(['role', 'agent_id', 'agent_name', 'team', 'valid_from', 'valid_to']) }} as content
    from {{ ref('int_staff__matched') }}

),

-- Where somebody of the staff is known, everybody else of the source is a customer.
staffed as (

    select
        'staffed' as kind,
        source_slug as scope,
        cast(null as {{ dbt.type_string() }}) as subject,
        'agent' as content
    from {{ ref('int_staff__matched') }}
    where role = 'agent'
    group by source_slug

),

persons as (

    select
        'person' as kind,
        cast(null as {{ dbt.type_string() }}) as scope,
        party_id as subject,
        {{ key(['person_key', 'phone_id']) }} as content
    from {{ ref('identity_members') }}
    where party_type = 'account' and (person_key is not null or phone_id is not null)

),

rules as (

    select
        'rule' as kind,
        source_slug as scope,
        cast(null as {{ dbt.type_string() }}) as subject,
        {{ key(['us_rule', 'conversation_mode', 'team']) }} as content
    from {{ ref('stg_otvet__source_rules') }}

),

-- What a chat's line is called, where the company does not name it otherwise.
lines as (

    select
        'line' as kind,
        source_slug as scope,
        channel_account_id as subject,
        channel_name as content
    from {{ ref('stg_bitrix24__lines') }}

),

statements as (

    select
        'statement' as kind,
        source_name as scope,
        thread_id as subject,
        row_key as content
    from {{ ref('stg_tabular__conversations') }}

),

build as (

    {% for subject, content in [
        ('as_of', as_of_text()),
        ('fingerprint', var('build_fingerprint')),
        ('mode', 'increment' if is_increment() else 'full'),
    ] -%}
    select
        'build' as kind,
        cast(null as {{ dbt.type_string() }}) as scope,
        '{{ subject }}' as subject,
        '{{ content }}' as content
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

inputs as (

    {% set parts = ['staff', 'staffed', 'persons', 'rules', 'lines', 'statements', 'build'] -%}
    {% for name in chat_sources() -%}
    {% do parts.append(name ~ '_loads') -%}
    {% endfor -%}
    {% for part in parts -%}
    select
        kind,
        scope,
        subject,
        content
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    '{{ invocation_id }}' as build_id,
    kind,
    scope,
    subject,
    content
from inputs
